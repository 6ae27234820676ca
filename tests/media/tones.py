"""Recordings whose tones tell which track is heard and when, and what is heard in their slim videos."""

import math
import subprocess
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.media.transcode.transcode import transcode

__all__ = ["PICTURE", "Slimmed", "make", "slimmed"]

RATE = 16_000
PICTURE = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def make(target: Path, *arguments: str, seconds: float = 10.0) -> Path:
    """Write a recording; input 0 is a picture, the arguments begin with further inputs."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=96x64:rate=10:duration={seconds}")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *picture, *arguments]
    command += ["-threads", "1", "-aac_coder", "fast", str(target)]
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)
    return target


@dataclass(frozen=True)
class Slimmed:
    """A recording, its slim video, and the samples of that as a player plays them, from -1 to 1."""

    recording: Recording
    slim: SlimVideo
    samples: Sequence[float]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    def level(self, start: float, length: float = 0.5) -> float:
        """Return the level of a time range in dB below full scale."""
        part = self.samples[int(start * RATE) : int((start + length) * RATE)]
        return 20 * math.log10(max(math.sqrt(sum(x * x for x in part) / len(part)), 1e-5))

    def tone(self, hertz: float, start: float, length: float = 0.1) -> float:
        """Return the level of one frequency, by Goertzel's algorithm."""
        part = self.samples[int(start * RATE) : int((start + length) * RATE)]
        factor, last, before = 2 * math.cos(2 * math.pi * hertz / RATE), 0.0, 0.0
        for sample in part:
            last, before = sample + factor * last - before, last
        power = last * last + before * before - factor * last * before
        return 20 * math.log10(max(math.sqrt(max(power, 0.0)) * math.sqrt(2) / len(part), 1e-5))

    def loudest(self, tones: Sequence[float], start: float, length: float = 0.1) -> float:
        """Return which tone is the loudest."""
        return max(tones, key=lambda hertz: self.tone(hertz, start, length))


async def slimmed(source: Path, *, limits: Limits | None = None) -> Slimmed:
    examined = await examine(source, limits=Limits())
    slim = await transcode(
        source,
        source.with_name("slim.mp4"),
        examined=examined,
        fps=1,
        height=64,
        crf=32,
        limits=limits or Limits(),
        on_progress=lambda _share: None,
    )
    return Slimmed(examined.recording, slim, _samples(slim.path) if slim.has_audio else ())


def _samples(path: Path) -> Sequence[float]:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-f",
        "f32le",
        "-",
    ]
    return array("f", subprocess.run(command, check=True, timeout=120, capture_output=True).stdout)
