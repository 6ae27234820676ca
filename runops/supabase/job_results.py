"""Reads what came of one job: its objects, its rows in the other tables, its checkpoint. It writes nothing."""

import asyncio
from uuid import UUID

from runops.job_story.results import RECORDING, TRANSCRIPT, JobResults, StoredObject, paid_by_checkpoint
from runops.object_names import answers_folder, answers_object, checkpoint_object, made_objects
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source

__all__ = ["read_results"]

_BUCKET = Source().bucket
_NAMES = {"raw": RECORDING, "slim": "slim video", "transcripts": TRANSCRIPT, "sops": "SOP"}
_NAMES_BY_END = {
    ".evidence.json": "evidence",
    ".merged.json": "SOP merged",
    ".html": "page",
}


async def read_results(supabase: Supabase, job_id: UUID, *, with_checkpoint: bool) -> JobResults:
    """Return what came of a job. What cannot be read is named in it.

    Parameters
    ----------
    supabase
        The project.
    job_id
        The job.
    with_checkpoint
        Whether its checkpoint is wanted too, see `KnownJob.needs_checkpoint`.
    """
    troubles: list[str] = []
    objects, counts = await asyncio.gather(_objects(supabase, job_id, troubles), _counts(supabase, job_id, troubles))
    paid, seconds = paid_by_checkpoint(await _checkpoint(supabase, job_id) if with_checkpoint else None)
    return JobResults(objects, *counts, paid, seconds, tuple(troubles))


async def _objects(supabase: Supabase, job_id: UUID, troubles: list[str]) -> tuple[StoredObject, ...]:
    beside = {checkpoint_object(job_id), answers_object(job_id)}
    keys = [f"raw/{job_id}.mp4", *(key for key in made_objects(job_id) if key not in beside)]
    try:
        answers, *found = await asyncio.gather(_answers(supabase, job_id), *(_size(supabase, key) for key in keys))
    except SupabaseError as error:
        troubles.append(f"Storage could not be read: {error.message}")
        return ()
    made = [StoredObject(_name(key), f"{_BUCKET}/{key}", size) for key, size in zip(keys, found, strict=True)]
    return (*made, StoredObject("answers", f"{_BUCKET}/{answers_folder(job_id)}", answers))


async def _size(supabase: Supabase, key: str) -> int | None:
    info = await supabase.storage.stat(_BUCKET, key)
    return None if info is None else info.size


async def _answers(supabase: Supabase, job_id: UUID) -> int | None:
    """Return how many bytes people's answers have; None where there are none."""
    earlier = await _size(supabase, answers_object(job_id))
    sizes = list((await supabase.storage.newest_sizes(_BUCKET, answers_folder(job_id))).values())
    sizes += [] if earlier is None else [earlier]
    return sum(sizes) if sizes else None


async def _counts(supabase: Supabase, job_id: UUID, troubles: list[str]) -> tuple[int, int]:
    counts = []
    for name, count in (("transcripts", supabase.results.transcript_count), ("sops", supabase.results.sop_count)):
        try:
            counts.append(await count(job_id))
        except SupabaseError as error:
            troubles.append(f"The table {name} could not be read: {error.message}")
            counts.append(0)
    return counts[0], counts[1]


async def _checkpoint(supabase: Supabase, job_id: UUID) -> object:
    """Return what a worker has noted of its work; None where it has noted nothing, or where that cannot be read."""
    try:
        return await supabase.storage.read_json(_BUCKET, checkpoint_object(job_id))
    except SupabaseError:
        # It is told in addition, and a job is shown without it.
        return None


def _name(key: str) -> str:
    by_end = next((name for end, name in _NAMES_BY_END.items() if key.endswith(end)), None)
    return by_end or _NAMES.get(key.partition("/")[0], key)
