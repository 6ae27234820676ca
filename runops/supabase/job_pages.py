"""Pages of the table `jobs` by a filter, forwards and backwards from a row, so that no page skips or repeats one.

The place of a row is its `created_at` and its `id`, which never change. A page is one request. What the database can
decide is in the request; the rest is left out of the answer, so that a page may have fewer rows than its limit, even
none, and still have a next one.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from pydantic import TypeAdapter

from runops.failures import CANCEL_SENTENCE, TABLE, Reason
from runops.job_filter import JobFilter, Order, VideoFacts
from runops.job_row import RowStatus
from runops.row_facts import facts_of_row
from runops.row_reason import OTHER
from runops.row_summary import RowSummary, time_of
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs_columns import VERSION, JobsColumns
from runops.supabase.jobs_requests import quoted, validated
from runops.supabase.rest import Query, Rest

__all__ = [
    "LARGEST_PAGE",
    "NO_PLACE",
    "Cursor",
    "Page",
    "PageRequest",
    "id_range",
    "read_page",
    "summary_columns",
    "with_readable_claims",
]

NO_PLACE = "This is no place in the list. Begin at its first page."
LARGEST_PAGE = 999
"""One more is asked for, and a hosted server gives 1000 at once unless it was told otherwise."""
_ZONES_DIFFER = timedelta(hours=26)
"""A column without a zone holds times of the database's zone, which only the database knows."""
_PLACE = ("row_id:id", "placed_at:created_at")
"""As the table has them: a time is compared with the text that was read."""
_USER, _CLAIM = "user_id:metadata->>user_id", "runops:metadata->runops"
_CLAIM_TEXT = "claim_text:metadata->runops->>claim"
_CURSOR = re.compile(r"([fb])!([0-9A-Za-z-]{1,64})!([0-9A-Za-z:.+ -]{0,64})")
_HEX = re.compile(r"[0-9a-f-]{1,36}")
_NOT_ENDED = f"status.in.({RowStatus.QUEUED.value},{RowStatus.PROCESSING.value})"
_DOING = "reading the table jobs"
_SUMMARIES = TypeAdapter(list[RowSummary])


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of a row, and in which direction one goes on from it.

    Attributes
    ----------
    row_id, created_at
        As the table has them; `created_at` is None where the row has none.
    backwards
        Whether the rows before it are meant.
    """

    row_id: str
    created_at: str | None
    backwards: bool = False

    def to_text(self) -> str:
        """Return it as one word for a URL."""
        return f"{'b' if self.backwards else 'f'}!{self.row_id}!{self.created_at or ''}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the cursor that `to_text` wrote.

        Raises
        ------
        ValueError
            It is none.
        """
        found = _CURSOR.fullmatch(text)
        if found is None or (found[3] and time_of(found[3]) is None):
            raise ValueError(NO_PLACE)
        return cls(found[2], found[3] or None, found[1] == "b")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of jobs.

    Attributes
    ----------
    rows
        In the order that was asked for.
    next, previous
        Where the next and the previous page begin; None where there is none. The next one may be empty.
    undecided
        How many rows were left out because it is not known whether they are meant: the filter asks for a model or a
        length, and nothing is known of the video.
    """

    rows: list[RowSummary] = field(default_factory=list)
    next: Cursor | None = None
    previous: Cursor | None = None
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked of the table.

    Attributes
    ----------
    chosen, after, order
        As for `JobsReads.page`.
    limit
        How many rows at most. One more is asked for, which tells whether there are more.
    """

    chosen: JobFilter
    after: Cursor | None
    limit: int
    order: Order

    @property
    def backwards(self) -> bool:
        """Whether the rows before a place are meant."""
        return self.after is not None and self.after.backwards

    @property
    def descends(self) -> bool:
        """Whether the answer has the newest rows first."""
        return (self.order is Order.NEWEST) != self.backwards

    def by(self, columns: JobsColumns, *, claims: bool) -> Callable[[Any], Query]:
        """Return the request for a table with these columns, with the claims of the rows or without."""
        select = (*_PLACE, *summary_columns(columns, claims=claims))

        def build(table: Any) -> Query:
            query = _pushed(table.select(*select), self.chosen, columns)
            query = query if self.after is None else self._beyond(query, self.after)
            # As an index on both has it: a row without a time is the newest.
            placed = query.order("created_at", desc=self.descends, nullsfirst=self.descends)
            built: Query = placed.order("id", desc=self.descends).limit(self.limit + 1)
            return built

        return build

    def _beyond(self, query: Any, place: Cursor) -> Any:
        """Filter for the rows that come after a place. Where times descend, one range of an index has them."""
        row_id = quoted(place.row_id)
        if place.created_at is None:
            if self.descends:
                return query.or_(f"created_at.not.is.null,id.lt.{row_id}")
            return query.is_("created_at", "null").gt("id", place.row_id)
        at = quoted(place.created_at)
        if self.descends:
            return query.lte("created_at", place.created_at).or_(f"created_at.lt.{at},id.lt.{row_id}")
        return query.or_(f"created_at.gt.{at},and(created_at.eq.{at},id.gt.{row_id}),created_at.is.null")

    def beyond(self, answer: list[dict[str, Any]]) -> "PageRequest":
        """Return the request for the row that comes after an answer."""
        return replace(self, after=_cursor(answer[-1], backwards=self.backwards), limit=0)

    def page_of(self, answer: list[dict[str, Any]], facts: Mapping[UUID, VideoFacts], *, more: bool) -> Page:
        """Return the page that an answer holds; `more` tells whether there are further rows."""
        raw = answer[: self.limit]
        if self.backwards:
            raw.reverse()
        rows = validated(_SUMMARIES, raw, _DOING)
        fitting = [row for row in rows if self.chosen.takes_row(row)]
        known = {row.job_id: facts.get(row.job_id) or facts_of_row(row) for row in fitting}
        before, behind = (more, True) if self.backwards else (self.after is not None, more and not self._past_all(rows))
        return Page(
            rows=[row for row in fitting if self.chosen.takes_video(known[row.job_id])],
            next=_cursor(raw[-1]) if raw and behind else None,
            previous=_cursor(raw[0], backwards=True) if raw and before else None,
            undecided=sum(self.chosen.is_undecided(one) for one in known.values()),
        )

    def _past_all(self, rows: list[RowSummary]) -> bool:
        """Whether all further rows were queued too early, as the last one was."""
        since = self.chosen.since
        if not rows or since is None or self.order is not Order.NEWEST:
            return False
        at = time_of(rows[-1].created_at)
        return at is not None and at < since


async def read_page(rest: Rest, request: PageRequest, columns: JobsColumns) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows of a page as the table gives them, and whether there are further ones.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """

    async def read(request: PageRequest) -> list[dict[str, Any]]:
        return await with_readable_claims(
            lambda claims: rest.read(request.by(columns, claims=claims), table="jobs", doing=_DOING)
        )

    answer = await read(request)
    if len(answer) > request.limit:
        return answer, True
    # A short answer is the last, unless the server gives no more rows at once.
    return answer, rest.may_be_cut(len(answer)) and bool(await read(request.beyond(answer)))


async def with_readable_claims(read: Callable[[bool], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Read rows with their claims, or without where one of them cannot be read: an app wrote it, and all rows can.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    try:
        return await read(True)
    except SupabaseError as error:
        if not error.unreadable:
            raise
    return await read(False)


def summary_columns(columns: JobsColumns, *, claims: bool = True) -> tuple[str, ...]:
    """Return what is selected of a row for its `RowSummary`."""
    of_row = (name for name in columns.read if name not in {"metadata", VERSION})
    there = (*of_row, _USER, _CLAIM_TEXT, *((_CLAIM,) if claims else ()))
    progress = ("progress_stage", "progress_percent") if columns.progress else ()
    return (*there, *progress, *(("completed_at::timestamptz",) if columns.completed_at else ()))


def _cursor(raw: Mapping[str, Any], *, backwards: bool = False) -> Cursor:
    return Cursor(str(raw["row_id"]), raw["placed_at"], backwards)


def _pushed(query: Any, chosen: JobFilter, columns: JobsColumns) -> Any:
    """Filter for what the table can decide: all rows that are meant, and perhaps more."""
    if chosen.statuses:
        query = query.in_("status", sorted(chosen.statuses))
    if chosen.user is not None:
        # The app wrote it, perhaps in capitals; a uuid holds no wildcard.
        query = query.ilike("metadata->>user_id", str(chosen.user))
    if chosen.since is not None:
        query = query.gte("created_at", (chosen.since - _ZONES_DIFFER).isoformat())
    if chosen.changed_since is not None:
        query = query.gte("updated_at", (chosen.changed_since - _ZONES_DIFFER).isoformat())
    if chosen.reasons:
        query = query.or_(",".join(_of_reasons(chosen.reasons, columns)))
    if chosen.text is not None and (alternatives := _of_text(chosen.text, columns)):
        query = query.or_(",".join(alternatives))
    return query


def _of_reasons(reasons: frozenset[str], columns: JobsColumns) -> list[str]:
    named = sorted(reasons - {OTHER})
    # The reason of an attempt says nothing about a row that has ended.
    alternatives = [f"and({_NOT_ENDED},metadata->runops->>reason.in.({','.join(named)}))"] if named else []
    if OTHER in reasons:
        alternatives.append(f"status.eq.{RowStatus.ERROR.value}")
    if columns.error:
        sentences = [TABLE[Reason(name)].sentence for name in named]
        if Reason.CANCELLED.value in named:
            sentences.append(CANCEL_SENTENCE)
        alternatives += [f"error.like.{quoted(f'{sentence}*')}" for sentence in sentences]
    return alternatives


def _of_text(text: str, columns: JobsColumns) -> list[str]:
    alternatives = []
    if columns.error:
        # PostgREST knows no escape for its own wildcard, so that an asterisk matches too much.
        like = re.sub(r"([\\%_])", r"\\\1", text)
        alternatives.append(f"error.ilike.{quoted(f'*{like}*')}")
    if _HEX.fullmatch(text.casefold()):
        first, last = id_range(text.casefold())
        alternatives.append(f"and(job_id.gte.{first},job_id.lte.{last})")
    return alternatives


def id_range(beginning: str) -> tuple[UUID, UUID]:
    """Return the first and the last id that begin so; it may end anywhere, hyphens included."""
    first, last = (UUID(beginning.replace("-", "").ljust(32, digit)[:32]) for digit in "0f")
    return first, last
