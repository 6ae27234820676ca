"""Sends what the `postgrest` library builds, and turns every failure into a `SupabaseError`."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Protocol

import httpx
from postgrest import APIError, AsyncPostgrestClient

from runops.keys import refusal
from runops.retrying import RetryPolicy
from runops.supabase.classify import from_database, from_exception, is_page
from runops.supabase.errors import UNREADABLE, ErrorKind, Service, SupabaseError
from runops.supabase.http_client import ResponseHead, headers_of_key, response_head
from runops.supabase.retry import may_pass

__all__ = ["Query", "Rest"]

Row = dict[str, Any]
_NOT_ONE = "PGRST116"
_FORGET_SECONDS = 600.0


class _Answer(Protocol):
    @property
    def data(self) -> Any: ...
    @property
    def count(self) -> int | None: ...


class Query(Protocol):
    """A request that the library has built and not sent."""

    async def execute(self) -> _Answer:
        """Send it."""
        ...


class Rest:
    """The REST interface of one project.

    Parameters
    ----------
    url, key
        Of the project.
    http
        The client to send with; its owner closes it.
    retries
        How reads are tried again.
    deadline_seconds
        Longest time for one try, however slowly the answer drips.
    """

    def __init__(
        self, url: str, key: str, *, http: httpx.AsyncClient, retries: RetryPolicy, deadline_seconds: float
    ) -> None:
        self.retries = retries
        self._refusal = refusal(key)
        self._url = url
        self._key = key
        self._http = http
        self._deadline = deadline_seconds
        self._client: AsyncPostgrestClient | None = None
        self._most_rows, self._most_rows_at = 0, 0.0

    def may_be_cut(self, rows: int) -> bool:
        """Whether an answer of so many rows may be a part of what was asked for.

        A server has a most of rows that it gives at once (`max-rows`: 1000 in hosted projects, and anything elsewhere).
        It shortens what is asked for to it and does not say so: status and `Content-Range` are those of a whole answer.
        An answer is whole that has fewer rows than another one had in the last ten minutes.
        """
        return rows > 0 and rows >= self._most_rows

    def _note_rows(self, rows: int) -> None:
        now = asyncio.get_running_loop().time()
        if rows >= self._most_rows or now - self._most_rows_at > _FORGET_SECONDS:
            self._most_rows, self._most_rows_at = rows, now

    def table(self, name: str) -> Any:
        """Return the library's request builder for a table.

        Raises
        ------
        SupabaseError
            `KEY_REJECTED` for a key that row level security would show empty tables to, instead of an error.
        """
        if self._refusal is not None:
            raise SupabaseError(ErrorKind.KEY_REJECTED, self._refusal)
        if self._client is None:
            self._client = AsyncPostgrestClient(
                f"{self._url}/rest/v1",
                headers=headers_of_key(self._key),
                http_client=self._http,
                retry_enabled=False,
            )
        return self._client.table(name)

    async def read(self, build: Callable[[Any], Query], *, table: str, doing: str) -> list[Row]:
        """Send a read, again where that can help, and return its rows.

        Parameters
        ----------
        build
            Makes the request from the table's builder; called for each try.
        table
            The table's name.
        doing
            The operation for the error's sentence, as in "reading the table jobs".

        Raises
        ------
        SupabaseError
            The read failed, after the last try.
        """
        rows = await self.retries.run(lambda: self.send(build, table=table, doing=doing), may_pass)
        self._note_rows(len(rows))
        return rows

    async def read_first(
        self, build: Callable[[Any], Any], limit: int, *, table: str, doing: str, whole_below: int = 1
    ) -> list[Row]:
        """Send a read for the first rows of an order, at most `limit`, however few of them the server gives at once.

        Rows that come and go meanwhile may be given twice, or not. See `read`.

        Parameters
        ----------
        build
            Makes the request, without a limit, from the table's builder.
        limit
            How many rows at most.
        whole_below
            An answer of fewer rows counts as whole, for a read that is made again and again.
        """
        rows: list[Row] = []
        while True:
            have = len(rows)

            def rest(table: Any, have: int = have) -> Any:
                query = build(table)
                return query.range(have, limit - 1) if have else query.limit(limit)

            more = await self.read(rest, table=table, doing=doing)
            rows += more
            if len(rows) >= limit or len(more) < whole_below or not self.may_be_cut(len(more)):
                return rows

    async def read_among(
        self,
        build: Callable[[Any, list[str]], Query],
        wanted: Collection[str],
        *,
        table: str,
        doing: str,
        key: str = "job_id",
    ) -> list[Row]:
        """Send a read for the rows of some keys, however few of them the server gives at once. See `read`.

        Parameters
        ----------
        build
            Makes the request from the table's builder and the keys.
        wanted
            The keys.
        key
            The column that has them, as it is named in the answer.
        """
        rows: list[Row] = []
        left = list(wanted)
        while left:
            some = left
            more = await self.read(lambda table, some=some: build(table, some), table=table, doing=doing)  # type: ignore[misc]  # mypy does not infer a default's type
            rows += more
            found = {str(row.get(key)) for row in more}
            left = [one for one in left if one not in found]
            if not (found and self.may_be_cut(len(more))):
                break
        return rows

    async def send(self, build: Callable[[Any], Query], *, table: str, doing: str) -> list[Row]:
        """Send a request once and return its rows. See `read`."""
        rows, _ = await self._counted(build, table=table, doing=doing)
        return rows

    async def count(self, build: Callable[[Any], Query], *, table: str, doing: str) -> tuple[list[Row], int]:
        """Send a read that asks for a count too, again where that can help; return its rows and the count of all.

        See `read`.
        """
        rows, count = await self.retries.run(lambda: self._counted(build, table=table, doing=doing), may_pass)
        if count is None:
            raise _no_rows(doing, table)
        return rows, count

    async def _counted(self, build: Callable[[Any], Query], *, table: str, doing: str) -> tuple[list[Row], int | None]:
        answer = await self._answered(build(self.table(table)), table=table, doing=doing)
        if not isinstance(answer.data, list):
            raise _no_rows(doing, table)
        return answer.data, answer.count

    async def change_one(self, build: Callable[[Any], Any], *, table: str, doing: str) -> bool:
        """Send a write once that must concern exactly one row, and tell whether it did. See `read`.

        PostgREST rolls a write back that was asked for one object and gave none or several, and a row that an inner
        join leaves out is not given. So a join is a condition on other tables that holds in the very same statement.
        """
        try:
            answer = await self._answered(build(self.table(table)).single(), table=table, doing=doing)
        except SupabaseError as error:
            if error.code == _NOT_ONE:
                return False
            raise
        if not isinstance(answer.data, dict):
            raise _no_rows(doing, table)
        return True

    async def _answered(self, query: Query, *, table: str, doing: str) -> _Answer:
        observed = ResponseHead()
        mark = response_head.set(observed)
        try:
            async with asyncio.timeout(self._deadline):
                answer = await query.execute()
        except APIError as error:
            raise from_database(
                status=observed.status,
                code=error.code,
                message=error.message,
                details=error.details,
                doing=doing,
                table=table,
                retry_after=observed.retry_after,
                content_type=observed.content_type,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise from_exception(error, doing=doing, service=Service.DATABASE) from None
        except (ValueError, RecursionError) as error:
            raise _unreadable(doing, type(error).__name__) from None
        finally:
            response_head.reset(mark)
        data = answer.data
        if is_page(observed.content_type, data if isinstance(data, str) else ""):
            raise from_database(
                status=observed.status, code=None, message=None, doing=doing, table=table, content_type="text/html"
            )
        if isinstance(data, str) and data.startswith("[") and data.endswith("]"):
            # Whole, and yet no JSON to Python: a number of more than 4300 digits.
            raise _unreadable(doing, "a number is too long")
        return answer


def _no_rows(doing: str, table: str) -> SupabaseError:
    return from_database(status=None, code=None, message="the answer holds no rows", doing=doing, table=table)


def _unreadable(doing: str, why: str) -> SupabaseError:
    return SupabaseError(
        ErrorKind.INVALID,
        f"A JSON value met while {doing} is nested too deeply, or holds a number or character out of range ({why}). "
        "Correct the row's metadata.",
        code=UNREADABLE,
    )
