"""Reads what the tables and storage tell of one job."""

import asyncio
from uuid import UUID

from runops.object_names import checkpoint_object, made_objects
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_cli.rows.job_story import StoredObject

__all__ = ["read_checkpoint", "stored_objects"]

_BUCKET = Source().bucket


async def stored_objects(supabase: Supabase, job_id: UUID) -> list[StoredObject]:
    """Return the recording and what was made of it.

    Raises
    ------
    SupabaseError
        Storage could not be read.
    """
    keys = [f"raw/{job_id}.mp4", *(key for key in made_objects(job_id) if key != checkpoint_object(job_id))]
    found = await asyncio.gather(*(supabase.storage.stat(_BUCKET, key) for key in keys))
    return [
        StoredObject(_name(key), f"{_BUCKET}/{key}", None if info is None else info.size)
        for key, info in zip(keys, found, strict=True)
    ]


async def read_checkpoint(supabase: Supabase, job_id: UUID) -> object:
    """Return what a worker has noted of its work; None where it has noted nothing, or where that cannot be read."""
    try:
        return await supabase.storage.read_json(_BUCKET, checkpoint_object(job_id))
    except SupabaseError:
        # It is told in addition, and a job is shown without it.
        return None


def _name(key: str) -> str:
    folder = key.partition("/")[0]
    if ".evidence." in key:
        return "evidence"
    return {"raw": "recording", "slim": "slim video", "transcripts": "transcript", "sops": "SOP"}.get(folder, key)
