"""Chooses where two chunks meet: where somebody pauses and the picture stands still. Pure.

A chunk can be copied without encoding only if it begins at a key frame. So the transcode sets one at each second where
a chunk may begin: its planned start and five candidates before it.

Best is a chunk that begins and ends between two sentences. A chunk that begins in the middle of one may be told by the
model with words that nobody said. Next best is a pause within the overlap, since a sentence before it is whole in the
earlier chunk, and one after it in the later chunk. The overlaps of the candidates cover the 30 s before
and at the seam without a gap, so each pause there lies in one of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runops_worker.media.transcode.chunks import OVERLAP_SECONDS, SEAM_SECONDS, Chunk

__all__ = [
    "STEPS_PER_SECOND",
    "SeamSignal",
    "candidates",
    "chosen_start",
    "is_candidate",
    "key_frames",
    "seam_clip",
]

_APART: Final = OVERLAP_SECONDS
_CANDIDATES: Final = 6
_EARLIEST: Final = SEAM_SECONDS - (_CANDIDATES - 1) * _APART
STEPS_PER_SECOND: Final = 10
"""So often the level of the sound is measured. A pause between two sentences may last a third of a second."""
_SENTENCE_END_STEPS: Final = 6
_BREATH_STEPS: Final = 3
"""A shorter one may be within a word."""

_STEPS: Final = _CANDIDATES * _APART * STEPS_PER_SECOND

Range = tuple[int, int]

_FORCED: Final = "n_forced-1"


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


def key_frames(chunks: int) -> str:
    """Return the value of ffmpeg's `-force_key_frames`: second 0, and where chunks may begin that are not the first."""
    candidate = f"{SEAM_SECONDS}*floor(({_FORCED})/{_CANDIDATES})+{_EARLIEST}+{_APART}*mod({_FORCED},{_CANDIDATES})"
    return f"expr:lte(n_forced,{_CANDIDATES * (chunks - 1)})*gte(t,if(n_forced,{candidate},0))"


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
    """Return the candidate that cuts speech least; of equal ones that with the fewest changes of the picture.

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
    return [*quiet[:_STEPS], *[True] * (_STEPS - len(quiet))]


def _runs(quiet: Sequence[bool]) -> Iterator[Range]:
    begin: int | None = None
    for place, is_quiet in enumerate([*quiet, False]):
        if is_quiet and begin is None:
            begin = place
        elif not is_quiet and begin is not None:
            yield begin, place
            begin = None


def _speech(pauses: Sequence[Range], *, first: int) -> int:
    """Return how badly an overlap cuts speech, from 0, where nobody speaks, to 5, where nobody pauses."""
    end = first + OVERLAP_SECONDS * STEPS_PER_SECOND
    if any(pause[0] <= first and end <= pause[1] for pause in pauses):
        return 0
    at_begin, at_end = _pause_at(first, pauses), _pause_at(end, pauses)
    if at_begin >= _SENTENCE_END_STEPS:
        return 1 if at_end >= _SENTENCE_END_STEPS else 2
    if at_begin:
        return 3
    return 4 if any(pause[0] < end and first < pause[1] for pause in pauses) else 5


def _pause_at(place: int, pauses: Sequence[Range]) -> int:
    """Return how long the pause is in which a chunk begins or ends; 0 where it is in speech."""
    # The steps before and after, as far as they are measured: levels are up to a step early or late.
    before, after = max(place - 1, 0), min(place + 1, _STEPS)
    return next((pause[1] - pause[0] for pause in pauses if pause[0] <= before and after <= pause[1]), 0)
