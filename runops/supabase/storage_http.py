"""Requests to the storage service: the address, the key, and every failure as a `SupabaseError`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from runops.keys import refusal
from runops.retrying import RetryPolicy
from runops.supabase.classify import from_exception, from_storage, is_page
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops.supabase.http_client import ClockSkew, asked_seconds, headers_of_key, new_client
from runops.supabase.retry import may_pass

__all__ = ["StorageHttp", "unexpected_answer"]


class StorageHttp:
    """The storage service of one project.

    The key goes to the project's own address and nowhere else: paths are always appended to it, and redirects are
    not followed.

    Parameters
    ----------
    url, key
        Of the project.
    skew
        Updated from the server's clock.
    retries
        How repeatable requests are tried again.
    timeout_seconds
        How long the wire may be silent.
    transport
        For tests; the network where None.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        skew: ClockSkew,
        retries: RetryPolicy,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.retries = retries
        self._base = f"{url.rstrip('/')}/storage/v1"
        self._refusal = refusal(key)
        self._headers = headers_of_key(key)
        self._skew = skew
        self._timeout = timeout_seconds
        self._transport = transport
        self._client = self._new_client()

    async def aclose(self) -> None:
        """Close the shared connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client with separate connections.

        The service can leave a connection hanging after it refused an upload early, so large uploads share none.
        """
        client = self._new_client()
        try:
            yield client
        finally:
            if self._transport is None:
                await client.aclose()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        client: httpx.AsyncClient | None = None,
        headers: dict[str, str] | None = None,
        content: Any = None,
        json: Any = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request once and give its answer, body unread.

        Parameters
        ----------
        method, path
            The path is below `/storage/v1` and percent-encoded.
        doing
            The operation for the error's sentence.
        client
            To send with; the shared one where None.
        headers, content, json
            As for httpx.

        Raises
        ------
        SupabaseError
            The answer's status is 300 or more, or it is a web page, or the connection failed, also while the body was
            read.
        """
        if self._refusal is not None:
            raise SupabaseError(ErrorKind.KEY_REJECTED, self._refusal, service=Service.STORAGE)
        try:
            async with (client or self._client).stream(
                method, f"{self._base}{path}", headers=headers, content=content, json=json
            ) as response:
                # Storage gives nothing as HTML, not even an object that was uploaded as such.
                if response.status_code >= 300 or is_page(response.headers.get("content-type")):
                    raise from_storage(
                        status=response.status_code,
                        body=await _head_of(response),
                        doing=doing,
                        retry_after=asked_seconds(response.headers),
                        content_type=response.headers.get("content-type"),
                    )
                yield response
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise from_exception(error, doing=doing, service=Service.STORAGE) from None

    async def ask(self, method: str, path: str, *, doing: str, json: Any = None) -> Any:
        """Send a request that may be repeated and return its JSON answer.

        Raises
        ------
        SupabaseError
            After the last try.
        """

        async def once() -> Any:
            async with self.stream(method, path, doing=doing, json=json) as response:
                body = await response.aread()
            try:
                return httpx.Response(200, content=body).json()
            except ValueError:
                raise from_storage(status=502, body=b"", doing=doing) from None

        return await self.retries.run(once, may_pass)

    def _new_client(self) -> httpx.AsyncClient:
        return new_client(
            self._base, self._skew, timeout_seconds=self._timeout, headers=self._headers, transport=self._transport
        )


def unexpected_answer(doing: str) -> SupabaseError:
    """Return the error for an answer that storage does not give."""
    return SupabaseError(
        ErrorKind.UNAVAILABLE,
        f"Supabase Storage answered with something unexpected while {doing}. Check SUPABASE_URL.",
        service=Service.STORAGE,
    )


async def _head_of(response: httpx.Response) -> bytes:
    """Return the first bytes of an error's body; a gateway's page is not read to its end."""
    head = b""
    async for piece in response.aiter_bytes(16 * 1024):
        head += piece
        if len(head) >= 64 * 1024:
            break
    return head
