"""Measures in which seconds of a clip something happens, and what happens around a seam."""

import math
from pathlib import Path

from runops_worker.media.limits import Limits
from runops_worker.media.transcode.activity import Activity, activity_of, changed_seconds, loud_above
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.clip_signal import read_signal
from runops_worker.media.transcode.seams import STEPS_PER_SECOND, SeamSignal

__all__ = ["measure_activity", "measure_seam"]


async def measure_activity(clip: Path, chunk: Chunk, *, fps: int, limits: Limits) -> Activity:
    """Return the activity of a clip of the slim video; parameters and failures as for `read_signal`."""
    signal = await read_signal(clip, chunk, fps=fps, steps_per_second=1, limits=limits)
    return activity_of(signal.pictures, signal.levels, start=int(chunk.start), seconds=math.ceil(chunk.length))


async def measure_seam(clip: Path, chunk: Chunk, *, fps: int, limits: Limits) -> SeamSignal:
    """Return what happens in the clip around a seam; parameters and failures as for `read_signal`."""
    signal = await read_signal(clip, chunk, fps=fps, steps_per_second=STEPS_PER_SECOND, limits=limits)
    threshold = loud_above(signal.levels)
    return SeamSignal(
        changed=changed_seconds(signal.pictures, start=chunk.start, seconds=math.ceil(chunk.length)),
        quiet=tuple(level <= threshold for level in signal.levels),
    )
