"""How a client keeps what it downloads: until when, and under which name. As `renderer.ts` of the real server."""

from __future__ import annotations

from email.utils import formatdate
from urllib.parse import quote

from aiohttp import web

_EXPIRES_AT = web.RequestKey("expires_at", int)


def by_signed_url(request: web.Request, *, expires_at: object) -> None:
    """Note that a request comes by a signed URL, and when that expires, in seconds since 1970."""
    if isinstance(expires_at, int):
        request[_EXPIRES_AT] = expires_at


def note(request: web.Request, response: web.StreamResponse) -> None:
    """Say how an object is kept."""
    if (expires_at := request.get(_EXPIRES_AT)) is not None:
        response.headers["Expires"] = formatdate(expires_at, usegmt=True)
        del response.headers["Cache-Control"]
    if (name := request.query.get("download")) is not None:
        response.headers["Content-Disposition"] = _disposition(name)


def _disposition(name: str) -> str:
    if not name:
        return "attachment;"
    encoded = quote(name, safe="!'()*-._~")
    return f"attachment; filename={encoded}; filename*=UTF-8''{encoded};"
