"""In which order jobs are listed. Pure."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from runops.job_filter import Order
from runops.job_story.known_job import KnownJob
from runops.row_summary import time_of

__all__ = ["Sort", "order_of", "sorted_jobs"]

_LAST = float("inf")


class Sort(StrEnum):
    """Values of `--sort`. Jobs of which the value is not known come last."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CHANGED = "changed"
    """Those first whose rows were written last."""
    POSITION = "position"
    ETA = "eta"
    """Those first that are expected to end first."""
    COST = "cost"
    LONGEST = "longest"
    STATUS = "status"
    TITLE = "title"


def order_of(sort: Sort) -> Order | None:
    """Return the order in which the table itself can be read; None where all jobs must be known first."""
    return {Sort.NEWEST: Order.NEWEST, Sort.OLDEST: Order.OLDEST}.get(sort)


def sorted_jobs(jobs: Sequence[KnownJob], sort: Sort) -> list[KnownJob]:
    """Return the jobs in an order; those that are equal in it stay as they were."""
    key = _KEYS.get(sort)
    return list(jobs) if key is None else sorted(jobs, key=key)


def _cost(job: KnownJob) -> float:
    try:
        return -float(job.cost_usd or "")
    except ValueError:
        return _LAST


def _changed(job: KnownJob) -> float:
    at = time_of(job.row.updated_at)
    return _LAST if at is None else -at.timestamp()


_KEYS: dict[Sort, Callable[[KnownJob], Any]] = {
    Sort.CHANGED: _changed,
    Sort.POSITION: lambda job: _LAST if job.position is None else job.position,
    Sort.ETA: lambda job: _LAST if job.ends is None else job.ends.likely.timestamp(),
    Sort.COST: _cost,
    Sort.LONGEST: lambda job: _LAST if job.recording_seconds is None else -job.recording_seconds,
    Sort.STATUS: lambda job: job.row.status or "~",
    Sort.TITLE: lambda job: (not job.title, (job.title or "").casefold()),
}
