"""Films scenes: letters that are drawn, sentences that are spoken, and the mark by which the stand-in knows a scene."""

import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from font_source_sans_pro import SourceSansPro

from devstack.gemini.scenes import COLUMNS, MARK_ROWS, ROWS, Scene, cells_of
from evaluation.recorder.voice import RATE, spoken

__all__ = ["Shot", "film_of", "scenes_of"]

_WIDTH, _HEIGHT = 640, 360
_CELL = _WIDTH // COLUMNS
_LINE = 56
"""Characters in a line of the picture."""


@dataclass(frozen=True)
class Shot:
    """Some seconds of a recording in which the screen stays as it is.

    Attributes
    ----------
    seen
        The items of a faithful transcript, without times.
    text
        What is drawn on the screen; the texts of `seen` where it is empty.
    said, voice
        What is spoken, and in which voice.
    step
        The honest step that the shot is; empty for none.
    seconds
        How long it lasts at least: until everything is said.
    ink, paper
        Colours of the letters and of the screen.
    """

    seen: tuple[dict[str, Any], ...] = ()
    text: str = ""
    said: str = ""
    voice: str = "en"
    step: str = ""
    seconds: int = 3
    ink: str = "0x202020"
    paper: str = "0xe8e8e8"
    size: int = 20

    @property
    def scene(self) -> Scene:
        """What the stand-in is told."""
        return Scene(seen=list(self.seen), said=self.said, step=self.step)

    @property
    def drawn(self) -> str:
        """The letters on the screen, in lines."""
        text = self.text or "\n".join(_texts(list(self.seen)))
        return "\n".join(part[at : at + _LINE] for part in text.splitlines() for at in range(0, len(part), _LINE))


@dataclass
class _Placed:
    shot: Shot
    mark: int
    begin: int
    end: int
    samples: bytes = field(repr=False)


def scenes_of(shots: Sequence[Shot], *, first_mark: int) -> dict[int, Scene]:
    """Return the scenes of a recording for the stand-in; shot k has mark k of the recording."""
    return {first_mark + number: shot.scene for number, shot in enumerate(shots)}


def film_of(shots: Sequence[Shot], folder: Path, *, first_mark: int) -> Path:
    """Film the shots one after the other, with the marks of `scenes_of`."""
    placed, at = [], 0
    for number, shot in enumerate(shots):
        samples = spoken(shot.said, voice=shot.voice) if shot.said else b""
        end = at + max(shot.seconds, -(-len(samples) // (2 * RATE)))
        placed.append(_Placed(shot, first_mark + number, at, end, samples))
        at = end
    folder.mkdir(parents=True)
    sound = folder / "speech.wav"
    has_sound = any(one.samples for one in placed)
    if has_sound:
        _write_sound(sound, placed)
    target = folder / "recording.mp4"
    filters = ",".join(part for one in placed for part in _drawing(one, folder))
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-y", "-f", "lavfi", "-i", f"color=c=black:s={_WIDTH}x{_HEIGHT}:r=2:d={at},{filters}"),
        *(("-i", str(sound)) if has_sound else ()),
        *("-t", str(at), "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "32k", str(target)),
    ]
    subprocess.run(command, check=True, timeout=120)
    return target


def _drawing(one: _Placed, folder: Path) -> Iterator[str]:
    when = f"enable='between(t,{one.begin},{one.end - 0.001:.3f})'"
    letters = folder / f"letters-{one.mark}.txt"
    letters.write_text(one.shot.drawn, "utf-8")
    yield f"drawbox=c={one.shot.paper}:t=fill:{when}"
    yield (
        f"drawtext=fontfile={SourceSansPro}:textfile={letters}:expansion=none:x=16:y=16:line_spacing=6"
        f":fontsize={one.shot.size}:fontcolor={one.shot.ink}:{when}"
    )
    top, high = (ROWS - MARK_ROWS) * _CELL, MARK_ROWS * _CELL
    yield f"drawbox=c=black:t=fill:x=0:y={top}:w={_WIDTH}:h={high}:{when}"
    for column, is_white in enumerate(cells_of(one.mark)):
        if is_white:
            yield f"drawbox=c=white:t=fill:x={column * _CELL}:y={top}:w={_CELL}:h={high}:{when}"


def _write_sound(target: Path, placed: Sequence[_Placed]) -> None:
    with wave.open(str(target), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for one in placed:
            length = 2 * RATE * (one.end - one.begin)
            sound.writeframes(one.samples[:length].ljust(length, b"\0"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "action_type_observed":
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value:
        yield str(value)
