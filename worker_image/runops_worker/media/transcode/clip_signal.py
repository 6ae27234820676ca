"""Reads how large the pictures of a clip are and how loud its sound is, in one run of ffmpeg on the small file.

The size of a coded picture tells whether it changed, so no picture is decoded. Only the sound is: 16,000 samples per
second, which takes ffmpeg a fraction of a second for a clip of five minutes.
"""

import contextlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PACKET_LIST
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.activity import Picture
from runops_worker.media.transcode.chunks import Chunk

__all__ = ["ClipSignal", "read_signal"]

_FILE_BYTES: Final = 1024**2
_SAMPLE_RATE: Final = 16_000
_LEVEL: Final = re.compile(r"lavfi\.astats\.Overall\.RMS_level=(-?\d{1,4}(?:\.\d{1,9})?|-inf)\s*$")
_SILENCE_DB: Final = -100.0
_TIME_BASE: Final = re.compile(r"#tb 0: (\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class ClipSignal:
    """What was read of a clip.

    Attributes
    ----------
    pictures
        Its pictures in the order in which they are shown; times count from the start of the clip.
    levels
        Level of the sound in each step, in dB below full scale; empty without sound.
    """

    pictures: list[Picture]
    levels: list[float]


class _Pictures:
    """Built line by line from the output of ffmpeg's framecrc writer, see `media.probe.packets`."""

    def __init__(self, *, most: int) -> None:
        self.found: list[Picture] = []
        self._most = most
        self._unit = 0.0

    def take(self, line: str) -> None:
        if (header := _TIME_BASE.match(line)) is not None:
            self._unit = int(header[1]) / (int(header[2]) or 1)
            return
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 6 or fields[0] != "0" or len(self.found) >= self._most:
            return
        with contextlib.suppress(ValueError):
            # Flags are printed only of packets that are not key pictures.
            is_key = not any(field.startswith("F=") for field in fields[6:])
            self.found.append(Picture(int(fields[2]) * self._unit, int(fields[4]), is_key))


async def read_signal(clip: Path, chunk: Chunk, *, fps: int, steps_per_second: int, limits: Limits) -> ClipSignal:
    """Read a clip of the slim video.

    Parameters
    ----------
    clip
        The file. Its pictures are copies of those of the slim video, not encoded again.
    chunk
        Which part of the recording it is.
    fps
        Pictures per second.
    steps_per_second
        How many levels there are for each second.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg failed.
    """
    seconds = math.ceil(chunk.length)
    pictures = _Pictures(most=(seconds + 1) * fps)
    levels: list[float] = []

    def take_level(line: str) -> None:
        if (match := _LEVEL.search(line)) is not None and len(levels) < seconds * steps_per_second:
            levels.append(max(float(match[1]), _SILENCE_DB))

    outcome = await run_tool(
        [
            *hardened(clip, demuxer="mov", max_pixels=limits.max_pixels),
            *("-v", "info", "-map", "0:V:0", "-c", "copy", *PACKET_LIST),
            # With the pictures, because an output without a stream is an error: a clip need not have sound.
            *("-map", "0:V:0", "-map", "0:a:0?", "-c:v", "copy", "-af", _levels(steps_per_second), "-f", "null", "-"),
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(clip.stat().st_size),  # noqa: ASYNC240 - local disk
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(clip,)),
        on_stdout=pictures.take,
        on_stderr=take_level,
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not read a clip of the slim video (exit code {outcome.returncode}).")
    return ClipSignal(pictures.found, levels)


def _levels(steps_per_second: int) -> str:
    return (
        f"aresample={_SAMPLE_RATE},asetnsamples=n={_SAMPLE_RATE // steps_per_second},"
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level,"
        "ametadata=mode=print:key=lavfi.astats.Overall.RMS_level"
    )
