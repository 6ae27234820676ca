"""Objects of Storage: upload, download, info, listings, move, copy, delete."""

from __future__ import annotations

import asyncio
import shutil

from aiohttp import web
from pydantic import BaseModel, Field

from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import caller, download, errors, listing, uploading
from devstack.supabase.gateway.storage.checkpoints import note_checkpoint
from devstack.supabase.gateway.storage.records import StoredObject, check_name
from devstack.supabase.gateway.storage.store import Store
from devstack.supabase.gateway.switches import SwitchBoard

_OF_THE_KEY = {400, 403}


class _Transfer(BaseModel):
    bucket: str = Field(alias="bucketId")
    source: str = Field(alias="sourceKey")
    destination: str = Field(alias="destinationKey")
    destination_bucket: str | None = Field(default=None, alias="destinationBucket")


class _Prefixes(BaseModel):
    prefixes: list[str] = Field(min_length=1, max_length=1000)


class ObjectRoutes:
    """Handlers for `/object`.

    Parameters
    ----------
    store : Store
        What is stored.
    settings : GatewaySettings
        Keys.
    board : SwitchBoard
        Switches.
    """

    def __init__(self, store: Store, settings: GatewaySettings, board: SwitchBoard) -> None:
        self._store = store
        self._settings = settings
        self._board = board

    async def upload(self, request: web.Request) -> web.Response:
        """Take an object in one request; PUT replaces."""
        try:
            caller.require_service_role(request, self._settings)
            bucket = self._store.bucket(request.match_info["bucket"])
            name = check_name(request.match_info["key"])
        except errors.StorageError:
            await uploading.drain(request)
            raise
        upsert = request.method == "PUT" or request.headers.get("x-upsert", "").lower() == "true"
        try:
            stored = await uploading.receive(request, self._store, bucket=bucket, name=name, upsert=upsert)
        except errors.StorageError:
            self._board.after_rejected_upload(request)
            raise
        note_checkpoint(request, self._store, stored)
        return web.json_response({"Key": f"{stored.bucket}/{stored.name}", "Id": stored.id})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send an object to a caller with a key; without one, a private bucket does not exist."""
        bucket = self._store.bucket(request.match_info["bucket"])
        try:
            allowed = caller.may_read(request, self._settings)
        except errors.StorageError as error:
            if "/object/authenticated/" in request.path:
                raise
            if not bucket.public:
                raise errors.no_such_bucket() from error
            allowed = True
        if not allowed and not bucket.public:
            raise errors.no_such_object()
        stored = self._as_indexed(self._store.get(bucket.id, request.match_info["key"]))
        note_checkpoint(request, self._store, stored)
        in_parts = not self._board.switches.old_storage_api
        return await download.send(request, self._store, stored, in_parts=in_parts)

    async def download_public(self, request: web.Request) -> web.StreamResponse:
        """Send an object of a public bucket to anyone."""
        bucket = self._store.bucket(request.match_info["bucket"])
        if not bucket.public:
            raise errors.no_such_bucket()
        return await download.send(request, self._store, self._store.get(bucket.id, request.match_info["key"]))

    async def info(self, request: web.Request) -> web.Response:
        """Describe an object. With a bad key a private bucket does not exist, unless the path says `authenticated`."""
        try:
            stored = self._visible(request, request.match_info["key"])
        except errors.StorageError as error:
            is_clear = self._board.switches.old_storage_api or "/object/info/authenticated/" in request.path
            if error.status in _OF_THE_KEY and not is_clear:
                raise errors.no_such_bucket() from error
            raise
        headers = download.described_by(stored) if stored.is_described else {}
        if self._board.switches.old_storage_api:
            return web.Response(headers=headers)
        return web.json_response(stored.info(), headers=headers)

    async def list_one_level(self, request: web.Request) -> web.Response:
        """List one folder."""
        wanted = listing.ListRequest.model_validate_json(await request.read())
        return web.json_response(listing.one_level(self._all(request), wanted))

    async def list_page(self, request: web.Request) -> web.Response:
        """List with a cursor."""
        wanted = listing.ListV2Request.model_validate_json(await request.read())
        return web.json_response(listing.page(self._all(request), wanted))

    async def move(self, request: web.Request) -> web.Response:
        """Rename an object."""
        transfer, source = await self._transfer(request)
        bucket = self._store.bucket(transfer.destination_bucket or transfer.bucket).id
        if self._store.find(bucket, transfer.destination) is not None:
            raise errors.duplicate()
        self._store.move(source, bucket=bucket, name=transfer.destination)
        return web.json_response(
            {"message": "Successfully moved", "Id": source.id, "Key": f"{bucket}/{transfer.destination}"}
        )

    async def copy(self, request: web.Request) -> web.Response:
        """Copy an object."""
        transfer, source = await self._transfer(request)
        bucket = self._store.bucket(transfer.destination_bucket or transfer.bucket)
        upsert = request.headers.get("x-upsert", "").lower() == "true"
        with self._store.incoming(bucket, transfer.destination) as incoming:
            await asyncio.to_thread(shutil.copyfile, self._store.path(source), incoming.path)
            stored = self._store.publish(
                incoming.path,
                bucket=bucket.id,
                name=transfer.destination,
                etag=source.etag,
                upsert=upsert,
                mime_type=source.mime_type,
                cache_control=source.cache_control,
                metadata=source.metadata,
            )
        return web.json_response(stored.row() | {"Id": stored.id, "Key": f"{bucket.id}/{stored.name}"})

    async def delete_many(self, request: web.Request) -> web.Response:
        """Delete objects by name; those that are missing are silently absent from the answer."""
        wanted = _Prefixes.model_validate_json(await request.read())
        bucket = self._store.bucket(request.match_info["bucket"])
        if not caller.may_read(request, self._settings):
            return web.json_response([])
        found = [stored for name in wanted.prefixes if (stored := self._store.find(bucket.id, name)) is not None]
        for stored in found:
            self._store.delete(stored)
        return web.json_response([stored.row() | {"bucket_id": bucket.id} for stored in found])

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one object."""
        self._store.delete(self._visible(request, request.match_info["key"]))
        return web.json_response({"message": "Successfully deleted"})

    def _visible(self, request: web.Request, name: str) -> StoredObject:
        allowed = caller.may_read(request, self._settings)
        bucket = self._store.bucket(request.match_info["bucket"])
        if not allowed:
            raise errors.no_such_object()
        return self._as_indexed(self._store.get(bucket.id, name))

    def _as_indexed(self, stored: StoredObject) -> StoredObject:
        without = self._board.switches.undescribed
        return stored.model_copy(update={"is_described": not without or not stored.name.startswith(without)})

    def _all(self, request: web.Request) -> list[StoredObject]:
        allowed = caller.may_read(request, self._settings)
        return list(map(self._as_indexed, self._store.objects(request.match_info["bucket"]))) if allowed else []

    async def _transfer(self, request: web.Request) -> tuple[_Transfer, StoredObject]:
        transfer = _Transfer.model_validate_json(await request.read())
        caller.require_service_role(request, self._settings)
        check_name(transfer.destination)
        bucket = self._store.bucket(transfer.bucket)
        return transfer, self._store.get(bucket.id, transfer.source)
