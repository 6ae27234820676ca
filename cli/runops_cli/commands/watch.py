"""`runops watch`: follow jobs while they run."""

from typing import Annotated

import typer

from runops.supabase.connection import Supabase
from runops_cli.rows.find_jobs import find_jobs
from runops_cli.rows.follow import follow, follow_table
from runops_cli.terminal.console import to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, JobsIfAny
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["watch"]


def watch(
    jobs: JobsIfAny = None,
    *,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Stop after so many seconds, with exit code 4.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Print status, stage and percentage of jobs whenever they change.

    It ends when all named jobs have ended: with 0 if all are completed, 1 if one ended in error, 3 if one does not
    exist. Without ids it goes on until Ctrl-C or --timeout.

    Example: runops watch

    Example: runops watch 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --timeout 3600
    """

    async def watched(supabase: Supabase) -> Exit:
        if jobs:
            return await follow(supabase, await find_jobs(supabase, jobs), timeout_seconds=timeout, show=to_stdout)
        to_stderr("Following all jobs. Press Ctrl-C to stop.")
        return await follow_table(supabase, timeout_seconds=timeout, show=to_stdout)

    run_with_supabase(env_file, watched)
