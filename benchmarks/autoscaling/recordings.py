"""Recordings in the stack's storage that have a size and no content: light workers do not read them."""

import random
from collections.abc import Sequence
from uuid import UUID

from devstack.stack import StackInfo
from devstack.supabase.gateway.storage.store import Store
from runops.videojob import VideoJobSpec

__all__ = ["put_recordings"]

_SMALLEST, _LARGEST = 20_000_000, 750_000_000


def put_recordings(stack: StackInfo, job_ids: Sequence[UUID], *, seed: int) -> None:
    """Put a recording for each row, of 20 to 750 MB, as files without blocks. Nobody may use the storage meanwhile.

    Parameters
    ----------
    stack
        The stack.
    job_ids
        The rows.
    seed
        Of the sizes.
    """
    chance = random.Random(seed)  # noqa: S311 - sizes
    folder = stack.directory / "storage"
    store = Store(folder)
    try:
        for job_id in job_ids:
            spec = VideoJobSpec(job_id=str(job_id))
            file = folder / "incoming" / f"{job_id}.mp4"
            with file.open("wb") as sink:
                sink.truncate(chance.randint(_SMALLEST, _LARGEST))
            store.publish(
                file,
                bucket=spec.source.bucket,
                name=spec.source_object,
                etag=f'"{job_id.hex}"',
                upsert=True,
                mime_type="video/mp4",
                cache_control="no-cache",
                metadata={},
            )
    finally:
        store.close()
