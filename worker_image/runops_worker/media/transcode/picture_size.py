"""Finds out from ffmpeg's log which sizes the shown pictures have, and which of them the slim video must follow. Pure.

The header of a file tells the size of its first picture. A call begins small and grows, a shared window is resized.
What follows must not be squeezed into a frame that is too small to read.
"""

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from runops_worker.media.recording.shown_size import shown_size

__all__ = ["PRINT_SIZES", "PictureSizes", "fits", "shown_in", "size_to_follow"]

PRINT_SIZES: Final = "sidedata=mode=delete,showinfo=checksum=0"
"""The filters that make ffmpeg print a line for each picture. Without the first one, it prints what a file carries
beside its pictures, of any length, and the encoder would copy hidden captions."""

# The line of libavfilter/vf_showinfo.c, at log level `level+repeat+verbose`.
_SHOWN: Final = re.compile(
    r"\[Parsed_showinfo_\d+ @ [^]]*\] \[info\] n: *\d+ .* sar:(\d{1,9})/(\d{1,9}) s:(\d{1,5})x(\d{1,5}) "
)
# The line of libavfilter/buffersrc.c for a picture that differs from the first one in size or format.
_CHANGE: Final = re.compile(
    r"\[graph [^]]*\] \[warning\] filter context - (w: \d+ h: \d+) .*, incoming frame - (w: \d+ h: \d+) "
)
_LASTS_SECONDS: Final = 10
_LASTS_SHARE: Final = 0.1
_LEAST_SHARE_SO_FAR: Final = 0.02
_LEAST_SCALE: Final = 0.95


def fits(frame: tuple[int, int], picture: tuple[int, int]) -> bool:
    """Return whether a picture goes into a frame without getting smaller by more than a twentieth."""
    return min(frame[0] / picture[0], frame[1] / picture[1]) >= _LEAST_SCALE


def shown_in(line: str) -> tuple[int, int] | None:
    """Return the size that a line of ffmpeg tells, as a player shows the picture; None for any other line."""
    match = _SHOWN.match(line)
    if match is None:
        return None
    over, under, width, height = (int(text) for text in match.groups())
    return shown_size(width, height, Fraction(over, under) if over and under else Fraction(1))


def size_to_follow(
    planned: tuple[int, int],
    seconds: Mapping[tuple[int, int], float],
    *,
    recording_seconds: float,
    beforehand: bool = False,
) -> tuple[int, int]:
    """Return the size of the largest picture that lasts.

    That is for 10 s, or for a tenth of a shorter recording. Late in a long run it takes more, a fiftieth of what was
    shown so far: a second run costs as much again.

    Parameters
    ----------
    planned
        The size that the slim video follows so far.
    seconds
        For each size, how long pictures of this size are shown. Sizes as a player shows them.
    recording_seconds
        Length of the recording.
    beforehand
        Whether no run has begun yet.

    Returns
    -------
    tuple[int, int]
        The planned size if no picture that lasts is larger.
    """
    share = 0.0 if beforehand else _LEAST_SHARE_SO_FAR
    least = max(min(_LASTS_SECONDS, recording_seconds * _LASTS_SHARE), sum(seconds.values()) * share)
    lasting = {size: shown for size, shown in seconds.items() if shown >= least}
    largest = max(lasting, key=lambda size: (size[0] * size[1], lasting[size]), default=planned)
    if planned in seconds and largest[0] * largest[1] <= planned[0] * planned[1]:
        return planned
    return largest


class PictureSizes:
    """Sums up ffmpeg's log, line by line.

    Parameters
    ----------
    planned
        The size that the slim video follows, as a player shows it.
    fps
        Pictures per second of the slim video.
    recording_seconds
        Length of the recording.

    Attributes
    ----------
    changes
        Whether the decoder has given pictures of more than one size.
    """

    def __init__(self, planned: tuple[int, int], *, fps: int, recording_seconds: float) -> None:
        self._planned, self._fps, self._recording_seconds = planned, fps, recording_seconds
        self._pictures: Counter[tuple[int, int]] = Counter()
        self.changes = False

    def take(self, line: str) -> bool:
        """Read one line. Return whether it tells of a size; other lines are ignored."""
        if (change := _CHANGE.match(line)) and change[1] != change[2]:
            self.changes = True
            return True
        size = shown_in(line)
        if size is not None:
            self._pictures[size] += 1
        return size is not None

    @property
    def to_follow(self) -> tuple[int, int]:
        """The size that the slim video should follow, by the pictures so far."""
        seconds = {size: pictures / self._fps for size, pictures in self._pictures.items()}
        return size_to_follow(self._planned, seconds, recording_seconds=self._recording_seconds)
