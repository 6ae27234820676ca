"""Entry point of `runops`; also on PATH as `kubectl-runops`."""

import errno
import gc
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from runops.logs import redact
from runops_cli.commands.answer import answer
from runops_cli.commands.cancel import cancel
from runops_cli.commands.check import check
from runops_cli.commands.drain import drain
from runops_cli.commands.evaluate import evaluate
from runops_cli.commands.get import get
from runops_cli.commands.init import init
from runops_cli.commands.list_jobs import list_jobs
from runops_cli.commands.logs import logs
from runops_cli.commands.pause import pause
from runops_cli.commands.resume import resume
from runops_cli.commands.retry import retry
from runops_cli.commands.sop import sop
from runops_cli.commands.stats import stats
from runops_cli.commands.submit import submit
from runops_cli.commands.transcript import transcript
from runops_cli.commands.ui import ui
from runops_cli.commands.undrain import undrain
from runops_cli.commands.version import version
from runops_cli.commands.watch import watch
from runops_cli.commands.why import why
from runops_cli.commands.work import work
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.usage_errors import CommandGroup

__all__ = ["app", "in_paragraphs", "run"]

app = typer.Typer(
    name="runops",
    cls=CommandGroup,
    help="Turn narrated screen recordings into Standard Operating Procedures.",
    epilog="Settings are read from the environment, .env.local and .env: SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY, "
    "GOOGLE_GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _program(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Turn narrated screen recordings into Standard Operating Procedures."""


_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Set up": {"init": init, "check": check},
    "Queue": {
        "submit": submit,
        "list": list_jobs,
        "get": get,
        "why": why,
        "stats": stats,
        "watch": watch,
        "ui": ui,
    },
    "Results": {"sop": sop, "transcript": transcript, "answer": answer},
    "Change jobs": {"cancel": cancel, "retry": retry, "pause": pause, "resume": resume},
    "On a cluster": {"drain": drain, "undrain": undrain, "logs": logs},
    "On this machine": {"work": work, "evaluate": evaluate, "version": version},
}


def in_paragraphs(docstring: str | None) -> str:
    """Return a docstring with one line a paragraph, so that the terminal's width breaks them."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (docstring or "").split("\n\n"))


for panel, commands in _COMMANDS.items():
    for name, command in commands.items():
        app.command(name, help=in_paragraphs(command.__doc__), rich_help_panel=panel)(command)


def run() -> None:
    """Run the command that the arguments name, and exit with its code."""
    # What was imported is there to the end. To look through all of it at the exit takes a third of a short command.
    gc.freeze()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - a traceback must not show a key
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            told = f"Something could not be written: {error.strerror}. Free some space, and run the command again."
            to_stderr(told, style="red")
        else:
            sys.stderr.write(redact(traceback.format_exc()))
            to_stderr("This is a bug in runops. Please report it with the lines above.", style="red")
        sys.exit(Exit.FAILED)
