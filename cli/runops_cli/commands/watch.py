"""`runops watch`: show how jobs go on while they do."""

from typing import Annotated
from uuid import UUID

import typer

from runops.environment import Environment
from runops.supabase.connection import Supabase
from runops_cli.rows.follow import follow, follow_table
from runops_cli.terminal.console import say, tell
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings

__all__ = ["watch"]


def watch(
    jobs: Annotated[
        list[UUID] | None, typer.Argument(help="The jobs' ids; without any, all of the table.", metavar="[JOB]...")
    ] = None,
    *,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds after which it ends with exit code 4.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Show status, stage and percentage of jobs whenever they change.

    It ends when all named jobs have: with 0 where they are completed, 1 where one ended in error, 3 where one does not
    exist. Without names it goes on until Ctrl-C or --timeout.

    Example: runops watch

    Example: runops watch 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --timeout 3600
    """
    with known_errors():
        environment = settings(env_file)
    run_async(_watch(jobs or [], timeout_seconds=timeout, environment=environment))


async def _watch(job_ids: list[UUID], *, timeout_seconds: float | None, environment: Environment) -> Exit:
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        if job_ids:
            return await follow(supabase, job_ids, timeout_seconds=timeout_seconds, show=tell)
        say("Watching all jobs; Ctrl-C ends.")
        return await follow_table(supabase, timeout_seconds=timeout_seconds, show=tell)
