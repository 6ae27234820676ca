"""Uploads a file to storage: one request for a small file, the tus protocol for a large one.

Tus 1.0.0 (tus.io) as Supabase's storage service speaks it: pieces of 6 MiB, plain-text errors with true statuses. It
asks at each request whether an object may be replaced, not only at the first.
"""

import asyncio
import base64
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx

from runops.failures import Failed, Reason
from runops.retrying import Again
from runops.supabase.classify import from_storage
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import object_path
from runops.supabase.retry import may_pass, may_pass_or_conflicts
from runops.supabase.stat import stat
from runops.supabase.storage_http import StorageHttp

__all__ = [
    "SMALL",
    "BeforeWrite",
    "OnUploadId",
    "end_upload",
    "is_version_of",
    "look_for_uploads",
    "send_bytes",
    "send_file",
]

SMALL = 6 * 1024 * 1024
"""In bytes: what Supabase recommends as the largest single request, and demands as the size of a tus piece."""
_PIECE = 256 * 1024
_CACHE_SECONDS = "60"
"""How long a CDN may show an older object after an overwrite."""
_RESUMABLE = "/upload/resumable"
_UPSERT = {"x-upsert": "true"}
"""Without it a repeated upload is refused early, which can wedge the connection."""
_TUS = {"Tus-Resumable": "1.0.0", **_UPSERT}
# Base64url, and nothing that could change the address: a name may come from an object that anybody wrote.
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_=-]{1,2048}")
_LOCATION = re.compile(rf"{_RESUMABLE}/(?P<id>{_UPLOAD_ID.pattern})/?$")
_MOST_STARTS = 3
_MOST_LOOKS = 3
"""Whether an upload became the object: a gateway may give up while storage still puts it together."""

_IS_OVER = frozenset({ErrorKind.NOT_FOUND, ErrorKind.INVALID})
"""What storage says to the deletion of an upload that ended by its age, and of a finished one."""
_STAYS = "an unfinished upload stays until it expires"
_END_SECONDS = 1.5
"""For deleting an abandoned upload: less than the time a process has to stop."""
_LOG = logging.getLogger(__name__)

OnProgress = Callable[[int, int | None], None]
BeforeWrite = Callable[[], Awaitable[None]]
"""Called right before each request that can make the object appear; an error that it raises prevents the request."""
OnUploadId = Callable[[str], Awaitable[None]]
"""Called with the name of an upload by the tus protocol before its first byte; see `end_upload`."""


async def _no_check() -> None:
    pass


async def _not_noted(_upload: str) -> None:
    pass


async def send_bytes(
    http: StorageHttp,
    bucket: str,
    key: str,
    content: bytes,
    *,
    content_type: str,
    before_write: BeforeWrite | None = None,
) -> None:
    """Store a few bytes under a name, in place of what is there. SupabaseError after the last try."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    async def once() -> None:
        await (before_write or _no_check)()
        await _post(http, bucket, key, pieces(), size=len(content), content_type=content_type)

    await http.retries.run(once, may_pass)


async def look_for_uploads(http: StorageHttp) -> None:
    """Ask what storage can do by the tus protocol; SupabaseError where it cannot do anything."""

    async def once() -> None:
        async with http.stream("OPTIONS", _RESUMABLE, doing="looking for uploads in parts") as response:
            await response.aread()

    await http.retries.run(once, may_pass)


async def end_upload(http: StorageHttp, upload: str) -> None:
    """Delete what has arrived of an upload by the tus protocol; an unknown or finished one is ignored.

    So is text that cannot be the name of an upload; then storage is not asked. Where storage refuses the deletion, the
    upload stays until it expires after a day, and the log says so.

    Raises
    ------
    SupabaseError
        Storage could not be asked.
    """
    if _UPLOAD_ID.fullmatch(upload) is None:
        return

    async def once() -> None:
        try:
            async with http.stream(
                "DELETE", f"{_RESUMABLE}/{upload}", doing="ending an upload", headers=_TUS
            ) as response:
                await response.aread()
        except SupabaseError as error:
            if error.retryable or error.kind is ErrorKind.KEY_REJECTED:
                raise
            if error.kind not in _IS_OVER:
                _LOG.warning(_STAYS, extra={"error": error.message})

    await http.retries.run(once, may_pass)


async def send_file(
    http: StorageHttp,
    bucket: str,
    key: str,
    path: Path,
    *,
    content_type: str,
    on_progress: OnProgress | None = None,
    before_write: BeforeWrite | None = None,
    on_upload_id: OnUploadId | None = None,
) -> int:
    """Store a file under a name, in place of what is there.

    Parameters
    ----------
    http
        The storage service.
    bucket, key
        Where to.
    path
        The file; read piece by piece.
    content_type
        Its MIME type.
    on_progress
        Called with the bytes so far and the total.
    before_write, on_upload_id
        See `BeforeWrite` and `OnUploadId`. An upload that is abandoned is deleted.

    Returns
    -------
    int
        How many bytes were sent.

    Raises
    ------
    SupabaseError
        Storage refused it, or several tries in a row brought it no further.
    Failed
        `UploadIncomplete` where storage kept losing the upload.
    """
    size = _size_of(path)
    if size > SMALL:
        async with http.fresh() as client:
            tus = _Tus(
                http, client, bucket=bucket, key=key, path=path, size=size, before_write=before_write or _no_check
            )
            await tus.send(content_type, on_progress, on_upload_id or _not_noted)
        return size

    async def once() -> None:
        await (before_write or _no_check)()
        await _post(http, bucket, key, _pieces(path, 0, size), size=size, content_type=content_type)

    await http.retries.run(once, may_pass)
    if on_progress is not None:
        on_progress(size, size)
    return size


def _size_of(path: Path) -> int:
    return path.stat().st_size


async def _post(
    http: StorageHttp, bucket: str, key: str, content: AsyncIterator[bytes], *, size: int, content_type: str
) -> None:
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(size),
        "Cache-Control": f"max-age={_CACHE_SECONDS}",
        **_UPSERT,
    }
    async with http.stream(
        "POST",
        f"/object/{object_path(bucket, key)}",
        doing=f"uploading {bucket}/{key}",
        headers=headers,
        content=content,
    ) as response:
        await response.aread()


async def _pieces(path: Path, start: int, length: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece


class _NotPublished(Exception):  # noqa: N818 - it may be yet
    """All bytes have arrived, and the object is not made of them."""


class _Tus:
    """The upload of one file by the tus protocol."""

    def __init__(
        self,
        http: StorageHttp,
        client: httpx.AsyncClient,
        *,
        bucket: str,
        key: str,
        path: Path,
        size: int,
        before_write: BeforeWrite,
    ) -> None:
        self._http = http
        self._client = client
        self._bucket = bucket
        self._key = key
        self._path = path
        self._size = size
        self._before_write = before_write
        self._doing = f"uploading {bucket}/{key}"

    async def send(self, content_type: str, on_progress: OnProgress | None, on_upload_id: OnUploadId) -> None:
        object_path(self._bucket, self._key)  # raises for a malformed name
        for _start in range(_MOST_STARTS):
            created = asyncio.ensure_future(self._http.retries.run(lambda: self._create(content_type), may_pass))
            try:
                # After a cancellation only the answer says how the upload can be deleted.
                upload = await asyncio.shield(created)
                await on_upload_id(upload)
                if await self._push(upload, on_progress):
                    return
            except BaseException:
                await self._delete_upload(created)
                raise
        raise Failed(
            Reason.UPLOAD_INCOMPLETE,
            f"Storage forgot the upload of {self._bucket}/{self._key} {_MOST_STARTS} times. Try again later.",
        )

    async def _delete_upload(self, created: asyncio.Future[str]) -> None:
        """Delete an abandoned upload. An error here is only logged: the upload expires after a day."""
        if created.done() and created.exception() is not None:
            return
        try:
            async with asyncio.timeout(_END_SECONDS):
                await end_upload(self._http, await created)
        except (SupabaseError, TimeoutError) as error:
            _LOG.warning(_STAYS, extra={"error": type(error).__name__})

    async def _push(self, upload: str, on_progress: OnProgress | None) -> bool:
        """Send piece after piece; False where storage no longer knows the upload, or did not make it the object."""
        attempts = self._http.retries.begin(may_pass_or_conflicts)
        offset = 0
        for _request in range(_most_requests(self._size, self._http.retries.attempts)):
            if offset == self._size:
                return True
            try:
                reached = await self._patch(upload, offset)
            except SupabaseError as error:
                if error.kind is ErrorKind.NOT_FOUND:
                    return False
                await attempts.failed(error)
                known = await self._offset(upload)
                if known is None or (known == self._size and not await self._is_published(upload)):
                    return False
                reached = known
            if reached > offset:
                attempts.progressed()
            offset = reached
            if on_progress is not None:
                on_progress(offset, self._size)
        return offset == self._size

    async def _create(self, content_type: str) -> str:
        named = {
            "bucketName": self._bucket,
            "objectName": self._key,
            "contentType": content_type,
            "cacheControl": _CACHE_SECONDS,
        }
        metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in named.items())
        headers = {**_TUS, "Upload-Length": str(self._size), "Upload-Metadata": metadata}
        async with self._http.stream(
            "POST", _RESUMABLE, doing=self._doing, client=self._client, headers=headers
        ) as response:
            location = response.headers.get("location", "")
        # The server may not know under which address it is reached, so only the upload's id is taken from it.
        found = _LOCATION.search(location.partition("?")[0])
        if found is None:
            raise from_storage(status=502, body=b"", doing=f"{self._doing} (the answer names no upload)")
        return found["id"]

    async def _patch(self, upload: str, offset: int) -> int:
        length = min(SMALL, self._size - offset)
        if offset + length == self._size:
            await self._before_write()
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(length),
        }
        async with self._http.stream(
            "PATCH",
            f"{_RESUMABLE}/{upload}",
            doing=self._doing,
            client=self._client,
            headers=headers,
            content=_pieces(self._path, offset, length),
        ) as response:
            return self._offset_of(response)

    async def _is_published(self, upload: str) -> bool:
        """Return whether the upload whose last answer did not come became the object: storage may have failed then."""
        policy = replace(self._http.retries, attempts=_MOST_LOOKS, base_seconds=1.0)

        async def look() -> bool:
            info = await stat(self._http, self._bucket, self._key)
            if info is None or info.size != self._size or not is_version_of(info.version, upload):
                raise _NotPublished
            return True

        try:
            return await policy.run(look, lambda error: Again("late") if isinstance(error, _NotPublished) else None)
        except _NotPublished:
            return False

    async def _offset(self, upload: str) -> int | None:
        async def once() -> int | None:
            try:
                async with self._http.stream(
                    "HEAD", f"{_RESUMABLE}/{upload}", doing=self._doing, client=self._client, headers=_TUS
                ) as response:
                    return self._offset_of(response)
            except SupabaseError as error:
                if error.kind is ErrorKind.NOT_FOUND:
                    return None
                raise

        return await self._http.retries.run(once, may_pass)

    def _offset_of(self, response: httpx.Response) -> int:
        said = response.headers.get("upload-offset", "")
        if not said.isdecimal() or int(said) > self._size:
            raise from_storage(status=502, body=b"", doing=f"{self._doing} (the answer names no offset)")
        return int(said)


def is_version_of(version: str | None, upload: str) -> bool:
    """Return whether an object's version is that of an upload, or may be. Pure.

    Storage names an upload by bucket, object and version, as base64url. A name in another form tells nothing, and
    neither does an object whose version is unknown.
    """
    if version is None:
        return True
    try:
        named = base64.urlsafe_b64decode(upload + "=" * (-len(upload) % 4)).decode()
    except ValueError:
        return True
    return named.endswith(version) or "/" not in named


def _most_requests(size: int, attempts: int) -> int:
    """Return how many requests an upload may take: each piece as often as it may fail."""
    return (size // SMALL + 1) * attempts
