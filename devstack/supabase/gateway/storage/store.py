"""Objects on disk: one file per version, an SQLite index that says which version is current.

An object appears, changes and disappears by one statement of the index, after its bytes are complete. So an upload
that is cut off leaves nothing, and what is there survives a restart.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from devstack.supabase.gateway.storage import errors, records
from devstack.supabase.gateway.storage.records import Bucket, StoredObject, Upload

LARGEST_OBJECT = 50 * 2**30
"""Limit of a bucket without its own, in bytes."""

_SCHEMA = """
create table if not exists buckets (id text primary key, record text not null);
create table if not exists objects (
  bucket text not null, name text not null, record text not null, primary key (bucket, name)
) without rowid;
create table if not exists uploads (id text primary key, record text not null);
"""


class Incoming:
    """Bytes on their way in: written to a file of their own, and removed unless they become an object.

    Parameters
    ----------
    path : Path
        The file.
    limit : int
        Most bytes it may get.
    """

    def __init__(self, path: Path, *, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit
        self._digest = hashlib.md5(usedforsecurity=False)

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises
        ------
        StorageError
            If the limit is exceeded.
        """
        self.size += len(chunk)
        if self.size > self._limit:
            raise errors.too_large()
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self) -> str:
        """Flush to the file and return the etag."""
        self._file.flush()
        return f'"{self._digest.hexdigest()}"'


class Store:
    """All buckets, objects and uploads of a stack.

    Parameters
    ----------
    folder : Path
        Their folder; created if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        self._uploads = folder / "uploads"
        for part in (self._objects, self._incoming, self._uploads):
            part.mkdir(parents=True, exist_ok=True)
        for rest in self._incoming.iterdir():
            rest.unlink()
        self._index = sqlite3.connect(folder / "index.sqlite3", isolation_level=None)
        self._index.executescript(_SCHEMA)
        self._index.execute("pragma journal_mode = wal")
        self._index.execute("pragma synchronous = normal")
        self._remove_orphans()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def buckets(self) -> list[Bucket]:
        """Return all buckets by name."""
        rows = self._index.execute("select record from buckets order by id")
        return [Bucket.model_validate_json(row[0]) for row in rows]

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, or raise the service's error if there is none."""
        row = self._index.execute("select record from buckets where id = ?", [name]).fetchone()
        if row is None:
            raise errors.no_such_bucket()
        return Bucket.model_validate_json(row[0])

    def put_bucket(self, bucket: Bucket) -> None:
        """Make or change a bucket."""
        self._index.execute("replace into buckets values (?, ?)", [bucket.id, bucket.model_dump_json()])

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket."""
        self._index.execute("delete from buckets where id = ?", [name])

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return an object, or None."""
        row = self._index.execute("select record from objects where bucket = ? and name = ?", [bucket, name]).fetchone()
        return None if row is None else StoredObject.model_validate_json(row[0])

    def get(self, bucket: str, name: str) -> StoredObject:
        """Return an object, or raise the service's error if there is none."""
        found = self.find(bucket, name)
        if found is None:
            raise errors.no_such_object()
        return found

    def objects(self, bucket: str) -> Iterator[StoredObject]:
        """Give all objects of a bucket, by name."""
        rows = self._index.execute("select record from objects where bucket = ? order by name", [bucket])
        return (StoredObject.model_validate_json(row[0]) for row in rows.fetchall())

    def path(self, stored: StoredObject) -> Path:
        """Return the file with an object's bytes."""
        return self._objects / stored.version

    def has_version(self, version: str) -> bool:
        """Tell whether the bytes of an object's version are there."""
        return (self._objects / version).exists()

    @contextmanager
    def incoming(self, bucket: Bucket, name: str) -> Iterator[Incoming]:
        """Give a place for the bytes of a new object; they are gone afterwards unless published."""
        limit = 0 if records.is_placeholder(name) else size_limit(bucket)
        with Incoming(self._incoming / str(uuid.uuid4()), limit=limit) as incoming:
            yield incoming

    def publish(
        self,
        file: Path,
        *,
        bucket: str,
        name: str,
        etag: str,
        upsert: bool,
        mime_type: str,
        cache_control: str,
        metadata: dict[str, Any],
        version: str | None = None,
    ) -> StoredObject:
        """Make a complete file an object, taking the file away. Without a version it gets a new one.

        Raises
        ------
        StorageError
            If there is one of that name and `upsert` is false.
        """
        old = self.find(bucket, name)
        if old is not None and not upsert:
            raise errors.duplicate()
        stamp = records.now()
        new = StoredObject(
            id=old.id if old else str(uuid.uuid4()),
            bucket=bucket,
            name=name,
            version=version or str(uuid.uuid4()),
            size=file.stat().st_size,
            mime_type=mime_type,
            cache_control=cache_control,
            etag=etag,
            metadata=metadata,
            created_at=old.created_at if old else stamp,
            updated_at=stamp,
        )
        file.rename(self.path(new))
        self._write(new)
        if old is not None:
            self.path(old).unlink(missing_ok=True)
        return new

    def move(self, stored: StoredObject, *, bucket: str, name: str) -> None:
        """Rename an object; the new name must be free."""
        moved = stored.model_copy(update={"bucket": bucket, "name": name})
        with self._index:
            self._index.execute("begin")
            self._delete_row(stored)
            self._write(moved)

    def delete(self, stored: StoredObject) -> None:
        """Remove an object. Downloads that have begun go on."""
        self._delete_row(stored)
        self.path(stored).unlink(missing_ok=True)

    def upload(self, upload_id: str) -> Upload | None:
        """Return an upload under way, or None."""
        row = self._index.execute("select record from uploads where id = ?", [upload_id]).fetchone()
        return None if row is None else Upload.model_validate_json(row[0])

    def put_upload(self, upload: Upload) -> None:
        """Write down an upload."""
        self._index.execute("replace into uploads values (?, ?)", [upload.id, upload.model_dump_json()])

    def upload_path(self, upload: Upload) -> Path:
        """Return the file with what an upload brought so far."""
        return self._uploads / upload.id

    def end_upload(self, upload: Upload) -> None:
        """Forget an upload and what it brought."""
        self._index.execute("delete from uploads where id = ?", [upload.id])
        self.upload_path(upload).unlink(missing_ok=True)

    def _remove_orphans(self) -> None:
        """Remove bytes the index does not know: a gateway that is killed may leave some."""
        rows = self._index.execute("select json_extract(record, '$.version') from objects")
        known = {row[0] for row in rows}
        for path in self._objects.iterdir():
            if path.name not in known:
                path.unlink()

    def _write(self, stored: StoredObject) -> None:
        self._index.execute(
            "replace into objects values (?, ?, ?)", [stored.bucket, stored.name, stored.model_dump_json()]
        )

    def _delete_row(self, stored: StoredObject) -> None:
        self._index.execute("delete from objects where bucket = ? and name = ?", [stored.bucket, stored.name])


def size_limit(bucket: Bucket) -> int:
    """Return the most bytes an object of a bucket may have."""
    return bucket.file_size_limit or LARGEST_OBJECT


def metadata_from(text: str) -> dict[str, Any]:
    """Read user metadata; anything but a JSON object counts as none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
