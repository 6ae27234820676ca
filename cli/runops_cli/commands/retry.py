"""`runops retry`: put jobs that have ended back into the queue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from runops.job_filter import JobFilter
from runops.job_row import RowStatus
from runops.spans import parse_since
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import CommandResult, Outcome
from runops.supabase.run_again_many import run_many_again
from runops_cli.cluster.draining import drain_note
from runops_cli.cluster.known_videojobs import facts_for
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.rows.bulk import BulkChange, change_all
from runops_cli.rows.find_jobs import find_jobs
from runops_cli.rows.from_sop import FirstStage, has_transcript, no_transcript
from runops_cli.rows.other_status import of_other_status
from runops_cli.rows.retry_stale import retry_stale
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.each_job import JobResult, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.filter_options import with_filter
from runops_cli.terminal.options import Context, EnvFile, JobsIfAny, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["job_result", "retry"]

_ENDED = [RowStatus.ERROR, RowStatus.COMPLETED]
_IN_ERROR = frozenset({RowStatus.ERROR.value})
_STALE_SINCE = "1h"


@with_filter
def retry(
    jobs: JobsIfAny = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also queue a job that is processing; its current attempt stops.")
    ] = False,
    begin: Annotated[
        FirstStage | None,
        typer.Option(
            "--from",
            help="Begin with this stage. `sop` makes only the SOP again, of the transcript that is there.",
            show_default="all stages",
        ),
    ] = None,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Queue all jobs in error, after a question. Give no ids.")
    ] = False,
    chosen: JobFilter,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Queue all jobs in processing that nobody has claimed, after a question. No ids."),
    ] = False,
    unchanged_since: Annotated[
        str, typer.Option(help="With --stale: only jobs that were not changed since then: 1h, 2026-11-30.")
    ] = _STALE_SINCE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Without ids: only count the jobs, by reason; with --stale: show.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Queue jobs again that are completed or in error; counting of attempts starts again.

    It clears error and progress. Everything else stays, including the results until new ones replace them; what people
    edited in a SOP is merged with the new one, or stays. If kubectl has a cluster on which the installation drains, it
    says so: the jobs wait until `runops undrain`.

    Instead of ids, the options that choose jobs name them, as in `runops list`. They take jobs in error, unless
    --status says otherwise; --all-failed takes all of those. The jobs are counted by reason, and it asks. It may be
    interrupted and run again: it changes only jobs that have ended.

    --stale takes the jobs that a worker without claims, such as the old worker.js, left in processing. Stop that worker
    first.

    Example: runops retry 6f1d3a52

    Example: runops retry 6f1d3a52 --from sop

    Example: runops retry --reason ModelUnavailable --reason QuotaExceeded --changed-since 6h --dry-run

    Example: runops retry --all-failed

    Example: runops retry --stale --unchanged-since 2h --dry-run
    """
    filtered = all_failed or chosen != JobFilter()
    if [bool(jobs), filtered, stale].count(True) != 1:
        raise typer.BadParameter(
            "Give either ids, or options that choose jobs such as --all-failed, or --stale.", param_hint="JOB"
        )
    if all_failed and chosen.statuses - _IN_ERROR:
        raise typer.BadParameter("It takes jobs in error. Leave out one of the two.", param_hint="--all-failed")
    if chosen.statuses - {one.value for one in _ENDED}:
        raise typer.BadParameter(
            "Only jobs that have ended are queued again: error, completed. Name a job that is processing by its id, "
            "with --force.",
            param_hint="--status",
        )
    if dry_run and jobs:
        raise typer.BadParameter("Use it without ids.", param_hint="--dry-run")
    if unchanged_since != _STALE_SINCE and not stale:
        raise typer.BadParameter("Use it together with --stale.", param_hint="--unchanged-since")
    if force and not jobs:
        raise typer.BadParameter("Use it with ids.", param_hint="--force")
    if begin is not None and stale:
        raise typer.BadParameter("Jobs that an old worker left begin with the first stage.", param_hint="--from")
    _time(unchanged_since, now=datetime.now(UTC), option="--unchanged-since")
    chosen = chosen if chosen.statuses else replace(chosen, statuses=_IN_ERROR)
    kubectl, only_sop = Kubectl(context, namespace), begin is FirstStage.SOP

    async def retried(supabase: Supabase) -> Exit:
        if filtered:
            code = await _retry_chosen(supabase, kubectl, chosen, yes=yes, dry_run=dry_run, only_sop=only_sop)
        elif stale:
            code = await _retry_stale(supabase, unchanged_since, yes=yes, dry_run=dry_run)
        else:
            job_ids = await find_jobs(supabase, jobs or [])
            from_statuses = [*_ENDED, RowStatus.PROCESSING] if force else _ENDED
            code = await _retry(supabase, job_ids, from_statuses, only_sop=only_sop)
        if (note := await drain_note(kubectl)) is not None:
            to_stderr(note, style="yellow")
        return code

    run_with_supabase(env_file, retried)


async def _retry(
    supabase: Supabase, job_ids: Sequence[UUID], from_statuses: list[RowStatus], *, only_sop: bool
) -> Exit:
    async def retry_one(job_id: UUID) -> JobResult:
        if only_sop and not await has_transcript(supabase, job_id):
            return no_transcript(job_id, await supabase.jobs.get(job_id))
        return job_result(
            job_id, await row_commands.run_again(supabase, job_id, from_statuses=from_statuses, only_sop=only_sop)
        )

    return await each_job(job_ids, retry_one)


async def _retry_stale(supabase: Supabase, unchanged_since: str, *, yes: bool, dry_run: bool) -> Exit:
    # The first read tells the server's clock, which writes `updated_at`.
    await supabase.jobs.columns()
    at_server = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    before = _time(unchanged_since, now=at_server, option="--unchanged-since")
    return await retry_stale(supabase, before, yes=yes, dry_run=dry_run)


async def _retry_chosen(
    supabase: Supabase, kubectl: Kubectl, chosen: JobFilter, *, yes: bool, dry_run: bool, only_sop: bool
) -> Exit:
    bulk = BulkChange(
        change=partial(run_many_again, supabase, only_sop=only_sop),
        question="Queue {} again?",
        done="queued again",
        none="No job that has ended matches. `runops list --status error` shows those in error.",
        afterwards="`runops watch` follows them.",
    )
    facts = await facts_for(kubectl, chosen)
    return await change_all(supabase, chosen, bulk, facts=facts, yes=yes, dry_run=dry_run)


def _time(text: str, *, now: datetime, option: str) -> datetime:
    try:
        return parse_since(text, now=now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def job_result(job_id: UUID, result: CommandResult) -> JobResult:
    """Return what is printed about one job."""
    row = result.row
    match result.outcome:
        case Outcome.DONE:
            return JobResult(f"is queued again. `runops watch {job_id}` follows it.")
        case Outcome.ALREADY:
            return JobResult(f"is already queued: nothing was changed. `runops why {job_id}` says what it waits for.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.PROCESSING:
            command = f"runops retry --force {row.job_id}"
            return JobResult(f"is processing. `{command}` stops its attempt and queues it again.", Exit.FAILED)
        case Outcome.REFUSED if row is not None:
            return of_other_status(row)
        case _:
            return JobResult("There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND)
