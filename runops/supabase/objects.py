"""Objects and buckets of Supabase Storage, as values."""

from dataclasses import dataclass
from urllib.parse import quote

from runops.supabase.errors import ErrorKind, Service, SupabaseError

__all__ = ["BucketInfo", "Downloaded", "ObjectInfo", "megabytes", "object_path"]

_UNESCAPED = "/!*'()"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What storage knows of an object.

    Attributes
    ----------
    size
        In bytes.
    etag
        Changes with the content; None where storage gives none.
    content_type
        As it was uploaded with.
    version
        Names this very upload; None where storage does not tell.
    """

    size: int
    etag: str | None
    content_type: str | None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived whole: its size in bytes, the hex SHA-256 of its content, the object's etag."""

    size: int
    sha256: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """A bucket: its largest file in bytes and the content types it takes; None for "any"."""

    exists: bool
    file_size_limit: int | None
    allowed_mime_types: tuple[str, ...] | None


def object_path(bucket: str, key: str) -> str:
    """Return bucket and key as a percent-encoded path.

    Raises
    ------
    SupabaseError
        `INVALID` for an empty name or one with a segment that a proxy could resolve to another object.
    """
    parts = [bucket, *key.split("/")]
    if any(part in {"", ".", ".."} for part in parts) or "/" in bucket:
        raise SupabaseError(
            ErrorKind.INVALID,
            f"{bucket}/{key} is not a name of an object: no part between slashes may be empty, '.' or '..'.",
            service=Service.STORAGE,
        )
    return quote(f"{bucket}/{key}", safe=_UNESCAPED)


def megabytes(size: int) -> str:
    """Return a size in bytes as a person reads it: `1.1 MB`."""
    return f"{size / 1e6:.1f} MB"
