"""Pages of a list: what a request asks for, and the token of the next one."""

import base64
import binascii
from typing import Any

from aiohttp import web

from devstack.gemini.wire.api_error import invalid

__all__ = ["page_of", "with_next_page"]


def page_of(request: web.Request, *, most: int, usual: int) -> tuple[int, int]:
    """Return the page size and the first index that a list request asks for, or answer 400."""
    query = request.query
    try:
        size = int(query.get("pageSize") or query.get("page_size") or usual)
        token = query.get("pageToken") or query.get("page_token") or ""
        start = int(base64.urlsafe_b64decode(token).decode()) if token else 0
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid page_size or page_token.") from error
    if not 1 <= size <= most:
        raise invalid(f"page_size must be between 1 and {most}.")
    return size, start


def with_next_page(body: dict[str, Any], *, start: int, total: int) -> dict[str, Any]:
    """Return a page with the token of the next one, where there is a next one."""
    if start < total:
        body["nextPageToken"] = base64.urlsafe_b64encode(str(start).encode()).decode()
    return body
