"""One run: what its stages share."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runops.failures import TABLE, Failed, Reason
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_worker.checkpoint.format import Checkpoint, read_checkpoint
from runops_worker.failure_reason import as_failed
from runops_worker.media.limits import Limits
from runops_worker.model.protocol import Model
from runops_worker.reporting.meter import Meter
from runops_worker.task import Task

__all__ = ["UPLOAD_SECONDS", "Running"]

UPLOAD_SECONDS = 1800.0
"""Longest time for one upload to storage, where no setting says otherwise."""

_LOG = logging.getLogger(__name__)
_SPOILT = frozenset({ErrorKind.INVALID, ErrorKind.TOO_LARGE})


@dataclass(slots=True, kw_only=True)
class Running:
    """What a stage works with.

    Attributes
    ----------
    workdir
        Scratch folder of this run; whoever started the run empties it.
    done
        What earlier attempts did, and what this one adds.
    upload_seconds
        Longest time for one upload to storage.
    failures
        Of what runs side by side, see `failed`.
    """

    task: Task
    supabase: Supabase
    model: Model
    workdir: Path
    meter: Meter
    limits: Limits
    upload_seconds: float = UPLOAD_SECONDS
    done: Checkpoint = field(default_factory=Checkpoint)
    failures: list[Exception] = field(default_factory=list, init=False)
    _remembering: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def failed(self, error: Exception) -> None:
        """Take note of a failure of one of several things under way: the others are finished, nothing else is begun.

        Raises
        ------
        Failed
            `ClaimLost`, which ends all of them at once.
        """
        if isinstance(error, Failed) and error.reason is Reason.CLAIM_LOST:
            raise error
        _LOG.warning("a part of the work failed, what is under way is finished", extra={"error": type(error).__name__})
        self.failures.append(error)

    async def still_held(self) -> None:
        """Look at the claim: what storage does knows no other fence.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the task's token; or it cannot be asked.
        """
        try:
            held = await self.supabase.jobs.held(self.task.job_id, self.task.claim)
        except SupabaseError as error:
            # Tried often enough already: whoever repeats the upload must not take it for a failure of storage.
            raise as_failed(error) from error
        if not held:
            raise Failed(Reason.CLAIM_LOST)

    async def store(self, key: str, path: Path, *, content_type: str) -> None:
        """Put a file into storage under the claim.

        Raises
        ------
        Failed
            `ClaimLost`, and then no object appears; `UploadTimeout`, `UploadIncomplete`.
        SupabaseError
            Storage refused it.
        """
        async with self._in_time(key):
            await self.supabase.storage.upload(
                self.task.source_bucket,
                key,
                path,
                content_type=content_type,
                last_look=self.still_held,
                begun=self._note_upload,
            )

    async def store_json(self, key: str, value: Any) -> None:
        """Put a JSON value into storage under the claim, see `store`."""
        async with self._in_time(key):
            await self.supabase.storage.upload_json(self.task.source_bucket, key, value, last_look=self.still_held)

    @asynccontextmanager
    async def _in_time(self, key: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.upload_seconds):
                yield
        except TimeoutError as error:
            raise Failed(
                Reason.UPLOAD_TIMEOUT,
                f"{self.task.source_bucket}/{key} was not in storage after {self.upload_seconds:.0f} s. "
                f"{TABLE[Reason.UPLOAD_TIMEOUT].remedy}",
            ) from error

    async def _note_upload(self, upload: str) -> None:
        """Remember an upload before its first byte, so that the attempt after a killed one can take it back."""
        self.done.uploads.append(upload)
        await self.remember()

    async def remember(self) -> None:
        """Write down what is done. One write after the other: an older one must never land on a newer one.

        Raises
        ------
        Failed
            `ClaimLost`.
        """
        async with self._remembering:
            await self.store_json(self.task.checkpoint_object, self.done.model_dump(mode="json"))

    async def kept(self, key: str) -> Any | None:
        """Return the JSON value that an earlier attempt left in an object; None where none is there to be read.

        Raises
        ------
        SupabaseError
            Storage could not be asked. What it holds is never an error: it can be made anew.
        """
        try:
            return await self.supabase.storage.read_json(self.task.source_bucket, key)
        except RecursionError:
            kind = ErrorKind.INVALID
        except SupabaseError as error:
            if error.kind not in _SPOILT:
                raise
            kind = error.kind
        _LOG.warning("what an earlier attempt left cannot be read, it is made anew", extra={"kind": kind})
        return None

    async def recall(self) -> None:
        """Read what earlier attempts did; what cannot be read counts as nothing."""
        value = await self.kept(self.task.checkpoint_object)
        self.done = Checkpoint() if value is None else read_checkpoint(value)
        if value is not None:
            _LOG.info(
                "an earlier attempt left a checkpoint",
                extra={
                    "slim": self.done.slim is not None,
                    "transcript": self.done.transcript is not None,
                    "sop": self.done.sop is not None,
                },
            )
