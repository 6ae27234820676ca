"""What is said of a command line that cannot be read: what is wrong with it, and which command explains it."""

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from runops_cli.terminal.console import one_line, to_stderr
from runops_cli.terminal.exit_codes import Exit

__all__ = ["CommandGroup", "usage_sentence"]

_TOLD_OTHERWISE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        ("Value error, ", ""),
        ("Input should be a valid UUID, .*", "It is not a UUID such as 1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11."),
        ("Input should be a valid (?:number|integer)(?:, .*)?$", "It is not a number."),
        ("Input should be greater than or equal to (.*)", r"It is less than \1."),
        ("Input should be less than or equal to (.*)", r"It is more than \1."),
        ("Input should be greater than (.*)", r"It is not more than \1."),
    )
)
"""What the library that reads values says of them, in words for people."""


class CommandGroup(TyperGroup):
    """The commands of `runops`. What is wrong with a command line is told like every other error, not in a frame."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that the arguments name; the parameters are those of `TyperGroup.main`."""
        standalone_mode = extra.pop("standalone_mode", True)
        try:
            code = super().main(*args, **(extra | {"standalone_mode": False}))
        except TyperException as error:
            if not standalone_mode:
                raise
            # Without a message, the help was printed instead.
            if sentence := usage_sentence(error, command=self._command_in(*args, **extra)):
                to_stderr(sentence, style="red")
            sys.exit(Exit.USAGE)
        except typer.Abort:
            if not standalone_mode:
                raise
            to_stderr("Ended at the question. Nothing was changed.", style="yellow")
            sys.exit(Exit.FAILED)
        if not standalone_mode:
            return code
        sys.exit(code)

    def _command_in(self, args: Sequence[str] | None = None, *_more: Any, **_extra: Any) -> str:
        """Return the command that arguments name, as it is called; the arguments of this process where None."""
        name = next((one for one in (sys.argv[1:] if args is None else args) if one in self.commands), "")
        return f"runops {name}".rstrip()


def usage_sentence(error: TyperException, *, command: str = "runops") -> str:
    """Return what is wrong with a command line, and the command that explains it; empty where nothing is.

    Parameters
    ----------
    error
        As typer raised it. `ctx` is the command that it is about, `possibilities` are options with similar names.
    command
        What was called, for an error without `ctx`: typer raises one where an option lacks its argument.
    """
    message = one_line(error.format_message())
    for pattern, words in _TOLD_OTHERWISE:
        message = pattern.sub(words, message)
    if not message:
        return ""
    if similar := getattr(error, "possibilities", None):
        message = f"{one_line(error.message)}. Did you mean {' or '.join(sorted(similar))}?"
    context = getattr(error, "ctx", None)
    about = command if context is None else context.command_path
    return f"{message if message[-1] in '.?!' else message + '.'} `{about} -h` explains it."
