"""What can be measured in a media file: length, size, changes of the picture, stretches of sound.

The measuring is done by ffmpeg in a child process that may read this one file and open no socket; the decisions
about its numbers are pure functions.
"""

import asyncio
import contextlib
import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
from pydantic import BaseModel

from devstack.gemini.scenes import COLUMNS, ROWS, mark_in
from devstack.gemini_reading.recording import Reading

__all__ = [
    "Change",
    "Media",
    "MediaError",
    "Sound",
    "change_between",
    "measure",
    "sounds",
]

WINDOW = 0.5
"""Seconds over which loudness is taken."""

_CELL_DIFFERS = 10
_SILENCE_DB = -45.0
_LONGEST_SOUND = 12.0
_SHORTEST_SOUND = 0.4
_TIMEOUT = 900.0
_PICTURE = COLUMNS * ROWS
_STDERR_LIMIT = 64 * 1024
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_SIZE = re.compile(r"Video: .*?\b(\d{2,5})x(\d{2,5})\b")
_LEVEL = re.compile(rb"Overall\.RMS_level=(\S+)")


class MediaError(Exception):
    """A file could not be read as what it claims to be."""


class Change(BaseModel):
    """How the picture of one second differs from the second before.

    Attributes
    ----------
    second : int
        From the start of the file.
    left, top, right, bottom : int
        Smallest box of grid cells that holds the change; right and bottom are exclusive.
    cells : int
        Number of cells that changed.
    before, after : int
        Mean brightness inside the box, 0 to 255.
    mean : int
        Mean brightness of the whole picture after the change.
    """

    second: int
    left: int
    top: int
    right: int
    bottom: int
    cells: int
    before: int
    after: int
    mean: int


class Sound(BaseModel):
    """A stretch that is not silent: seconds from the start of the file, and its mean level in dB."""

    start: float
    end: float
    level: float


class Media(BaseModel):
    """What was measured in one file.

    Attributes
    ----------
    duration : float
        Seconds.
    width, height : int
        Pixels; 0 without a picture.
    frames : int
        Pictures at one per second.
    has_audio : bool
        Whether there is a sound track, silent or not.
    first_mean : int
        Mean brightness of the first picture.
    changes, sounds
        In order.
    marks : list of int or None
        The mark in the picture of each second, see `devstack.gemini.scenes`; empty where no picture has one.
    reading : Reading or None
        What was read in it; None where it was only measured.
    """

    duration: float = 0.0
    width: int = 0
    height: int = 0
    frames: int = 0
    has_audio: bool = False
    first_mean: int = 0
    changes: list[Change] = []
    sounds: list[Sound] = []
    marks: list[int | None] = []
    reading: Reading | None = None


def change_between(before: bytes, after: bytes, *, second: int) -> Change | None:
    """Return how two grids of grey values differ, or None where no cell differs visibly."""
    moved = [n for n in range(_PICTURE) if abs(before[n] - after[n]) > _CELL_DIFFERS]
    if not moved:
        return None
    columns = [n % COLUMNS for n in moved]
    left, right = min(columns), max(columns) + 1
    top, bottom = moved[0] // COLUMNS, moved[-1] // COLUMNS + 1
    box = [row * COLUMNS + column for row in range(top, bottom) for column in range(left, right)]
    return Change(
        second=second,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        cells=len(moved),
        before=sum(before[n] for n in box) // len(box),
        after=sum(after[n] for n in box) // len(box),
        mean=sum(after) // _PICTURE,
    )


def sounds(levels: Sequence[float], *, duration: float) -> list[Sound]:
    """Return the stretches that are not silent.

    Parameters
    ----------
    levels : sequence of float
        Loudness in dB of consecutive windows of `WINDOW` seconds; minus infinity for digital silence.
    duration : float
        Nothing reaches beyond this many seconds.
    """
    found = []
    for first, last in _loud_runs(levels):
        start, end = first * WINDOW, min(last * WINDOW, duration)
        if end - start >= _SHORTEST_SOUND:
            level = sum(levels[first:last]) / (last - first)
            found.append(Sound(start=start, end=round(end, 3), level=round(level, 1)))
    return found


def _loud_runs(levels: Sequence[float]) -> Iterator[tuple[int, int]]:
    longest = int(_LONGEST_SOUND / WINDOW)
    first: int | None = None
    for index, level in enumerate([*levels, -math.inf]):
        loud = level > _SILENCE_DB
        if first is not None and (not loud or index - first >= longest):
            yield first, index
            first = None
        if loud and first is None:
            first = index


async def measure(path: Path) -> Media:
    """Return what is in a media file.

    Raises
    ------
    MediaError
        Neither a picture nor sound can be decoded, or it takes longer than 15 minutes.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            media = await _measure_pictures(path)
            return await _measure_sound(path, media)
    except TimeoutError as error:
        raise MediaError(f"the file could not be read within {_TIMEOUT:.0f} s") from error


async def _measure_pictures(path: Path) -> Media:
    media = Media()
    async with _ffmpeg(path, "-map", "0:V:0?", "-vf", _SHRINK, "-f", "rawvideo", "pipe:1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        banner = asyncio.create_task(_bounded(process.stderr))
        before = b""
        marks: list[int | None] = []
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                picture = await process.stdout.readexactly(_PICTURE)
                if before:
                    change = change_between(before, picture, second=media.frames)
                    media.changes += [] if change is None else [change]
                else:
                    media.first_mean = sum(picture) // _PICTURE
                marks.append(mark_in(picture))
                media.frames += 1
                before = picture
        text = await banner
    if (size := _SIZE.search(text)) and media.frames:
        media.width, media.height = int(size.group(1)), int(size.group(2))
    media.marks = marks if any(mark is not None for mark in marks) else []
    media.has_audio = "Audio: " in text
    length = _DURATION.search(text)
    if length:
        hours, minutes, seconds = length.groups()
        media.duration = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if media.frames and not media.duration:
        # What a browser records often tells no length.
        media.duration = float(media.frames)
    if not media.frames and not media.has_audio:
        raise MediaError("neither a picture nor sound can be decoded")
    media.changes = [change for change in media.changes if change.second < media.duration]
    return media


async def _measure_sound(path: Path, media: Media) -> Media:
    if not media.has_audio:
        return media
    levels: list[float] = []
    async with _ffmpeg(path, "-map", "0:a:0", "-af", _LOUDNESS, "-f", "null", "-") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        banner = asyncio.create_task(_bounded(process.stderr))
        async for line in process.stdout:
            if found := _LEVEL.search(line):
                level = float(found.group(1))
                levels.append(-math.inf if math.isnan(level) else level)
        await banner
    if not levels and not media.frames:
        raise MediaError("neither a picture nor sound can be decoded")
    media.duration = media.duration or len(levels) * WINDOW
    media.sounds = sounds(levels, duration=media.duration)
    return media


_SHRINK = f"fps=1,scale={COLUMNS}:{ROWS}:flags=area,format=gray"
_LOUDNESS = (
    f"aresample=8000,asetnsamples=n={int(8000 * WINDOW)}:p=0,astats=metadata=1:reset=1,"
    "ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-"
)


@contextlib.asynccontextmanager
async def _ffmpeg(path: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-hide_banner",
        "-nostats",
        "-protocol_whitelist",
        "file,pipe",
        "-i",
        f"file:{path}",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    try:
        yield process
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _bounded(stream: asyncio.StreamReader) -> str:
    kept = b""
    while block := await stream.read(8192):
        kept += block[: _STDERR_LIMIT - len(kept)]
    return kept.decode(errors="replace")
