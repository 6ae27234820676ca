"""Joins the transcripts of overlapping stretches into one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from runops.transcript import AudioItem, TranscriptItem, ordered, seconds
from runops_worker.transcription.read_transcript import Words, shifted, words

__all__ = ["Told", "merged"]

_SAME_SECONDS = 2.0
_SAME_RATIO = 0.8
_COMPARED_CHARACTERS = 400
_USUAL_SECONDS = 2.0
"""How long something seen lasts that has no end of its own."""
_CUT_SECONDS = 1.0
"""What ends so close to the end of its stretch may have gone on after it."""
_CLOSING = " .,;:!?…-"
"""What a model puts behind words that were cut off, as behind whole sentences."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the model told of one stretch.

    Attributes
    ----------
    start, end
        Of the stretch, in seconds of the recording.
    items
        Their times count from the stretch's start.
    """

    start: float
    end: float
    items: Sequence[TranscriptItem]


@dataclass(frozen=True, slots=True)
class _Kept:
    item: TranscriptItem
    words: Words
    is_cut: bool


def merged(stretches: Sequence[Told]) -> list[TranscriptItem]:
    """Return all items in the recording's time, ordered, each once.

    Two stretches that overlap both tell what happens in the overlap. Of two items of the same kind that start at most
    2 s apart and say much the same, the one of the earlier stretch is kept, for it saw what led up to it; but where it
    reaches up to the end of its stretch, the later one, which saw how it went on. Where the words of one only begin
    those of the other, the one with more words is kept.
    """
    kept: list[_Kept] = []
    for told in sorted(stretches, key=lambda told: (told.start, told.end)):
        near = [other for other in kept if other.item.start >= told.start - _SAME_SECONDS]
        for fresh in [_kept(item, told) for item in told.items]:
            same = [other for other in near if _is_same(other, fresh)]
            if not same:
                kept.append(fresh)
                continue
            other = min(same, key=lambda other: (other.words != fresh.words, abs(other.item.start - fresh.item.start)))
            # One item stands for one: of two clicks in the overlap, two are left.
            near = [one for one in near if one is not other]
            if _is_better(fresh, other):
                kept = [one for one in kept if one is not other]
                kept.append(fresh)
    return ordered([one.item for one in kept])


def _kept(item: TranscriptItem, told: Told) -> _Kept:
    item = shifted(item, told.start)
    return _Kept(item, words(item), is_cut=_end(item) >= told.end - _CUT_SECONDS)


def _end(item: TranscriptItem) -> float:
    stamp = item.timestamp_end_audio if isinstance(item, AudioItem) else item.timestamp_end_visual
    return item.start + _USUAL_SECONDS if stamp is None else seconds(stamp)


def _is_same(one: _Kept, other: _Kept) -> bool:
    return (
        isinstance(one.item, AudioItem) == isinstance(other.item, AudioItem)
        and abs(one.item.start - other.item.start) <= _SAME_SECONDS
        and _alike(one.words.what, other.words.what)
        and (
            _alike(one.words.text, other.words.text)
            or _begins(one.words.text, other.words.text)
            or _begins(other.words.text, one.words.text)
        )
    )


def _is_better(later: _Kept, earlier: _Kept) -> bool:
    if _begins(earlier.words.text, later.words.text):
        return True
    return earlier.is_cut and not _begins(later.words.text, earlier.words.text)


def _begins(one: str, other: str) -> bool:
    """Tell whether the other text goes on where this one ends."""
    one, other = one.rstrip(_CLOSING), other.rstrip(_CLOSING)
    return one != other and other.startswith(one)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one[:_COMPARED_CHARACTERS], other[:_COMPARED_CHARACTERS], autojunk=False)
    return matcher.quick_ratio() > _SAME_RATIO and matcher.ratio() > _SAME_RATIO
