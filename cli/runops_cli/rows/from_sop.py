"""Runs of a job that begin with the SOP: `runops retry --from sop`."""

from enum import StrEnum
from uuid import UUID

from runops.job_row import JobRow
from runops.object_names import transcript_object
from runops.supabase.connection import Supabase
from runops.videojob import Source
from runops_cli.terminal.each_job import JobResult
from runops_cli.terminal.exit_codes import Exit

__all__ = ["FirstStage", "has_transcript", "no_transcript"]


class FirstStage(StrEnum):
    """Values of `--from`."""

    SOP = "sop"


async def has_transcript(supabase: Supabase, job_id: UUID) -> bool:
    """Return whether there is a transcript of which a SOP can be made: in the table, or of a run that failed later.

    Raises
    ------
    SupabaseError
        Table or storage did not answer.
    """
    if await supabase.results.transcript_count(job_id):
        return True
    return await supabase.storage.stat(Source().bucket, transcript_object(job_id)) is not None


def no_transcript(job_id: UUID, row: JobRow | None) -> JobResult:
    """Return what is printed about a job without one."""
    if row is None:
        return JobResult("There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND)
    return JobResult(f"has no transcript to make a SOP of. `runops retry {job_id}` runs all stages.", Exit.FAILED)
