"""The HTTP client for Supabase. It also reads each response's status, `Retry-After` and clock."""

import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from runops.authorities import trusted
from runops.proxies import proxy_for

__all__ = ["ClockSkew", "ResponseHead", "asked_seconds", "headers_of_key", "new_client", "response_head"]

_CONNECT_SECONDS = 5.0


@dataclass
class ResponseHead:
    """What the response to the request under way says besides its body; None until it arrives.

    Attributes
    ----------
    status
        HTTP status.
    retry_after
        Seconds that the server asked to wait.
    content_type
        Type of its body.
    """

    status: int | None = None
    retry_after: float | None = None
    content_type: str | None = None


response_head: ContextVar[ResponseHead | None] = ContextVar("response_head", default=None)
"""The sender of a request sets it; the response hook runs in the same task and fills it."""


@dataclass
class ClockSkew:
    """How far the server's clock is ahead of ours.

    Attributes
    ----------
    seconds
        Positive where the server is ahead; None before the first response. Good to about one second: the `Date`
        header has no fractions, so half a second is added to it.
    """

    seconds: float | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def note(self, date_header: str | None) -> None:
        """Update the skew from a `Date` header; a malformed header is ignored."""
        if not date_header:
            return
        try:
            server = parsedate_to_datetime(date_header)
        except ValueError:
            return
        if server.tzinfo is None:
            server = server.replace(tzinfo=UTC)
        self.seconds = (server - self.now()).total_seconds() + 0.5


def asked_seconds(headers: httpx.Headers) -> float | None:
    """Return the seconds in `Retry-After`; None where there is none, or a date."""
    asked = headers.get("retry-after", "").strip()
    return float(asked) if asked.isdecimal() and len(asked) < 10 else None


def headers_of_key(key: str) -> dict[str, str]:
    """Return the headers that authenticate with a key."""
    return {"apikey": key, "Authorization": f"Bearer {key}"}


def new_client(
    server: str,
    skew: ClockSkew,
    *,
    timeout_seconds: float,
    headers: dict[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client: HTTP/1.1, no redirects (a key must not follow one), a deadline on each phase.

    HTTP/2 stays off: long-lived clients meet GOAWAY frames in the middle of writes.

    Parameters
    ----------
    server
        The only server that the client is for. The environment says whether a proxy leads to it.
    skew
        Updated from the `Date` of every response.
    timeout_seconds
        Longest silence while reading or writing.
    headers
        Sent with every request.
    transport
        For tests; the network where None.

    Raises
    ------
    ProxyUnusable
        The environment names a proxy for the server that cannot be used.
    """

    async def note(response: httpx.Response) -> None:
        skew.note(response.headers.get("date"))
        if (observed := response_head.get()) is not None:
            observed.status = response.status_code
            observed.retry_after = asked_seconds(response.headers)
            observed.content_type = response.headers.get("content-type")

    return httpx.AsyncClient(
        verify=trusted(),
        proxy=proxy_for(server, os.environ) if transport is None else None,
        # Else the client reads NO_PROXY itself, and fails over a range of IPv6.
        trust_env=False,
        http2=False,
        follow_redirects=False,
        timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
        limits=httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=15.0),
        event_hooks={"response": [note]},
        headers=headers,
        transport=transport,
    )
