"""`runops cancel`: end jobs that are queued or worked on."""

from typing import Annotated
from uuid import UUID

import typer

from runops.environment import Environment
from runops.job_row import RowStatus
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import CommandResult, Outcome
from runops_cli.terminal.each_job import Told, each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings

__all__ = ["cancel", "told"]

_SENTENCE = "Cancelled by `runops cancel`"
_LONGEST_REASON = 500


def cancel(
    jobs: Annotated[list[UUID], typer.Argument(help="The jobs' ids.", metavar="JOB...")],
    *,
    reason: Annotated[
        str | None, typer.Option(help="Why, for whoever reads the row's error.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Set jobs that are queued or worked on to error; whoever works on one stops.

    It writes to the table alone and needs no cluster. A job that has ended keeps its end; the exit code is 1 then, and
    3 where there is no such job.

    Example: runops cancel 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --reason "Wrong recording."
    """
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise typer.BadParameter(f"At most {_LONGEST_REASON} characters.", param_hint="--reason")
    sentence = f"{_SENTENCE}: {reason.strip()}" if reason and reason.strip() else f"{_SENTENCE}."
    with known_errors():
        environment = settings(env_file)
    run_async(_cancel(jobs, sentence=sentence, environment=environment))


async def _cancel(job_ids: list[UUID], *, sentence: str, environment: Environment) -> Exit:
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:

        async def one(job_id: UUID) -> Told:
            return told(await row_commands.cancel(supabase, job_id, sentence))

        return await each_job(job_ids, one)


def told(answer: CommandResult) -> Told:
    """Return what a person is told of an order to cancel."""
    row = answer.row
    match answer.outcome:
        case Outcome.DONE:
            return Told("cancelled. `runops retry` runs it again.")
        case Outcome.ALREADY:
            return Told("was cancelled before; nothing was done.")
        case Outcome.REFUSED if row is not None and row.status == RowStatus.ERROR:
            return Told(f"had ended in error before: {row.error or 'no reason was written down'}", Exit.FAILED)
        case Outcome.REFUSED if row is not None:
            return Told(f"is left alone: its status is {row.status}.", Exit.FAILED)
        case _:
            return Told("There is no such job.", Exit.NOT_THERE)
