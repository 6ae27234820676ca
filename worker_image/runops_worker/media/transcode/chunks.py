"""Divides a slim video into chunks that the model gets in one request each. Pure; `cut_chunk` writes them.

The plan says how many chunks there are and where each begins if nothing speaks against it. `seams` chooses the real
starts: up to 25 s earlier, where the overlap of two chunks cuts no sentence and no action.
"""

import math
from dataclasses import dataclass
from typing import Final

__all__ = [
    "CHUNK_SECONDS",
    "OVERLAP_SECONDS",
    "SEAM_SECONDS",
    "Chunk",
    "between_seams",
    "plan_chunks",
    "settled_chunks",
]

CHUNK_SECONDS: Final = 300
"""Usual length of a chunk."""

OVERLAP_SECONDS: Final = 5
"""How much two neighbouring chunks have in common, so that no action is cut in two."""

SEAM_SECONDS: Final = CHUNK_SECONDS - OVERLAP_SECONDS
"""Distance between the planned starts of two chunks."""

_SINGLE_CHUNK_FACTOR: Final = 1.2


@dataclass(frozen=True)
class Chunk:
    """One chunk of a slim video.

    Attributes
    ----------
    index
        Its number, from 0.
    start, length
        In seconds of the slim video.
    """

    index: int
    start: float
    length: float


def plan_chunks(
    duration_seconds: float,
    *,
    chunk_seconds: int = CHUNK_SECONDS,
    overlap_seconds: int = OVERLAP_SECONDS,
    min_tail_seconds: int = 30,
) -> tuple[Chunk, ...]:
    """Divide a video into overlapping chunks that cover it without a hole.

    Parameters
    ----------
    duration_seconds
        Its length. Up to 1.2 times `chunk_seconds` it is one chunk.
    chunk_seconds
        Length of a chunk.
    overlap_seconds
        What two neighbouring chunks have in common.
    min_tail_seconds
        A last chunk that adds less than this is joined to the chunk before it.

    Returns
    -------
    tuple[Chunk, ...]
        At least one chunk. Each begins at a multiple of `chunk_seconds - overlap_seconds`.

    Raises
    ------
    ValueError
        The overlap is negative or not shorter than a chunk, or the video has no finite length above 0.
    """
    step = chunk_seconds - overlap_seconds
    if step <= 0 or overlap_seconds < 0:
        raise ValueError(f"chunks of {chunk_seconds} s cannot overlap by {overlap_seconds} s")
    if not duration_seconds > 0 or not math.isfinite(duration_seconds):
        raise ValueError(f"a video of {duration_seconds} s cannot be divided")
    if duration_seconds <= chunk_seconds * _SINGLE_CHUNK_FACTOR:
        return (Chunk(0, 0.0, duration_seconds),)
    # A chunk adds what follows the end of the chunk before it.
    count = math.ceil((duration_seconds - overlap_seconds) / step)
    last_adds = duration_seconds - overlap_seconds - (count - 1) * step
    if last_adds < min_tail_seconds:
        count -= 1
    starts = [float(index * step) for index in range(count)]
    lengths = [*([float(chunk_seconds)] * (count - 1)), duration_seconds - starts[-1]]
    return tuple(Chunk(index, start, length) for index, (start, length) in enumerate(zip(starts, lengths, strict=True)))


def settled_chunks(shortest_seconds: float) -> tuple[Chunk, ...]:
    """Return the planned chunks that a video will have, whatever its length, if it is at least this long.

    Only the last chunk depends on where the video ends: a tail of up to 30 s is joined to it. So all chunks of the
    shortest video, except the last, are chunks of every longer video.
    """
    return plan_chunks(shortest_seconds)[:-1] if shortest_seconds > 0 else ()


def between_seams(planned: Chunk, *, start: float, next_start: float | None) -> Chunk:
    """Return the chunk that takes the place of a planned one.

    Parameters
    ----------
    planned
        A chunk of `plan_chunks`.
    start
        Where it begins.
    next_start
        Where the next chunk begins, with which it overlaps; None for the last one.
    """
    end = planned.start + planned.length if next_start is None else next_start + OVERLAP_SECONDS
    return Chunk(planned.index, start, end - start)
