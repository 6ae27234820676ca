"""The HTTP side of files: resumable upload, polling, listing, deleting."""

import random
import re
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from devstack.gemini.behaviour import Outcome
from devstack.gemini.files.store import FileStore, Upload
from devstack.gemini.script import Script
from devstack.gemini.unruly.draw import draw_for_file
from devstack.gemini.wire.api_error import ApiError, invalid
from devstack.gemini.wire.pages import page_of, with_next_page
from devstack.gemini.wire.read_request import read_request

__all__ = ["FileRoutes"]

_STATUS = "X-Goog-Upload-Status"
_BLOCK = 256 * 1024
_START_LIMIT = 1024 * 1024
_MOST_PER_PAGE = 100


def _whole_number(text: str | None, *, header: str) -> int:
    if text is None or re.fullmatch(r"\d{1,18}", text) is None:
        raise invalid(f"The header {header} must hold a whole number of bytes.")
    return int(text)


async def _blocks(request: web.Request) -> AsyncIterator[bytes]:
    while block := await request.content.read(_BLOCK):
        yield block


async def _busy(request: web.Request) -> web.Response:
    """Answer a chunk, of which nothing is kept, with an error that leaves its upload open."""
    async for _ in _blocks(request):
        pass
    error = ApiError(503, "The upload backend is busy.")
    return web.json_response(error.body(), status=error.code, headers={_STATUS: "active"})


class FileRoutes:
    """Handlers below ``/upload/{version}/files`` and ``/{version}/files``.

    Parameters
    ----------
    files : FileStore
        What they act on.
    script : Script
        Scripted fates of uploads.
    """

    def __init__(self, files: FileStore, script: Script) -> None:
        self._files = files
        self._script = script

    async def upload(self, request: web.Request) -> web.Response:
        """Answer a start, a chunk, a query or a cancel, as the command header says."""
        commands = {word.strip() for word in request.headers.get("X-Goog-Upload-Command", "").lower().split(",")}
        if "upload_id" not in request.query:
            if commands != {"start"}:
                raise invalid("An upload begins with the X-Goog-Upload-Command start.")
            return await self._start(request)
        upload = self._files.upload(request.query["upload_id"])
        if commands == {"query"}:
            headers = {_STATUS: "active", "X-Goog-Upload-Size-Received": str(upload.received)}
            return web.Response(headers=headers)
        if commands == {"cancel"}:
            self._files.drop(upload)
            return web.Response(headers={_STATUS: "cancelled"})
        if not commands or not commands <= {"upload", "finalize"}:
            raise invalid("Unknown X-Goog-Upload-Command.")
        try:
            return await self._chunk(request, upload, commands)
        except ApiError as error:
            # A status other than "active" keeps clients from going on with an upload that is spoilt.
            self._files.drop(upload)
            return web.json_response(error.body(), status=error.code, headers={_STATUS: "final"})

    async def _start(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Goog-Upload-Protocol") != "resumable":
            raise invalid("Only the resumable upload protocol is served.")
        header = "X-Goog-Upload-Header-Content-Length"
        size = _whole_number(request.headers.get(header), header=header)
        if (request.content_length or 0) > _START_LIMIT:
            raise invalid("The start of an upload holds metadata only.")
        body = await request.read()
        announced = read_request(body, message="UploadStart").get("file", {}) if body else {}
        upload = self._files.start(
            announced=announced,
            size=size,
            mime_type=request.headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream"),
            outcome=self._outcome(f"{request.match_info['caller']}{size}"),
        )
        version = request.match_info["version"]
        address = f"{_origin(request)}/upload/{version}/files?upload_id={upload.identity}&upload_protocol=resumable"
        return web.Response(
            headers={"X-Goog-Upload-URL": address, _STATUS: "active", "X-Goog-Upload-Chunk-Granularity": "262144"}
        )

    def _outcome(self, upload: str) -> Outcome | None:
        """Return the fate of an upload: that of a scripted turn, or else what is drawn for it."""
        turn, unruly = self._script.for_upload(), self._script.behaviour.unruly
        if turn is not None or unruly is None:
            return None if turn is None else turn.outcome
        fault = draw_for_file(unruly, upload=upload, number=self._script.number_of(f"upload {upload}"))
        return None if fault is None else Outcome(fault.outcome)

    async def _chunk(self, request: web.Request, upload: Upload, commands: set[str]) -> web.Response:
        finalize = "finalize" in commands
        length = request.content_length or 0
        if finalize and upload.outcome is Outcome.BUSY_FINALIZE:
            return await _busy(request)
        if "upload" in commands:
            offset = _whole_number(request.headers.get("X-Goog-Upload-Offset"), header="X-Goog-Upload-Offset")
            if upload.lossy and not upload.lost and not finalize:
                upload.lost = True
                return await _busy(request)
            if offset != upload.received and not upload.lost:
                raise invalid(f"The chunk begins at {offset}, but {upload.received} bytes were received.")
            keep = length // 2 if upload.lossy and not upload.lost else length
            if request.content_length is None:
                keep = upload.size
            await self._files.append(upload, _blocks(request), limit=keep)
        if not finalize:
            return web.Response(headers={_STATUS: "active"})
        if upload.received != upload.size and not upload.lossy:
            raise invalid(f"{upload.received} bytes were received, but {upload.size} were announced.")
        behaviour = self._script.behaviour
        stored = self._files.finish(
            upload,
            polls_before_active=behaviour.polls_before_active,
            reads=self._script.behaviour.reading,
            processing_seconds=random.uniform(*behaviour.processing_seconds),  # noqa: S311 - a wait, no secret
        )
        return web.json_response({"file": stored.resource(base=_base(request))}, headers={_STATUS: "final"})

    async def get(self, request: web.Request) -> web.Response:
        """Answer the state of a file; every such poll counts."""
        stored = self._files.poll(request.match_info["name"])
        return web.json_response(stored.resource(base=_base(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a file."""
        self._files.delete(request.match_info["name"])
        return web.json_response({})

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of files, newest first."""
        size, start = page_of(request, most=_MOST_PER_PAGE, usual=10)
        names = self._files.names()[::-1]
        body: dict[str, Any] = {
            "files": [self._files.get(name).resource(base=_base(request)) for name in names[start : start + size]]
        }
        return web.json_response(with_next_page(body, start=start + size, total=len(names)))


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _base(request: web.Request) -> str:
    version = request.match_info["version"]
    return f"{_origin(request)}/{version}"
