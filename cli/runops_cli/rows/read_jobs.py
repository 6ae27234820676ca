"""Reads the jobs that a filter takes, page by page."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from runops.job_filter import JobFilter, Order, VideoFacts
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import LARGEST_PAGE, Cursor, Page

__all__ = ["FoundJobs", "all_pages", "first_jobs"]

_AT_ONCE = LARGEST_PAGE


async def all_pages(
    supabase: Supabase,
    chosen: JobFilter,
    *,
    order: Order = Order.OLDEST,
    at_once: int = _AT_ONCE,
    facts: Mapping[UUID, VideoFacts] | None = None,
) -> AsyncIterator[Page]:
    """Yield all pages. A row that changes meanwhile moves no other one.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    after: Cursor | None = None
    while True:
        page = await supabase.jobs.page(chosen, after=after, limit=at_once, order=order, facts=facts)
        yield page
        if page.next is None:
            return
        after = page.next


@dataclass(frozen=True, slots=True)
class FoundJobs:
    """The first jobs that a filter takes.

    Attributes
    ----------
    rows
        In their order.
    more
        Whether there are more.
    undecided
        How many were left out, since it is not known whether they are meant.
    """

    rows: list[RowSummary]
    more: bool
    undecided: int


async def first_jobs(
    supabase: Supabase,
    chosen: JobFilter,
    *,
    order: Order,
    limit: int,
    facts: Mapping[UUID, VideoFacts] | None = None,
) -> FoundJobs:
    """Return the first jobs, at most `limit`.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    found: list[RowSummary] = []
    undecided = 0
    async for page in all_pages(supabase, chosen, order=order, at_once=min(limit + 1, _AT_ONCE), facts=facts):
        found += page.rows
        undecided += page.undecided
        if len(found) > limit:
            break
    return FoundJobs(found[:limit], len(found) > limit, undecided)
