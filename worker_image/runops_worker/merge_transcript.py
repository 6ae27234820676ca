"""Joins the transcripts of overlapping stretches into one. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from runops.transcript import AudioItem, TranscriptItem, ordered
from runops_worker.read_transcript import said_or_done, shifted

__all__ = ["merged"]

_SAME_SECONDS = 2.0
_SAME_RATIO = 0.8
_COMPARED_CHARACTERS = 400


def merged(stretches: Sequence[tuple[float, Sequence[TranscriptItem]]]) -> list[TranscriptItem]:
    """Return all items in the recording's time, ordered, each once.

    Two stretches that overlap both tell what happens in the overlap. Of two items of the same kind that start at most
    2 s apart and say much the same, the one of the earlier stretch is kept: it saw what led up to it.

    Parameters
    ----------
    stretches
        Start of each stretch in seconds, and its items with times relative to that start.
    """
    kept: list[TranscriptItem] = []
    reach = 0.0
    for start, items in sorted(stretches, key=lambda stretch: stretch[0]):
        fresh = [shifted(item, start) for item in items]
        near = [item for item in kept if item.start >= start - _SAME_SECONDS]
        kept.extend(item for item in fresh if item.start > reach + _SAME_SECONDS or not _told(item, near))
        reach = max([reach, *(item.start for item in fresh)])
    return ordered(kept)


def _told(item: TranscriptItem, earlier: list[TranscriptItem]) -> bool:
    for number, other in enumerate(earlier):
        if (
            isinstance(other, AudioItem) == isinstance(item, AudioItem)
            and abs(other.start - item.start) <= _SAME_SECONDS
            and _alike(said_or_done(other), said_or_done(item))
        ):
            # One item stands for one: of two clicks in the overlap, two are left.
            del earlier[number]
            return True
    return False


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one[:_COMPARED_CHARACTERS], other[:_COMPARED_CHARACTERS], autojunk=False)
    return matcher.quick_ratio() > _SAME_RATIO and matcher.ratio() > _SAME_RATIO
