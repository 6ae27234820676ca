"""Cross-origin requests: an app in a browser is served from another address than its project.

As the `cors` plugin of the gateway that Supabase's command-line tool sets up (Kong) answers with its defaults.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
    "Range-Unit, Tus-Resumable, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, Tus-Complete"
)
"""What PostgREST and Storage themselves let a browser read."""


def install(app: web.Application) -> None:
    """Answer what browsers ask before a request, and let them read answers."""
    app.middlewares.append(_preflight)
    app.on_response_prepare.append(_let_read)


@web.middleware
async def _preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return await handler(request)
    # Without a key: a browser sends none before it has asked.
    allowed = {"Access-Control-Allow-Methods": _METHODS}
    if (asked := request.headers.get("Access-Control-Request-Headers")) is not None:
        allowed["Access-Control-Allow-Headers"] = asked
    return web.Response(headers=allowed)


async def _let_read(request: web.Request, response: web.StreamResponse) -> None:
    if "Origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
