"""The pictures and the sound of a clip, decoded by ffmpeg."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
import numpy as np

__all__ = ["SAMPLE_RATE", "pictures_of", "size_of", "sound_of"]

SAMPLE_RATE: Final = 16_000
_LARGEST: Final = 1920
_SIZE: Final = re.compile(r"Video: .*?\b(\d{2,5})x(\d{2,5})\b")
_SECONDS: Final = 900.0


def size_of(clip: Path) -> tuple[int, int]:
    """Return width and height at which pictures are read; zeros where there are none."""
    found = _SIZE.search(_banner(clip))
    if found is None:
        return 0, 0
    width, height = int(found.group(1)), int(found.group(2))
    share = min(1.0, _LARGEST / max(width, height))
    return round(width * share) // 2 * 2, round(height * share) // 2 * 2


def pictures_of(clip: Path, size: tuple[int, int]) -> Iterator[Any]:
    """Yield one picture a second as an array of rows, columns and three colours (blue, green, red)."""
    width, height = size
    scale = f"fps=1,scale={width}:{height}:flags=area"
    with _decoding(clip, "-map", "0:V:0", "-vf", scale, "-pix_fmt", "bgr24", "-f", "rawvideo", "pipe:1") as process:
        assert process.stdout is not None
        while len(block := process.stdout.read(width * height * 3)) == width * height * 3:
            yield np.frombuffer(block, np.uint8).reshape(height, width, 3)


def sound_of(clip: Path) -> Any:
    """Return the sound as floats from -1 to 1, `SAMPLE_RATE` a second; an empty array where there is none."""
    if "Audio: " not in _banner(clip):
        return np.zeros(0, np.float32)
    with _decoding(clip, "-map", "0:a:0", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "s16le", "pipe:1") as process:
        assert process.stdout is not None
        return np.frombuffer(process.stdout.read(), np.int16).astype(np.float32) / 32768


def _banner(clip: Path) -> str:
    done = subprocess.run(_command(clip), capture_output=True, timeout=_SECONDS, check=False)
    return done.stderr.decode(errors="replace")


@contextmanager
def _decoding(clip: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*_command(clip), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _command(clip: Path) -> list[str]:
    ffmpeg = str(imageio_ffmpeg.get_ffmpeg_exe())
    return [ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-protocol_whitelist", "file,pipe", "-i", f"file:{clip}"]
