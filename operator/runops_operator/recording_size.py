"""Finds out how large recordings are, so that their workers ask for no more scratch disk than they need."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops.supabase.storage import ObjectStore
from runops.videojob import VideoJobSpec

__all__ = ["RecordingSizes"]

_PATIENCE_SECONDS = 3.0
_AT_ONCE = 20


class RecordingSizes:
    """Asks storage, without insisting: a worker whose recording's size is not known gets the usual amount.

    Parameters
    ----------
    storage
        Of the project.
    """

    def __init__(self, storage: ObjectStore) -> None:
        self._storage = storage

    async def of(self, job_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the sizes in bytes of the recordings that storage tells of within three seconds in all."""
        gate = asyncio.Semaphore(_AT_ONCE)
        sizes: dict[UUID, int] = {}

        async def look(job_id: UUID) -> None:
            spec = VideoJobSpec(job_id=str(job_id))
            async with gate:
                try:
                    info = await self._storage.stat(spec.source.bucket, spec.source_object)
                except SupabaseError:
                    return
            if info is not None:
                sizes[job_id] = info.size

        looks = [asyncio.create_task(look(job_id)) for job_id in job_ids]
        if looks:
            done, late = await asyncio.wait(looks, timeout=_PATIENCE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            for task in done:
                task.result()
        return sizes
