"""Which coded pictures must be decoded so that every picture that is shown comes out, and comes out right.

A slim video shows one picture of thirty or sixty. Two kinds of the others can be left out without a trace: pictures
that no picture is built upon, and the end of a group that begins with a key picture, behind the last one shown of it.
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
    """What is decoded, and what the slim video must show then.

    Attributes
    ----------
    keep
        A byte per coded picture, in the order of decoding: 1 where it is decoded.
    pictures
        How many pictures come out of the decoder.
    places, times
        From each of these places of the slim video on it shows the picture of that time, in units of `unit`.
    unit
        Seconds.
    """

    keep: bytes
    pictures: int
    places: Sequence[int]
    times: Sequence[int]
    unit: Fraction

    def shown(self, place: int) -> Fraction:
        """Seconds at which the picture begins that stands at a place of the slim video."""
        return self.times[max(bisect_right(self.places, place) - 1, 0)] * self.unit


def select(pictures: Pictures, *, fps: int) -> Selection | None:
    """Choose the coded pictures to decode.

    Place k of the slim video shows the last picture that begins at or before k / fps, and the very first picture
    where there is none: what ffmpeg's filter `fps=start_time=0:round=up` gives.

    Parameters
    ----------
    pictures
        All of them.
    fps
        Pictures per second of the slim video.

    Returns
    -------
    Selection | None
        None where it cannot be told: the first picture cannot be decoded alone, or two have the same time.
    """
    times = pictures.times
    seen = sorted((index for index, hidden in enumerate(pictures.hidden) if not hidden), key=times.__getitem__)
    if not seen or not pictures.fresh[0] or any(times[one] == times[other] for one, other in pairwise(seen)):
        return None
    numerator, denominator = pictures.unit.numerator * fps, pictures.unit.denominator
    shown: dict[int, int] = {}
    for index in seen:
        shown[max(-(-times[index] * numerator // denominator), 0)] = index
    if min(shown) > 0:
        shown = {0: seen[0], **shown}
    # Where the file does not say how long its last picture lasts, ffmpeg goes by the one before it.
    wanted = bytearray(len(times))
    for index in (*seen[-2:], *shown.values()):
        wanted[index] = 1
    keep = bytes(_with_references(pictures, wanted))
    return Selection(
        keep=keep,
        pictures=sum(kept and not hidden for kept, hidden in zip(keep, pictures.hidden, strict=True)),
        places=list(shown),
        times=[times[index] for index in shown.values()],
        unit=pictures.unit,
    )


def _with_references(pictures: Pictures, wanted: bytearray) -> bytearray:
    """Add what the wanted pictures may be built upon."""
    keep = bytearray(wanted)
    needs_group_before = False
    for begin, end in reversed(tuple(_groups(pictures.fresh))):
        early = _shown_before_first(pictures.times, begin, end)
        last = end - 1 if needs_group_before else wanted.rfind(1, begin, end)
        # Only they may be built upon the group before, and only they upon one another.
        needs_group_before = any(wanted[index] for index in early)
        left_out = frozenset() if needs_group_before else early
        for index in range(begin, last + 1):
            if pictures.references[index] and index not in left_out:
                keep[index] = 1
    return keep


def _groups(fresh: Sequence[int]) -> Iterator[tuple[int, int]]:
    return pairwise((*(index for index, begins in enumerate(fresh) if begins), len(fresh)))


def _shown_before_first(times: Sequence[int], begin: int, end: int) -> frozenset[int]:
    return frozenset(index for index in range(begin + 1, end) if times[index] < times[begin])
