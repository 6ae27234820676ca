"""One Supabase project: its tables and its storage behind one object that is closed once."""

from types import TracebackType
from typing import Self

import httpx

from runops.retrying import RetryPolicy
from runops.supabase.http_client import ClockSkew, new_client
from runops.supabase.jobs import JobsTable
from runops.supabase.rest import Rest
from runops.supabase.results import ResultsTables
from runops.supabase.storage import ObjectStore
from runops.supabase.users import Users

__all__ = ["Supabase"]


class Supabase:
    """A project. Making one does no I/O; leaving its `async with` block closes every connection.

    Parameters
    ----------
    url
        The project's address, as in `https://abcdefgh.supabase.co`.
    key
        Its `sb_secret_...` key or service_role JWT. Any other kind is refused at the first request.
    timeout_seconds
        How long the database may be silent; storage gets six times as long.
    retries
        How reads and repeatable writes are tried again.
    transport
        For tests; the network where None.

    Attributes
    ----------
    jobs, results, storage, users
        The parts.
    url, key
        As given.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_seconds: float = 10.0,
        retries: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self._skew = ClockSkew()
        retries = retries or RetryPolicy()
        self._http = new_client(self.url, self._skew, timeout_seconds=timeout_seconds, transport=transport)
        self.rest = Rest(self.url, key, http=self._http, retries=retries, deadline_seconds=3 * timeout_seconds)
        self.users = Users(self.url, key, http=self._http, retries=retries, deadline_seconds=3 * timeout_seconds)
        self.jobs = JobsTable(self.rest)
        self.results = ResultsTables(self.rest)
        self.storage = ObjectStore(
            self.url, key, skew=self._skew, retries=retries, timeout_seconds=6 * timeout_seconds, transport=transport
        )

    def __repr__(self) -> str:
        return f"Supabase({self.url!r})"

    @property
    def clock_skew_seconds(self) -> float | None:
        """How far the server's clock is ahead of ours, in seconds (to about one); None before the first answer."""
        return self._skew.seconds

    async def aclose(self) -> None:
        """Close every connection. May be called twice."""
        await self._http.aclose()
        await self.storage.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
