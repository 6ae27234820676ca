"""Buckets of Storage: list, make, change, empty, delete."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, field_validator

from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import caller, errors, records
from devstack.supabase.gateway.storage.records import Bucket
from devstack.supabase.gateway.storage.store import Store

_SIZE = re.compile(r"(?i)(\d+(?:\.\d+)?)(gb|mb|kb|b)")
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


class _Wanted(BaseModel):
    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: list[str] | None = None

    @field_validator("file_size_limit", mode="before")
    @classmethod
    def _in_bytes(cls, value: Any) -> Any:
        """Read sizes such as "50MB" and numbers in quotes, which the service takes too."""
        if not isinstance(value, str) or value.isdecimal():
            return value
        match = _SIZE.fullmatch(value)
        if match is None:
            raise errors.missing("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
        return int(float(match[1]) * _UNITS[match[2].lower()])


class _New(_Wanted):
    name: str
    id: str | None = None


class BucketRoutes:
    """Handlers for `/bucket`.

    Parameters
    ----------
    store : Store
        What is stored.
    settings : GatewaySettings
        Keys.
    """

    def __init__(self, store: Store, settings: GatewaySettings) -> None:
        self._store = store
        self._settings = settings

    def table(self) -> list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]]:
        """Return method, path and handler of every route."""
        return [
            ("GET", "/bucket", self._list),
            ("POST", "/bucket", self._create),
            ("GET", "/bucket/{bucket}", self._get),
            ("PUT", "/bucket/{bucket}", self._change),
            ("DELETE", "/bucket/{bucket}", self._delete),
            ("POST", "/bucket/{bucket}/empty", self._empty),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        allowed = caller.may_read(request, self._settings)
        return web.json_response([bucket.as_json() for bucket in self._store.buckets()] if allowed else [])

    async def _create(self, request: web.Request) -> web.Response:
        caller.require_service_role(request, self._settings)
        wanted = _New.model_validate_json(await request.read())
        name = wanted.id or wanted.name
        if any(bucket.id == name for bucket in self._store.buckets()):
            raise errors.duplicate("BucketAlreadyExists")
        stamp = records.now()
        options = wanted.model_dump(exclude={"id", "name"})
        self._store.put_bucket(Bucket(id=name, created_at=stamp, updated_at=stamp, **options))
        return web.json_response({"name": name})

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._visible(request).as_json())

    async def _change(self, request: web.Request) -> web.Response:
        bucket = self._visible(request)
        wanted = _Wanted.model_validate_json(await request.read())
        changes = wanted.model_dump(exclude_unset=True) | {"updated_at": records.now()}
        self._store.put_bucket(bucket.model_copy(update=changes))
        return web.json_response({"message": "Successfully updated"})

    async def _empty(self, request: web.Request) -> web.Response:
        for stored in self._store.objects(self._visible(request).id):
            self._store.delete(stored)
        return web.json_response({"message": "Successfully emptied"})

    async def _delete(self, request: web.Request) -> web.Response:
        bucket = self._visible(request)
        if next(self._store.objects(bucket.id), None) is not None:
            raise errors.StorageError(
                409,
                error="ResourceNotEmpty",
                message="The bucket you tried to delete is not empty",
                code="ResourceNotEmpty",
            )
        self._store.delete_bucket(bucket.id)
        return web.json_response({"message": "Successfully deleted"})

    def _visible(self, request: web.Request) -> Bucket:
        allowed = caller.may_read(request, self._settings)
        bucket = self._store.bucket(request.match_info["bucket"])
        if not allowed:
            raise errors.no_such_bucket()
        return bucket
