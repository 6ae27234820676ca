"""Runs a command's coroutine and turns known errors into one sentence and an exit code."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

import typer

from runops.environment import EnvironmentIncomplete
from runops.failures import Failed
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import say
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["known_errors", "run_async"]


def run_async(main: Coroutine[Any, Any, Exit | int]) -> None:
    """Run a command to its end and leave with the code it returns.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """
    with known_errors():
        raise typer.Exit(int(asyncio.run(main)))


@contextlib.contextmanager
def known_errors() -> Iterator[None]:
    """Turn the errors that a person can do something about into a sentence on standard error.

    Raises
    ------
    typer.Exit
        After such an error, with its exit code.
    """
    try:
        yield
    except EnvironmentIncomplete as error:
        say(str(error), style="red")
        raise typer.Exit(Exit.USAGE) from error
    except Failed as error:
        say(f"{error.detail} {error.failure.remedy}", style="red")
        raise typer.Exit(Exit.FAILED) from error
    except SupabaseError as error:
        say(error.message, style="red")
        raise typer.Exit(Exit.OUTSIDE) from error
    except CommandFailed as error:
        say(str(error), style="red")
        raise typer.Exit(error.code) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(Exit.INTERRUPTED) from error
