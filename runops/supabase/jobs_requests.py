"""Requests to the table `jobs`: which rows, by which fence, and their answers as rows."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from runops.job_row import CLAIM_PATTERN, Claim, ClaimedRow, JobRow, Lane, RowStatus
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.rest import Query

__all__ = [
    "CLAIMED_AT_ONCE",
    "NOW",
    "among",
    "backlog",
    "carries_claim",
    "claim_unchanged",
    "claimed_page",
    "claims_page",
    "fenced",
    "held_among",
    "held_by_nobody",
    "held_by_token",
    "held_under",
    "of_status",
    "parsed",
    "parsed_claims",
    "parsed_times",
    "queued_page",
    "quoted",
    "seen",
    "seen_among",
    "stale_among",
    "unclaimed_page",
    "untouched_page",
    "validated",
]

M = TypeVar("M")
CLAIMED_AT_ONCE = 40
"""Rows that fit into a URL, each with what tells whether it is as it was read."""
NOW = "now"
"""As the value of a timestamp: PostgreSQL writes the time of its own clock."""


def quoted(text: str) -> str:
    """Return a value as it is written between the parentheses of a filter, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_CLAIM_PATH = "metadata->runops->>claim"
_NOBODYS = f"{_CLAIM_PATH}.is.null,{_CLAIM_PATH}.not.match.{quoted(CLAIM_PATTERN)}"
_VERSION = "xmin"
_BY_PATH = "metadata->runops->>by"
_USER_PATH = "metadata->>user_id"
_PRIORITY_PATH = "metadata->>priority"
_BACKFILL_PATH = "metadata->>backfill"
_ABOVE_0 = "^[1-9]"
"""Of a whole number's text. A number cannot be compared in a column of type json, which has no such operator."""
_ROWS = TypeAdapter(list[JobRow])
_CLAIMS = TypeAdapter(list[ClaimedRow])


class _Made(BaseModel):
    created_at: str | None = None


_TIMES = TypeAdapter(list[_Made])


def among(select: tuple[str, ...], job_ids: list[str]) -> Callable[[Any], Query]:
    """Read some columns of the rows with these ids."""
    return lambda table: table.select(*select).in_("job_id", job_ids)


def of_lane(query: Any, lane: Lane | None) -> Any:
    """Filter for the rows of a lane; None for all. The optional migration has an index for each."""
    match lane:
        case None:
            return query
        case Lane.BACKFILL:
            return query.eq(_BACKFILL_PATH, "true")
        case Lane.FRESH:
            return query.or_(f"{_BACKFILL_PATH}.is.null,{_BACKFILL_PATH}.neq.true")


def queued_page(
    select: tuple[str, ...],
    *,
    lane: Lane | None,
    without_users: Collection[str],
    without_nobody: bool,
    prioritised: bool,
) -> Callable[[Any], Any]:
    """Read the queued rows, the oldest first and without a limit, see `JobsTable.queued`."""

    def build(table: Any) -> Any:
        query = of_lane(table.select(*select).eq("status", RowStatus.QUEUED.value), lane)
        if prioritised:
            query = query.filter(_PRIORITY_PATH, "match", _ABOVE_0)
        if without_nobody:
            query = query.not_.is_(_USER_PATH, "null")
        if without_users:
            among_them = ",".join(map(quoted, sorted(without_users)))
            query = query.or_(f"{_USER_PATH}.is.null,{_USER_PATH}.not.in.({among_them})")
        return query.order("created_at").order("id")

    return build


def backlog(lane: Lane) -> Callable[[Any], Query]:
    """Read when a lane's oldest queued row was made, and how many there are; of very many, PostgreSQL's estimate."""

    def build(table: Any) -> Any:
        query = table.select("created_at::timestamptz", count="estimated").eq("status", RowStatus.QUEUED.value)
        return of_lane(query, lane).order("created_at").order("id").limit(1)

    return build


def of_status(status: RowStatus) -> Callable[[Any], Query]:
    """Count the rows of a status; of very many, PostgREST gives PostgreSQL's estimate."""
    return lambda table: table.select("job_id", count="estimated").eq("status", status.value).limit(1)


def untouched_page(installation: str, limit: int, *, lane: Lane) -> Callable[[Any], Query]:
    """Read id and time of rows in processing that another or no installation has claimed, longest untouched first.

    A claim without a readable token belongs to nobody, whatever installation it names.
    """
    return lambda table: (
        of_lane(table.select("job_id", "updated_at::timestamptz").eq("status", RowStatus.PROCESSING.value), lane)
        .or_(f"{_BY_PATH}.is.null,{_BY_PATH}.neq.{quoted(installation)},{_NOBODYS}")
        .order("updated_at")
        .order("id")
        .limit(limit)
    )


def unclaimed_page(after: UUID | None, limit: int) -> Callable[[Any], Query]:
    """Read id and time of rows in processing that nobody has claimed, by their ids; `after` is the last one read."""

    def build(table: Any) -> Any:
        query = table.select("job_id", "updated_at::timestamptz").eq("status", RowStatus.PROCESSING.value)
        query = query.or_(f"{_BY_PATH}.is.null,{_NOBODYS}")
        query = query if after is None else query.gt("job_id", str(after))
        return query.order("job_id").limit(limit)

    return build


def stale_among(select: tuple[str, ...], job_ids: list[str]) -> Callable[[Any], Query]:
    """Read those of some rows that are still in processing."""
    return lambda table: (
        table.select(*select)
        .in_("job_id", job_ids)
        .eq("status", RowStatus.PROCESSING.value)
        .order("created_at")
        .order("id")
    )


def claims_page(installation: str, *, first: int, last: int) -> Callable[[Any], Query]:
    """Read id, time and claim of the rows in processing that an installation has claimed, by their places, from 0."""
    return lambda table: (
        table.select("job_id", "updated_at::timestamptz", f"claim:{_CLAIM_PATH}")
        .eq("status", RowStatus.PROCESSING.value)
        .eq(_BY_PATH, installation)
        .filter(_CLAIM_PATH, "match", CLAIM_PATTERN)
        .order("id")
        .range(first, last)
    )


def held_among(installation: str, job_ids: list[str]) -> Callable[[Any], Any]:
    """Filter for those of some rows that an installation holds."""
    return lambda query: (
        query.in_("job_id", job_ids).eq("status", RowStatus.PROCESSING.value).eq(_BY_PATH, installation)
    )


def claimed_page(select: tuple[str, ...], beginning: str, *, first: int, last: int) -> Callable[[Any], Query]:
    """Read the rows in processing claimed under a name that begins so, by their places in that order, from 0."""
    return lambda table: (
        table.select(*select)
        .eq("status", RowStatus.PROCESSING.value)
        .filter(_BY_PATH, "match", f"^{re.escape(beginning)}")
        .order("created_at")
        .order("id")
        .range(first, last)
    )


def seen(row: JobRow, status: str | None) -> Callable[[Any], Any]:
    """Filter for a row that is as it was read. A row that was read without its version is known by `updated_at`."""

    def which(query: Any) -> Any:
        query = query.eq("job_id", str(row.job_id))
        query = query.is_("status", "null") if status is None else query.eq("status", str(status))
        query = query.is_("updated_at", "null") if row.updated_at is None else query.eq("updated_at", row.updated_at)
        return query if row.version is None else query.eq(_VERSION, row.version)

    return which


def _unchanged(rows: Iterable[JobRow]) -> str:
    """Return alternatives: each of the rows, as it was read."""
    return ",".join(
        f"and(job_id.eq.{row.job_id},"
        + ("updated_at.is.null" if row.updated_at is None else f"updated_at.eq.{quoted(row.updated_at)}")
        + (")" if row.version is None else f",{_VERSION}.eq.{row.version})")
        for row in rows
    )


def seen_among(rows: Iterable[JobRow], status: str | None, *, after: str) -> Callable[[Any], Any]:
    """Filter for those of some rows that are as they were read, for an update.

    PostgREST 12 applies the `or` of an update also to the rows in its answer, as they are after the update; other
    filters it does not. So what the update writes is one of the alternatives.

    Parameters
    ----------
    rows
        As they were read.
    status
        The status that they must have.
    after
        The condition that a row meets after the update and, while it has that status, not before.
    """
    alternatives = _unchanged(rows)

    def which(query: Any) -> Any:
        query = query.is_("status", "null") if status is None else query.eq("status", str(status))
        return query.or_(f"{alternatives},{after}")

    return which


def carries_claim(claim: Claim) -> str:
    """Return the condition that a row carries this very claim."""
    return f"{_CLAIM_PATH}.eq.{quoted(claim.claim)}"


def held_under(query: Any, token: str, *, of: str = "") -> Any:
    """Filter for rows held under a token. A token without a pod matches any bound pod.

    Parameters
    ----------
    query
        What is filtered.
    token
        Of the claim.
    of
        Where `jobs` is embedded in another table: its name there, with a dot behind.
    """
    query, path = query.eq(f"{of}status", RowStatus.PROCESSING.value), f"{of}{_CLAIM_PATH}"
    return query.eq(path, token) if "/" in token else query.like(path, f"{token}%")


def held_by_token(token: str) -> str:
    """Return the condition that a row carries a token, with or without a bound pod. It has no wildcard in it."""
    return f"{_CLAIM_PATH}.like.{quoted(f'{token}*')}"


def held_by_nobody() -> str:
    """Return the condition that a row carries no readable token."""
    return f"or({_NOBODYS})"


def fenced(job_id: UUID, token: str) -> Callable[[Any], Any]:
    """Filter for a row that is still held under a token, see `held_under`."""
    return lambda query: held_under(query.eq("job_id", str(job_id)), token)


def claim_unchanged(row: JobRow, claim: Claim) -> Callable[[Any], Any]:
    """Filter for a row that is as it was read and whose claim is still the same, bound pod included."""
    return lambda query: seen(row, RowStatus.PROCESSING)(query).eq(_CLAIM_PATH, claim.claim)


def parsed(rows: list[dict[str, Any]], *, doing: str) -> list[JobRow]:
    """Return rows as models; SupabaseError `INVALID` where a column has another type than it should."""
    return validated(_ROWS, rows, doing)


def parsed_claims(rows: list[dict[str, Any]], *, doing: str) -> list[ClaimedRow]:
    """Return what `claims_page` read as models; errors as for `parsed`."""
    return validated(_CLAIMS, rows, doing)


def parsed_times(rows: list[dict[str, Any]], *, doing: str) -> list[_Made]:
    """Return what `backlog` read as models; errors as for `parsed`."""
    return validated(_TIMES, rows, doing)


def validated(models: TypeAdapter[list[M]], rows: list[dict[str, Any]], doing: str) -> list[M]:
    """Return rows as models of any kind; errors as for `parsed`."""
    try:
        return models.validate_python(rows)
    except ValidationError as error:
        fields = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors() if problem["loc"]}))
        raise SupabaseError(
            ErrorKind.INVALID, f"The answer to {doing} has an unexpected form ({fields}). Check the columns' types."
        ) from None
