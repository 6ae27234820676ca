"""Rejects a recording by its beginning, while the rest is downloaded."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed, SandboxUnavailable
from runops_worker.media.limits import Limits
from runops_worker.media.probe.header_end import header_end
from runops_worker.media.probe.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.probe.probe import probe_header

__all__ = ["EarlyRefusal"]

_LOG = logging.getLogger(__name__)
# The first pictures and sounds tell what the header leaves open.
_BEYOND_THE_HEADER: Final = 1024**2
_LEAST_MISSING_BYTES: Final = 64 * 1024**2


class EarlyRefusal:
    """Probes the beginning of a file as soon as it has arrived.

    It never accepts a recording: `probe` reads the whole file, which may be another one by then.

    Parameters
    ----------
    path
        The file that grows.
    limits
        What is accepted.
    least_missing_bytes
        Bytes that must still be missing for ffmpeg to be started: fewer arrive before it could answer.
    """

    def __init__(self, path: Path, *, limits: Limits, least_missing_bytes: int = _LEAST_MISSING_BYTES) -> None:
        self._path = path
        self._limits = limits
        self._least_missing_bytes = least_missing_bytes
        self._received = 0
        self._demuxer: str | None = None
        self._enough: int | None = None
        self._probe: asyncio.Task[MediaRejected | None] | None = None

    def arrived(self, received: int, total: int | None) -> None:
        """Record how many bytes have arrived.

        Raises
        ------
        MediaRejected
            What has arrived is enough to reject the recording.
        """
        if received < self._received:
            self._forget()
        self._received = received
        if self._demuxer is None and received >= HEAD_BYTES:
            self._read_head()
        if self._enough is not None and received >= self._enough:
            self._enough = None
            if self._probe is None and (total or 0) - received >= self._least_missing_bytes:
                self._probe = asyncio.create_task(self._refusal(received))
        if self._probe is not None and self._probe.done() and not self._probe.cancelled():
            refused = self._probe.result()
            if refused is not None:
                raise refused

    async def end(self) -> None:
        """Stop the probe."""
        if self._probe is not None:
            self._probe.cancel()
            # Not for its result: a cancellation of the caller must get through.
            await asyncio.wait([self._probe])

    def _forget(self) -> None:
        """Begin again: storage has another object now. That is too rare for a second probe."""
        self._demuxer, self._enough = None, None
        if self._probe is not None:
            self._probe.cancel()

    def _read_head(self) -> None:
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
            # The download may have ended, and the file has another name. `probe` finds everything else, too.
            _LOG.info("the recording could not be probed during its download", extra={"error": type(error).__name__})
            return None
