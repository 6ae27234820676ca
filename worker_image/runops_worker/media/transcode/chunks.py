"""Cut a slim video into pieces that a model takes in one request.

A copied piece can only begin at a key frame. The transcode therefore sets one every `KEY_FRAME_SECONDS`, which is
where pieces of the usual length begin; they are copied and cost nothing. Any other beginning is encoded anew.
"""

import math
from dataclasses import dataclass
from typing import Final

__all__ = [
    "CHUNK_SECONDS",
    "KEY_FRAME_SECONDS",
    "OVERLAP_SECONDS",
    "Chunk",
    "plan_chunks",
    "settled_chunks",
]

CHUNK_SECONDS: Final = 300
"""Usual length of a piece."""

OVERLAP_SECONDS: Final = 5
"""How much of a piece the one before it shows as well, so that no action is cut in two."""

KEY_FRAME_SECONDS: Final = CHUNK_SECONDS - OVERLAP_SECONDS
"""Distance of the key frames that the transcode sets."""

_SINGLE_CHUNK_FACTOR: Final = 1.2


@dataclass(frozen=True)
class Chunk:
    """One piece.

    Attributes
    ----------
    index
        Its place, from 0.
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
    """Divide a video into overlapping pieces that cover it without a hole.

    Parameters
    ----------
    duration_seconds
        Its length; up to 1.2 times `chunk_seconds` it stays in one piece.
    chunk_seconds
        Length of a piece.
    overlap_seconds
        What two neighbours have in common.
    min_tail_seconds
        A last piece that adds less than this is joined to the one before it.

    Returns
    -------
    tuple[Chunk, ...]
        At least one piece; begins are multiples of `chunk_seconds - overlap_seconds`.

    Raises
    ------
    ValueError
        The overlap is not shorter than a piece, or the video has no length.
    """
    step = chunk_seconds - overlap_seconds
    if step <= 0 or overlap_seconds < 0:
        raise ValueError(f"chunks of {chunk_seconds} s cannot overlap by {overlap_seconds} s")
    if not duration_seconds > 0 or not math.isfinite(duration_seconds):
        raise ValueError(f"a video of {duration_seconds} s cannot be divided")
    if duration_seconds <= chunk_seconds * _SINGLE_CHUNK_FACTOR:
        return (Chunk(0, 0.0, duration_seconds),)
    # What a piece adds is what lies behind the end of the one before it.
    count = max(math.ceil((duration_seconds - overlap_seconds) / step), 1)
    last_adds = duration_seconds - overlap_seconds - (count - 1) * step
    if count > 1 and last_adds < min_tail_seconds:
        count -= 1
    starts = [float(index * step) for index in range(count)]
    lengths = [*([float(chunk_seconds)] * (count - 1)), duration_seconds - starts[-1]]
    return tuple(Chunk(index, start, length) for index, (start, length) in enumerate(zip(starts, lengths, strict=True)))


def settled_chunks(shortest_seconds: float) -> tuple[Chunk, ...]:
    """Return the pieces that a video has wherever it ends, as long as it is not shorter than this.

    All but the last of the shortest one are pieces of each longer one, for only a last piece depends on where the video
    ends: up to 30 s that lie behind the usual end of a piece are joined to it.
    """
    return plan_chunks(shortest_seconds)[:-1] if shortest_seconds > 0 else ()
