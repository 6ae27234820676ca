"""The two listings of Storage: one level of folders, and flat with a cursor. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devstack.supabase.gateway.storage.records import StoredObject

_LARGEST_PAGE = 1000


class SortBy(BaseModel):
    """Order of a listing."""

    column: Literal["name", "updated_at", "created_at", "last_accessed_at"] = "name"
    order: Literal["asc", "desc"] = "asc"


class ListRequest(BaseModel):
    """Body of `POST /object/list/{bucket}`."""

    model_config = ConfigDict(extra="ignore")

    prefix: str
    limit: int = Field(default=100, ge=1)
    offset: int = Field(default=0, ge=0)
    search: str = ""
    sort_by: SortBy = Field(default=SortBy(), alias="sortBy")


class ListV2Request(BaseModel):
    """Body of `POST /object/list-v2/{bucket}`."""

    model_config = ConfigDict(extra="ignore")

    prefix: str = ""
    limit: int = _LARGEST_PAGE
    with_delimiter: bool = False
    cursor: str | None = None


def one_level(objects: Iterable[StoredObject], wanted: ListRequest) -> list[dict[str, Any]]:
    """Return the rows of one folder: its objects, and a row with null id for every folder below."""
    folder = wanted.prefix.strip("/")
    start = f"{folder}/" if folder else ""
    rows: dict[str, dict[str, Any]] = {}
    for stored in objects:
        if not stored.name.startswith(start):
            continue
        name, below, _ = stored.name.removeprefix(start).partition("/")
        if not name.lower().startswith(wanted.search.lower()):
            continue
        rows[name] = _folder_row(name) if below else stored.row(name)
    column, descending = wanted.sort_by.column, wanted.sort_by.order == "desc"
    ordered = sorted(rows.values(), key=lambda row: (row[column] or "", row["name"]), reverse=descending)
    return ordered[wanted.offset : wanted.offset + min(wanted.limit, _LARGEST_PAGE)]


def page(objects: Iterable[StoredObject], wanted: ListV2Request) -> dict[str, Any]:
    """Return one page of a listing with a cursor; folders only where a delimiter was asked for."""
    after = base64.urlsafe_b64decode(wanted.cursor).decode().removeprefix("l:") if wanted.cursor else ""
    entries: dict[str, StoredObject | None] = {}
    for stored in objects:
        if not stored.name.startswith(wanted.prefix):
            continue
        name, below, _ = stored.name.removeprefix(wanted.prefix).partition("/")
        if wanted.with_delimiter and below:
            entries[f"{wanted.prefix}{name}/"] = None
        else:
            entries[stored.name] = stored
    left = sorted(name for name in entries if name > after)
    names = left[: min(wanted.limit, _LARGEST_PAGE)]
    result: dict[str, Any] = {"hasNext": len(left) > len(names), "folders": [], "objects": []}
    for name in names:
        stored_or_folder = entries[name]
        if stored_or_folder is None:
            result["folders"].append({"key": name, "name": name})
        else:
            result["objects"].append(stored_or_folder.row() | {"key": name})
    if result["hasNext"] and names:
        result["nextCursor"] = base64.urlsafe_b64encode(f"l:{names[-1]}".encode()).decode()
    return result


def _folder_row(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "id": None,
        "updated_at": None,
        "created_at": None,
        "last_accessed_at": None,
        "metadata": None,
    }
