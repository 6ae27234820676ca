"""Buckets, objects and unfinished uploads, as the index keeps them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from devstack.supabase.gateway.storage import errors

_NAME = re.compile(r"[\w/!\-.*'() &$@=;:+,?]+", re.ASCII)
_LONGEST_NAME = 1024
"""A longer one is more than a file system or the index of names takes."""


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

    def check_type(self, mime_type: str, *, in_parts: bool = False) -> None:
        """Raise the service's error if objects of a type may not enter. Letters and parameters count as they are.

        An empty list lets everything in, and nothing that comes in parts.
        """
        allowed = self.allowed_mime_types
        if allowed is None or not (allowed or in_parts):
            return
        kind, slash, _ = mime_type.partition("/")
        if not slash or not {mime_type, f"{kind}/*"} & set(allowed):
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
    is_described : bool
        Whether the index knows size and type. Rows that came by a dump or a script have none.
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
    is_described: bool = True

    def info(self) -> dict[str, Any]:
        """Return what `GET /object/info` shows."""
        described = {
            "size": self.size,
            "content_type": self.mime_type,
            "cache_control": self.cache_control,
            "etag": self.etag,
        }
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "bucket_id": self.bucket,
            **(described if self.is_described else dict.fromkeys(described)),
            "metadata": self.metadata if self.is_described else None,
            "last_modified": self.updated_at,
            "created_at": self.created_at,
        }

    def row(self, name: str | None = None) -> dict[str, Any]:
        """Return what listings show; `name` may be relative to the listed folder."""
        described = {
            "eTag": self.etag,
            "size": self.size,
            "mimetype": self.mime_type,
            "cacheControl": self.cache_control,
            "lastModified": self.updated_at,
            "contentLength": self.size,
            "httpStatusCode": 200,
        }
        return {
            "name": name if name is not None else self.name,
            "id": self.id,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "last_accessed_at": self.updated_at,
            "metadata": described if self.is_described else None,
        }


class Upload(BaseModel):
    """A resumable upload.

    Attributes
    ----------
    version : str
        Of the object that it becomes.
    length : int or None
        In bytes; None until the client says it.
    finished : bool
        Whether it has become the object.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    bucket: str
    name: str
    version: str
    length: int | None
    finished: bool = False
    mime_type: str
    cache_control: str
    metadata: dict[str, Any]
    upload_metadata: str
    expires_at: float


def is_placeholder(name: str) -> bool:
    """Tell whether an object marks an empty folder. It must be empty, and may have any type."""
    return name.endswith(".emptyFolderPlaceholder")


def check_name(name: str) -> str:
    """Return an object's name if the service takes it, else raise its error."""
    if not _NAME.fullmatch(name) or any(part in {".", ".."} for part in name.split("/")):
        raise errors.bad_key(name)
    if len(name) > _LONGEST_NAME:
        raise errors.internal("Internal Server Error")
    return name
