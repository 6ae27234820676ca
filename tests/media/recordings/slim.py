"""What the worker's code makes of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.recording.loss import Loss
from runops_worker.media.transcode.transcode import transcode
from tests.media.recordings.numbered_pictures import Seen, seen
from tests.media.recordings.plain import Sound, read_sound
from tests.media.recordings.second_tones import HEARD_RATE
from tests.media.recordings.tool import run_ffmpeg

__all__ = ["Refused", "Slim", "slimmed"]

_HEIGHT: Final = 720


@dataclass(frozen=True)
class Refused:
    """The file was not worked on.

    Attributes
    ----------
    reason
        Of `MediaRejected`; `MediaToolFailed` if the file was not blamed.
    detail
        The sentence.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class Slim:
    """A slim video read back.

    Attributes
    ----------
    size
        Width and height of its picture.
    pictures
        By the second.
    seconds
        Its length as the worker counts it.
    has_sound
        Whether the worker says that it has sound.
    sound, sound_seconds
        What is heard if all samples are taken one after the other, and for how long.
    losses
        What the worker says is lost.
    """

    size: tuple[int, int]
    pictures: list[Seen | None]
    seconds: float
    has_sound: bool
    sound: Sound
    sound_seconds: float
    losses: tuple[Loss, ...]


async def slimmed(path: Path) -> Slim | Refused:
    """Examine and transcode a file, and read the slim video back."""
    # The default is longer than these recordings are.
    limits = Limits(least_readable_seconds=1.0)
    target = path.with_name("slim.mp4")
    try:
        examined = await examine(path, limits=limits)
        slim = await transcode(
            path,
            target,
            examined=examined,
            fps=1,
            height=_HEIGHT,
            crf=32,
            limits=limits,
            on_progress=lambda _share: None,
        )
    except MediaRejected as rejected:
        return Refused(rejected.reason, rejected.detail)
    except MediaToolFailed as failed:
        return Refused("MediaToolFailed", failed.detail)
    raw, wave = path.with_name("slim.y4m"), path.with_name("slim.wav")
    command = ["-threads", "1", "-i", str(target)]
    command += ["-map", "0:v", "-vf", "format=gray", "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", str(raw)]
    command += (
        ["-map", "0:a?", "-ar", str(HEARD_RATE), "-c:a", "pcm_s16le", "-f", "wav", str(wave)] if slim.has_audio else []
    )
    run_ffmpeg(*command)
    size, pictures = _pictures(raw.read_bytes())
    sound, sound_seconds = read_sound(wave)
    return Slim(size, pictures, slim.duration_seconds, slim.has_audio, sound, sound_seconds, slim.losses)


def _pictures(content: bytes) -> tuple[tuple[int, int], list[Seen | None]]:
    """Read a YUV4MPEG2 file of brightness alone."""
    head, _, rest = content.partition(b"\n")
    width, height = (int(next(word[1:] for word in head.split() if word[:1] == key)) for key in (b"W", b"H"))
    each = len(b"FRAME\n") + width * height
    pictures = [rest[place + 6 : place + each] for place in range(0, len(rest), each)]
    return (width, height), [seen(picture, width=width) for picture in pictures]
