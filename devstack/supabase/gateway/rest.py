"""`/rest/v1`: passes requests on to PostgREST and streams its answers back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from devstack.supabase.gateway import access, dialect
from devstack.supabase.gateway.settings import GatewaySettings

PREFIX = "/rest/v1"
_CHUNK = 64 * 1024
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "host"}
)
_NOT_PASSED_ON = _HOP_BY_HOP | {"apikey", "authorization", "content-length", "expect"}
_KEEP_IDLE_SECONDS = 15.0
"""Shorter than PostgREST's own 30 s: a connection it has just closed must not get a request."""


class RestProxy:
    """Passes `/rest/v1` on to PostgREST.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    def install(self, app: web.Application) -> None:
        """Add the routes, and the client that lives as long as the application."""
        app.cleanup_ctx.append(self._client)
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._handle)

    async def _client(self, _app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.UnixConnector(
            path=str(self._settings.postgrest_socket), limit=0, keepalive_timeout=_KEEP_IDLE_SECONDS
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        async with self._session:
            yield

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        apikey = request.headers.get("apikey") or request.query.get("apikey", "")
        refusal = access.refusal(self._settings, apikey=apikey, user_agent=request.headers.get("User-Agent", ""))
        if refusal is not None:
            return web.json_response(refusal.body, status=401)
        path, _, sent = request.raw_path.partition("?")
        kept = "&".join(part for part in sent.split("&") if not part.startswith("apikey="))
        query = dialect.query_as_hosted(request.method, kept)
        refused = dialect.unfiltered_write(request.method, query)
        if refused is not None:
            return web.json_response(refused, status=400)
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON
        )
        headers["Authorization"] = access.bearer_for(
            self._settings, apikey=apikey, authorization=request.headers.get("Authorization", "")
        )
        target = URL(f"http://postgrest{path.removeprefix(PREFIX)}?{query}", encoded=True)
        return await self._pass_on(request, target, headers)

    async def _pass_on(self, request: web.Request, target: URL, headers: CIMultiDict[str]) -> web.StreamResponse:
        assert self._session is not None
        body = await request.read() if request.can_read_body else None
        try:
            async with self._session.request(request.method, target, headers=headers, data=body) as answer:
                if answer.status >= 400 and request.method != "HEAD":
                    return await _error(answer, target)
                return await _stream(request, answer)
        except aiohttp.ClientConnectionError:
            # What the gateway of a hosted project says while PostgREST is away.
            return web.json_response({"message": "name resolution failed"}, status=503)


async def _error(answer: aiohttp.ClientResponse, target: URL) -> web.Response:
    body = await answer.read()
    try:
        error = json.loads(body)
    except ValueError:
        error = None
    if isinstance(error, dict):
        body = json.dumps(dialect.error_as_hosted(error, table=target.path.strip("/"))).encode()
    return web.Response(status=answer.status, body=body, headers=_passed_back(answer, with_length=False))


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, reason=answer.reason, headers=_passed_back(answer, with_length=True)
    )
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in answer.content.iter_chunked(_CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response


def _passed_back(answer: aiohttp.ClientResponse, *, with_length: bool) -> CIMultiDict[str]:
    dropped = _HOP_BY_HOP | {"date", "server"} | (set() if with_length else {"content-length"})
    return CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in dropped)
