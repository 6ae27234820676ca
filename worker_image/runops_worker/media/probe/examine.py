"""Probe a recording and list its coded pictures, side by side.

Both read the whole file, which takes most of their time. The survey needs only the codec from the probe, and the codec
is known at once.
"""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.joined import joined_parts
from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.probe.probe import probe
from runops_worker.media.probe.survey import survey
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.ffmpeg import part_list

__all__ = ["Examined", "examine"]


@dataclass(frozen=True)
class Examined:
    """What is known about an accepted recording before a picture is decoded.

    Attributes
    ----------
    recording
        The result of `probe`.
    pictures
        The coded pictures of its screen, as `survey` lists them; None if all pictures must be decoded.
    """

    recording: Recording
    pictures: Pictures | None


async def examine(path: Path, *, limits: Limits, whole: bool = False) -> Examined:
    """Read a recording and accept or refuse it.

    Parameters
    ----------
    path
        The file.
    limits
        What is accepted.
    whole
        Whether all pictures must be decoded anyway, so that no survey is needed.

    Returns
    -------
    Examined
        If the recording is accepted.

    Raises
    ------
    MediaRejected, MediaToolFailed, OSError
        As `probe`.
    """
    joined = await joined_parts(path, limits=limits)
    parts = None if joined is None else path.with_name(path.name + ".parts")
    surveys: dict[int, asyncio.Task[Pictures | None]] = {}

    def begin(demuxer: str, place: int, codec: str) -> None:
        if not whole:
            surveys[place] = asyncio.create_task(_survey(path, demuxer, place, codec, limits=limits, parts=parts))

    try:
        if joined is not None and parts is not None:
            parts.write_text(part_list(path, demuxer=joined.demuxer, parts=joined.parts), "utf-8")
        recording = await probe(path, limits=limits, on_screen=begin, parts=parts)
        if joined is not None:
            recording = replace(recording, losses=(*joined.losses, *recording.losses))
        if recording.screen not in surveys:
            # By the packets, the screen is another track than by the headers: a large preview lasts a short time.
            begin(recording.container, recording.screen, recording.video_codec)
        surveyed = surveys.get(recording.screen)
        return Examined(recording, await surveyed if surveyed else None)
    finally:
        for task in surveys.values():
            task.cancel()
            # `wait` does not raise the error of the survey, so an error of the probe propagates.
            await asyncio.wait([task])


async def _survey(
    path: Path, demuxer: str, place: int, codec: str, *, limits: Limits, parts: Path | None
) -> Pictures | None:
    try:
        return await survey(path, demuxer, codec, place=place, limits=limits, parts=parts)
    except MediaToolFailed:
        # The transcode reports an error of the machine. Without a survey it decodes all pictures.
        return None
