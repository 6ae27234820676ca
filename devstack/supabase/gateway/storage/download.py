"""Sending an object: whole, a range of it, or word that it has not changed.

`If-Range` is not looked at, as in the real service: a range is always one of the object that is there now.
"""

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

    Raises
    ------
    StorageError
        If it is not one range of bytes, or has none of the object.
    """
    if not header:
        return None
    match = _RANGE.fullmatch(header)
    if match is None or match[0] == "bytes=-" or size == 0:
        raise errors.bad_range()
    first, last = match[1], match[2]
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise errors.bad_range()
        return size - length, size - 1
    end = int(last) if last else size - 1
    if int(first) >= size or end < int(first):
        raise errors.bad_range()
    return int(first), min(end, size - 1)


def described_by(stored: StoredObject) -> dict[str, str]:
    """Return the headers that tell which version of an object it is."""
    return {
        "ETag": stored.etag,
        "Last-Modified": format_datetime(datetime.fromisoformat(stored.updated_at), usegmt=True),
        "Cache-Control": stored.cache_control,
    }


async def send(
    request: web.Request, store: Store, stored: StoredObject, *, in_parts: bool = True
) -> web.StreamResponse:
    """Answer a GET or HEAD for an object. Without parts a range is not looked at, and all of it is sent.

    Raises
    ------
    StorageError
        If the range is not in the object.
    """
    headers = {"Accept-Ranges": "bytes", **described_by(stored)}
    if request.headers.get("If-None-Match") == stored.etag:
        return web.Response(status=304, headers=headers)
    if request.method == "HEAD" and not stored.is_described:
        return web.StreamResponse(headers={"Accept-Ranges": "bytes"})
    header = request.headers.get("Range", "") if request.method == "GET" and in_parts else ""
    wanted = byte_range(header, stored.size)
    first, last = wanted or (0, stored.size - 1)
    response = web.StreamResponse(status=206 if wanted else 200, headers=headers)
    # What was uploaded as a page is none to a browser.
    response.headers["Content-Type"] = "text/plain" if "text/html" in stored.mime_type else stored.mime_type
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
