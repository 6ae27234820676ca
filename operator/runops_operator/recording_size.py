"""Finds out how large a recording is, so that its worker asks for no more scratch disk than it needs."""

import asyncio
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops.supabase.storage import ObjectStore
from runops.videojob import VideoJobSpec

__all__ = ["RecordingSizes"]

_PATIENCE_SECONDS = 3.0


class RecordingSizes:
    """Asks storage, without insisting: a worker whose recording's size is not known gets the usual amount.

    Parameters
    ----------
    storage
        Of the project.
    """

    def __init__(self, storage: ObjectStore) -> None:
        self._storage = storage

    async def of(self, job_id: UUID) -> int | None:
        """Return the size in bytes; None where storage does not tell within three seconds."""
        spec = VideoJobSpec(job_id=str(job_id))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                info = await self._storage.stat(spec.source.bucket, spec.source_object)
        except (SupabaseError, TimeoutError):
            return None
        return None if info is None else info.size
