"""Finds out the sizes of recordings, so that workers request no more scratch disk than they need."""

import asyncio
from collections.abc import Collection, Iterable
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops.supabase.storage import ObjectStore
from runops.videojob import VideoJobSpec

__all__ = ["RecordingSizes"]

_PATIENCE_SECONDS = 3.0
_AT_ONCE = 20
_MOST_SINGLE_REQUESTS = 100


class RecordingSizes:
    """Asks storage once and does not insist: a worker whose recording's size is unknown gets the default amount.

    Rows that are claimed in a burst were mostly queued a short while ago, and their recordings were uploaded just
    before: one listing of the newest objects shows them all.

    Parameters
    ----------
    storage
        Of the project.
    """

    def __init__(self, storage: ObjectStore) -> None:
        self._storage = storage

    async def of(self, job_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the sizes in bytes of the recordings that storage answers within three seconds in all."""
        sizes: dict[UUID, int] = {}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                if len(job_ids) > _AT_ONCE:
                    sizes.update(await self._among_the_newest(job_ids))
                left = [job_id for job_id in job_ids if job_id not in sizes]
                await self._one_by_one(left[:_MOST_SINGLE_REQUESTS], sizes)
        except TimeoutError:
            pass
        return sizes

    async def _among_the_newest(self, job_ids: Iterable[UUID]) -> dict[UUID, int]:
        sources = {job_id: VideoJobSpec(job_id=str(job_id)) for job_id in job_ids}
        spec = next(iter(sources.values()))
        folder, _, _ = spec.source_object.rpartition("/")
        try:
            newest = await self._storage.newest_sizes(spec.source.bucket, folder)
        except SupabaseError:
            return {}
        return {job_id: newest[one.source_object] for job_id, one in sources.items() if one.source_object in newest}

    async def _one_by_one(self, job_ids: Iterable[UUID], sizes: dict[UUID, int]) -> None:
        left = iter(job_ids)

        async def ask() -> None:
            for job_id in left:
                spec = VideoJobSpec(job_id=str(job_id))
                try:
                    info = await self._storage.stat(spec.source.bucket, spec.source_object)
                except SupabaseError:
                    continue
                if info is not None:
                    sizes[job_id] = info.size

        await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
