"""Writes a clip again without its sound: silence costs as many tokens as speech."""

from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["drop_sound"]

_SPARE_BYTES: Final = 1024**2
_SECONDS: Final = 60.0


async def drop_sound(clip: Path, target: Path, *, limits: Limits) -> None:
    """Copy the pictures of a clip, and nothing else.

    Parameters
    ----------
    clip
        An MP4 that was cut from a slim video.
    target
        The file.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg failed.
    """
    outcome = await run_tool(
        [
            *hardened(clip, demuxer="mov", max_pixels=limits.max_pixels),
            *("-v", "error", "-map", "0:V:0", "-c", "copy", "-map_metadata", "-1"),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{target.absolute()}"),  # noqa: ASYNC240 - local disk
        ],
        allowance=Allowance(
            seconds=_SECONDS,
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_SPARE_BYTES + clip.stat().st_size,  # noqa: ASYNC240 - local disk
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(clip,), writes=(target,)),
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not take the sound out of a clip (exit code {outcome.returncode}).")
