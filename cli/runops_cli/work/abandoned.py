"""Decides whether a row was claimed by a process of this machine that has died. Pure."""

from datetime import datetime

from runops.job_row import JobRow, RowStatus

__all__ = ["STALE_SECONDS", "is_abandoned"]

STALE_SECONDS = 300.0
"""A live process writes a heartbeat at least every 60 s; after so long without one it is dead."""


def is_abandoned(row: JobRow, *, by: str, now: datetime) -> bool:
    """Whether a row was claimed by a process of this machine that has died.

    Parameters
    ----------
    row
        The row as just read.
    by
        The name in the claims of this machine.
    now
        The time at the server, which writes `updated_at`.
    """
    if row.status != RowStatus.PROCESSING or row.claim is None or row.claim.by != by or row.updated_at is None:
        return False
    try:
        updated = datetime.fromisoformat(row.updated_at)
    except ValueError:
        return False
    if updated.tzinfo is None:
        return False
    return (now - updated).total_seconds() > STALE_SECONDS
