"""Reads seconds of a video as small grey pictures, to see what changed between them."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from runops.procedure.changed_squares import Grid
from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.sandbox.run_tool import Reach, run_tool
from runops_worker.media.stills.still_video import StillVideo

__all__ = ["grey_frames"]


async def grey_frames(video: StillVideo, seconds: Iterable[int], grid: Grid, *, scratch: Path) -> dict[int, bytes]:
    """Return grey pictures by second; those that the video does not have are left out.

    Parameters
    ----------
    video
        What to read.
    seconds
        Which ones.
    grid
        Size of the pictures.
    scratch
        A folder for the time of the call.

    Raises
    ------
    MediaToolFailed
        ffmpeg failed.
    """
    wanted = sorted({second for second in seconds if 0 <= second < video.seconds})
    if not wanted:
        return {}
    target, size = scratch / "grey", grid.width * grid.height
    outcome = await run_tool(
        [
            *video.command(wanted, f"scale={grid.width}:{grid.height}:flags=area", "format=gray"),
            *("-f", "rawvideo", f"file:{target.absolute()}"),
        ],
        allowance=video.allowance(file_bytes=size * (len(wanted) + 1)),
        reach=Reach(reads=(video.path,), writes=(target,)),
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not read the pictures of the video (exit code {outcome.returncode}).")
    data = await asyncio.to_thread(target.read_bytes)
    pictures = [data[start : start + size] for start in range(0, len(data) - size + 1, size)]
    return dict(zip(wanted, pictures, strict=False))
