"""Forwards requests to the upstream and its answers back, a block at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from devstack.gemini.wire.api_error import ApiError
from devstack.gemini_relay.addresses import AddressRefused, target, through_relay

__all__ = ["relay_application"]

TOTAL_SECONDS = 15 * 60.0
"""A request's whole time: long answers of thinking models need minutes, and may be silent until the end."""

CONNECT_SECONDS = 20.0

# RFC 9110, section 7.6.1; Expect is answered by the server itself.
_HOP_BY_HOP = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_UPLOAD_ADDRESSES = ("X-Goog-Upload-URL", "X-Goog-Upload-Control-URL")
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

_log = logging.getLogger(__name__)


def relay_application(upstream: URL) -> web.Application:
    """Return the relay as an aiohttp application.

    Parameters
    ----------
    upstream : URL
        From `addresses.checked_upstream`.
    """
    relay = _Relay(upstream)
    app = web.Application(middlewares=[_in_api_form])
    app.cleanup_ctx.append(relay.session)
    app.router.add_route("*", "/{path:.*}", relay.forward)
    return app


class _Relay:
    def __init__(self, upstream: URL) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession

    async def session(self, _app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            trust_env=True,
        ) as self._session:
            yield

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Answer with what the upstream answers."""
        url = target(request.raw_path, upstream=self._upstream)
        headers = _forwarded(request.headers, without=("Host",))
        try:
            async with self._session.request(
                request.method,
                url,
                headers=headers,
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
            ) as answer:
                return await self._passed_on(request, answer)
        except TimeoutError as error:
            raise ApiError(504, f"The Gemini relay: {url.host} did not answer in time. Try again.") from error
        except aiohttp.ClientError as error:
            # The error's own text may hold the address with its key.
            raise ApiError(
                502,
                f"The Gemini relay cannot reach {url.host} ({type(error).__name__}). "
                "Check this machine's way to the internet and try again.",
                status="UNAVAILABLE",
            ) from error

    async def _passed_on(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        headers = _forwarded(answer.headers)
        for name in _UPLOAD_ADDRESSES:
            if name in headers:
                relay = f"{request.scheme}://{request.host}"
                headers[name] = through_relay(headers[name], upstream=self._upstream, relay=relay)
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
        await response.prepare(request)
        try:
            async for block in answer.content.iter_any():
                await response.write(block)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            # Half an answer must not look like a whole one.
            _log.warning("an answer to %s broke off", request.method)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response


def _forwarded(headers: CIMultiDictProxy[str], *, without: Iterable[str] = ()) -> CIMultiDict[str]:
    """Return the headers that are meant for the other end."""
    named = {word.strip().lower() for value in headers.getall("Connection", []) for word in value.split(",")}
    dropped = _HOP_BY_HOP | named | {name.lower() for name in without}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


@web.middleware
async def _in_api_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except AddressRefused as refusal:
        error = ApiError(403, str(refusal))
    except ApiError as failure:
        error = failure
    except asyncio.CancelledError:
        raise
    except Exception as unforeseen:  # noqa: BLE001 - a traceback in the log could show an address with its key
        error = ApiError(500, f"The Gemini relay failed ({type(unforeseen).__name__}).")
    _log.warning("%s answered %d: %s", request.method, error.code, error.message)
    return web.json_response(error.body(), status=error.code)
