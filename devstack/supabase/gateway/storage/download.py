"""Sending an object: whole, a range of it, or word that it has not changed."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web

from devstack.supabase.gateway.storage import errors, kept
from devstack.supabase.gateway.storage.records import StoredObject
from devstack.supabase.gateway.storage.store import Store

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last position of the wanted range, or None for everything.

    Several ranges, and units other than bytes, count as everything, as RFC 9110 allows.

    Raises
    ------
    StorageError
        If the range begins behind the end.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise errors.bad_range()
        return size - length, size - 1
    if int(first) >= size:
        raise errors.bad_range()
    end = min(int(last), size - 1) if last else size - 1
    return None if end < int(first) else (int(first), end)


async def send(request: web.Request, store: Store, stored: StoredObject) -> web.StreamResponse:
    """Answer a GET or HEAD for an object.

    Raises
    ------
    StorageError
        If the range is not in the object.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": stored.etag,
        "Last-Modified": format_datetime(datetime.fromisoformat(stored.updated_at), usegmt=True),
        "Cache-Control": stored.cache_control,
    }
    if request.headers.get("If-None-Match") in (stored.etag, "*"):
        return web.Response(status=304, headers=headers)
    wanted = None
    if request.headers.get("If-Range", stored.etag) == stored.etag:
        wanted = byte_range(request.headers.get("Range", ""), stored.size)
    first, last = wanted or (0, stored.size - 1)
    response = web.StreamResponse(status=206 if wanted else 200, headers=headers)
    response.headers["Content-Type"] = stored.mime_type
    response.content_length = last - first + 1
    if wanted:
        response.headers["Content-Range"] = f"bytes {first}-{last}/{stored.size}"
    kept.note(request, response)
    with store.path(stored).open("rb") as file:
        await response.prepare(request)
        if request.method != "HEAD":
            file.seek(first)
            left = last - first + 1
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                await response.write(chunk)
    await response.write_eof()
    return response
