"""The checkpoint of this run in storage: read once, written after each finished step."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from runops.progress import Stage
from runops_worker.checkpoint.format import Checkpoint, read_checkpoint
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.model.ledger import Ledger
from runops_worker.model.protocol import CallUsage

__all__ = ["CheckpointStore"]

_LOG = logging.getLogger(__name__)


class CheckpointStore:
    """Holds the newest checkpoint and writes it, one write after the other.

    Parameters
    ----------
    storage
        Where it is written, under the claim.
    key
        Name of its object.
    now
        The time: prices depend on the day.
    """

    def __init__(self, storage: ClaimedStorage, key: str, *, now: Callable[[], datetime]) -> None:
        self._storage = storage
        self._key = key
        self._now = now
        self._state = Checkpoint()
        # An older state must never overwrite a newer one.
        self._one_write = asyncio.Lock()

    @property
    def state(self) -> Checkpoint:
        """The newest checkpoint, which may not be written yet."""
        return self._state

    async def load(self) -> None:
        """Read the checkpoint of earlier attempts; an unreadable one counts as empty.

        Raises
        ------
        SupabaseError
            Storage did not answer.
        """
        value = await self._storage.read_json(self._key)
        if value is None:
            return
        self._state = read_checkpoint(value)
        _LOG.info(
            "found the checkpoint of an earlier attempt",
            extra={
                "slim": self._state.slim is not None,
                "transcript": self._state.transcript is not None,
                "sop": self._state.sop is not None,
            },
        )

    def change(self, change: Callable[[Checkpoint], Checkpoint]) -> None:
        """Change the checkpoint. The next write brings the change into storage."""
        self._state = change(self._state)

    async def save(self, change: Callable[[Checkpoint], Checkpoint]) -> None:
        """Change the checkpoint and write it.

        Raises
        ------
        Failed
            `ClaimLost`; `UploadTimeout`.
        SupabaseError
            Storage refused it.
        """
        self.change(change)
        await self._write()

    def call_counter(self, stage: Stage) -> Callable[[CallUsage], None]:
        """Return a function that adds a call's cost to a stage (`transcribing` or `parsing_sop`)."""

        def count(usage: CallUsage) -> None:
            self.change(lambda state: state.with_call(stage, usage, on=self._now().date()))

        return count

    async def save_cost(self, *, seconds: float) -> None:
        """Write what a failed run cost, so that the next attempt reports the total. A failure is only logged.

        Parameters
        ----------
        seconds
            Deadline.
        """
        if self._state.ledger == Ledger():
            return
        # A separate task, because the task of the caller may have been cancelled.
        writing = asyncio.ensure_future(self._write())
        await asyncio.wait({writing}, timeout=seconds)
        writing.cancel()
        (error,) = await asyncio.gather(writing, return_exceptions=True)
        if error is not None:
            _LOG.warning("the cost of the failed run could not be saved", extra={"error": type(error).__name__})

    async def _write(self) -> None:
        async with self._one_write:
            await self._storage.put_json(self._key, self._state.model_dump(mode="json"))
