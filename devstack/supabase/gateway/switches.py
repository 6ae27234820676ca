"""Behaviours of the gateway that a test may switch while it runs."""

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections.abc import Callable
from typing import Literal

import httpx
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

from devstack.faults import CONTROL_PREFIX

_ROUTE = f"{CONTROL_PREFIX}switches"
_WEDGED_SECONDS = 600.0
_SMALLEST_WEDGING_BODY = 1024

RealtimeMode = Literal["ok", "refuse", "drop", "silent", "unconfirmed", "expire", "frozen"]


class Switches(BaseModel):
    """What can be switched.

    Attributes
    ----------
    tus_chunk_rule : bool
        Refuse parts of resumable uploads that are not 6 MiB, the last one excepted, as hosted projects may.
    old_storage_api : bool
        Answer as storage-api v0.46.4 (January 2024) with files on disk: no body for `/object/info`, the whole object
        instead of a part, and errors without a `code`.
    undescribed : str
        Objects whose names begin so have no metadata in the index, as after a restore by SQL. None where empty.
    wedge_rejected_uploads : bool
        After an upload that is refused as a duplicate, never answer again on that connection. The bare storage
        server does this; the proxies in front of a hosted project may hide it.
    realtime : str
        How Realtime behaves. ``ok``. ``refuse`` answers handshakes with `realtime_refusal`. ``drop`` breaks all
        connections now, and later ones after their first answer. ``silent`` acknowledges everything and tells of no
        change. ``unconfirmed`` answers joins and never says that the database knows of them. ``expire`` takes the
        tokens of all channels for expired, once. ``frozen`` keeps connections open and answers nothing, no ping
        either.
    realtime_refusal : int
        HTTP status of ``refuse``.
    """

    model_config = ConfigDict(extra="forbid")

    tus_chunk_rule: bool = True
    old_storage_api: bool = False
    undescribed: str = ""
    wedge_rejected_uploads: bool = False
    realtime: RealtimeMode = "ok"
    realtime_refusal: int = Field(default=503, ge=400, le=599)


class SwitchBoard:
    """The switches of one gateway, and the connections that are wedged."""

    def __init__(self) -> None:
        self.switches = Switches()
        self._wedged: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._watchers: list[Callable[[Switches], None]] = []

    def install(self, app: web.Application) -> None:
        """Add the middleware and the control routes to an application."""
        app.middlewares.append(self._middleware)
        app.router.add_routes([web.put(_ROUTE, self._put), web.get(_ROUTE, self._get)])

    def on_change(self, watcher: Callable[[Switches], None]) -> None:
        """Register a callback for each change of the switches."""
        self._watchers.append(watcher)

    def after_rejected_upload(self, request: web.Request) -> None:
        """Wedge the connection of a refused upload, if that is switched on and its body was more than a trifle."""
        size = request.content.total_bytes
        if self.switches.wedge_rejected_uploads and size > _SMALLEST_WEDGING_BODY and request.transport is not None:
            self._wedged.add(request.transport)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport in self._wedged:
            for _ in range(int(_WEDGED_SECONDS * 10)):
                if request.transport is None or request.transport.is_closing():
                    break
                await asyncio.sleep(0.1)
        return await handler(request)

    async def _put(self, request: web.Request) -> web.Response:
        self.switches = Switches.model_validate_json(await request.read())
        for watcher in self._watchers:
            watcher(self.switches)
        return web.Response(status=204)

    async def _get(self, _request: web.Request) -> web.Response:
        return web.json_response(self.switches.model_dump())


def set_switches(base_url: str, switches: Switches) -> None:
    """Set all switches of the gateway at a URL (synchronous, for tests).

    Raises
    ------
    httpx.HTTPError
        If the gateway does not answer or refuses.
    """
    response = httpx.put(
        f"{base_url}{_ROUTE}",
        content=switches.model_dump_json(),
        timeout=60,
        trust_env=False,
        # The gateway speaks plain HTTP, and reading the authorities takes 20 ms.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    response.raise_for_status()
