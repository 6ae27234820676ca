"""Runs a command's coroutine and turns expected errors into one sentence and an exit code."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import typer

from runops.environment import EnvironmentIncomplete
from runops.failures import Failed
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.project import host_of, open_project
from runops_cli.terminal.settings import read_settings, with_next_command

__all__ = ["run_async", "run_with_supabase"]


def run_async(command: Coroutine[Any, Any, Exit | int]) -> None:
    """Run a command and exit with the code it returns.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """
    with _expected_errors():
        raise typer.Exit(int(asyncio.run(command)))


def run_with_supabase(env_file: Path | None, command: Callable[[Supabase], Awaitable[Exit]]) -> None:
    """Run a command that needs Supabase and nothing else.

    Parameters
    ----------
    env_file
        The value of `--env-file`.
    command
        Receives the project and returns the exit code.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """

    async def connected() -> Exit:
        environment = read_settings(env_file)
        async with open_project(environment) as supabase:
            try:
                return await command(supabase)
            except SupabaseError as error:
                host = host_of(environment.supabase_url)
                raise CommandFailed(f"{error.message} `runops check` tests the project at {host}.") from error

    run_async(connected())


@contextlib.contextmanager
def _expected_errors() -> Iterator[None]:
    """Turn errors that the user can act on into a sentence on standard error and an exit code."""
    try:
        yield
    except EnvironmentIncomplete as error:
        to_stderr(with_next_command(error), style="red")
        raise typer.Exit(Exit.USAGE) from error
    except Failed as error:
        to_stderr(f"{error.detail} {error.failure.remedy}", style="red")
        raise typer.Exit(Exit.FAILED) from error
    except SupabaseError as error:
        to_stderr(error.message, style="red")
        raise typer.Exit(Exit.UNAVAILABLE) from error
    except CommandFailed as error:
        to_stderr(str(error), style="red")
        raise typer.Exit(error.code) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(Exit.INTERRUPTED) from error
