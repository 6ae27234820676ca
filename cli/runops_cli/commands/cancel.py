"""`runops cancel`: end jobs that are queued or processing."""

from typing import Annotated
from uuid import UUID

import typer

from runops.failures import CANCEL_SENTENCE
from runops.job_row import RowStatus
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import CommandResult, Outcome
from runops_cli.terminal.each_job import JobResult, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, Jobs
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["cancel", "job_result"]

_LONGEST_REASON = 500


def cancel(
    jobs: Jobs,
    *,
    reason: Annotated[
        str | None, typer.Option(help="Why; it is written to the row's error column.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Set jobs that are queued or processing to error; their workers stop.

    It writes to the table only and needs no cluster. A job that has already ended is not changed (exit code 1). If
    there is no such job, the exit code is 3.

    Example: runops cancel 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --reason "Wrong recording."
    """
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise typer.BadParameter(f"Use at most {_LONGEST_REASON} characters.", param_hint="--reason")
    sentence = f"{CANCEL_SENTENCE}: {reason.strip()}" if reason and reason.strip() else f"{CANCEL_SENTENCE}."

    async def cancel_all(supabase: Supabase) -> Exit:
        async def cancel_one(job_id: UUID) -> JobResult:
            return job_result(await row_commands.cancel(supabase, job_id, sentence))

        return await each_job(jobs, cancel_one)

    run_with_supabase(env_file, cancel_all)


def job_result(result: CommandResult) -> JobResult:
    """Return what is printed about one job."""
    row = result.row
    match result.outcome:
        case Outcome.DONE:
            return JobResult("cancelled. `runops retry` runs it again.")
        case Outcome.ALREADY:
            return JobResult("was already cancelled: nothing was changed.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.ERROR:
            return JobResult(f"has already ended in error: {row.error or 'the row gives no reason'}", Exit.FAILED)
        case Outcome.REFUSED if row is not None:
            return JobResult(f"was not changed: its status is {row.status}.", Exit.FAILED)
        case _:
            return JobResult("There is no such job. `runops list` shows the jobs.", Exit.NOT_FOUND)
