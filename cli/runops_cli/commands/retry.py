"""`runops retry`: put jobs that have ended back into the queue."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from runops.job_filter import JobFilter
from runops.job_row import RowStatus
from runops.row_reason import parse_reason
from runops.spans import parse_since
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import CommandResult, Outcome
from runops_cli.cluster.draining import drain_note
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.rows.retry_failed import count_failed, counts_table, retry_failed
from runops_cli.rows.retry_stale import retry_stale
from runops_cli.terminal.completion import complete_reason
from runops_cli.terminal.console import to_stderr, to_stdout
from runops_cli.terminal.each_job import JobResult, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, EnvFile, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["job_result", "retry"]

_ENDED = [RowStatus.ERROR, RowStatus.COMPLETED]
_STALE_SINCE = "1h"


def retry(
    jobs: Annotated[list[UUID] | None, typer.Argument(help="The jobs' ids.", metavar="[JOB]...")] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also queue a job that is processing; its current attempt stops.")
    ] = False,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Queue all jobs in error, after a question. Give no ids.")
    ] = False,
    matching: Annotated[
        str | None,
        typer.Option(help="With --all-failed: only jobs whose error contains this text.", show_default=False),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            help="With --all-failed: only jobs that failed for this reason; may be given several times.",
            autocompletion=complete_reason,
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="With --all-failed: only jobs that failed since then: 2h, 7d, 2026-11-30.", show_default=False
        ),
    ] = None,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Queue all jobs in processing that nobody has claimed, after a question. No ids."),
    ] = False,
    unchanged_since: Annotated[
        str, typer.Option(help="With --stale: only jobs that were not changed since then: 1h, 2026-11-30.")
    ] = _STALE_SINCE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --all-failed: only count the jobs, by reason; with --stale: show.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Queue jobs again that are completed or in error; counting of attempts starts again.

    It clears error and progress. Everything else stays, including the results until new ones replace them. If kubectl
    has a cluster on which the installation drains, it says so: the jobs wait until `runops undrain`.

    --all-failed takes all jobs in error, however many, that --reason, --matching and --since leave. It counts them by
    reason and asks. It may be interrupted and run again: it changes only jobs that are in error.

    --stale takes the jobs that a worker without claims, such as the old worker.js, left in processing. Stop that worker
    first.

    Example: runops retry 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops retry --all-failed --reason ModelUnavailable --reason QuotaExceeded --since 6h

    Example: runops retry --stale --unchanged-since 2h --dry-run
    """
    if [bool(jobs), all_failed, stale].count(True) != 1:
        raise typer.BadParameter("Give either ids, --all-failed or --stale.", param_hint="JOB")
    options = {"--matching": matching, "--reason": reason, "--since": since}
    for name in (name for name, value in options.items() if value and not all_failed):
        raise typer.BadParameter("Use it together with --all-failed.", param_hint=name)
    if dry_run and jobs:
        raise typer.BadParameter("Use it together with --all-failed or --stale.", param_hint="--dry-run")
    if unchanged_since != _STALE_SINCE and not stale:
        raise typer.BadParameter("Use it together with --stale.", param_hint="--unchanged-since")
    if force and not jobs:
        raise typer.BadParameter("Use it with ids.", param_hint="--force")

    chosen = _chosen(reason or [], matching or "", since)
    _time(unchanged_since, now=datetime.now(UTC), option="--unchanged-since")

    async def retried(supabase: Supabase) -> Exit:
        if all_failed:
            code = await _retry_failed(supabase, chosen, yes=yes, dry_run=dry_run)
        elif stale:
            code = await _retry_stale(supabase, unchanged_since, yes=yes, dry_run=dry_run)
        else:
            code = await _retry(supabase, jobs or [], [*_ENDED, RowStatus.PROCESSING] if force else _ENDED)
        if (note := await drain_note(Kubectl(context, namespace))) is not None:
            to_stderr(note, style="yellow")
        return code

    run_with_supabase(env_file, retried)


async def _retry(supabase: Supabase, job_ids: list[UUID], from_statuses: list[RowStatus]) -> Exit:
    async def retry_one(job_id: UUID) -> JobResult:
        return job_result(await row_commands.run_again(supabase, job_id, from_statuses=from_statuses))

    return await each_job(job_ids, retry_one)


async def _retry_stale(supabase: Supabase, unchanged_since: str, *, yes: bool, dry_run: bool) -> Exit:
    # The first read tells the server's clock, which writes `updated_at`.
    await supabase.jobs.columns()
    at_server = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    before = _time(unchanged_since, now=at_server, option="--unchanged-since")
    return await retry_stale(supabase, before, yes=yes, dry_run=dry_run)


async def _retry_failed(supabase: Supabase, chosen: JobFilter, *, yes: bool, dry_run: bool) -> Exit:
    counts = await count_failed(supabase, chosen)
    if not counts:
        to_stderr("No job in error matches. `runops list --status error` shows all.")
        return Exit.OK
    for line in counts_table(counts):
        to_stdout(line)
    if dry_run:
        return Exit.OK
    if not yes:
        typer.confirm(f"Queue {counts.total()} again?", abort=True, err=True)
    return await retry_failed(supabase, chosen)


def _chosen(reasons: list[str], matching: str, since: str | None) -> JobFilter:
    try:
        names = frozenset(map(parse_reason, reasons))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None
    at = None if since is None else _time(since, now=datetime.now(UTC), option="--since")
    return JobFilter(
        statuses=frozenset({RowStatus.ERROR.value}), reasons=names, text=matching or None, changed_since=at
    )


def _time(text: str, *, now: datetime, option: str) -> datetime:
    try:
        return parse_since(text, now=now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def job_result(result: CommandResult) -> JobResult:
    """Return what is printed about one job."""
    row = result.row
    match result.outcome:
        case Outcome.DONE:
            return JobResult("is queued again.")
        case Outcome.ALREADY:
            return JobResult("is already queued: nothing was changed.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.PROCESSING:
            return JobResult("is processing; --force stops its attempt and queues it again.", Exit.FAILED)
        case Outcome.REFUSED if row is not None:
            return JobResult(f"was not changed: its status is {row.status}.", Exit.FAILED)
        case _:
            return JobResult("There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND)
