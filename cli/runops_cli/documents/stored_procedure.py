"""Reads what a procedure consists of: the SOP and the transcript from the tables, the evidence from storage."""

from dataclasses import dataclass
from uuid import UUID

from runops.object_names import evidence_object
from runops.procedure import Procedure, build
from runops.sop import Sop
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_cli.terminal.console import to_stderr

__all__ = ["BUCKET", "StoredJob", "read_procedure"]

BUCKET = Source().bucket
"""Where recordings and results are."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A project and a job in it."""

    supabase: Supabase
    job_id: UUID


async def read_procedure(job: StoredJob, sop: Sop) -> Procedure:
    """Return the document of a SOP. What cannot be read is missing in it, and a line says so.

    Raises
    ------
    SupabaseError
        The transcript could not be read.
    """
    transcript = await job.supabase.results.read_transcript(job.job_id)
    key = evidence_object(job.job_id)
    try:
        evidence = await job.supabase.storage.read_json(BUCKET, key)
    except SupabaseError as error:
        to_stderr(f"{error.message} The document says nothing about where steps are in the recording.", style="yellow")
        evidence = None
    return build(sop, transcript, evidence if isinstance(evidence, dict) else None, job_id=job.job_id)
