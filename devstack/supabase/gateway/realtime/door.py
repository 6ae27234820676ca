"""`/realtime/v1/websocket`: who may connect, and how the service fails on command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from devstack.supabase.gateway import access
from devstack.supabase.gateway.realtime import token as tokens
from devstack.supabase.gateway.realtime.frames import VERSIONS
from devstack.supabase.gateway.realtime.session import Message, Session
from devstack.supabase.gateway.realtime.source import ChangeSource
from devstack.supabase.gateway.realtime.token import TokenRefusedError
from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.switches import SwitchBoard, Switches

PATH: Final = "/realtime/v1/websocket"
_TOO_MANY: Final = 429
_CLOSE_SECONDS: Final = 1.0


class RealtimeDoor:
    """Adds Realtime to the gateway.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    board : SwitchBoard
        Says how it behaves.
    """

    def __init__(self, settings: GatewaySettings, board: SwitchBoard) -> None:
        self._settings = settings
        self._board = board
        self._source = ChangeSource(settings.database_url)
        self._sessions: set[Session] = set()

    def install(self, app: web.Application) -> None:
        """Add the route, and what lives as long as the application."""
        app.cleanup_ctx.append(self._follow)
        app.on_shutdown.append(self._close_all)
        app.router.add_get(PATH, self._handle)
        self._board.on_change(self._switched)

    async def _follow(self, _app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._source.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _close_all(self, _app: web.Application) -> None:
        await asyncio.gather(*(session.go_away() for session in self._sessions))

    def _switched(self, switches: Switches) -> None:
        for session in self._sessions:
            session.thaw()
            if switches.realtime == "drop":
                session.abort()
            elif switches.realtime == "expire":
                session.expire()

    def _broadcast(self, sender: Session, message: Message) -> None:
        for session in self._sessions:
            session.tell(message, own=session is sender)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        switches = self._board.switches
        if switches.realtime == "refuse":
            return _refusal(switches.realtime_refusal)
        apikey = request.headers.get("x-api-key") or request.query.get("apikey", "")
        refusal = access.refusal(self._settings, apikey=apikey, user_agent=request.headers.get("User-Agent", ""))
        if refusal is not None:
            return web.json_response(refusal.body, status=401)
        own_token = access.bearer_for(self._settings, apikey=apikey, authorization="").removeprefix("Bearer ")
        try:
            tokens.check(own_token, self._settings.jwt_secret)
        except TokenRefusedError as error:
            return web.json_response({"error": error.at_the_door}, status=401)
        asked = request.query.get("vsn", VERSIONS[0])
        version = next((one for one in VERSIONS if one == asked), None)
        if version is None:
            return web.Response(status=403)
        socket = web.WebSocketResponse(timeout=_CLOSE_SECONDS, autoclose=False, autoping=False, compress=False)
        await socket.prepare(request)
        session = Session(
            socket,
            request,
            version=version,
            source=self._source,
            jwt_secret=self._settings.jwt_secret,
            own_token=own_token,
            mode=lambda: self._board.switches.realtime,
            broadcast=self._broadcast,
        )
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
        return socket


def _refusal(status: int) -> web.Response:
    if status == _TOO_MANY:
        return web.json_response({"error": "Too many connected users"}, status=status)
    # What the gateway of a hosted project says while a service behind it is away.
    return web.json_response({"message": "name resolution failed"}, status=status)
