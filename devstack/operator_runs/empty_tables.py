"""PostgREST in front of tables without a row, for operators whose rows do not matter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web

__all__ = ["EmptyTables"]

_STATEMENT_TIMEOUT = {"code": "57014", "message": "canceling statement due to statement timeout"}


class EmptyTables:
    """The tables.

    Attributes
    ----------
    too_slow
        Whether every read takes longer than the database allows.
    url
        Where they are.
    """

    def __init__(self) -> None:
        self.too_slow = False
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """Serve on loopback for the time of the block."""
        tables, app = cls(), web.Application()
        app.router.add_route("*", "/{path:.*}", tables._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        tables.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield tables
        finally:
            await runner.cleanup()

    async def _handle(self, _request: web.Request) -> web.Response:
        if self.too_slow:
            return web.json_response(_STATEMENT_TIMEOUT, status=500)
        return web.json_response([], headers={"Content-Range": "*/0"})
