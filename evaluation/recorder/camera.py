"""Films a screen with ffmpeg, and puts picture and sound together."""

import asyncio
import re
import signal
import time
from pathlib import Path
from typing import Final, Self

import imageio_ffmpeg

from evaluation.recorder.display import HEIGHT, WIDTH, Display

__all__ = ["Camera", "CameraFailedError", "duration_of", "encode", "join_files"]

_PATIENCE: Final = 60.0
_ENCODING_SECONDS: Final = 3_600.0
_PICTURES_PER_SECOND: Final = "10"
_START: Final = re.compile(r"\bstart: (\d+\.\d+)")
_DURATION: Final = re.compile(r"Duration: (\d+):(\d+):(\d+\.\d+)")


class CameraFailedError(Exception):
    """Filming or encoding failed; the text has the last words of ffmpeg."""


class Camera:
    """Films a screen, as an async context manager.

    Parameters
    ----------
    display
        The screen.
    target
        The file that it writes, without loss.
    """

    def __init__(self, display: Display, target: Path) -> None:
        self._display = display
        self._target = target
        self._began = 0.0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(_ffmpeg(), "-hide_banner", "-nostats", "-f", "x11grab", "-framerate", _PICTURES_PER_SECOND),
            *("-draw_mouse", "1", "-video_size", f"{WIDTH}x{HEIGHT}", "-i", self._display.name),
            *("-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", str(self._target)),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self._display.environment(),
        )
        assert self._process.stderr is not None
        try:
            start = await self._first_picture()
        except BaseException:
            await _killed(self._process)
            raise
        self._began = start - (time.time() - time.monotonic())
        self._told = asyncio.create_task(self._process.stderr.read())
        return self

    async def _first_picture(self) -> float:
        """Return at which time of the clock ffmpeg took the first picture: all times are counted from there."""
        assert self._process.stderr is not None
        told = ""
        async with asyncio.timeout(_PATIENCE):
            while (found := _START.search(told)) is None:
                line = (await self._process.stderr.readline()).decode(errors="replace")
                if not line:
                    raise CameraFailedError(f"ffmpeg did not begin to film: {told[-300:]}")
                told += line
        return float(found[1])

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        finally:
            await _killed(self._process)
        await self._told

    def second(self) -> float:
        """Return which second of the recording it is."""
        return time.monotonic() - self._began


async def encode(screen: Path, sound: Path, target: Path) -> None:
    """Write picture and sound into one small file, as long as the sound."""
    await _run(
        *("-i", str(screen), "-i", str(sound), "-map", "0:v", "-map", "1:a", "-shortest"),
        *("-c:v", "libx264", "-preset", "slow", "-crf", "29", "-pix_fmt", "yuv420p", "-g", "150"),
        *("-r", _PICTURES_PER_SECOND, "-c:a", "aac", "-ac", "1", "-b:a", "40k", "-movflags", "+faststart", str(target)),
    )


async def join_files(parts: list[tuple[Path, float]], target: Path) -> None:
    """Write recordings of this camera one after the other, without encoding them again.

    Parameters
    ----------
    parts
        Files, and how many seconds after its beginning the next one begins.
    target
        The file.
    """
    plan = target.with_suffix(".parts")
    plan.write_text("".join(f"file '{path.absolute()}'\nduration {seconds:.3f}\n" for path, seconds in parts))
    try:
        await _run("-f", "concat", "-safe", "0", "-i", str(plan), "-c", "copy", "-movflags", "+faststart", str(target))
    finally:
        plan.unlink()


async def duration_of(path: Path) -> float:
    """Return the length of a recording in seconds."""
    process = await asyncio.create_subprocess_exec(
        *(_ffmpeg(), "-nostdin", "-hide_banner", "-i", str(path)), stderr=asyncio.subprocess.PIPE
    )
    try:
        _, told = await asyncio.wait_for(process.communicate(), _PATIENCE)
    finally:
        await _killed(process)
    found = _DURATION.search(told.decode(errors="replace"))
    if found is None:
        raise CameraFailedError(f"{path} has no length")
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


async def _run(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(_ffmpeg(), "-nostdin", "-v", "error", "-y", *arguments), stderr=asyncio.subprocess.PIPE
    )
    try:
        _, told = await asyncio.wait_for(process.communicate(), _ENCODING_SECONDS)
    finally:
        await _killed(process)
    if process.returncode:
        raise CameraFailedError(f"ffmpeg ended with {process.returncode}: {told.decode(errors='replace')[-300:]}")


async def _killed(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs: the wait for it was given up."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def _ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())
