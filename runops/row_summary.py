"""A row as people and pages see it: status, progress, attempts, error, and nothing of its metadata but two keys."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from runops.job_row import Claim, JobRow, RowStatus

__all__ = ["RowSummary", "time_of"]


class RowSummary(BaseModel):
    """A row without its metadata, which may be of any size; only the two keys below are read from it.

    Attributes
    ----------
    error
        None also where the table has no such column; likewise `completed_at` and the two of the progress.
    user_id
        `metadata.user_id` as the app wrote it.
    runops
        `metadata.runops` as written. None also where it cannot be read, though the claim's text can.
    claim_text
        `metadata.runops.claim` as text.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: UUID
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    completed_at: str | None = None
    error: str | None = None
    progress_stage: str | None = None
    progress_percent: int | None = None
    user_id: str | None = None
    runops: Any = None
    claim_text: str | None = None

    @property
    def claim(self) -> Claim | None:
        """The claim of the present or last attempt; None where there is none or it cannot be read."""
        return JobRow(job_id=self.job_id, metadata={"runops": self.runops}).claim

    @property
    def ended(self) -> bool:
        """Whether the row has reached its end: it is neither queued nor processing."""
        return self.status not in {RowStatus.QUEUED, RowStatus.PROCESSING}

    @property
    def queued_at(self) -> datetime | None:
        """When the row waits or waited from: its insertion, or a later write that set it back to `queued`."""
        row = JobRow(job_id=self.job_id, status=self.status, created_at=self.created_at, updated_at=self.updated_at)
        return time_of(row.waiting_since)


def time_of(text: str | None) -> datetime | None:
    """Return a time of a row; None where it is missing or cannot be read. A time without a zone counts as UTC."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
