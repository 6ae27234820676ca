"""`runops cancel`: end jobs that are queued or processing."""

from dataclasses import replace
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from runops.failures import CANCEL_SENTENCE
from runops.job_filter import JobFilter
from runops.job_row import RowStatus
from runops.supabase import row_commands
from runops.supabase.cancel_many import cancel_many
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import OPEN, CommandResult, Outcome
from runops_cli.cluster.known_videojobs import facts_for
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.rows.bulk import BulkChange, change_all
from runops_cli.rows.find_jobs import find_jobs
from runops_cli.rows.other_status import of_other_status
from runops_cli.terminal.console import one_line
from runops_cli.terminal.each_job import JobResult, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.filter_options import with_filter
from runops_cli.terminal.options import Context, EnvFile, JobsIfAny, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["cancel", "job_result"]

_LONGEST_WHY = 500
_OPEN = frozenset(status.value for status in OPEN)


@with_filter
def cancel(
    jobs: JobsIfAny = None,
    *,
    why: Annotated[
        str | None, typer.Option(help="Why; it is written to the row's error column.", show_default=False)
    ] = None,
    all_open: Annotated[
        bool, typer.Option("--all", help="Cancel all jobs that have not ended, after a question. Give no ids.")
    ] = False,
    chosen: JobFilter,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Without ids: only count the jobs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Set jobs that are queued or processing to error; their workers stop.

    It writes to the table only and needs no cluster. A job that has already ended is not changed (exit code 1). If
    there is no such job, the exit code is 3.

    Instead of ids, the options that choose jobs name them, as in `runops list`. They take only jobs that have not
    ended. The jobs are counted, and it asks.

    Example: runops cancel 6f1d3a52 --why "Wrong recording."

    Example: runops cancel --status queued --user 1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11 --dry-run
    """
    if why is not None and len(why) > _LONGEST_WHY:
        raise typer.BadParameter(f"Use at most {_LONGEST_WHY} characters.", param_hint="--why")
    filtered = all_open or chosen != JobFilter()
    if bool(jobs) == filtered:
        raise typer.BadParameter("Give either ids, or options that choose jobs, or --all.", param_hint="JOB")
    if chosen.statuses - _OPEN:
        raise typer.BadParameter("Only jobs that are queued or processing can be cancelled.", param_hint="--status")
    if dry_run and jobs:
        raise typer.BadParameter("Use it without ids.", param_hint="--dry-run")
    sentence = f"{CANCEL_SENTENCE}: {why.strip()}" if why and why.strip() else f"{CANCEL_SENTENCE}."
    chosen = chosen if chosen.statuses else replace(chosen, statuses=_OPEN)

    async def cancel_all(supabase: Supabase) -> Exit:
        if filtered:
            facts = await facts_for(Kubectl(context, namespace), chosen)
            bulk = _bulk(supabase, sentence)
            return await change_all(supabase, chosen, bulk, facts=facts, yes=yes, dry_run=dry_run)

        async def cancel_one(job_id: UUID) -> JobResult:
            return job_result(job_id, await row_commands.cancel(supabase, job_id, sentence))

        return await each_job(await find_jobs(supabase, jobs or []), cancel_one)

    run_with_supabase(env_file, cancel_all)


def _bulk(supabase: Supabase, sentence: str) -> BulkChange:
    return BulkChange(
        change=partial(cancel_many, supabase, sentence=sentence),
        question="Cancel {}?",
        done="cancelled",
        none="No job that has not ended matches. `runops list` shows the jobs.",
        afterwards="`runops retry --reason Cancelled` runs them again.",
    )


def job_result(job_id: UUID, result: CommandResult) -> JobResult:
    """Return what is printed about one job."""
    row = result.row
    match result.outcome:
        case Outcome.DONE:
            return JobResult(f"cancelled. `runops retry {job_id}` runs it again.")
        case Outcome.ALREADY:
            return JobResult(f"was already cancelled: nothing was changed. `runops retry {job_id}` runs it again.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.ERROR:
            said = one_line(row.error or "the row gives no reason.")
            return JobResult(
                f"has already ended in error: {said} `runops retry {row.job_id}` runs it again.", Exit.FAILED
            )
        case Outcome.REFUSED if row is not None and row.status == RowStatus.COMPLETED:
            return JobResult(
                f"is completed: nothing was changed. `runops sop {row.job_id}` prints its SOP.", Exit.FAILED
            )
        case Outcome.REFUSED if row is not None:
            return of_other_status(row)
        case _:
            return JobResult("There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND)
