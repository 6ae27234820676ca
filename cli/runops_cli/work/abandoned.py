"""Decides whether a row was claimed by a `runops work` that has died, on this machine or another. Pure."""

from datetime import datetime

from runops.job_row import JobRow, RowStatus

__all__ = ["STALE_SECONDS", "WORK", "is_abandoned", "seconds_silent"]

STALE_SECONDS = 300.0
"""A live process writes a heartbeat at least every 60 s; after so long without one it is dead."""

WORK = "work/"
"""How the names in the claims of `runops work` begin; the host's name follows.

A container has another host name each time, so whoever finds the row of one that died is called otherwise.
"""


def is_abandoned(row: JobRow, *, now: datetime) -> bool:
    """Whether a row was claimed by a `runops work` that has died.

    Parameters
    ----------
    row
        The row as just read.
    now
        The time at the server, which writes `updated_at`.
    """
    if row.status != RowStatus.PROCESSING or row.claim is None or not row.claim.by.startswith(WORK):
        return False
    silent = seconds_silent(row, now=now)
    return silent is not None and silent > STALE_SECONDS


def seconds_silent(row: JobRow, *, now: datetime) -> float | None:
    """Return how long ago the row was written; None where it does not say.

    Parameters
    ----------
    row
        The row as just read.
    now
        The time at the server.
    """
    try:
        updated = datetime.fromisoformat(row.updated_at or "")
    except ValueError:
        return None
    # Rows are read with the database's zone.
    return (now - updated).total_seconds() if updated.tzinfo is not None else None
