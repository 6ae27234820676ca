"""The one place where the light worker meets the product's fences: how it holds a row and what it writes under that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from runops.failures import Failed, Reason
from runops.progress import Stage, percent
from runops.supabase.connection import Supabase

_BUCKET = "videos"


@dataclass(frozen=True)
class Holding:
    """A row that is held under a token.

    Attributes
    ----------
    token
        The attempt's, with the bound pod.
    """

    supabase: Supabase
    job_id: UUID
    token: str

    @classmethod
    async def bound(cls, supabase: Supabase, job_id: UUID, token: str, *, pod_uid: str) -> Self:
        """Bind a pod to the attempt's claim; `ClaimLost` where the attempt is over."""
        exact = await supabase.jobs.bind_pod(job_id, token, pod_uid)
        if exact is None:
            raise Failed(Reason.CLAIM_LOST)
        return cls(supabase, job_id, exact)

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
        """Put a JSON value into storage, which knows no condition on a write: right after a look at the claim."""
        if not await self.supabase.jobs.held(self.job_id, self.token):
            raise Failed(Reason.CLAIM_LOST)
        await self.supabase.storage.upload_json(_BUCKET, key, value)

    async def kept(self, key: str) -> Any | None:
        """Return a JSON value from storage; None where there is none."""
        return await self.supabase.storage.read_json(_BUCKET, key)

    async def finish(self, transcript: list[dict[str, Any]], sop: dict[str, Any], *, user_id: UUID | None) -> None:
        """Write both results, then complete the row."""
        results = self.supabase.results
        await results.write_transcript(self.job_id, self.token, transcript)
        await results.write_sop(self.job_id, self.token, sop, user_id=user_id)
        if not await self.supabase.jobs.complete(self.job_id, self.token):
            raise Failed(Reason.CLAIM_LOST)
