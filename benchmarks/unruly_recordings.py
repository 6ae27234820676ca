"""Short recordings of other people's lengths, sizes and containers, with and without sound, of one to four chunks."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import imageio_ffmpeg

from devstack.sample import RECORDING

__all__ = ["KINDS", "Kind", "make"]

_SECONDS_TO_MAKE: Final = 300.0
_MP4: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_AAC: Final = ("-c:a", "aac", "-b:a", "24k")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the recordings.

    Attributes
    ----------
    name, share
        What it is, and its share of the videos.
    seconds, chunks
        Its length, and in how many chunks the worker divides it.
    coding
        Options of ffmpeg for picture and sound; without those for sound it has none.
    suffix
        Of the file.
    """

    name: str
    share: float
    seconds: float
    chunks: int
    coding: tuple[str, ...] = ()
    suffix: str = "mp4"


KINDS: Final = (
    Kind(name="the sample: a browser and a voice", share=0.05, seconds=65.8, chunks=1),
    Kind(name="a minute of MP4", share=0.5, seconds=61.7, chunks=1, coding=(*_MP4, *_AAC)),
    Kind(
        name="24 s of silent WebM",
        share=0.27,
        seconds=23.9,
        chunks=1,
        coding=("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k", "-an"),
        suffix="webm",
    ),
    Kind(name="six and a half minutes of MP4", share=0.1, seconds=393.3, chunks=2, coding=(*_MP4, *_AAC)),
    Kind(name="twelve minutes of silent MP4", share=0.05, seconds=733.9, chunks=3, coding=(*_MP4, "-an")),
    Kind(
        name="eighteen minutes of Matroska", share=0.03, seconds=1091.1, chunks=4, coding=(*_MP4, *_AAC), suffix="mkv"
    ),
)
"""The shares sum to 1. Most are short, as recordings of single tasks are."""


def make(kind: Kind, folder: Path, *, seed: int) -> Path:
    """Return a recording of this kind; its pictures and its speech differ by the seed."""
    if not kind.coding:
        return RECORDING
    path = folder / f"{KINDS.index(kind)}-{seed}.{kind.suffix}"
    chance = Random(f"{kind.name}/{seed}")  # noqa: S311 - pictures, no secret
    every, rest = chance.uniform(4, 11), chance.uniform(0.3, 0.6)
    steps = [chance.randrange(20, 80) for _ in range(4)]
    grey = chance.randrange(0xA0, 0xF0)
    window = f"color=c=0x{grey:02x}{grey:02x}{grey:02x}:s={80 + steps[0]}x{40 + steps[1]}:r=2"
    place = ":".join(
        f"{axis}='mod(floor(t/{every:.2f})*{step},{most})'"
        for axis, step, most in (("x", steps[2], 160), ("y", steps[3], 80))
    )
    # A window that moves every few seconds, and a tone in stretches, as somebody speaks.
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-y", "-f", "lavfi", "-i", "color=c=0x202020:s=320x180:r=2"),
        *("-f", "lavfi", "-i", window),
        *(
            "-f",
            "lavfi",
            "-i",
            f"aevalsrc='0.2*sin(2*PI*{200 + steps[0]}*t)*gt(sin(t/{every:.2f}),{rest:.2f})':s=16000",
        ),
        *("-filter_complex", f"[0][1]overlay={place}[v]", "-map", "[v]", "-map", "2:a"),
        *("-t", str(kind.seconds), *kind.coding, str(path)),
    ]
    subprocess.run(command, check=True, timeout=_SECONDS_TO_MAKE)
    return path
