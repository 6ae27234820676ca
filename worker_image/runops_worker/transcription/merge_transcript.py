"""Merges the transcripts of overlapping chunks into one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from runops.transcript import AudioItem, TranscriptItem, ordered, seconds
from runops_worker.transcription.read_transcript import Words, shifted, words

__all__ = ["ChunkTranscript", "merged"]

_SAME_SECONDS = 2.0
_SAME_RATIO = 0.8
_COMPARED_CHARACTERS = 400
_USUAL_SECONDS = 2.0
"""How long a visual item lasts that has no end."""
_CUT_SECONDS = 1.0
"""An item that ends so close to the end of its chunk may go on after it."""
_CLOSING = " .,;:!?…-"
"""Punctuation that a model puts behind words, whether the sentence is whole or was cut off."""


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """The transcript of one chunk.

    Attributes
    ----------
    start, end
        Of the chunk, in seconds of the recording.
    items
        Their times count from the start of the chunk.
    """

    start: float
    end: float
    items: Sequence[TranscriptItem]


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: TranscriptItem
    words: Words
    is_cut: bool


def merged(chunks: Sequence[ChunkTranscript]) -> list[TranscriptItem]:
    """Return all items in the recording's time, ordered, each once.

    Both of two overlapping chunks describe what happens in the overlap. Of two items of the same kind that start at
    most 2 s apart and have similar words, the item of the earlier chunk is kept: it was written with what led up to it.
    But where that item reaches the end of its chunk, the later one is kept: it was written with what followed. Where
    the words of one item are the beginning of the other's, the longer one is kept.
    """
    kept: list[_Candidate] = []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.start, chunk.end)):
        near = [other for other in kept if other.item.start >= chunk.start - _SAME_SECONDS]
        for fresh in [_candidate(item, chunk) for item in chunk.items]:
            same = [other for other in near if _is_same(other, fresh)]
            if not same:
                kept.append(fresh)
                continue
            other = min(same, key=lambda other: (other.words != fresh.words, abs(other.item.start - fresh.item.start)))
            # Each item replaces one: of two clicks in the overlap, two are left.
            near = [one for one in near if one is not other]
            if _is_better(fresh, other):
                kept = [one for one in kept if one is not other]
                kept.append(fresh)
    return ordered([one.item for one in kept])


def _candidate(item: TranscriptItem, chunk: ChunkTranscript) -> _Candidate:
    item = shifted(item, chunk.start)
    return _Candidate(item, words(item), is_cut=_end(item) >= chunk.end - _CUT_SECONDS)


def _end(item: TranscriptItem) -> float:
    stamp = item.timestamp_end_audio if isinstance(item, AudioItem) else item.timestamp_end_visual
    return item.start + _USUAL_SECONDS if stamp is None else seconds(stamp)


def _is_same(one: _Candidate, other: _Candidate) -> bool:
    return (
        isinstance(one.item, AudioItem) == isinstance(other.item, AudioItem)
        and abs(one.item.start - other.item.start) <= _SAME_SECONDS
        and _similar(one.words.what, other.words.what)
        and (
            _similar(one.words.text, other.words.text)
            or _begins(one.words.text, other.words.text)
            or _begins(other.words.text, one.words.text)
        )
    )


def _is_better(later: _Candidate, earlier: _Candidate) -> bool:
    if _begins(earlier.words.text, later.words.text):
        return True
    return earlier.is_cut and not _begins(later.words.text, earlier.words.text)


def _begins(one: str, other: str) -> bool:
    """Tell whether this text is the beginning of the other, which is longer."""
    one, other = one.rstrip(_CLOSING), other.rstrip(_CLOSING)
    return one != other and other.startswith(one)


def _similar(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one[:_COMPARED_CHARACTERS], other[:_COMPARED_CHARACTERS], autojunk=False)
    return matcher.quick_ratio() > _SAME_RATIO and matcher.ratio() > _SAME_RATIO
