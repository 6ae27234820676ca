"""Rewrites a fragmented slim video as a usual MP4: one index at the beginning, the same packets."""

from pathlib import Path

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["defragment"]


async def defragment(fragments: Path, target: Path, *, limits: Limits) -> None:
    """Copy the streams of a fragmented MP4 into one with a single index at its beginning.

    Parameters
    ----------
    fragments, target
        The file to read, and the file to write.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time, memory or disk, or failed.
    """
    size = fragments.stat().st_size  # noqa: ASYNC240 - local disk
    outcome = await run_tool(
        [
            # Without -copyts ffmpeg would move all times so that the earliest is 0.
            *hardened(fragments, demuxer="mov", max_pixels=limits.max_pixels, input_options=("-copyts",)),
            *("-v", "error", "-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", "-map_metadata", "-1"),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{target.absolute()}"),  # noqa: ASYNC240 - local disk
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(size),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=2 * size,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(fragments,), writes=(target,)),
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not finish the slim video (exit code {outcome.returncode}).")
