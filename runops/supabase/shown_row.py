"""A row as a person was shown it: what the person then agrees to holds for that state of it, and for no later one."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from runops.job_row import CLAIM_PATTERN, JobRow, RowStatus
from runops.row_summary import RowSummary
from runops.supabase.jobs_requests import held_by_nobody, held_by_token, quoted

__all__ = ["ShownRow", "still_among"]

_TOKEN = re.compile(CLAIM_PATTERN)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row's state.

    Attributes
    ----------
    job_id, status
        The row, and its status.
    updated_at
        Tells two states of a row apart that waits or has ended.
    token
        Of the claim, without the bound pod; None without one. It tells two states of a row apart that is worked on:
        a worker writes `updated_at` every few seconds.
    """

    job_id: UUID
    status: str | None
    updated_at: str | None = None
    token: str | None = None

    @classmethod
    def of(cls, row: RowSummary) -> Self:
        """Return the state of a row that was just read."""
        claim = row.claim_text or ""
        token = claim.partition("/")[0] if _TOKEN.match(claim) else None
        return cls(row.job_id, row.status, row.updated_at, token)

    def is_still(self, row: JobRow) -> bool:
        """Whether a row is in this state."""
        if row.status != self.status:
            return False
        if self.status == RowStatus.PROCESSING:
            return self.token == (None if row.claim is None else row.claim.token)
        return row.updated_at == self.updated_at

    @property
    def is_held_by_nobody(self) -> bool:
        """Whether it is worked on without a claim that can be read."""
        return self.status == RowStatus.PROCESSING and self.token is None

    @property
    def condition(self) -> str:
        """The state as one alternative of a filter, beside one for the status; not of a row that nobody holds."""
        if self.status == RowStatus.PROCESSING:
            at = held_by_token(self.token or "")
        else:
            at = "updated_at.is.null" if self.updated_at is None else f"updated_at.eq.{quoted(self.updated_at)}"
        return f"and(job_id.eq.{self.job_id},{at})"


def still_among(rows: Iterable[ShownRow], status: str, *, after: RowStatus) -> Callable[[Any], Any]:
    """Filter for those of some rows that are as they were shown, for an update that gives them another status.

    PostgREST 12 applies the `or` of an update also to the rows in its answer, as they are after the update; other
    filters it does not. So the new status is one of the alternatives: before the update no row has both.

    Parameters
    ----------
    rows
        All shown in one status.
    status, after
        That status, and the one that the update writes.
    """
    shown = list(rows)
    unheld = [str(row.job_id) for row in shown if row.is_held_by_nobody]
    # The condition that nobody holds a row is long: forty of it fit into no URL that gateways take.
    of_nobody = [f"and(job_id.in.({','.join(unheld)}),{held_by_nobody()})"] if unheld else []
    others = (row.condition for row in shown if not row.is_held_by_nobody)
    alternatives = ",".join([*others, *of_nobody, f"status.eq.{after.value}"])
    return lambda query: query.eq("status", status).or_(alternatives)
