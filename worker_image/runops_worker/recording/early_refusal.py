"""A recording while it is downloaded: what will be refused anyway need not come whole."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed, SandboxUnavailable
from runops_worker.media.limits import Limits
from runops_worker.media.probe.header_end import header_end
from runops_worker.media.probe.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.probe.probe import probe_header

__all__ = ["Arriving"]

_LOG = logging.getLogger(__name__)
# The first pictures and sounds say what a header leaves open.
_BEYOND_THE_HEADER: Final = 1024**2
_WORTH_A_LOOK: Final = 64 * 1024**2


class Arriving:
    """Looks at the beginning of a file as soon as it is there, while the rest comes.

    It never says that a recording is good: `probe` reads the whole file, which may even be another one by then.

    Parameters
    ----------
    path
        Where it lies meanwhile.
    limits
        What is accepted.
    worth_a_look
        Bytes that must still be missing for ffmpeg to be started: fewer are here before it could tell anything.
    """

    def __init__(self, path: Path, *, limits: Limits, worth_a_look: int = _WORTH_A_LOOK) -> None:
        self._path = path
        self._limits = limits
        self._worth_a_look = worth_a_look
        self._received = 0
        self._demuxer: str | None = None
        self._enough: int | None = None
        self._look: asyncio.Task[MediaRejected | None] | None = None

    def at(self, received: int, total: int | None) -> None:
        """Take note of how much has come.

        Raises
        ------
        MediaRejected
            What has come is enough to refuse the recording.
        """
        if received < self._received:
            self._forget()
        self._received = received
        if self._demuxer is None and received >= HEAD_BYTES:
            self._see_head()
        if self._enough is not None and received >= self._enough:
            self._enough = None
            if self._look is None and (total or 0) - received >= self._worth_a_look:
                self._look = asyncio.create_task(self._refusal(received))
        if self._look is not None and self._look.done() and not self._look.cancelled():
            refused = self._look.result()
            if refused is not None:
                raise refused

    async def end(self) -> None:
        """Stop looking."""
        if self._look is not None:
            self._look.cancel()
            # Not for its result: a cancel of whoever waits here has to get through.
            await asyncio.wait([self._look])

    def _forget(self) -> None:
        """Begin anew: another object lies in storage now. That happens too rarely for another look with ffmpeg."""
        self._demuxer, self._enough = None, None
        if self._look is not None:
            self._look.cancel()

    def _see_head(self) -> None:
        with self._path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        self._demuxer = demuxer_for(head)
        end = header_end(head, self._demuxer)
        self._enough = None if end is None else end + _BEYOND_THE_HEADER

    async def _refusal(self, size: int) -> MediaRejected | None:
        assert self._demuxer is not None
        try:
            return await probe_header(self._path, self._demuxer, size, limits=self._limits)
        except (MediaToolFailed, SandboxUnavailable, OSError) as error:
            # The download may have ended meanwhile, and the file has another name. All else `probe` finds, too.
            _LOG.info("the recording could not be looked at while it comes", extra={"error": type(error).__name__})
            return None
