"""Supabase Storage: objects in and out, as streams."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from runops.failures import TABLE, Failed, Reason
from runops.retrying import Again, RetryPolicy
from runops.supabase.download import fetch_to_file
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops.supabase.http_client import ClockSkew
from runops.supabase.objects import BucketInfo, Downloaded, ObjectInfo, megabytes, object_path
from runops.supabase.postgres_json import postgres_json
from runops.supabase.retry import may_pass
from runops.supabase.stat import ask_index, names_no_bucket, names_no_object, size_in, stat
from runops.supabase.storage_http import StorageHttp, unexpected_answer
from runops.supabase.upload import BeforeWrite, OnUploadId, end_upload, look_for_uploads, send_bytes, send_file

__all__ = ["ObjectStore"]

_LARGEST_JSON = 64 * 1024 * 1024
_NOT_OBJECTS = frozenset({".emptyFolderPlaceholder", ""})
"""Objects that only mark a folder: the dashboard makes a placeholder in an empty one, and S3 programs make an object
that has the folder's name."""
_A_FEW = 20
_MISSING_READS = 3
"""A recording whose row came first may still be on its way up: after so many reads it counts as missing."""


class _Missing(Exception):  # noqa: N818 - it may come yet
    """The object does not exist, or not yet."""


class ObjectStore:
    """The object storage of one project. Parameters are those of `StorageHttp`.

    Every method raises `SupabaseError`, for a missing bucket of kind `NOT_FOUND`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        skew: ClockSkew,
        retries: RetryPolicy,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = StorageHttp(
            url, key, skew=skew, retries=retries, timeout_seconds=timeout_seconds, transport=transport
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def stat(self, bucket: str, key: str) -> ObjectInfo | None:
        """Return size, type and version of an object; None where there is none."""
        return await stat(self._http, bucket, key)

    async def index_tells(self, bucket: str, key: str) -> bool:
        """Return whether the index tells the size of an object that is there; else the object itself is asked."""
        try:
            return await ask_index(self._http, bucket, key, doing=f"asking for the size of {bucket}/{key}") is not None
        except SupabaseError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return False
            raise

    async def takes_parts(self) -> bool:
        """Return whether storage takes large files in parts."""
        try:
            await look_for_uploads(self._http)
        except SupabaseError as error:
            # Something in front may answer such a question in its own way. What is not there is said to be so.
            if error.retryable or error.kind is ErrorKind.KEY_REJECTED:
                raise
            return error.kind is not ErrorKind.NOT_FOUND
        return True

    async def awaited(self, bucket: str, key: str) -> ObjectInfo | None:
        """Return what `stat` returns, after a few reads where nothing is found: the upload may still be running."""
        policy = replace(self._http.retries, attempts=_MISSING_READS, base_seconds=1.0)

        async def present() -> ObjectInfo:
            if (info := await self.stat(bucket, key)) is None:
                raise _Missing
            return info

        try:
            return await policy.run(present, lambda error: Again("missing") if isinstance(error, _Missing) else None)
        except _Missing:
            return None

    async def download(
        self,
        bucket: str,
        key: str,
        target: Path,
        *,
        max_bytes: int,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> Downloaded:
        """Download an object; memory stays flat, and a lost connection resumes where it broke.

        Parameters
        ----------
        bucket, key
            The object.
        target
            The file to write; it appears only when it is whole.
        max_bytes
            Largest object that is taken.
        on_progress
            Called with the bytes so far and the total.

        Raises
        ------
        Failed
            `SourceMissing`, `SourceEmpty`, `MediaTooLarge` (before anything is downloaded), `DiskFull`.
        """
        info = await self.awaited(bucket, key)
        if info is None:
            raise Failed(
                Reason.SOURCE_MISSING,
                f"{bucket}/{key} is not in storage. Upload the recording there and set the row back to queued.",
            )
        if info.size == 0:
            raise Failed(Reason.SOURCE_EMPTY, f"{bucket}/{key} is an empty file. {TABLE[Reason.SOURCE_EMPTY].remedy}")
        if info.size > max_bytes:
            raise Failed(
                Reason.MEDIA_TOO_LARGE,
                f"{bucket}/{key} has {megabytes(info.size)}; the limit is {megabytes(max_bytes)}. "
                f"{TABLE[Reason.MEDIA_TOO_LARGE].remedy}",
            )
        return await fetch_to_file(self._http, bucket, key, target, max_bytes=max_bytes, on_progress=on_progress)

    async def upload(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str,
        on_progress: Callable[[int, int | None], None] | None = None,
        before_write: BeforeWrite | None = None,
        on_upload_id: OnUploadId | None = None,
    ) -> None:
        """Upload a file in place of what is there, and check that it arrived.

        Parameters
        ----------
        bucket, key
            Where to.
        path
            The file; must not change meanwhile.
        content_type
            Its MIME type.
        on_progress
            Called with the bytes so far and the total.
        before_write
            Called right before each request that can make the object appear; storage has no conditional writes. An
            error that it raises prevents the object, and nothing of the upload stays.
        on_upload_id
            Called with the name of each upload that stays unfinished if this process dies, for `end_upload`.

        Raises
        ------
        Failed
            `UploadIncomplete` where storage does not have it at its full size afterwards.
        """
        size = await send_file(
            self._http,
            bucket,
            key,
            path,
            content_type=content_type,
            on_progress=on_progress,
            before_write=before_write,
            on_upload_id=on_upload_id,
        )
        info = await self.stat(bucket, key)
        if info is None or info.size != size:
            there = "nothing" if info is None else f"{info.size} bytes"
            raise Failed(
                Reason.UPLOAD_INCOMPLETE, f"{bucket}/{key} was uploaded with {size} bytes, and storage has {there}."
            )

    async def end_upload(self, upload: str) -> None:
        """Delete the unfinished upload of a process that died, by the name that `on_upload_id` received."""
        await end_upload(self._http, upload)

    async def upload_json(self, bucket: str, key: str, value: Any, *, before_write: BeforeWrite | None = None) -> None:
        """Store a JSON value as an object, in place of what is there; `before_write` as for `upload`."""
        content = json.dumps(postgres_json(value), ensure_ascii=False, allow_nan=False).encode()
        await send_bytes(self._http, bucket, key, content, content_type="application/json", before_write=before_write)

    async def read_json(self, bucket: str, key: str) -> Any | None:
        """Return the JSON value of an object; None where there is none.

        Raises
        ------
        SupabaseError
            `INVALID` where the object holds no JSON, `TOO_LARGE` for more than 64 MiB.
        """
        doing = f"reading {bucket}/{key}"

        async def once() -> bytes:
            content = bytearray()
            path = f"/object/authenticated/{object_path(bucket, key)}"
            async with self._http.stream("GET", path, doing=doing) as response:
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > _LARGEST_JSON:
                        raise SupabaseError(
                            ErrorKind.TOO_LARGE,
                            f"{bucket}/{key} is too large for a JSON file.",
                            service=Service.STORAGE,
                        )
            return bytes(content)

        try:
            return json.loads(await self._http.retries.run(once, may_pass))
        except SupabaseError as error:
            if names_no_object(error):
                return None
            raise
        except ValueError:
            raise SupabaseError(
                ErrorKind.INVALID, f"{bucket}/{key} holds no JSON. Delete it.", service=Service.STORAGE
            ) from None

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects; missing ones are ignored."""
        await self._http.ask(
            "DELETE",
            f"/object/{quote(bucket, safe='')}",
            doing=f"deleting {len(keys)} objects from {bucket}",
            json={"prefixes": list(keys)},
        )

    async def list_prefix(self, bucket: str, prefix: str, *, limit: int = 100) -> list[str]:
        """Return the keys of at most `limit` objects directly in a folder, by name; folders in it are left out."""
        rows = await self._listed(bucket, prefix, limit=limit, by="name", order="asc")
        return [key for key, _ in rows]

    async def newest(self, bucket: str, prefix: str, *, limit: int) -> list[str]:
        """Return the keys of at most `limit` objects directly in a folder, by when storage got them, the last first."""
        rows = await self._listed(bucket, prefix, limit=limit, by="created_at", order="desc")
        return [key for key, _ in sorted(rows, key=lambda one: (str(one[1].get("created_at")), one[0]), reverse=True)]

    async def newest_sizes(self, bucket: str, prefix: str, *, limit: int = 1000) -> dict[str, int]:
        """Return keys and sizes in bytes of the newest objects in a folder, at most `limit`, in one request.

        An object whose size the index does not know is left out; `stat` tells it.
        """
        rows = await self._listed(bucket, prefix, limit=limit, by="created_at", order="desc")
        sizes = {key: size_in(row.get("metadata")) for key, row in rows}
        return {key: size for key, size in sizes.items() if size is not None}

    async def oldest(self, bucket: str, prefix: str) -> str | None:
        """Return since when the oldest object in a folder is there, as storage writes it; None where there is none."""
        # Folders and the placeholder may come first.
        rows = await self._listed(bucket, prefix, limit=_A_FEW, by="created_at", order="asc")
        return next((row["created_at"] for _, row in rows if isinstance(row.get("created_at"), str)), None)

    async def _listed(
        self, bucket: str, prefix: str, *, limit: int, by: str, order: str
    ) -> list[tuple[str, dict[str, Any]]]:
        """Return the objects directly in a folder, each with its key."""
        folder = prefix.strip("/")
        doing = f"listing {bucket}/{folder}"
        rows = await self._http.ask(
            "POST",
            f"/object/list/{quote(bucket, safe='')}",
            doing=doing,
            json={"prefix": folder, "limit": limit, "offset": 0, "sortBy": {"column": by, "order": order}},
        )
        try:
            named = [(str(row["name"]), row) for row in rows if row["id"] is not None]
        except (KeyError, TypeError):
            raise unexpected_answer(doing) from None
        return [(f"{folder}/{name}" if folder else name, row) for name, row in named if name not in _NOT_OBJECTS]

    async def bucket(self, bucket: str) -> BucketInfo | None:
        """Return a bucket's limits; None where it does not exist."""
        doing = f"reading the bucket {bucket}"
        try:
            said = await self._http.ask("GET", f"/bucket/{quote(bucket, safe='')}", doing=doing)
        except SupabaseError as error:
            if names_no_bucket(error):
                return None
            raise
        try:
            types, largest = said.get("allowed_mime_types"), said.get("file_size_limit")
            return BucketInfo(
                exists=True,
                file_size_limit=None if largest is None else int(largest),
                allowed_mime_types=None if types is None else tuple(types),
            )
        except (TypeError, ValueError, AttributeError):
            raise unexpected_answer(doing) from None
