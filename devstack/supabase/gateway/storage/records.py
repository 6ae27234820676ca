"""Buckets, objects and unfinished uploads, as the index keeps them."""

from __future__ import annotations

import fnmatch
import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from devstack.supabase.gateway.storage import errors

_NAME = re.compile(r"[\w/!\-.*'() &$@=;:+,?]+", re.ASCII)
_LONGEST_NAME = 1024


def now() -> str:
    """Return the time as the service writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Bucket(BaseModel):
    """A bucket; sizes in bytes, None for no limit."""

    model_config = ConfigDict(frozen=True)

    id: str
    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: list[str] | None = None
    created_at: str
    updated_at: str

    def as_json(self) -> dict[str, Any]:
        """Return the bucket as the service shows it."""
        return self.model_dump() | {"name": self.id, "owner": "", "type": "STANDARD"}

    def check_type(self, mime_type: str) -> None:
        """Raise the service's error if objects of a type may not enter."""
        plain = mime_type.partition(";")[0].strip().lower()
        allowed = self.allowed_mime_types
        if allowed and not any(fnmatch.fnmatchcase(plain, pattern.lower()) for pattern in allowed):
            raise errors.bad_mime_type(mime_type)


class StoredObject(BaseModel):
    """An object.

    Attributes
    ----------
    version : str
        Names the file with its bytes; every upload makes a new one.
    size : int
        In bytes.
    etag : str
        MD5 of the bytes, in double quotes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    bucket: str
    name: str
    version: str
    size: int
    mime_type: str
    cache_control: str
    etag: str
    metadata: dict[str, Any]
    created_at: str
    updated_at: str

    def info(self) -> dict[str, Any]:
        """Return what `GET /object/info` shows."""
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "bucket_id": self.bucket,
            "size": self.size,
            "content_type": self.mime_type,
            "cache_control": self.cache_control,
            "etag": self.etag,
            "metadata": self.metadata,
            "last_modified": self.updated_at,
            "created_at": self.created_at,
        }

    def row(self, name: str | None = None) -> dict[str, Any]:
        """Return what listings show; `name` may be relative to the listed folder."""
        return {
            "name": name if name is not None else self.name,
            "id": self.id,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "last_accessed_at": self.updated_at,
            "metadata": {
                "eTag": self.etag,
                "size": self.size,
                "mimetype": self.mime_type,
                "cacheControl": self.cache_control,
                "lastModified": self.updated_at,
                "contentLength": self.size,
                "httpStatusCode": 200,
            },
        }


class Upload(BaseModel):
    """A resumable upload under way; `length` in bytes is None until the client says it."""

    model_config = ConfigDict(frozen=True)

    id: str
    bucket: str
    name: str
    length: int | None
    upsert: bool
    mime_type: str
    cache_control: str
    metadata: dict[str, Any]
    upload_metadata: str
    expires_at: float


def check_name(name: str) -> str:
    """Return an object's name if the service takes it, else raise its error."""
    segments = name.split("/")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name) or any(part in {"", ".", ".."} for part in segments):
        raise errors.bad_key(name)
    return name
