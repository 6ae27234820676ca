"""PostgREST and PostgreSQL in memory, as far as the table `jobs` is asked: filters, conditional updates, their answers.

It takes the place of the `postgrest` library's request builder. So a simulated operator and a simulated worker use the
real `JobsTable` with its real filters, its real retries and its real reading back of lost answers.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol, Self

import httpx
from postgrest import APIError

from runops.job_row import JobRow
from runops.retrying import RetryPolicy
from runops.supabase.http_client import response_head
from runops.supabase.rest import Rest

__all__ = ["Answer", "JobsStore", "MemoryQuery", "MemoryRest", "OfMetadata"]

Filter = Callable[[JobRow], bool]
COLUMNS = frozenset(
    {
        "id",
        "job_id",
        "status",
        "created_at",
        "updated_at",
        "completed_at",
        "error",
        "metadata",
        "progress_stage",
        "progress_percent",
        "xmin",
    }
)
_NO_NETWORK = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))


@dataclass(frozen=True, slots=True)
class OfMetadata:
    """A filter that looks at nothing but the metadata: it holds for all rows that share one object, or for none."""

    holds: Filter

    def __call__(self, row: JobRow) -> bool:
        return self.holds(row)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library returns for a request."""

    data: list[dict[str, Any]]
    count: int | None = None


class JobsStore(Protocol):
    """The table that the requests concern.

    Attributes
    ----------
    oldest_first
        Whether `rows_in` gives the rows in the order of `created_at`.
    """

    oldest_first: bool

    def all_rows(self) -> list[JobRow]:
        """Return every row, in the order of their ids."""
        ...

    def rows_in(self, status: str, filters: Sequence[OfMetadata]) -> Iterable[JobRow]:
        """Return the rows of a status that pass these filters, as an index finds them."""
        ...

    def rows_of(self, job_ids: Iterable[str]) -> list[JobRow]:
        """Return the rows of some jobs, as an index finds them."""
        ...

    def refuses(self, row: JobRow) -> bool:
        """Return whether something refuses each write of this very row."""
        ...

    def update(self, row: JobRow, values: Mapping[str, Any], *, by: str) -> JobRow:
        """Write columns of a row and return it; a row that refuses the write is returned as it was."""
        ...


class MemoryQuery:
    """A request to the table `jobs` while it is built; `execute` carries it out.

    Parameters
    ----------
    store
        The table.
    by
        Who asks.
    """

    def __init__(self, store: JobsStore, by: str) -> None:
        self._store = store
        self._by = by
        self._select: tuple[str, ...] = ()
        self._values: Mapping[str, Any] | None = None
        self._filters: list[Filter] = []
        self._alternatives: list[Filter] = []
        self._job_ids: Iterable[str] | None = None
        self._status: str | None = None
        self._order: list[str] = []
        self._first, self._limit = 0, 1000
        self._count = False
        self._negated = False
        self._queued = False

    def select(self, *columns: str, count: str | None = None) -> Self:
        self._select = columns
        self._count = count is not None
        return self

    def update(self, values: Mapping[str, Any]) -> Self:
        self._values = values
        return self

    @property
    def not_(self) -> Self:
        self._negated = True
        return self

    def eq(self, column: str, value: str) -> Self:
        return self.filter(column, "eq", value)

    def neq(self, column: str, value: str) -> Self:
        return self.filter(column, "neq", value)

    def like(self, column: str, value: str) -> Self:
        return self.filter(column, "like", value)

    def is_(self, column: str, value: str) -> Self:
        return self.filter(column, "is", value)

    def in_(self, column: str, values: list[str]) -> Self:
        return self.filter(column, "in", values)

    def filter(self, column: str, operator: str, value: Any) -> Self:
        self._queued = self._queued or (column, operator, value) == ("status", "eq", "queued")
        if column == "job_id" and not self._negated:
            self._job_ids = [value] if operator == "eq" else value
            return self
        if (column, operator) == ("status", "eq") and not self._negated:
            self._status = value
            return self
        holds = _condition(column, operator, value)
        if self._negated:
            self._negated = False
            holds = _negation(holds)
        self._filters.append(holds)
        return self

    def or_(self, text: str) -> Self:
        self._alternatives.append(_any_of(text))
        if self._job_ids is None and (named := _jobs_named_in(text)):
            self._job_ids = named
        return self

    def order(self, column: str) -> Self:
        self._order.append(column)
        return self

    def limit(self, count: int) -> Self:
        self._limit = count
        return self

    def range(self, first: int, last: int) -> Self:
        self._first, self._limit = first, last + 1 - first
        return self

    @property
    def kind(self) -> str:
        """What it is: a read or a write, and whether of the queue."""
        return "update" if self._values is not None else "read of the queue" if self.reads_queue else "read"

    @property
    def reads_queue(self) -> bool:
        """Whether it reads a page of queued rows."""
        return self._values is None and self._queued and "created_at" in self._order and not self._count

    def run(self) -> Answer:
        """Carry the request out, in one transaction."""
        selected = (_without_zone(column).partition("->")[0].rpartition(":")[2] for column in self._select)
        wanted = {*selected, *(self._values or ())}
        if unknown := sorted(wanted - COLUMNS):
            raise APIError({"code": "42703", "message": f'column "{unknown[0]}" does not exist'})
        if not self._limit:
            return Answer([])
        conditions = [*self._filters, *self._alternatives]
        matching: Iterable[JobRow] = self._candidates(conditions)
        rows = list(islice(matching, self._first + self._limit) if self._is_sorted else matching)
        if self._values is not None:
            return Answer([self._shown(row) for row in self._updated(rows)])
        if "created_at" in self._order:
            rows.sort(key=lambda row: row.created_at or "")
        if "updated_at" in self._order:
            # As in SQL, a row without a time comes last.
            rows.sort(key=lambda row: (row.updated_at is None, row.updated_at or ""))
        count = len(rows) if self._count else None
        return Answer([self._shown(row) for row in rows[self._first : self._first + self._limit]], count)

    async def execute(self) -> Answer:
        """Carry the request out."""
        return self.run()

    def _candidates(self, conditions: Sequence[Filter]) -> Iterable[JobRow]:
        if self._status is not None and self._job_ids is None:
            of_metadata = [holds for holds in conditions if isinstance(holds, OfMetadata)]
            others = [holds for holds in conditions if not isinstance(holds, OfMetadata)]
            rows = self._store.rows_in(self._status, of_metadata)
            return (row for row in rows if all(holds(row) for holds in others)) if others else rows
        rows = self._store.all_rows() if self._job_ids is None else self._store.rows_of(self._job_ids)
        status = self._status
        return (
            row for row in rows if (status is None or row.status == status) and all(holds(row) for holds in conditions)
        )

    @property
    def _is_sorted(self) -> bool:
        """Whether the first rows found are those of the answer: no others need to be looked at."""
        plain = self._values is None and not self._count and self._job_ids is None and self._status is not None
        return plain and self._store.oldest_first and self._order == ["created_at", "id"]

    def _updated(self, rows: list[JobRow]) -> list[JobRow]:
        """Write, or roll everything back. An `or` filters the answer as well, by the rows as they are afterwards."""
        assert self._values is not None
        if any(self._store.refuses(row) for row in rows):
            if (head := response_head.get(None)) is not None:
                head.status = 400
            raise APIError({"code": "P0001", "message": "the trigger refuses this row"})
        changed = [self._store.update(row, self._values, by=self._by) for row in rows]
        return [row for row in changed if all(holds(row) for holds in self._alternatives)]

    def _shown(self, row: JobRow) -> dict[str, Any]:
        shown = {}
        for column in self._select:
            name, _, path = _without_zone(column).rpartition(":")
            shown[name or path] = _getter(path)(row)
        return shown


class MemoryRest(Rest):
    """The real `Rest`, with `MemoryQuery` in place of the library's request builder and without a network.

    Parameters
    ----------
    store
        The table.
    by
        Who asks.
    execute
        Carries a request out; a simulated network decides there when it arrives and whether its answer does.
    """

    def __init__(
        self, store: JobsStore, *, by: str, execute: Callable[[MemoryQuery], Any] | None = None, retries: RetryPolicy
    ) -> None:
        super().__init__(
            "http://memory.test",
            "sb_secret_memory",
            http=_NO_NETWORK,
            retries=retries,
            deadline_seconds=3600.0,
        )
        self._store, self._by, self._execute = store, by, execute

    def table(self, name: str) -> Any:
        assert name == "jobs"
        query = MemoryQuery(self._store, self._by)
        if self._execute is not None:
            execute = self._execute
            query.execute = lambda: execute(query)  # type: ignore[method-assign]
        return query


def _without_zone(column: str) -> str:
    """Return a selected column without the cast that adds the zone: every time here has one."""
    return column.removesuffix("::timestamptz")


@lru_cache(maxsize=64)
def _getter(column: str) -> Callable[[JobRow], Any]:
    """Return what reads a column, or what a path leads to in it."""
    if column == "job_id":
        return lambda row: str(row.job_id)
    if column == "xmin":
        return lambda row: row.version
    if "->" not in column:
        return lambda row: getattr(row, column, None)
    name, *path = re.split(r"->>?", column)
    as_text = "->>" in column

    def get(row: JobRow) -> Any:
        value: Any = getattr(row, name)
        for key in path:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return json.dumps(value) if as_text and value is not None and not isinstance(value, str) else value

    return get


def _condition(column: str, operator: str, value: Any) -> Filter:
    holds = _comparison(column, operator, value)
    return OfMetadata(holds) if column.startswith("metadata->") else holds


def _comparison(column: str, operator: str, value: Any) -> Filter:
    # Writing out what a path leads to takes long, so it is done only where its text decides.
    get, plain = _getter(column), _getter(column.replace("->>", "->"))
    if operator == "is":
        assert value == "null"
        return lambda row: plain(row) is None
    if operator in {"eq", "in"}:
        values = frozenset([value] if operator == "eq" else value)
        if "->" in column and not any(text[:1] in {"{", "["} for text in values):
            # Nothing but a text that begins so equals an object or a list.
            return lambda row: not isinstance(plain(row), dict | list) and get(row) in values
        return lambda row: get(row) in values
    if operator in {"like", "match"}:
        pattern = re.compile(value if operator == "match" else re.escape(value).replace("%", ".*"), re.DOTALL)
        find = pattern.search if operator == "match" else pattern.fullmatch
        return lambda row: isinstance(there := get(row), str) and find(there) is not None
    assert operator == "neq"
    # As in SQL: of a value that is not there nothing is true, not even that it differs.
    return lambda row: plain(row) is not None and get(row) != value


def _negation(holds: Filter) -> Filter:
    return lambda row: not holds(row)


def _jobs_named_in(text: str) -> list[str]:
    """Return the jobs that an `or` names; its other alternative is the new claim, which no other row can have."""
    return re.findall(r"and\(job_id\.eq\.([^,]+),", text)


@lru_cache(maxsize=512)
def _any_of(text: str) -> Filter:
    """Return the filter that the text of an `or` describes; its alternatives for single jobs are found by their id."""
    of_jobs: dict[str, Filter] = {}
    others = []
    for part in _parts(text):
        if job := re.match(r"and\(job_id\.eq\.([^,]+),", part):
            of_jobs[job[1]] = _parsed(part)
        else:
            others.append(_parsed(part))

    if not of_jobs and all(part.startswith("metadata->") for part in _parts(text)):
        return OfMetadata(lambda row: any(other(row) for other in others))

    def holds(row: JobRow) -> bool:
        own = of_jobs.get(str(row.job_id)) if of_jobs else None
        return (own is not None and own(row)) or any(other(row) for other in others)

    return holds


def _parsed(text: str) -> Filter:
    if text.startswith("and("):
        conditions = [_parsed(part) for part in _parts(text.removeprefix("and(").removesuffix(")"))]
        return lambda row: all(holds(row) for holds in conditions)
    column, operator, value = text.split(".", 2)
    if operator == "not":
        operator, value = value.split(".", 1)
        inner, plain = _condition(column, operator, _operand(operator, value)), _getter(column.replace("->>", "->"))
        # A comparison with what is not there is not true, negated or not.
        return lambda row: (operator == "is" or plain(row) is not None) and not inner(row)
    return _condition(column, operator, _operand(operator, value))


def _operand(operator: str, text: str) -> Any:
    if operator == "in":
        return [_unquoted(part) for part in _parts(text.removeprefix("(").removesuffix(")"))]
    return _unquoted(text)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _parts(text: str) -> list[str]:
    """Split at the commas that are neither quoted nor in parentheses."""
    parts, depth, quoted, escaped = [""], 0, False, False
    for character in text:
        if character == "," and not depth and not quoted:
            parts.append("")
            continue
        parts[-1] += character
        if escaped or (quoted and character == "\\"):
            escaped = not escaped
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(character, 0)
    return parts
