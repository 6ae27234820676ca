"""One job with what the cluster knows of it, for `runops get` and `runops why`."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runops.job_row import RowStatus
from runops.job_story.known_job import KnownJob
from runops.supabase.connection import Supabase
from runops.supabase.job_results import read_results
from runops.supabase.queue_outline import read_queue_outline
from runops.supabase.row_summaries import summaries_of
from runops.supabase.row_times import read_row_times
from runops.supabase.sop_titles import titles_of
from runops.time_left.of_rows import NO_TIME
from runops.why_waiting import Explanation, QueueState, explain
from runops_cli.cluster.known_videojobs import known_videojobs
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.standing_still import ClaimingState, read_claiming_state
from runops_cli.rows.find_jobs import find_job
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.job_refs import JobRef

__all__ = ["ExplainedJob", "read_explained"]


@dataclass(frozen=True, slots=True)
class ExplainedJob:
    """A job, why it waits, and the time at the server."""

    job: KnownJob
    told: Explanation
    now: datetime


async def read_explained(supabase: Supabase, kubectl: Kubectl, ref: JobRef) -> ExplainedJob:
    """Read a job and say what it waits for.

    Raises
    ------
    CommandFailed
        There is no such job, or there are several.
    SupabaseError
        The tables could not be read.
    """
    job_id = await find_job(supabase, ref)
    row = (await summaries_of(supabase, [job_id])).get(job_id)
    if row is None:
        raise CommandFailed(f"There is no job {job_id}. `runops list` shows the jobs.", Exit.NOT_FOUND)
    now = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    queued = row.status == RowStatus.QUEUED
    # Side by side: a cluster that is away lets each wait for its time limit.
    known, claiming = await asyncio.gather(
        known_videojobs(kubectl, [job_id]), read_claiming_state(kubectl) if queued else _not_asked()
    )
    videojob = known.get(job_id)
    queue, time = QueueState(), NO_TIME
    if queued:
        outline = await read_queue_outline(supabase)
        paused = claiming.standstill is not None or claiming.drain is not None
        time = (await read_row_times(supabase, outline=outline, paused=paused)).get(job_id, NO_TIME)
        mine = next((one.user for one in outline.waiting if one.job_id == job_id), None)
        queue = QueueState(
            ahead=None if time.position is None else time.position - 1,
            of_user=sum(one.user == mine for one in outline.at_work),
            limit_of_user=claiming.limit_of_user,
            standstill=claiming.standstill,
            drain=claiming.drain,
        )
    elif not row.ended:
        time = (await read_row_times(supabase)).get(job_id, NO_TIME)
    title, sop_trouble, without_sop = None, None, None
    if row.status == RowStatus.COMPLETED:
        sops = await titles_of(supabase.rest, [job_id])
        title, sop_trouble = sops.titles.get(job_id), sops.trouble
        if title is None and sop_trouble is None:
            without_sop = await read_results(supabase, job_id, with_checkpoint=False)
    return ExplainedJob(
        KnownJob(row, videojob, time.position, title or None, time.time_left),
        explain(row, videojob=videojob, queue=queue, without_sop=without_sop, sop_trouble=sop_trouble, now=now),
        now,
    )


async def _not_asked() -> ClaimingState:
    return ClaimingState()
