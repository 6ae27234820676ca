"""Resumable uploads by the tus 1.0.0 protocol. Its errors are plain text with real status codes, unlike the rest.

A part that breaks off keeps what arrived: the client asks for the offset and goes on from there. Whether an object may
be replaced is asked at every request that writes, by its own `x-upsert` header. A finished upload stays known for as
long as its object does.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from pathlib import Path

from aiohttp import web

from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import caller, errors, uploading
from devstack.supabase.gateway.storage.records import Upload, check_name
from devstack.supabase.gateway.storage.store import LARGEST_OBJECT, Store, metadata_from, size_limit
from devstack.supabase.gateway.switches import SwitchBoard

PART_SIZE = 6 * 2**20
"""The only size of parts hosted projects document, in bytes."""

_URL_SECONDS = 24 * 3600
_CHUNK = 256 * 1024
_VERSION = "1.0.0"
_PART_TYPE = "application/offset+octet-stream"
_EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,expiration"


class _TusError(Exception):
    def __init__(self, status: int, text: str, *, end: str = "\n") -> None:
        super().__init__(text + end)
        self.status = status


class _NotTusError(Exception):
    """An answer that the service gives before the protocol is asked: JSON, as everywhere else."""

    def __init__(self, said: errors.StorageError) -> None:
        super().__init__(str(said))
        self.said = said


class TusRoutes:
    """Handlers for `/upload/resumable`.

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
        self._busy: set[str] = set()

    def install(self, app: web.Application, prefix: str) -> None:
        """Add the routes below a prefix."""
        collection = f"{prefix}/upload/resumable"
        one = collection + "/{upload}"
        table: list[tuple[str, str, Callable[[web.Request], Awaitable[web.Response]]]] = [
            ("OPTIONS", collection, self._options),
            ("OPTIONS", one, self._options),
            ("POST", collection, self._create),
            ("HEAD", one, self._head),
            ("PATCH", one, self._patch),
            ("DELETE", one, self._delete),
        ]
        for method, path, handler in table:
            app.router.add_route(method, path, self._with_errors(handler))

    def _with_errors(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            try:
                if request.method != "OPTIONS":
                    role = self._role(request)
                    _check_form(request)
                    if role != "service_role" and request.method != "HEAD":
                        raise errors.denied()
                response = await handler(request)
            except _NotTusError as error:
                response = error.said.response(request.method)
            except _TusError as error:
                response = web.Response(status=error.status, text=str(error))
            except errors.StorageError as error:
                response = web.Response(status=error.status, text=str(error))
            if response.status >= 400:
                await uploading.drain(request)
            response.headers["Tus-Resumable"] = _VERSION
            return response

        return answer

    def _role(self, request: web.Request) -> str:
        try:
            return caller.role_of(request, self._settings)
        except errors.StorageError as error:
            denied = error.body["code"] == "AccessDenied"
            raise _NotTusError(error if denied else errors.denied("Invalid Compact JWS")) from error

    async def _options(self, _request: web.Request) -> web.Response:
        headers = {
            "Tus-Version": _VERSION,
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(LARGEST_OBJECT),
        }
        return web.Response(status=204, headers=headers)

    async def _create(self, request: web.Request) -> web.Response:
        if "Upload-Metadata" not in request.headers:
            raise errors.missing("Metadata header is required")
        described = _metadata(request.headers["Upload-Metadata"])
        bucket = self._store.bucket(described.get("bucketName", ""))
        name = check_name(described.get("objectName", ""))
        length = _number(request, "Upload-Length")
        if length is None and request.headers.get("Upload-Defer-Length") != "1":
            raise _TusError(400, "Upload-Length or Upload-Defer-Length header required")
        if length is not None and length > size_limit(bucket):
            raise _TusError(413, "Maximum size exceeded")
        if described.get("contentType"):
            bucket.check_type(described["contentType"], in_parts=True)
        mime_type = described.get("contentType", "application/octet-stream")
        self._check_free(request, bucket.id, name)
        version = str(uuid.uuid4())
        upload = Upload(
            id=base64.urlsafe_b64encode(f"{bucket.id}/{name}/{version}".encode()).decode().rstrip("="),
            bucket=bucket.id,
            name=name,
            version=version,
            length=length,
            mime_type=mime_type,
            cache_control=_cache_control(described.get("cacheControl", "")),
            metadata=metadata_from(described.get("metadata", "{}")),
            upload_metadata=request.headers.get("Upload-Metadata", ""),
            expires_at=time.time() + _URL_SECONDS,
        )
        self._store.upload_path(upload).touch()
        self._store.put_upload(upload)
        headers = {"Location": f"{request.scheme}://{request.host}{request.path.rstrip('/')}/{upload.id}"}
        headers["Upload-Expires"] = formatdate(upload.expires_at, usegmt=True)
        if request.content_type == _PART_TYPE and request.can_read_body:
            headers |= await self._append(request, upload, offset=0)
        elif length == 0:
            await self._complete(upload)
        return web.Response(status=201, headers=headers)

    async def _head(self, request: web.Request) -> web.Response:
        upload = self._upload(request)
        headers = {
            "Upload-Offset": str(self._offset(upload)),
            "Upload-Metadata": upload.upload_metadata,
            "Cache-Control": "no-store",
            "Upload-Expires": formatdate(upload.expires_at, usegmt=True),
        }
        if upload.length is None:
            headers["Upload-Defer-Length"] = "1"
        else:
            headers["Upload-Length"] = str(upload.length)
        return web.Response(headers=headers)

    async def _patch(self, request: web.Request) -> web.Response:
        offset = _number(request, "Upload-Offset")
        if offset is None:
            raise _TusError(403, "Upload-Offset header required")
        if "Content-Type" not in request.headers:
            raise _TusError(403, "Content-Type header required")
        upload = self._upload(request)
        self._check_free(request, upload.bucket, upload.name)
        if upload.length is None and (length := _number(request, "Upload-Length")) is not None:
            upload = upload.model_copy(update={"length": length})
            self._store.put_upload(upload)
        return web.Response(status=204, headers=await self._append(request, upload, offset=offset))

    async def _delete(self, request: web.Request) -> web.Response:
        upload = self._upload(request)
        self._check_free(request, upload.bucket, upload.name)
        if upload.finished:
            raise _TusError(400, "Cannot terminate an already completed upload", end="")
        self._store.end_upload(upload)
        return web.Response(status=204)

    def _check_free(self, request: web.Request, bucket: str, name: str) -> None:
        if request.headers.get("x-upsert") != "true" and self._store.find(bucket, name) is not None:
            raise errors.duplicate()

    def _offset(self, upload: Upload) -> int:
        return (upload.length or 0) if upload.finished else _size(self._store.upload_path(upload))

    async def _append(self, request: web.Request, upload: Upload, *, offset: int) -> dict[str, str]:
        if upload.id in self._busy:
            raise _TusError(409, "Upload is being written by another request")
        self._busy.add(upload.id)
        try:
            path = self._store.upload_path(upload)
            if offset != self._offset(upload):
                raise _TusError(409, "Upload-Offset conflict")
            self._check_part(request, upload, offset)
            if upload.finished:
                return {"Upload-Offset": str(offset), "Tus-Complete": "1"}
            limit = upload.length if upload.length is not None else size_limit(self._store.bucket(upload.bucket))
            with path.open("ab") as file:
                async for chunk in request.content.iter_chunked(_CHUNK):
                    if file.tell() + len(chunk) > limit:
                        raise _TusError(413, "upload's size exceeded")
                    file.write(chunk)
            done = _size(path)
            headers = {"Upload-Offset": str(done)}
            if done == upload.length:
                await self._complete(upload)
                headers["Tus-Complete"] = "1"
            return headers
        finally:
            self._busy.discard(upload.id)

    def _check_part(self, request: web.Request, upload: Upload, offset: int) -> None:
        part = request.content_length
        if part is not None and upload.length is not None and offset + part > upload.length:
            raise _TusError(413, "upload's size exceeded")
        if not self._board.switches.tus_chunk_rule or part is None:
            return
        last = upload.length is not None and offset + part == upload.length
        if not last and part != PART_SIZE:
            raise _TusError(400, f"Parts must have {PART_SIZE} bytes, except the last one")

    async def _complete(self, upload: Upload) -> None:
        path = self._store.upload_path(upload)
        etag = await asyncio.to_thread(_etag, path)
        self._store.publish(
            path,
            bucket=upload.bucket,
            name=upload.name,
            etag=etag,
            # Asked at the beginning of each request, and no more at its end.
            upsert=True,
            mime_type=upload.mime_type,
            cache_control=upload.cache_control,
            metadata=upload.metadata,
            version=upload.version,
        )
        self._store.put_upload(upload.model_copy(update={"finished": True}))

    def _upload(self, request: web.Request) -> Upload:
        upload = self._store.upload(request.match_info["upload"])
        if upload is None:
            raise _TusError(404, "The file for this url was not found")
        if upload.expires_at < time.time():
            self._store.end_upload(upload)
            raise _TusError(410, "The file for this url no longer exists")
        if upload.finished and not self._store.has_version(upload.version):
            raise _TusError(410, "The file for this url no longer exists")
        return upload


def _check_form(request: web.Request) -> None:
    version = request.headers.get("Tus-Resumable")
    if not version:
        raise _TusError(412, "Tus-Resumable Required")
    if version != _VERSION:
        raise _TusError(400, "Invalid tus-resumable")
    if request.method == "PATCH" and request.headers.get("Content-Type", _PART_TYPE) != _PART_TYPE:
        raise _TusError(400, "Invalid content-type")


def _metadata(header: str) -> dict[str, str]:
    described: dict[str, str] = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            described[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _TusError(400, "Invalid upload-metadata") from error
    return described


def _number(request: web.Request, header: str) -> int | None:
    text = request.headers.get(header)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise _TusError(400, f"Invalid {header.lower()}")
    return int(text)


def _cache_control(seconds: str) -> str:
    return f"max-age={seconds}" if seconds.isdigit() else seconds or "no-cache"


def _size(path: Path) -> int:
    return path.stat().st_size


def _etag(path: Path) -> str:
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()}"'
