"""Writes one chunk of a slim video as a file."""

import math
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim

__all__ = ["cut_chunk"]

_SPARE_BYTES: Final = 64 * 1024**2
_SECONDS_TO_START: Final = 60.0


async def cut_chunk(slim: SlimVideo, chunk: Chunk, target: Path, *, limits: Limits | None = None) -> Path:
    """Write one chunk of a slim video as an MP4 that begins at 0.

    Parameters
    ----------
    slim
        The video.
    chunk
        Which chunk.
    target
        The file. It is written under another name and renamed after the check.
    limits
        What ffmpeg may use; the default limits if None.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    MediaToolFailed
        ffmpeg failed, or the chunk does not hold the expected pictures.
    """
    limits = limits or Limits()
    part = target.with_name(target.name + ".part")
    expected = _pictures(slim, chunk)
    try:
        for encode in (False, True):
            packets = await _cut(slim, chunk, part, encode=encode, limits=limits)
            if packets.video.packets == expected and packets.video.start < 1 / (2 * slim.fps):
                part.replace(target)
                return target
    finally:
        part.unlink(missing_ok=True)
    raise MediaToolFailed(
        f"The chunk from second {chunk.start:.0f} holds {packets.video.packets} pictures instead of {expected}."
    )


def _pictures(slim: SlimVideo, chunk: Chunk) -> int:
    first = math.ceil(chunk.start * slim.fps - 1e-6)
    end = math.ceil((chunk.start + chunk.length) * slim.fps - 1e-6)
    return min(end, slim.frames) - first


async def _cut(slim: SlimVideo, chunk: Chunk, part: Path, *, encode: bool, limits: Limits) -> PacketReport:
    how = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1") if encode else ("-c:v", "copy")
    seek = ("-ss", f"{chunk.start:.6f}", "-t", f"{chunk.length:.6f}", "-threads", "1")
    outcome = await run_tool(
        [
            *hardened(slim.path, demuxer="mov", max_pixels=limits.max_pixels, input_options=seek),
            *("-v", "error", "-map", "0:V:0", "-map", "0:a:0?", *how, "-c:a", "copy", "-map_metadata", "-1"),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{part.absolute()}"),  # noqa: ASYNC240 - local disk
        ],
        allowance=Allowance(
            seconds=_SECONDS_TO_START + chunk.length,
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_SPARE_BYTES + 2 * slim.bytes,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(slim.path,), writes=(part,)),
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not cut the slim video (exit code {outcome.returncode}).")
    return await inspect_slim(part, limits=limits)
