"""Downloads an object to disk as a stream: memory stays flat, and a lost connection resumes where it broke."""

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from runops.failures import TABLE, Failed, Reason
from runops.retrying import Again
from runops.supabase.classify import from_storage
from runops.supabase.errors import SupabaseError
from runops.supabase.objects import Downloaded, megabytes, object_path
from runops.supabase.retry import may_pass
from runops.supabase.stat import names_no_object
from runops.supabase.storage_http import StorageHttp

__all__ = ["fetch_to_file", "partial_file"]

_PIECE = 256 * 1024
_NO_SUCH_RANGE = 416
_MOST_CONNECTIONS = 200
"""A download that needs more connections fails, even if each of them brought bytes."""

OnProgress = Callable[[int, int | None], None]


@dataclass
class _Part:
    """The part of the file that has arrived."""

    file: BinaryIO
    etag: str | None = None
    size: int = 0
    total: int | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def start_over(self, etag: str | None) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.etag, self.size, self.total, self.digest = etag, 0, None, hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self.file.write(piece)
        # The reader of the progress reads the file too, and a buffer may hold more than a piece.
        self.file.flush()
        self.digest.update(piece)
        self.size += len(piece)


def partial_file(target: Path) -> Path:
    """Return the file that holds a download until it is whole."""
    return target.with_name(f"{target.name}.part")


async def fetch_to_file(
    http: StorageHttp,
    bucket: str,
    key: str,
    target: Path,
    *,
    max_bytes: int,
    on_progress: OnProgress | None,
) -> Downloaded:
    """Download an object beside its target and rename it when it is whole.

    Parameters
    ----------
    http
        The storage service.
    bucket, key
        The object.
    target
        Where to; meanwhile `partial_file` exists.
    max_bytes
        No byte beyond it is written, whatever storage says the size is.
    on_progress
        Called with the bytes so far, which are in `partial_file` by then, and the total (None where storage does not
        say). An error that it raises ends the download.

    Raises
    ------
    Failed
        `MediaTooLarge`, `SourceEmpty`, `SourceMissing` where the object vanished, `DiskFull`.
    SupabaseError
        Storage could not be read, after several tries in a row that brought nothing.
    """
    partial = partial_file(target)
    try:
        with partial.open("wb") as file:
            part = _Part(file)
            await _fill(http, part, bucket, key, max_bytes=max_bytes, on_progress=on_progress)
            if part.size == 0:
                remedy = TABLE[Reason.SOURCE_EMPTY].remedy
                raise Failed(Reason.SOURCE_EMPTY, f"{bucket}/{key} is an empty file. {remedy}")
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Failed(Reason.DISK_FULL, f"The disk is full after {part.size} bytes of {bucket}/{key}.") from error
        raise
    finally:
        partial.unlink(missing_ok=True)
    return Downloaded(part.size, part.digest.hexdigest(), part.etag)


async def _fill(
    http: StorageHttp, part: _Part, bucket: str, key: str, *, max_bytes: int, on_progress: OnProgress | None
) -> None:
    attempts = http.retries.begin(_may_go_on)
    for _connection in range(_MOST_CONNECTIONS):
        before = part.size
        try:
            await _one_connection(http, part, bucket, key, max_bytes=max_bytes, on_progress=on_progress)
        except SupabaseError as error:
            if names_no_object(error):
                raise Failed(
                    Reason.SOURCE_MISSING, f"{bucket}/{key} vanished from storage while it was downloaded."
                ) from error
            if error.status == _NO_SUCH_RANGE:
                part.start_over(None)
            if part.size > before:
                attempts.progressed()
            await attempts.failed(error)
            last = error
        else:
            return
    raise last


def _may_go_on(error: BaseException) -> Again | None:
    """Also retry where storage has fewer bytes than are on disk: the object was replaced."""
    if isinstance(error, SupabaseError) and error.status == _NO_SUCH_RANGE:
        return Again("no such range")
    return may_pass(error)


async def _one_connection(
    http: StorageHttp, part: _Part, bucket: str, key: str, *, max_bytes: int, on_progress: OnProgress | None
) -> None:
    doing = f"downloading {bucket}/{key}"
    headers = {"Accept-Encoding": "identity"}
    # Storage does not look at `If-Range`: it gives the rest of whatever object is there now. Only the entity tag of the
    # answer tells, and without one nothing is resumed.
    if part.size and part.etag is not None:
        headers["Range"] = f"bytes={part.size}-"
    path = f"/object/authenticated/{object_path(bucket, key)}"
    async with http.stream("GET", path, doing=doing, headers=headers) as response:
        # Empty where storage knows none.
        etag = response.headers.get("etag") or None
        if response.status_code != 206:
            part.start_over(etag)
        elif etag != part.etag or not response.headers.get("content-range", "").startswith(f"bytes {part.size}-"):
            # The object was replaced: the bytes on disk belong to the old one.
            part.start_over(None)
            raise from_storage(status=503, body=b"", doing=f"{doing} (it changed meanwhile)")
        part.total = _total(response, part.size)
        _refuse_too_large(part.total or 0, max_bytes, bucket, key)
        async for piece in response.aiter_raw(_PIECE):
            _refuse_too_large(part.size + len(piece), max_bytes, bucket, key)
            part.add(piece)
            if on_progress is not None:
                on_progress(part.size, part.total)
    if part.total is not None and part.size != part.total:
        raise from_storage(status=502, body=b"", doing=f"{doing} ({part.size} of {part.total} bytes came)")


def _total(response: httpx.Response, offset: int) -> int | None:
    length = response.headers.get("content-length", "")
    return offset + int(length) if length.isdecimal() else None


def _refuse_too_large(size: int, max_bytes: int, bucket: str, key: str) -> None:
    if size > max_bytes:
        raise Failed(
            Reason.MEDIA_TOO_LARGE,
            f"{bucket}/{key} has {megabytes(size)} or more; the limit is {megabytes(max_bytes)}. "
            f"{TABLE[Reason.MEDIA_TOO_LARGE].remedy}",
        )
