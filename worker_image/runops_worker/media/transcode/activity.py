"""In which seconds of a slim video something happens: the picture changes, or there is sound. Pure.

A transcript that has no items for a long busy time is incomplete; one that has none for an idle time is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runops_worker.media.transcode.seams import is_candidate

__all__ = ["Activity", "Picture", "activity_of", "changed_seconds", "loud_above"]

_LONGEST_GROUP: Final = 250
"""x264 begins a group of pictures after so many at the latest, also where nothing changes."""
_LEAST_CHANGE_BYTES: Final = 30
_MOST_NOISE_BYTES: Final = 2_000
_NOISE_FACTOR: Final = 2.0
"""A picture that is the same as the one before takes 21 bytes at 360 rows and 39 at 720; with a caret that blinks, up
to 70; with a typed word, 80 and more."""
_QUIET_SHARE: Final = 0.1
"""The tenth of the pictures, or seconds, with the least in them shows the noise: a camera picture, a fan."""
_LEAST_LOUD_DB: Final = -50.0
_MOST_NOISE_DB: Final = -45.0
_ABOVE_NOISE_DB: Final = 10.0
_SILENCE_DB: Final = -60.0
"""The transcode raises speech of a quiet microphone to about -25 dB, and nothing that is below -54 dB."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture.

    Attributes
    ----------
    at
        When it is shown, in seconds.
    bytes
        Its size.
    is_key
        Whether it is coded without reference to others. Its size then says nothing about a change.
    """

    at: float
    bytes: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """What happens in each second of a part of the recording.

    Attributes
    ----------
    start
        Second of the recording that the first entry is about.
    changed
        Whether the picture differs from that of the second before.
    loud
        Whether there is more sound than the noise of the recording.
    audible
        Whether there is any sound, if only noise; empty if it was not measured.
    """

    start: int
    changed: tuple[bool, ...]
    loud: tuple[bool, ...]
    audible: tuple[bool, ...] = ()

    def busy(self, start: float, end: float) -> int:
        """Return the number of seconds within a time range in which anything happens."""
        first, last = max(int(start) - self.start, 0), max(int(end) - self.start, 0)
        both = zip(self.changed[first:last], self.loud[first:last], strict=True)
        return sum(changed or loud for changed, loud in both)

    def is_silent(self, start: float, end: float) -> bool:
        """Return whether a time range of the recording was measured and nothing can be heard in it."""
        first, last = max(int(start) - self.start, 0), max(math.ceil(end) - self.start, 0)
        measured = self.audible[first:last]
        return bool(measured) and not any(measured)


def activity_of(pictures: Sequence[Picture], levels: Sequence[float], *, start: int, seconds: int) -> Activity:
    """Return the activity of a clip.

    Parameters
    ----------
    pictures
        In the order in which they are shown; times count from the start of the clip.
    levels
        Level of the sound in each second, in dB below full scale; empty without sound.
    start
        Where the clip begins, in seconds of the recording.
    seconds
        Length of the clip, rounded up.
    """
    threshold = loud_above(levels)
    return Activity(
        start,
        changed_seconds(pictures, start=start, seconds=seconds),
        loud=_above(levels, threshold, seconds=seconds),
        audible=_above(levels, _SILENCE_DB, seconds=seconds),
    )


def _above(levels: Sequence[float], threshold: float, *, seconds: int) -> tuple[bool, ...]:
    above = [level > threshold for level in levels[:seconds]]
    return (*above, *[False] * (seconds - len(above)))


def changed_seconds(pictures: Sequence[Picture], *, start: float, seconds: int) -> tuple[bool, ...]:
    """Return for each second of a clip whether its picture changes; parameters as for `activity_of`."""
    changed = [False] * seconds
    for at in _changes(pictures, start=start):
        if int(at) < seconds:
            changed[int(at)] = True
    return tuple(changed)


def loud_above(levels: Sequence[float]) -> float:
    """Return the level above which there is more than the noise of a clip, in dB below full scale."""
    return max(_LEAST_LOUD_DB, min(_quiet(levels), _MOST_NOISE_DB) + _ABOVE_NOISE_DB)


def _changes(pictures: Sequence[Picture], *, start: float) -> list[float]:
    noise = min(_quiet([picture.bytes for picture in pictures if not picture.is_key]), _MOST_NOISE_BYTES)
    threshold = max(_LEAST_CHANGE_BYTES, _NOISE_FACTOR * noise)
    found, last_key = [], 0
    for place, picture in enumerate(pictures):
        if picture.is_key:
            # x264 codes a whole new picture as a key picture, too. But each group begins with one in any case, and the
            # transcode sets one wherever a chunk may begin.
            if 0 < place < last_key + _LONGEST_GROUP and not is_candidate(start + picture.at):
                found.append(picture.at)
            last_key = place
        elif picture.bytes > threshold:
            found.append(picture.at)
    return found


def _quiet(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * _QUIET_SHARE)] if values else 0.0
