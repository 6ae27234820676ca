"""Queues the rows of a burst, and counts those whose results are not whole."""

import json
from collections.abc import Sequence
from uuid import UUID

from devstack.operator_runs.observed_tables import Database

__all__ = ["queue", "results_twice"]


def queue(database: Database, job_ids: Sequence[UUID]) -> None:
    """Queue rows in one statement."""
    database.run(
        "insert into public.jobs (job_id) select value::uuid from jsonb_array_elements_text(%s::jsonb)",
        (json.dumps([str(job_id) for job_id in job_ids]),),
    )


def results_twice(database: Database) -> int:
    """Count the rows that have not exactly one transcript and one SOP."""
    ((count,),) = database.run(
        "select count(*) from public.jobs where 1 <> "
        "(select count(*) from public.transcripts where transcripts.job_id = jobs.job_id) or 1 <> "
        "(select count(*) from public.sops where sops.job_id = jobs.job_id)"
    )
    return int(count)
