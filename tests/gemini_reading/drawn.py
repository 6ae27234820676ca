"""Draws small recordings of screens: boxes, words, a pointer, each for some seconds; and what is said."""

import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
from font_source_sans_pro import SourceSansPro

from evaluation.recorder.voice import RATE, spoken

__all__ = ["box", "draw", "pointer", "words"]

_SIZE = "1280x720"
_ALWAYS = (0, 999)
_ARROW = 17

Seconds = tuple[float, float]


def box(
    left: int, top: int, width: int, height: int, colour: str, *, during: Seconds = _ALWAYS, edge: int | None = None
) -> list[str]:
    """Return the filter that draws a box: full, or its edge alone."""
    thick = "fill" if edge is None else str(edge)
    return [f"drawbox=x={left}:y={top}:w={width}:h={height}:c={colour}:t={thick}:{_when(during)}"]


def words(
    text: str, left: int, top: int, *, size: int = 24, colour: str = "black", during: Seconds = _ALWAYS
) -> list[str]:
    """Return the filter that writes words."""
    safe = text.replace("\\", "").replace("'", "").replace(":", r"\:").replace(",", r"\,")
    font = f"fontfile={SourceSansPro}:fontsize={size}:fontcolor={colour}"
    return [f"drawtext={font}:text='{safe}':expansion=none:x={left}:y={top}:{_when(during)}"]


def pointer(left: int, top: int, *, during: Seconds) -> list[str]:
    """Return the filters that draw an arrow: black with a white edge."""
    drawn = []
    for row in range(_ARROW):
        wide = min(row, 11)
        drawn += box(left - 1, top + row - 1, wide + 3, 3, "white", during=during)
    for row in range(_ARROW):
        drawn += box(left, top + row, min(row, 11) + 1, 1, "black", during=during)
    return drawn


def _when(during: Seconds) -> str:
    begin, end = during
    return f"enable='between(t,{begin},{end - 0.001:.3f})'"


def draw(
    target: Path,
    *parts: Sequence[str],
    seconds: int,
    paper: str,
    said: Sequence[tuple[int, str]] = (),
) -> Path:
    """Write a recording as the worker uploads it: one picture a second, as small as a slim video."""
    sound: tuple[str, ...] = ()
    if said:
        samples = bytearray(2 * RATE * seconds)
        for start, text in said:
            voice = spoken(text, voice="en")[: 2 * RATE * (seconds - start)]
            samples[2 * RATE * start : 2 * RATE * start + len(voice)] = voice
        path = target.with_suffix(".wav")
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(RATE)
            stream.writeframes(bytes(samples))
        sound = ("-i", str(path), "-c:a", "aac", "-ac", "1", "-ar", "16000", "-b:a", "24k")
    filters = ",".join(one for part in parts for one in part)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-y", "-f", "lavfi", "-i", f"color=c={paper}:s={_SIZE}:r=1:d={seconds},{filters}"),
        *sound,
        *("-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-crf", "32", "-pix_fmt", "yuv420p"),
        *("-threads", "1", "-bitexact", str(target)),
    ]
    subprocess.run(command, check=True, timeout=240)
    return target
