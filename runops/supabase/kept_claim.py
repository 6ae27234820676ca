"""Waits for a claim that an app wrote over: the operator writes it into the row again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol, TypeVar
from uuid import UUID

from runops.failures import Failed, Reason
from runops.job_row import JobRow, RowStatus, begins_with_sop
from runops.supabase.errors import SupabaseError

__all__ = ["LONGEST_WAIT_SECONDS", "ClaimState", "KeptClaim", "RowTable", "claim_state"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
LONGEST_WAIT_SECONDS = 90.0
"""Three times what lies between two heartbeats. The operator reads its rows every ten seconds."""
_LOOK_SECONDS = 3.0


class ClaimState(Enum):
    """What a row says of a claim."""

    OURS = auto()
    WRITTEN_OVER = auto()
    """The row is in processing, and no claim is in it: an app wrote `metadata` as it was before."""
    LOST = auto()


def claim_state(row: JobRow | None, token: str) -> ClaimState:
    """Return what a row says of a claim. Pure.

    Parameters
    ----------
    row
        As it was read; None where there is none.
    token
        Of the claim.
    """
    if row is None or row.status != RowStatus.PROCESSING:
        return ClaimState.LOST
    if row.is_held_by(token):
        return ClaimState.OURS
    # A stamp that cannot be read may be another's. What a queued row says of its next run is none.
    stamp = row.metadata.get("runops") if isinstance(row.metadata, Mapping) else None
    is_none = stamp is None or (begins_with_sop(row.metadata) and "claim" not in stamp)
    return ClaimState.WRITTEN_OVER if is_none else ClaimState.LOST


class RowTable(Protocol):
    """What is needed of the `jobs` table."""

    async def get(self, job_id: UUID) -> JobRow | None:
        """Return a row; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class KeptClaim:
    """The claim of one attempt. While it is not in the row, its holder writes nothing.

    Parameters
    ----------
    jobs
        The table.
    job_id, token
        The row, and the token under which it is held.
    """

    jobs: RowTable
    job_id: UUID
    token: str = field(repr=False)

    async def is_back(self) -> bool:
        """Return whether the row is held under the claim; while no claim at all is in it, wait for that.

        Raises
        ------
        SupabaseError
            The row cannot be read, and waiting cannot help.
        """
        clock = asyncio.get_running_loop().time
        end, waited = clock() + LONGEST_WAIT_SECONDS, False
        while (state := await self._state()) is ClaimState.WRITTEN_OVER and clock() < end:
            if not waited:
                _LOG.warning("an app wrote over the claim in `metadata`; waiting until the operator writes it again")
            waited = True
            await asyncio.sleep(_LOOK_SECONDS)
        if waited:
            _LOG.info("the claim is %s", "back" if state is ClaimState.OURS else "lost")
        return state is ClaimState.OURS

    async def written(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Return whether a write arrived that the claim fences; where the claim comes back, it is made once more."""
        return await write() or (await self.is_back() and await write())

    async def fenced(self, write: Callable[[], Awaitable[_T]]) -> _T:
        """Return the result of a write that raises `ClaimLost`; where the claim comes back, it is made once more.

        Raises
        ------
        Failed
            `ClaimLost`, or what else the write raises.
        """
        try:
            return await write()
        except Failed as error:
            if error.reason is not Reason.CLAIM_LOST or not await self.is_back():
                raise
        return await write()

    async def _state(self) -> ClaimState:
        try:
            return claim_state(await self.jobs.get(self.job_id), self.token)
        except SupabaseError as error:
            if not error.retryable:
                raise
            return ClaimState.WRITTEN_OVER
