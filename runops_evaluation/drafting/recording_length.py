"""How long a recording is, by the worker's own probe. Importing this module needs the extra `worker`."""

from pathlib import Path

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.probe import probe

__all__ = ["RecordingRefused", "recording_seconds"]


class RecordingRefused(Exception):  # noqa: N818 - says what is the case
    """The worker does not take the recording; the message says why."""


async def recording_seconds(path: Path) -> float:
    """Return the length of a recording in seconds.

    Raises
    ------
    RecordingRefused
        The worker would refuse it, or ffmpeg failed.
    """
    try:
        return (await probe(path, limits=Limits())).duration_seconds
    except (MediaRejected, MediaToolFailed) as error:
        raise RecordingRefused(str(error)) from error
