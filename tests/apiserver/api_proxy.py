"""A reverse proxy in front of the API server, on which a test can let everything go wrong that does between two hosts.

It speaks plain HTTP on loopback and shows the API server the client certificate of a kubeconfig, or a token.
"""

import asyncio
import base64
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
import yaml
from aiohttp import web

from devstack.faults.wire import reset_connection

_HOP_BY_HOP = frozenset({"connection", "host", "keep-alive", "transfer-encoding", "content-length"})
_START_SECONDS = 90.0
_GONE = {"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410}}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong.

    Attributes
    ----------
    away
        Each connection is reset, also those that are open.
    delay_seconds
        Before each request is passed on.
    status, headers, body
        Answer of every request, in place of the API server's; it is asked where the status is 0. Open watches end.
    spares_watches
        Watches do not get that answer, and those that are open stay open.
    watches
        `cut` ends each watch as soon as it has begun, `silent` keeps it open and lets nothing through, `gone` ends it
        with the event 410 Gone.
    """

    away: bool = False
    delay_seconds: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    spares_watches: bool = False
    watches: Literal["pass", "cut", "silent", "gone"] = "pass"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was passed on.

    Attributes
    ----------
    path
        Without its query.
    status
        What the API server answered.
    """

    method: str
    path: str
    watch: bool
    status: int


class ApiProxy:
    """The proxy, while it runs. Set `trouble` whenever you like; watches that are open meet it too.

    Attributes
    ----------
    trouble
        What goes wrong now.
    seen
        How many requests came, by `watch` and by method.
    passed
        What was passed on.
    """

    def __init__(self, upstream: str, tls: ssl.SSLContext, *, token: str | None = None) -> None:
        self.trouble = Trouble()
        self.seen: Counter[str] = Counter()
        self.passed: set[Asked] = set()
        self._own = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.url = ""
        self._upstream = upstream
        self._tls = tls

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig that leads here."""
        path = folder / "through-the-proxy.kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            "current-context": "proxy",
        }
        path.write_text(json.dumps(content))
        return path

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        """Serve until told to stop."""
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:

            async def handle(request: web.Request) -> web.StreamResponse:
                return await self._handle(request, session)

            app = web.Application(client_max_size=64 * 1024**2)
            app.router.add_route("*", "/{path:.*}", handle)
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
                started.set()
                await stop.wait()
            finally:
                await runner.cleanup()

    async def _handle(self, request: web.Request, session: aiohttp.ClientSession) -> web.StreamResponse:
        watch = request.query.get("watch") in {"true", "1"}
        self.seen["watch" if watch else request.method] += 1
        trouble = self.trouble
        await asyncio.sleep(trouble.delay_seconds)
        if trouble.away:
            reset_connection(request.transport)
            return web.Response(status=499)
        if trouble.status and not (watch and trouble.spares_watches):
            return web.Response(status=trouble.status, headers=trouble.headers, body=trouble.body.encode())
        if watch and trouble.watches == "gone":
            return web.Response(body=json.dumps(_GONE).encode() + b"\n", content_type="application/json")
        headers = {name: text for name, text in request.headers.items() if name.lower() not in _HOP_BY_HOP} | self._own
        async with session.request(
            request.method, f"{self._upstream}{request.path_qs}", headers=headers, data=await request.read() or None
        ) as answer:
            self.passed.add(Asked(request.method, request.path, watch, answer.status))
            kept = {name: text for name, text in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            if watch:
                await self._pass_watch(request, response, answer)
            else:
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            await response.write_eof()
            return response

    async def _pass_watch(
        self, request: web.Request, response: web.StreamResponse, answer: aiohttp.ClientResponse
    ) -> None:
        reading: asyncio.Task[bytes] | None = None
        try:
            while True:
                trouble = self.trouble
                if (
                    trouble.watches in {"cut", "gone"}
                    or trouble.away
                    or (trouble.status and not trouble.spares_watches)
                ):
                    reset_connection(request.transport)
                    return
                if trouble.watches == "silent":
                    await asyncio.sleep(0.1)
                    continue
                reading = reading or asyncio.ensure_future(answer.content.readany())
                done, _ = await asyncio.wait({reading}, timeout=0.1)
                if done and self.trouble is trouble:
                    chunk, reading = reading.result(), None
                    if not chunk:
                        return
                    await response.write(chunk)
        finally:
            if reading is not None:
                reading.cancel()


@contextmanager
def running_proxy(kubeconfig: Path, *, token: str | None = None) -> Iterator[ApiProxy]:
    """Run a proxy to the API server of a kubeconfig, in a thread of this process.

    Parameters
    ----------
    kubeconfig
        Leads to the API server.
    token
        Who the proxy is there; whom the kubeconfig names where None.
    """
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    # A certificate would win over the token.
    tls = _tls(cluster, user if token is None else None, kubeconfig.parent)
    proxy = ApiProxy(cluster["server"], tls, token=token)
    started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(started, stop)), daemon=True)
    thread.start()
    try:
        assert started.wait(_START_SECONDS), "the proxy does not start"
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_START_SECONDS)
        loop.close()


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any] | None, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_part(cluster, "certificate-authority", folder).decode())
    if user is None:
        return context
    pair = folder / "proxy-client.pem"
    pair.touch(mode=0o600)
    pair.write_bytes(_part(user, "client-certificate", folder).rstrip() + b"\n" + _part(user, "client-key", folder))
    try:
        context.load_cert_chain(pair)
    finally:
        pair.unlink()
    return context


def _part(section: Mapping[str, str], name: str, folder: Path) -> bytes:
    if f"{name}-data" in section:
        return base64.b64decode(section[f"{name}-data"])
    path: str = section[name]
    return (folder / path).read_bytes()
