"""`runops retry`: put jobs that have ended back into the queue."""

from typing import Annotated
from uuid import UUID

import typer

from runops.environment import Environment
from runops.job_row import RowStatus
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import CommandResult, Outcome
from runops.supabase.row_summaries import Order, RowSummary, list_summaries
from runops_cli.terminal.console import in_one_line, say, tell
from runops_cli.terminal.each_job import Told, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings

__all__ = ["retry", "told"]

_MOST = 1000


def retry(
    jobs: Annotated[list[UUID] | None, typer.Argument(help="The jobs' ids.", metavar="[JOB]...")] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a job is being worked on: that attempt is stopped.")
    ] = False,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="In place of ids: the jobs that ended in error, after a question.")
    ] = False,
    matching: Annotated[
        str | None,
        typer.Option(help="With --all-failed: only those whose error holds this text.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Queue jobs again that are completed or in error; their attempts count anew.

    Error and progress are cleared, all else stays, results as well until new ones replace them.

    --all-failed takes the 1,000 newest jobs in error.

    Example: runops retry 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops retry --all-failed --matching "quota"
    """
    if bool(jobs) == all_failed:
        raise typer.BadParameter("Name jobs or give --all-failed, one of the two.", param_hint="JOB")
    if matching is not None and not all_failed:
        raise typer.BadParameter("It goes with --all-failed.", param_hint="--matching")
    if force and all_failed:
        raise typer.BadParameter("It goes with ids, not with --all-failed.", param_hint="--force")
    with known_errors():
        environment = settings(env_file)
    run_async(_retry(jobs or [], force=force, matching=matching or "", yes=yes, environment=environment))


async def _retry(job_ids: list[UUID], *, force: bool, matching: str, yes: bool, environment: Environment) -> Exit:
    statuses = [RowStatus.ERROR, RowStatus.COMPLETED, *([RowStatus.PROCESSING] if force else [])]
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        if not job_ids:
            # What somebody else has run to its end since it was listed stays as it is.
            statuses = [RowStatus.ERROR]
            job_ids = await _failed(supabase, matching)
            if not job_ids:
                say("There are no such jobs.")
                return Exit.OK
            if not yes:
                typer.confirm(f"Queue {len(job_ids)} again?", abort=True, err=True)

        async def one(job_id: UUID) -> Told:
            return told(await row_commands.run_again(supabase, job_id, from_statuses=statuses))

        return await each_job(job_ids, one)


async def _failed(supabase: Supabase, matching: str) -> list[UUID]:
    """Return the failed jobs, oldest first, and show them."""
    newest = await list_summaries(supabase, order=Order.NEWEST, limit=_MOST, statuses=[RowStatus.ERROR])
    chosen = [sight for sight in reversed(newest) if _matches(sight, matching)]
    for sight in chosen:
        tell(f"{sight.job_id}  {in_one_line(sight.error or '')}".rstrip())
    return [sight.job_id for sight in chosen]


def _matches(sight: RowSummary, text: str) -> bool:
    return text.casefold() in (sight.error or "").casefold()


def told(answer: CommandResult) -> Told:
    """Return what a person is told of an order to run again."""
    row = answer.row
    match answer.outcome:
        case Outcome.DONE:
            return Told("is queued again.")
        case Outcome.ALREADY:
            return Told("is queued already; nothing was done.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.PROCESSING:
            return Told("is being worked on; --force stops that and lets it start anew.", Exit.FAILED)
        case Outcome.REFUSED if row is not None:
            return Told(f"is left alone: its status is {row.status}.", Exit.FAILED)
        case _:
            return Told("There is no such job.", Exit.NOT_THERE)
