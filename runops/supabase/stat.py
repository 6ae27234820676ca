"""What storage knows of an object: its index is asked and, where that does not tell, the object itself.

The index does not tell where a row came by a dump or a script (its metadata is null), where storage-api is older than
v1.7.0 of July 2024 (no body, or "not found" for objects that exist), and where the key is bad: then a private bucket
does not exist for `/object/info`. A HEAD is answered from the index as well. A part of one byte is not: it is read from
the object, and a bad key is called a bad key.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import ObjectInfo, object_path
from runops.supabase.retry import may_pass
from runops.supabase.storage_http import StorageHttp, unexpected_answer

__all__ = ["ask_index", "info_in", "info_of_part", "names_no_bucket", "names_no_object", "size_in", "stat"]

_NO_SUCH_KEY = "NoSuchKey"
"""Only storage-api from v1.0.0 says so, and then it has looked."""
_NO_SUCH_RANGE = 416
_FIRST_BYTE = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
_CONTENT_RANGE = re.compile(r"bytes 0-0/(?P<total>\d{1,18})")
_NO_ROUTE = re.compile(r"Route \w+:")


async def stat(http: StorageHttp, bucket: str, key: str) -> ObjectInfo | None:
    """Return size, type and version of an object; None where there is none.

    Raises
    ------
    SupabaseError
        Storage could not be asked, or the bucket does not exist.
    """
    doing = f"reading the size of {bucket}/{key}"
    try:
        info = await ask_index(http, bucket, key, doing=doing)
    except SupabaseError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        if error.code == _NO_SUCH_KEY:
            return None
        info = None
    if info is not None:
        return info
    where = f"/object/authenticated/{object_path(bucket, key)}"

    async def of_the_object() -> ObjectInfo | None:
        async with http.stream("GET", where, doing=doing, headers=_FIRST_BYTE) as response:
            return info_of_part(response.status_code, response.headers)

    try:
        info = await http.retries.run(of_the_object, may_pass)
    except SupabaseError as error:
        if error.status == _NO_SUCH_RANGE:
            # No first byte: it is empty.
            return ObjectInfo(0, None, None)
        if names_no_object(error):
            return None
        raise
    if info is None:
        raise unexpected_answer(doing)
    return info


async def ask_index(http: StorageHttp, bucket: str, key: str, *, doing: str) -> ObjectInfo | None:
    """Return what the index tells of an object; None where it does not tell the size.

    Raises
    ------
    SupabaseError
        Storage could not be asked, or it says that there is none. A bad key is told as a missing bucket.
    """
    where = f"/object/info/{object_path(bucket, key)}"

    async def once() -> bytes:
        async with http.stream("GET", where, doing=doing) as response:
            return await response.aread()

    return info_in(await http.retries.run(once, may_pass))


def info_in(body: bytes) -> ObjectInfo | None:
    """Return what an answer of `/object/info` tells; None where it does not tell the size. Pure."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or (size := size_in(said)) is None:
        return None
    return ObjectInfo(size, _text(said.get("etag")), _text(said.get("content_type")), _text(said.get("version")))


def info_of_part(status: int, headers: Mapping[str, str]) -> ObjectInfo | None:
    """Return what the answer to a request for the first byte tells; None where it does not tell the size. Pure."""
    if status == 206:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        size = None if found is None else int(found["total"])
    else:
        size = _whole(headers.get("content-length"))
    return None if size is None else ObjectInfo(size, headers.get("etag") or None, headers.get("content-type") or None)


def size_in(metadata: Any) -> int | None:
    """Return the size in bytes in the metadata of an object; None where there is none. Pure."""
    return _whole(metadata.get("size")) if isinstance(metadata, Mapping) else None


def names_no_object(error: SupabaseError) -> bool:
    """Return whether storage says that the object does not exist.

    A missing bucket has the same status, and so has a path that storage-api does not know. An address without storage
    has no code at all.
    """
    return (
        error.kind is ErrorKind.NOT_FOUND
        and error.code is not None
        and not names_no_bucket(error)
        and _NO_ROUTE.match(error.server_words) is None
    )


def names_no_bucket(error: SupabaseError) -> bool:
    """Return whether storage says that the bucket does not exist."""
    return (
        error.kind is ErrorKind.NOT_FOUND
        and error.code is not None
        and "bucket" in f"{error.code} {error.server_words}".lower()
        and _NO_ROUTE.match(error.server_words) is None
    )


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
