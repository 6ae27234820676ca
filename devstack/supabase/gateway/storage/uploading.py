"""Taking an object's bytes in one request: raw, or as the form the client libraries send."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import BaseModel

from devstack.supabase.gateway.storage import errors, records
from devstack.supabase.gateway.storage.records import Bucket, StoredObject
from devstack.supabase.gateway.storage.store import Incoming, Store, metadata_from

_CHUNK = 256 * 1024
_LARGEST_FIELD = 64 * 1024


class _Described(BaseModel):
    mime_type: str = "application/octet-stream"
    cache_control: str = "no-cache"
    metadata: dict[str, Any] = {}


async def receive(request: web.Request, store: Store, *, bucket: Bucket, name: str, upsert: bool) -> StoredObject:
    """Take the request's body as an object.

    Raises
    ------
    StorageError
        If the object exists, is too large or of a type the bucket does not allow. The rest of the body has been
        read then, so that the connection can be used on.
    """
    try:
        if not upsert and store.find(bucket.id, name) is not None:
            raise errors.duplicate()
        types = bucket.model_copy(update={"allowed_mime_types": None}) if records.is_placeholder(name) else bucket
        with store.incoming(bucket, name) as incoming:
            described = await _read(request, types, incoming)
            return store.publish(
                incoming.path,
                bucket=bucket.id,
                name=name,
                etag=incoming.finish(),
                upsert=upsert,
                mime_type=described.mime_type,
                cache_control=described.cache_control,
                metadata=described.metadata,
            )
    except errors.StorageError:
        await drain(request)
        raise


async def drain(request: web.Request) -> None:
    """Read what is left of a body and throw it away."""
    async for _ in request.content.iter_chunked(_CHUNK):
        pass


async def _read(request: web.Request, bucket: Bucket, incoming: Incoming) -> _Described:
    if request.content_type == "multipart/form-data":
        return await _read_form(request, bucket, incoming)
    described = _Described(
        mime_type=request.headers.get("Content-Type", "application/octet-stream"),
        cache_control=request.headers.get("Cache-Control", "no-cache"),
        metadata=_header_metadata(request.headers.get("x-metadata", "")),
    )
    bucket.check_type(described.mime_type)
    async for chunk in request.content.iter_chunked(_CHUNK):
        incoming.write(chunk)
    return described


async def _read_form(request: web.Request, bucket: Bucket, incoming: Incoming) -> _Described:
    described = _Described()
    found = False
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader):
            continue
        if part.filename is None:
            _note_field(described, part.name or "", (await part.read())[:_LARGEST_FIELD].decode())
            continue
        found = True
        described.mime_type = part.headers.get("Content-Type", described.mime_type)
        bucket.check_type(described.mime_type)
        while chunk := await part.read_chunk(_CHUNK):
            incoming.write(chunk)
    if not found:
        raise errors.missing("body must have required property 'file'")
    return described


def _note_field(described: _Described, name: str, value: str) -> None:
    if name == "cacheControl":
        described.cache_control = f"max-age={value}" if value.isdigit() else value
    elif name == "metadata":
        described.metadata = metadata_from(value)


def _header_metadata(header: str) -> dict[str, Any]:
    try:
        return metadata_from(base64.b64decode(header, validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return {}
