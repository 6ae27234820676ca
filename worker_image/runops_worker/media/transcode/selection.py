"""Chooses the coded pictures to decode, so that every picture of the slim video can be decoded and is exact.

The slim video shows one picture of thirty or sixty. Two kinds of the others need not be decoded: pictures that no other
picture refers to, and the end of a group of pictures, after the last one of it that is shown. A group begins with a
fresh picture (see `Pictures`). Pictures are stored in decoding order; those shown before the fresh picture of their
group ("leading pictures") may refer to the group before.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from runops_worker.media.probe.pictures import Pictures

__all__ = ["Selection", "select"]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which pictures are decoded, and what the slim video must show.

    Attributes
    ----------
    keep
        One byte per coded picture, in decoding order: 1 if it is decoded.
    pictures
        Number of pictures that the decoder must output.
    places, times
        From place `places[i]` of the slim video on, it shows the picture with the time `times[i]`, in units of `unit`.
    unit
        Seconds per unit of time.
    """

    keep: bytes
    pictures: int
    places: Sequence[int]
    times: Sequence[int]
    unit: Fraction

    def shown(self, place: int) -> Fraction:
        """Return when the picture at a place of the slim video begins in the recording, in seconds."""
        return self.times[max(bisect_right(self.places, place) - 1, 0)] * self.unit


def select(pictures: Pictures, *, fps: int) -> Selection | None:
    """Choose the coded pictures to decode.

    Place k of the slim video shows the last picture that begins at or before k / fps, or the first picture if there is
    none. This is what ffmpeg's filter `fps=start_time=0:round=up` does.

    Parameters
    ----------
    pictures
        All pictures of the recording.
    fps
        Pictures per second of the slim video.

    Returns
    -------
    Selection | None
        None if all pictures must be decoded: none is shown, the first one cannot be decoded alone, or two have the same
        time.
    """
    times = pictures.times
    visible = sorted((index for index, hidden in enumerate(pictures.hidden) if not hidden), key=times.__getitem__)
    if not visible or not pictures.fresh[0] or any(times[one] == times[other] for one, other in pairwise(visible)):
        return None
    shown = _shown(pictures, visible, fps=fps)
    # If the file does not give the length of its last picture, ffmpeg derives it from the picture before.
    wanted = bytearray(len(times))
    for index in (*visible[-2:], *shown.values()):
        wanted[index] = 1
    keep = bytes(_with_references(pictures, wanted))
    return Selection(
        keep=keep,
        pictures=sum(kept and not hidden for kept, hidden in zip(keep, pictures.hidden, strict=True)),
        places=list(shown),
        times=[times[index] for index in shown.values()],
        unit=pictures.unit,
    )


def _shown(pictures: Pictures, visible: Sequence[int], *, fps: int) -> dict[int, int]:
    """Return place -> picture. Each entry holds until the next place."""
    numerator, denominator = pictures.unit.numerator * fps, pictures.unit.denominator
    shown: dict[int, int] = {}
    for index in visible:
        # Rounded up in integers. Of several pictures with the same place, the last one is shown.
        place = -(-pictures.times[index] * numerator // denominator)
        shown[max(place, 0)] = index
    # The first picture fills place 0 only if no other picture does.
    return {0: visible[0], **shown}


def _with_references(pictures: Pictures, wanted: bytearray) -> bytearray:
    """Add the pictures that the wanted ones may refer to."""
    keep = bytearray(wanted)
    next_group_refers_back = False
    for begin, end in reversed(tuple(_groups(pictures.fresh))):
        leading = _leading(pictures.times, begin, end)
        last = end - 1 if next_group_refers_back else wanted.rfind(1, begin, end)
        # Only leading pictures refer to the group before, and only leading pictures refer to leading pictures.
        next_group_refers_back = any(wanted[index] for index in leading)
        left_out = frozenset() if next_group_refers_back else leading
        for index in range(begin, last + 1):
            if pictures.references[index] and index not in left_out:
                keep[index] = 1
    return keep


def _groups(fresh: Sequence[int]) -> Iterator[tuple[int, int]]:
    return pairwise((*(index for index, begins in enumerate(fresh) if begins), len(fresh)))


def _leading(times: Sequence[int], begin: int, end: int) -> frozenset[int]:
    return frozenset(index for index in range(begin + 1, end) if times[index] < times[begin])
