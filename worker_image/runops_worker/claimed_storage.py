"""Storage of one video, written only while the row is held under the claim."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from runops.failures import TABLE, Failed, Reason
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.kept_claim import KeptClaim

__all__ = ["UPLOAD_SECONDS", "ClaimedStorage"]

UPLOAD_SECONDS = 1800.0
"""Deadline of one upload to storage, where no setting says otherwise."""

_LOG = logging.getLogger(__name__)
_UNREADABLE = frozenset({ErrorKind.INVALID, ErrorKind.TOO_LARGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedStorage:
    """Writes objects under a claim, and reads what earlier attempts wrote.

    Storage has no conditional write. So the claim is checked right before each request that can make an object appear.

    Attributes
    ----------
    supabase
        The connection.
    bucket
        Where all objects of the video are.
    job_id, claim
        The row and the token under which it is held.
    upload_seconds
        Deadline of one upload.
    """

    supabase: Supabase
    bucket: str
    job_id: UUID
    claim: str = field(repr=False)
    upload_seconds: float = UPLOAD_SECONDS

    @property
    def kept(self) -> KeptClaim:
        """The claim, for writes that it fences."""
        return KeptClaim(self.supabase.jobs, self.job_id, self.claim)

    async def check_claim(self) -> None:
        """Check that the row is still held, and wait where an app wrote over the claim.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the claim; another reason where it cannot be read.
        """
        try:
            held = await self.supabase.jobs.held(self.job_id, self.claim) or await self.kept.is_back()
        except SupabaseError as error:
            # Already retried. As `Failed`, so that the retries of the upload do not take it for an error of storage.
            raise Failed(error.reason, error.message) from error
        if not held:
            raise Failed(Reason.CLAIM_LOST)

    async def put_file(
        self, key: str, path: Path, *, content_type: str, on_upload_id: Callable[[str], Awaitable[None]]
    ) -> None:
        """Upload a file.

        Parameters
        ----------
        key
            Name of the object.
        path, content_type
            The file.
        on_upload_id
            Receives the id of a resumable upload before its first byte, so that it can be deleted after a kill.

        Raises
        ------
        Failed
            `ClaimLost`, and then no object appears; `UploadTimeout`, `UploadIncomplete`.
        SupabaseError
            Storage refused it.
        """
        async with self._deadline(key):
            await self.supabase.storage.upload(
                self.bucket,
                key,
                path,
                content_type=content_type,
                before_write=self.check_claim,
                on_upload_id=on_upload_id,
            )

    async def put_json(self, key: str, value: Any) -> None:
        """Upload a JSON value; errors as in `put_file`."""
        async with self._deadline(key):
            await self.supabase.storage.upload_json(self.bucket, key, value, before_write=self.check_claim)

    async def read_json(self, key: str) -> Any | None:
        """Return the JSON value in an object; None where there is no object or no readable JSON in it.

        Raises
        ------
        SupabaseError
            Storage did not answer. Unreadable content is not an error: the worker makes the object again.
        """
        try:
            return await self.supabase.storage.read_json(self.bucket, key)
        except RecursionError:
            kind = ErrorKind.INVALID
        except SupabaseError as error:
            if error.kind not in _UNREADABLE:
                raise
            kind = error.kind
        _LOG.warning("an object of an earlier attempt is unreadable and will be made again", extra={"kind": kind})
        return None

    @asynccontextmanager
    async def _deadline(self, key: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.upload_seconds):
                yield
        except TimeoutError as error:
            raise Failed(
                Reason.UPLOAD_TIMEOUT,
                f"{self.bucket}/{key} was not in storage after {self.upload_seconds:.0f} s. "
                f"{TABLE[Reason.UPLOAD_TIMEOUT].remedy}",
            ) from error
