"""What of a clip is sent to the model: without silence, and without idle stretches where that is asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from runops.transcript import AudioItem, TranscriptItem, seconds, timestamp
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.idle import ClipTimes, busy_ranges
from runops_worker.transcription.heard_answer import Heard

__all__ = ["Condense", "DropSound", "SentClip", "in_time_of_the_recording", "sent_clip"]

DropSound = Callable[[Path, Path], Awaitable[None]]
"""Writes a clip again without its sound."""


class Condense(Protocol):
    """Writes the kept parts of a clip."""

    async def __call__(self, clip: Path, times: ClipTimes, target: Path, /, *, with_sound: bool) -> None:
        """See `media.transcode.condense`."""
        ...


@dataclass(frozen=True, slots=True)
class SentClip:
    """What the model gets.

    Attributes
    ----------
    path
        The file.
    seconds
        Its length.
    has_audio
        Whether it has sound.
    times
        What its times mean; None where they are those of the clip.
    """

    path: Path
    seconds: float
    has_audio: bool
    times: ClipTimes | None = None


@asynccontextmanager
async def sent_clip(
    clip: Path,
    part: tuple[float, float],
    activity: Activity,
    *,
    has_audio: bool,
    leave_out_idle: bool,
    drop_sound: DropSound,
    condense: Condense,
    workdir: Path,
) -> AsyncIterator[SentClip]:
    """Give what is sent of a clip, for the time of the block.

    Parameters
    ----------
    clip, part
        The clip, and from where to where it shows the recording.
    activity
        What happens in it.
    has_audio
        Whether the clip has sound.
    leave_out_idle
        Whether idle stretches are left out.
    drop_sound, condense
        Write a clip again.
    workdir
        Scratch folder.
    """
    start, end = part
    with_sound = has_audio and not activity.is_silent(start, end)
    times = busy_ranges(activity, start=start, end=end) if leave_out_idle else None
    sent = SentClip(clip, end - start if times is None else times.seconds, with_sound, times)
    if times is None and with_sound == has_audio:
        yield sent
        return
    target = workdir / f"{clip.stem}.sent.mp4"
    try:
        if times is None:
            await drop_sound(clip, target)
        else:
            await condense(clip, times, target, with_sound=with_sound)
        yield replace(sent, path=target)
    finally:
        target.unlink(missing_ok=True)


def in_time_of_the_recording(answer: Heard, times: ClipTimes | None) -> Heard:
    """Return an answer about what was sent with the times of the clip from which it was made."""
    if times is None:
        return answer
    return replace(answer, items=tuple(_moved(item, times) for item in answer.items))


def _moved(item: TranscriptItem, times: ClipTimes) -> TranscriptItem:
    start = times.start(item.start)
    if isinstance(item, AudioItem):
        end = max(times.end(seconds(item.timestamp_end_audio)), start)
        return item.model_copy(
            update={"timestamp_start_audio": timestamp(start), "timestamp_end_audio": timestamp(end)}
        )
    update = {"timestamp_start_visual": timestamp(start)}
    if item.timestamp_end_visual is not None:
        update["timestamp_end_visual"] = timestamp(max(times.end(seconds(item.timestamp_end_visual)), start))
    return item.model_copy(update=update)
