"""Find out what a recording is, and which of its coded pictures can be left out of a transcode.

Probe and survey both read the whole file, which most of their time goes to, and the survey needs nothing of the probe
but the codec, which stands at the beginning. So they run side by side.
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
    """What is known of an accepted recording before one of its pictures is decoded.

    Attributes
    ----------
    info
        What `probe` said of it.
    pictures
        What `survey` found; None where nothing can be left out, or nobody knows what.
    """

    info: MediaInfo
    pictures: Pictures | None


async def examine(path: Path, *, limits: Limits, whole: bool = False) -> Examined:
    """Read a recording and judge it.

    Parameters
    ----------
    path
        The file.
    limits
        What is accepted.
    whole
        Whether it is known that all of it must be decoded, so that no survey is needed.

    Returns
    -------
    Examined
        When it is accepted.

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
            # Not for its result: what the probe raised has to get through.
            await asyncio.wait([task])


async def _survey(path: Path, demuxer: str, codec: str, *, limits: Limits) -> Pictures | None:
    try:
        return await survey(path, demuxer, codec, limits=limits)
    except MediaToolFailed:
        # What ails the machine ails the transcode too, which says so; what ails this look does no harm.
        return None
