"""Recordings whose picture says which second it is, in one container after the other."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from devstack.media_corpus.ordinary import ffmpeg

__all__ = ["SECONDS", "film", "greys", "seconds_shown"]

SECONDS: Final = 12
_PER_SECOND: Final = 10
_DARKEST: Final = 24
_STEP: Final = 16
# Coding changes a grey a little; half a step apart, two seconds would be taken for each other.
_TOLERANCE: Final = 7
_PICTURE: Final = (
    f"color=black:s=2x2:r={_PER_SECOND},format=gray,geq=lum={_DARKEST}+{_STEP}*floor(T+0.5),scale=64:64:flags=neighbor"
)
_TONE: Final = "sine=frequency=300:sample_rate=22050"


def film(path: Path, *codec: str, sound: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Path:
    """Write twelve seconds at ten pictures a second. Each is brighter than the one before, from half a second earlier.

    In some containers the sound begins some milliseconds before the picture. That must not count as another second.

    Parameters
    ----------
    path
        The file; its suffix decides the container.
    codec
        How the picture is coded.
    sound
        How the sound is coded; none without it.
    after
        Options of the container.
    """
    heard = ("-f", "lavfi", "-i", _TONE) if sound else ()
    ffmpeg("-f", "lavfi", "-i", _PICTURE, *heard, "-t", str(SECONDS), *codec, *sound, *after, str(path))
    return path


def greys() -> list[int]:
    """Return the grey of each picture of the same film, ten a second."""
    half = _PER_SECOND // 2
    return [_DARKEST + _STEP * ((number + half) // _PER_SECOND) for number in range(SECONDS * _PER_SECOND)]


def seconds_shown(slim: Path) -> list[int]:
    """Return for each picture of a slim video which second of the recording it shows; -1 where that is not clear."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(slim)]
    command += ["-vf", "format=gray,crop=32:32,scale=1:1:flags=area", "-f", "rawvideo", "-"]
    greys = subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    return [_second(grey) for grey in greys]


def _second(grey: int) -> int:
    second = round((grey - _DARKEST) / _STEP)
    return second if abs(grey - _DARKEST - second * _STEP) <= _TOLERANCE else -1
