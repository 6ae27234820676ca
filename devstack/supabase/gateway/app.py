"""The gateway's application: which part answers which path."""

from __future__ import annotations

from aiohttp import web

from devstack.faults import FaultBox
from devstack.supabase.gateway import cors
from devstack.supabase.gateway.auth.door import AuthDoor
from devstack.supabase.gateway.realtime.door import RealtimeDoor
from devstack.supabase.gateway.rest import RestProxy
from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage.routes import StorageDoor
from devstack.supabase.gateway.switches import SwitchBoard

_LARGEST_JSON = 64 * 2**20
"""Largest body read into memory, in bytes; uploads are streamed and know other limits."""


def build_app(settings: GatewaySettings) -> web.Application:
    """Return the application of a gateway with these settings."""
    app = web.Application(client_max_size=_LARGEST_JSON)
    board = SwitchBoard()
    FaultBox().install(app)
    board.install(app)
    cors.install(app)
    RestProxy(settings).install(app)
    AuthDoor(settings).install(app)
    StorageDoor(settings, board).install(app)
    RealtimeDoor(settings, board).install(app)
    return app
