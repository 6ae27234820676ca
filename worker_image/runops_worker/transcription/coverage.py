"""Finds what a transcript leaves out: long times in which something happens, without an item. Pure.

A model may stop early, date all items to one second, or leave a part out. An idle time needs no item.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from runops.transcript import AudioItem, TranscriptItem, seconds
from runops_worker.media.transcode.activity import Activity

__all__ = ["all_at_one_second", "uncovered", "without_items"]

_LEAST_HOLE_SECONDS: Final = 30.0
"""A person reads or waits that long between two actions; a model writes an item every 2 to 10 s while they work."""
_LEAST_BUSY_SECONDS: Final = 10
"""Busy seconds in a minute of a hole: fewer are a clock on the screen, a notification, a cough, or the pulse of an
encoder that codes a still picture anew every few seconds."""
_BUSY_WITHIN: Final = 60
_REACH_SECONDS: Final = 30.0
"""How far an item of what was seen counts after its start: one item for minutes of changes says too little."""
_EFFECT_SECONDS: Final = 10.0
"""How long a page goes on changing after an action: it loads, a message comes and goes."""
_CHARACTERS_PER_SECOND: Final = 2.0
"""Chinese spoken slowly. An item of what was said counts no longer than its text can last."""
_LEAST_SAID_SECONDS: Final = 10.0
_LEAST_PILE: Final = 4
"""So many items within one second are dated wrongly, if they are all there are."""

Range = tuple[float, float]


def uncovered(
    items: Sequence[TranscriptItem], activity: Activity, *, start: float, end: float, most: int
) -> tuple[Range, ...]:
    """Return the time ranges that are busy and have no items of the kind that tells about them.

    Parameters
    ----------
    items
        Of the time range, in the recording's time.
    activity
        Of the recording around it.
    start, end
        The time range.
    most
        How many ranges are returned; if there are more, those nearest to each other are joined.
    """
    seen = [_extent(item) for item in items if not isinstance(item, AudioItem)]
    said = [_extent(item) for item in items if isinstance(item, AudioItem)]
    found = [
        *_busy_holes(seen, activity.changed, activity.start, start=start, end=end, effect=_EFFECT_SECONDS),
        *_busy_holes(said, activity.loud, activity.start, start=start, end=end, effect=0.0),
    ]
    return _joined(found, apart=_LEAST_HOLE_SECONDS, most=most)


def without_items(items: Sequence[TranscriptItem], *, start: float, end: float, least: float) -> tuple[Range, ...]:
    """Return the parts of a time range, of so many seconds at least, that no item of any kind tells about."""
    return tuple(_holes([_extent(item) for item in items], start=start, end=end, least=least))


def all_at_one_second(items: Sequence[TranscriptItem]) -> bool:
    """Return whether there are several items and all start within one second."""
    starts = [item.start for item in items]
    return len(starts) >= _LEAST_PILE and max(starts) - min(starts) < 1.0


def _extent(item: TranscriptItem) -> Range:
    if isinstance(item, AudioItem):
        longest = max(_LEAST_SAID_SECONDS, len(item.verbatim_transcript_segment) / _CHARACTERS_PER_SECOND)
        return item.start, min(seconds(item.timestamp_end_audio), item.start + longest)
    end = item.start if item.timestamp_end_visual is None else seconds(item.timestamp_end_visual)
    return item.start, min(end, item.start + _REACH_SECONDS)


def _busy_holes(
    extents: Sequence[Range], busy: Sequence[bool], offset: int, *, start: float, end: float, effect: float
) -> Iterator[Range]:
    for begin, stop in _holes(extents, start=start, end=end, least=_LEAST_HOLE_SECONDS):
        places = [place for place in range(int(begin), int(stop)) if _at(busy, place - offset)]
        # What follows an item at once may be its effect. Only what follows that shows that something is missing.
        settled = begin if begin == start else begin + effect
        if _dense([place for place in places if place >= settled]):
            dense = _dense(places)
            yield max(dense[0] - 1.0, start), min(dense[-1] + 2.0, end)


def _dense(places: Sequence[int]) -> list[int]:
    """Return the places that are among enough others within a minute."""
    dense: set[int] = set()
    for first in range(len(places) - _LEAST_BUSY_SECONDS + 1):
        near = places[first : first + _LEAST_BUSY_SECONDS]
        if near[-1] - near[0] < _BUSY_WITHIN:
            dense.update(near)
    return sorted(dense)


def _holes(extents: Sequence[Range], *, start: float, end: float, least: float) -> Iterator[Range]:
    reached = start
    for begin, stop in [*sorted(extents), (end, end)]:
        if min(begin, end) - reached >= least:
            yield reached, min(begin, end)
        reached = max(reached, stop)


def _at(busy: Sequence[bool], place: int) -> bool:
    return 0 <= place < len(busy) and busy[place]


def _joined(ranges: Sequence[Range], *, apart: float, most: int) -> tuple[Range, ...]:
    """Join ranges that overlap or are near each other, and the nearest ones while there are too many.

    A question costs about as much as `apart` seconds of video.
    """
    result = sorted(ranges)
    while len(result) > 1:
        gap, place = min((after[0] - before[1], place) for place, (before, after) in enumerate(pairwise(result)))
        if gap >= apart and len(result) <= most:
            break
        (begin, stop), (_, later) = result[place : place + 2]
        result[place : place + 2] = [(begin, max(stop, later))]
    return tuple(result)
