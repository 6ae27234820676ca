"""The one place where the light worker meets the product's fences: how it holds a row and what it writes under that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from runops.failures import Failed, Reason
from runops.progress import Stage, percent
from runops.supabase.connection import Supabase

T = TypeVar("T")
_BUCKET = "videos"


@dataclass(frozen=True)
class Holding:
    """A row that is held under a token.

    Attributes
    ----------
    token
        As the Job's environment says it.
    """

    supabase: Supabase
    job_id: UUID
    token: str

    async def beat(self, stage: Stage, fraction: float) -> None:
        """Show where the work is.

        Raises
        ------
        Failed
            `ClaimLost`, here and in every other method.
        """
        shown = percent(stage, fraction)
        if not await self.supabase.jobs.heartbeat(self.job_id, self.token, stage=stage, percent=shown):
            raise Failed(Reason.CLAIM_LOST)

    async def keep(self, key: str, value: Any) -> None:
        """Put a JSON value into storage."""
        await self._looking(lambda: self.supabase.storage.upload_json(_BUCKET, key, value))

    async def kept(self, key: str) -> Any | None:
        """Return a JSON value from storage; None where there is none."""
        return await self.supabase.storage.read_json(_BUCKET, key)

    async def finish(self, transcript: list[dict[str, Any]], sop: dict[str, Any], *, user_id: UUID | None) -> None:
        """Write both results, then complete the row."""
        results = self.supabase.results
        await self._looking(lambda: results.write_transcript(self.job_id, transcript))
        await self._looking(lambda: results.write_sop(self.job_id, sop, user_id=user_id))
        if not await self.supabase.jobs.complete(self.job_id, self.token):
            raise Failed(Reason.CLAIM_LOST)

    async def _looking(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write what no fence in its own request protects, right after a look at the claim."""
        if not await self.supabase.jobs.held(self.job_id, self.token):
            raise Failed(Reason.CLAIM_LOST)
        return await write()
