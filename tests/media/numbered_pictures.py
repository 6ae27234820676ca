"""Recordings whose pictures carry their number, and what a plain decode of the whole file shows at each second.

A picture is a square grid of dark and bright blocks, one for each bit of its number, from the top left corner on.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

__all__ = ["ffmpeg", "numbered", "numbers_in", "shown_by_a_player", "size_of"]

_COLUMNS, _ROWS = 4, 3
_DARK, _BRIGHT = 50, 200
_READ = 16
"""Blocks are read from the middle of so many pixels."""


def ffmpeg(*arguments: str, stdin: bytes = b"") -> tuple[bytes, str]:
    """Run ffmpeg and return what it prints on standard output and standard error."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-y", *arguments],
        input=stdin,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout, done.stderr.decode(errors="replace")


def numbered(
    target: Path,
    numbers: Sequence[int],
    *coding: str,
    size: tuple[int, int] = (128, 96),
    rate: str = "10",
    inputs: Sequence[str] = (),
) -> Path:
    """Write a recording with these numbers, one after the other.

    Parameters
    ----------
    target
        The file.
    numbers
        Each below 4096.
    *coding
        ffmpeg's options for the output.
    size
        Width and height in pixels: multiples of 4 and 3.
    rate
        Pictures per second.
    inputs
        ffmpeg's options for further inputs.
    """
    across, down = size[0] // _COLUMNS, size[1] // _ROWS
    pictures = bytearray()
    for number in numbers:
        levels = [_BRIGHT if number >> bit & 1 else _DARK for bit in range(_COLUMNS * _ROWS)]
        for row in range(_ROWS):
            line = b"".join(bytes([level]) * across for level in levels[row * _COLUMNS : (row + 1) * _COLUMNS])
            pictures += line * down
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}", "-r", rate, "-i", "-", *inputs),
        *(*coding, "-threads", "1", str(target)),
        stdin=bytes(pictures),
    )
    return target


def numbers_in(path: Path, *options: str, filters: str = "null", place: int = 0) -> list[int]:
    """Return the number of each picture, in the order in which they are shown; -1 where none can be read."""
    return [number for number, _ in _decoded(path, *options, filters=filters, place=place)]


def shown_by_a_player(path: Path, *, seconds: int, fps: int = 1, filters: str = "null", place: int = 0) -> list[int]:
    """Return the number that a player shows at each second: that of the last picture that began at or before it.

    The whole file is decoded, and each picture has the time at which ffmpeg shows it, counted from the beginning.
    """
    shown = sorted((time, number) for number, time in _decoded(path, filters=filters, place=place))
    found = []
    for place_of_slim in range(seconds * fps):
        begun = [number for time, number in shown if time <= place_of_slim / fps + 1e-6]
        found.append(begun[-1] if begun else shown[0][1])
    return found


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and height of a video's pictures."""
    _, log = ffmpeg("-i", str(path), "-map", "0:V:0", "-frames:v", "1", "-c", "copy", "-f", "framecrc", "-")
    width, height = re.findall(r", (\d+)x(\d+)[ ,]", log)[0]
    return int(width), int(height)


def _decoded(path: Path, *options: str, filters: str, place: int) -> list[tuple[int, float]]:
    wide, high = _COLUMNS * _READ, _ROWS * _READ
    raw, log = ffmpeg(
        *("-v", "info", *options, "-i", str(path), "-map", f"0:V:{place}", "-fps_mode", "passthrough"),
        *("-vf", f"{filters},showinfo=checksum=0,scale={wide}:{high}:flags=area,format=gray"),
        *("-f", "rawvideo", "-"),
    )
    times = [float(line.split("pts_time:")[1].split()[0]) for line in log.splitlines() if " pts_time:" in line]
    size = wide * high
    assert len(raw) == size * len(times)
    return [(_number(raw[at * size : (at + 1) * size], wide), time) for at, time in enumerate(times)]


def _number(picture: bytes, wide: int) -> int:
    number = 0
    for bit in range(_COLUMNS * _ROWS):
        row, column = divmod(bit, _COLUMNS)
        level = picture[(row * _READ + _READ // 2) * wide + column * _READ + _READ // 2]
        if abs(level - _DARK) > 50 and abs(level - _BRIGHT) > 50:
            return -1
        number |= (level > (_DARK + _BRIGHT) // 2) << bit
    return number
