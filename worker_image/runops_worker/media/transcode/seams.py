"""Chooses where two chunks meet: where their overlap cuts no sentence and no action. Pure.

A chunk can be copied without encoding only if it begins at a key frame. So the transcode sets one at each second where
a chunk may begin: its planned start and five candidates before it. The overlaps of neighbouring candidates touch, so
every pause in the 30 s around a seam lies in the overlap of one of them. A sentence before the pause is whole in the
earlier chunk, and one after it is whole in the later chunk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runops_worker.media.transcode.chunks import OVERLAP_SECONDS, SEAM_SECONDS, Chunk

__all__ = [
    "KEY_FRAMES",
    "STEPS_PER_SECOND",
    "SeamSignal",
    "candidates",
    "chosen_start",
    "is_candidate",
    "seam_clip",
]

_APART: Final = OVERLAP_SECONDS
_CANDIDATES: Final = 6
_EARLIEST: Final = SEAM_SECONDS - (_CANDIDATES - 1) * _APART
STEPS_PER_SECOND: Final = 10
"""So often the level of the sound is measured. A pause between two sentences may last a third of a second."""
_SHARED_STEPS: Final = 2
"""A pause at the edge of an overlap counts if so much of it is inside: levels are up to a step late."""
_SENTENCE_END_STEPS: Final = 6
_BREATH_STEPS: Final = 3

_FORCED: Final = "n_forced-1"
KEY_FRAMES: Final = (
    f"expr:gte(t,if(n_forced,{SEAM_SECONDS}*floor(({_FORCED})/{_CANDIDATES})+{_EARLIEST}"
    f"+{_APART}*mod({_FORCED},{_CANDIDATES}),0))"
)
"""Value of ffmpeg's `-force_key_frames`: second 0 and all candidates, whatever the length of the video."""


@dataclass(frozen=True, slots=True)
class SeamSignal:
    """What happens in the clip around a seam, see `seam_clip`.

    Attributes
    ----------
    changed
        For each second whether the picture changes. Unknown, and so False, where a candidate is.
    quiet
        For each tenth of a second whether there is no more sound than noise. Missing ones are quiet.
    """

    changed: tuple[bool, ...]
    quiet: tuple[bool, ...]


def candidates(index: int) -> tuple[float, ...]:
    """Return the seconds where chunk `index`, which is not the first one, may begin; the planned one is the last."""
    return tuple(float(index * SEAM_SECONDS - before * _APART) for before in reversed(range(_CANDIDATES)))


def is_candidate(second: float) -> bool:
    """Return whether a chunk may begin at this second, so that the transcode sets a key frame there."""
    # Times are multiples of a time base that need not be a binary fraction.
    second = round(second, 3)
    place = second % SEAM_SECONDS
    return second > 0 and (place == 0 or (place >= _EARLIEST and (place - _EARLIEST) % _APART == 0))


def seam_clip(index: int) -> Chunk:
    """Return the part of the slim video that is looked at to choose where chunk `index` begins."""
    first, planned = candidates(index)[0], candidates(index)[-1]
    return Chunk(index, first, planned + OVERLAP_SECONDS - first)


def chosen_start(index: int, signal: SeamSignal) -> float:
    """Return the candidate whose overlap has the best pause; of equal ones that with the fewest changes of the picture.

    Among equal ones it is the latest. So where there is nothing to choose by, the chunk begins where it is planned.
    """
    starts = candidates(index)
    pauses = [pause for pause in _runs(_padded(signal.quiet)) if pause[1] - pause[0] >= _BREATH_STEPS]

    def cost(start: float) -> tuple[int, int, float]:
        first = int(start - starts[0])
        changes = sum(signal.changed[first : first + OVERLAP_SECONDS])
        return _speech(pauses, first=first * STEPS_PER_SECOND), changes, -start

    return min(starts, key=cost)


def _padded(quiet: Sequence[bool]) -> list[bool]:
    steps = (_CANDIDATES * _APART) * STEPS_PER_SECOND
    return [*quiet[:steps], *[True] * (steps - len(quiet))]


def _runs(quiet: Sequence[bool]) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for place, is_quiet in enumerate([*quiet, False]):
        if is_quiet and begin is None:
            begin = place
        elif not is_quiet and begin is not None:
            yield begin, place
            begin = None


def _speech(pauses: Sequence[tuple[int, int]], *, first: int) -> int:
    """Return how badly an overlap cuts speech: 0 in silence, 1 at the end of a sentence, 2 at a breath, 3 within."""
    end = first + OVERLAP_SECONDS * STEPS_PER_SECOND
    here = [pause for pause in pauses if min(pause[1], end) - max(pause[0], first) >= _SHARED_STEPS]
    if any(pause[0] <= first and end <= pause[1] for pause in here):
        return 0
    longest = max((pause[1] - pause[0] for pause in here), default=0)
    return 1 if longest >= _SENTENCE_END_STEPS else 2 if longest else 3
