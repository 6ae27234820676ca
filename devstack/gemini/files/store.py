"""Uploaded files: received in order onto disk, measured, then kept as size, hash and measurements only."""

import asyncio
import hashlib
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from devstack.gemini.behaviour import Outcome
from devstack.gemini.files.measure import Media, MediaError, measure
from devstack.gemini.files.stored_file import StoredFile
from devstack.gemini.wire.api_error import ApiError, invalid, reading_goes_on
from devstack.gemini_reading.read_clip import NotReadError, read_clip

__all__ = ["FILE_LIMIT", "FileStore", "Upload"]

FILE_LIMIT = 2 * 1024**3
"""Largest file, in bytes."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_NAMED = re.compile(rb"files/([a-z0-9-]{1,40})")
_MAX_DISPLAY_NAME = 512
_UPLOADS = 1_000
_UPLOAD_IDS_KEPT = 1_000
_USED_NAMES_KEPT = 10_000
_MEASUREMENTS_KEPT = 1_000
_WAITS_SECONDS = 200.0
"""How long a call waits for what is read. Less than clients wait for the first part of an answer."""
_ASK_AGAIN_SECONDS = 20.0


_AT_FIRST_USE: dict[Outcome, Literal["gone", "not ready"]] = {
    Outcome.FILE_GONE: "gone",
    Outcome.FILE_NOT_READY: "not ready",
}


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


@dataclass
class Upload:
    """A resumable upload under way.

    Attributes
    ----------
    size : int
        Bytes announced.
    received : int
        Bytes taken in order.
    outcome : Outcome or None
        Scripted fate.
    lost : bool
        A chunk was lost on purpose, so offsets no longer match.
    """

    identity: str
    name: str
    display_name: str
    mime_type: str
    size: int
    path: Path
    outcome: Outcome | None = None
    received: int = 0
    lost: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def lossy(self) -> bool:
        """Whether bytes are lost on purpose."""
        return self.outcome is Outcome.TRUNCATED_FINALIZE


class FileStore:
    """All files of one stand-in.

    Parameters
    ----------
    directory : Path
        Holds what is being received, and one small JSON document per file, so that a restart on the same
        directory still knows the files.

    Attributes
    ----------
    upload_ids
        Recently returned addresses, each of them a secret: a test looks for them where they must not be.
    waits_seconds
        How long a call waits for a video that is being read.
    """

    def __init__(self, directory: Path) -> None:
        self.waits_seconds = _WAITS_SECONDS
        self._spool = directory / "spool"
        self._kept = directory / "files"
        for folder in (self._spool, self._kept):
            folder.mkdir(parents=True, exist_ok=True)
        self._uploads: dict[str, Upload] = {}
        self.upload_ids: deque[str] = deque(maxlen=_UPLOAD_IDS_KEPT)
        self._files: dict[str, StoredFile] = {}
        self._used: dict[str, None] = {}
        self._measuring: set[asyncio.Task[None]] = set()
        self._task_of: dict[str, asyncio.Task[None]] = {}
        self._measured: dict[str, Media] = {}
        for document in sorted(self._kept.glob("*.json")):
            stored = StoredFile.model_validate_json(document.read_bytes())
            if not stored.measured:
                stored.measured, stored.failure = True, "Processing was interrupted."
            if stored.unread:
                stored.unread, stored.failure = False, "Reading was interrupted: the stand-in was ended meanwhile."
            self._files[stored.name] = stored
        for left in self._spool.iterdir():
            left.unlink()

    async def close(self) -> None:
        """Stop measuring and drop what was not finished."""
        for task in self._measuring:
            task.cancel()
        await asyncio.gather(*self._measuring, return_exceptions=True)
        for upload in list(self._uploads.values()):
            self.drop(upload)

    def start(self, *, announced: dict[str, Any], size: int, mime_type: str, outcome: Outcome | None) -> Upload:
        """Open an upload.

        Parameters
        ----------
        announced : dict
            The `file` object of the start request.
        size : int
            Bytes to come.
        mime_type : str
            Taken where `announced` names none.
        outcome : Outcome or None
            Scripted fate.

        Raises
        ------
        ApiError
            400 for a malformed name or a file too large, 409 for a name in use or used before.
        """
        if not 0 <= size <= FILE_LIMIT:
            raise invalid(f"The file must have at most {FILE_LIMIT} bytes.")
        name = str(announced.get("name") or f"files/{secrets.token_hex(6)}").removeprefix("files/")
        if _NAME.fullmatch(name) is None:
            raise invalid("A file name has at most 40 lower-case letters, digits and inner dashes.")
        self._check_free(name)
        display_name = str(announced.get("displayName") or "")
        if len(display_name) > _MAX_DISPLAY_NAME:
            raise invalid(f"A display name has at most {_MAX_DISPLAY_NAME} characters.")
        announced_size = announced.get("sizeBytes")
        if announced_size is not None and int(announced_size) != size:
            raise invalid("size_bytes differs from X-Goog-Upload-Header-Content-Length.")
        if len(self._uploads) >= _UPLOADS:
            self.drop(next(iter(self._uploads.values())))
        identity = secrets.token_urlsafe(24)
        upload = Upload(
            identity=identity,
            name=name,
            display_name=display_name,
            mime_type=str(announced.get("mimeType") or mime_type),
            size=size,
            path=self._spool / f"{name}-{identity}",
            outcome=outcome,
        )
        upload.path.touch()
        self._uploads[identity] = upload
        self.upload_ids.append(identity)
        return upload

    def _check_free(self, name: str) -> None:
        known = self._files.get(name)
        if name in self._used or (known is not None and not known.expired):
            raise ApiError(409, "Requested entity already exists")

    def upload(self, identity: str) -> Upload:
        """Return the upload under way with this id, or answer 404."""
        upload = self._uploads.get(identity)
        if upload is None:
            raise ApiError(404, "This upload is not known or is over.")
        return upload

    def drop(self, upload: Upload) -> None:
        """Forget an upload and its bytes."""
        self._uploads.pop(upload.identity, None)
        upload.path.unlink(missing_ok=True)

    async def append(self, upload: Upload, blocks: AsyncIterator[bytes], *, limit: int) -> None:
        """Take a chunk, block by block, straight to disk.

        Parameters
        ----------
        upload : Upload
            Where it belongs.
        blocks : async iterator of bytes
            The body of the request.
        limit : int
            Bytes of the chunk that are kept.

        Raises
        ------
        ApiError
            400: more bytes than announced.
        """
        with upload.path.open("ab") as spool:
            # A chunk whose connection broke left part of itself behind; it is sent again from its start.
            spool.truncate(upload.received)
            digest, received = upload.digest.copy(), upload.received
            async for block in blocks:
                kept = block[: max(0, limit)]
                limit -= len(kept)
                received += len(kept)
                if received > upload.size:
                    raise invalid("More bytes were sent than announced.")
                digest.update(kept)
                spool.write(kept)
        upload.digest, upload.received = digest, received

    def finish(
        self, upload: Upload, *, polls_before_active: int, processing_seconds: float = 0.0, reads: bool = False
    ) -> StoredFile:
        """Turn a whole upload into a file and begin to measure it.

        Parameters
        ----------
        upload : Upload
            All of its bytes have arrived.
        polls_before_active : int
            How often it answers PROCESSING at least.
        processing_seconds : float
            For how long it does so at least.
        reads : bool
            Whether a video is read, too.

        Raises
        ------
        ApiError
            409: its name was taken meanwhile.
        """
        self._check_free(upload.name)
        self._uploads.pop(upload.identity, None)
        stored = StoredFile(
            name=upload.name,
            display_name=upload.display_name,
            mime_type=upload.mime_type,
            size=upload.received,
            sha256=upload.digest.hexdigest(),
            created=time.time(),
            polls_left=polls_before_active,
            ready_at=time.time() + processing_seconds,
            fails_at_first_use=_AT_FIRST_USE.get(upload.outcome) if upload.outcome is not None else None,
            stuck=upload.outcome is Outcome.FILE_STUCK,
        )
        self._files[stored.name] = stored
        self._used[stored.name] = None
        if len(self._used) > _USED_NAMES_KEPT:
            del self._used[next(iter(self._used))]
        self._keep(stored)
        fails = upload.outcome is Outcome.FILE_FAILED
        task = asyncio.create_task(self._measure(stored, upload.path, fails=fails, reads=reads))
        self._measuring.add(task)
        self._task_of[stored.name] = task
        task.add_done_callback(self._measuring.discard)
        return stored

    async def _measure(self, stored: StoredFile, path: Path, *, fails: bool, reads: bool) -> None:
        try:
            if fails:
                stored.failure = "The file failed to be processed."
            elif stored.mime_type.startswith(("video/", "audio/")):
                stored.media = await self._measurements(stored.sha256, path)
                if stored.mime_type.startswith("video/") and not stored.media.frames:
                    stored.failure = "The video has no pictures that can be decoded."
                elif reads and stored.mime_type.startswith("video/"):
                    await self._read(stored, path)
        except MediaError as error:
            stored.failure = f"The file failed to be processed: {error}."
        except NotReadError as error:
            stored.failure = str(error)
        finally:
            _remove(path)
            self._task_of.pop(stored.name, None)
        stored.measured, stored.unread = True, False
        if stored.name in self._files:
            self._keep(stored)

    async def _read(self, stored: StoredFile, path: Path) -> None:
        # It is ACTIVE from here on: how fast this machine reads is no part of what a client waits for its file.
        assert stored.media is not None
        stored.measured = stored.unread = True
        if stored.name in self._files:
            self._keep(stored)
        stored.media = stored.media.model_copy(update={"reading": await read_clip(path)})

    async def read_media(self, name: str) -> Media | None:
        """Return the measurements of a file with what was read in it, and wait for that where it is being read.

        Raises
        ------
        ApiError
            503: it is not read in time, and the client should ask again. 500: it cannot be read.
        """
        stored = self.get(name)
        if (task := self._task_of.get(name)) is not None:
            _, unfinished = await asyncio.wait({task}, timeout=self.waits_seconds)
            if unfinished:
                raise reading_goes_on(waited=self.waits_seconds, again=_ASK_AGAIN_SECONDS)
        if stored.failure:
            raise ApiError(500, f"The video of {stored.name} could not be read: {stored.failure}")
        return stored.media

    async def _measurements(self, sha256: str, path: Path) -> Media:
        """Measure a file. One whose bytes were measured before has the same measurements."""
        if sha256 not in self._measured:
            self._measured[sha256] = await measure(path)
            if len(self._measured) > _MEASUREMENTS_KEPT:
                del self._measured[next(iter(self._measured))]
        return self._measured[sha256]

    def _keep(self, stored: StoredFile) -> None:
        (self._kept / f"{stored.name}.json").write_text(stored.model_dump_json())

    def get(self, name: str) -> StoredFile:
        """Return a file by name; unknown, foreign and expired ones all answer the same 403."""
        stored = self._files.get(name)
        if stored is not None and stored.expired:
            self.delete(name)
            stored = None
        if stored is None:
            raise ApiError(403, f"You do not have permission to access the File {name} or it may not exist.")
        return stored

    def with_contents(self, body: bytes) -> bytes:
        """Return a request in which the hash of each file stands in place of its name."""
        return _NAMED.sub(self._hash, body)

    def _hash(self, found: re.Match[bytes]) -> bytes:
        stored = self._files.get(found[1].decode())
        return found[0] if stored is None else stored.sha256.encode()

    def use(self, name: str) -> StoredFile:
        """Return the file that a generate call names.

        Raises
        ------
        ApiError
            403: it is not there. 400: it is not ACTIVE.
        """
        stored = self.get(name)
        trouble, stored.fails_at_first_use = stored.fails_at_first_use, None
        if trouble == "gone":
            self.delete(name)
            stored = self.get(name)
        if trouble == "not ready" or stored.state != "ACTIVE":
            raise ApiError(
                400,
                f"The File {stored.name} is not in an ACTIVE state and usage is not allowed.",
                status="FAILED_PRECONDITION",
            )
        return stored

    def poll(self, name: str) -> StoredFile:
        """Return a copy of the file as this poll shows it, and count the poll."""
        stored = self.get(name)
        shown = stored.model_copy()
        stored.polls_left = max(0, stored.polls_left - 1)
        return shown

    def delete(self, name: str) -> None:
        """Remove a file."""
        if name not in self._files:
            self.get(name)
        # One that is being read is read to its end and kept by its content: who failed meanwhile uploads it again.
        del self._files[name]
        (self._kept / f"{name}.json").unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of all files, oldest first."""
        return [name for name, stored in list(self._files.items()) if not stored.expired]

    async def inspect(self, content: bytes) -> Media:
        """Return the measurements of media given inline.

        Raises
        ------
        ApiError
            400: it cannot be decoded.
        """
        path = self._spool / f"inline-{secrets.token_hex(8)}"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            return await measure(path)
        except MediaError as error:
            raise invalid(f"The inline media cannot be processed: {error}.") from error
        finally:
            _remove(path)
