"""What a hosted project's PostgREST (13 and later) does differently from the 12.0.2 that runs here.

The differences come from PostgREST's change log and error reference, and from the `safeupdate` extension Supabase
loads for the role `authenticator`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

_UNFILTERED = ("PATCH", "DELETE")
_IGNORED_ON_WRITE = frozenset({"limit", "offset", "order"})
_NOT_A_FILTER = frozenset({"select", "columns", "on_conflict"})
_MISSING_RELATION = re.compile(r'relation "(?P<name>[^"]+)" does not exist')


def query_as_hosted(method: str, query: str) -> str:
    """Return the query without what newer versions silently ignore: limit, offset and order of a write.

    This is the trap of claiming one row with ``limit=1``: on a hosted project it claims every row that matches.
    """
    if method not in _UNFILTERED:
        return query
    return "&".join(part for part in query.split("&") if part and _name(part) not in _IGNORED_ON_WRITE)


def unfiltered_write(method: str, query: str) -> dict[str, Any] | None:
    """Return the error of a write that would touch every row, or None if it names rows."""
    if method not in _UNFILTERED:
        return None
    if any(_name(part) not in _NOT_A_FILTER for part in query.split("&") if part):
        return None
    verb = "UPDATE" if method == "PATCH" else "DELETE"
    return {"code": "21000", "details": None, "hint": None, "message": f"{verb} requires a WHERE clause"}


def error_as_hosted(error: dict[str, Any], *, table: str) -> dict[str, Any]:
    """Return an error body as newer versions word it.

    Parameters
    ----------
    error : dict
        Body of an answer with a status of 400 or more.
    table : str
        The table the request named.
    """
    code, message = error.get("code"), str(error.get("message"))
    missing = _MISSING_RELATION.fullmatch(message)
    if code == "42P01" and missing and missing["name"] == f"public.{table}":
        return {
            "code": "PGRST205",
            "details": None,
            "hint": None,
            "message": f"Could not find the table 'public.{table}' in the schema cache",
        }
    if code == "PGRST301" and message == "JWT expired":
        return error | {"code": "PGRST303"}
    return error


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
