"""Probe a recording and list its coded pictures, side by side.

Both read the whole file, which takes most of their time. The survey needs only the codec from the probe, and the codec
is known at once.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.probe.probe import probe
from runops_worker.media.probe.survey import survey

__all__ = ["Examined", "examine"]


@dataclass(frozen=True)
class Examined:
    """What is known about an accepted recording before a picture is decoded.

    Attributes
    ----------
    info
        The result of `probe`.
    pictures
        The result of `survey`; None if all pictures must be decoded.
    """

    info: MediaInfo
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
    surveys: list[asyncio.Task[Pictures | None]] = []

    def begin(demuxer: str, codec: str) -> None:
        if not whole:
            surveys.append(asyncio.create_task(_survey(path, demuxer, codec, limits=limits)))

    try:
        info = await probe(path, limits=limits, on_codec=begin)
        return Examined(info, await surveys[0] if surveys else None)
    finally:
        for task in surveys:
            task.cancel()
            # `wait` does not raise the error of the survey, so an error of the probe propagates.
            await asyncio.wait([task])


async def _survey(path: Path, demuxer: str, codec: str, *, limits: Limits) -> Pictures | None:
    try:
        return await survey(path, demuxer, codec, limits=limits)
    except MediaToolFailed:
        # The transcode reports an error of the machine. Without a survey it decodes all pictures.
        return None
