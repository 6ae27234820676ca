"""One run: what its stages share."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_worker.checkpoint import Checkpoint, read_checkpoint
from runops_worker.media.limits import Limits
from runops_worker.meter import Meter
from runops_worker.model import Model
from runops_worker.task import Task

__all__ = ["Running"]

T = TypeVar("T")
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
    """

    task: Task
    supabase: Supabase
    model: Model
    workdir: Path
    meter: Meter
    limits: Limits
    done: Checkpoint = field(default_factory=Checkpoint)
    _remembering: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def write(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Write something that no fence in its request protects, right after a look at the claim.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the task's token; then nothing is written.
        """
        task = self.task
        if not await self.supabase.jobs.held(task.job_id, task.claim):
            raise Failed(Reason.CLAIM_LOST)
        return await operation()

    async def remember(self) -> None:
        """Write down what is done. One write after the other: an older one must never land on a newer one.

        Raises
        ------
        Failed
            `ClaimLost`.
        """
        task = self.task

        async def upload() -> None:
            value = self.done.model_dump(mode="json")
            await self.supabase.storage.upload_json(task.source_bucket, task.checkpoint_object, value)

        async with self._remembering:
            await self.write(upload)

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
