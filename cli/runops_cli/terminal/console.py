"""Output of the commands: data goes to standard output, everything else to standard error, and keys to neither."""

import contextlib
import unicodedata
from collections.abc import Iterable

import typer
from rich.console import Console
from rich.text import Text

from runops.logs import redact

__all__ = ["STDERR", "STDOUT", "data_to_stdout", "lines_to_stdout", "one_line", "printable", "to_stderr", "to_stdout"]


class _ConsoleThatOutlivesItsReader(Console):
    """Goes quiet when nobody reads it any more, for example when Ctrl-C has also ended `tee`."""

    def on_broken_pipe(self) -> None:
        """Stop writing. The default ends the process, and a video in progress would be lost."""
        self.quiet = True


STDERR = _ConsoleThatOutlivesItsReader(stderr=True, highlight=False, markup=False, emoji=False)
STDOUT = Console(highlight=False, markup=False, emoji=False)


def to_stderr(text: str, *, style: str | None = None) -> None:
    """Write a line to standard error.

    Parameters
    ----------
    text
        The line; keys in it are redacted.
    style
        Colour, if the terminal has colours and NO_COLOR is not set.
    """
    # Writing to a closed terminal fails. The video in progress must still go back into the queue.
    with contextlib.suppress(OSError):
        STDERR.print(printable(redact(text)), style=style, soft_wrap=True)


def to_stdout(text: str) -> None:
    """Write a line to standard output; keys in it are redacted."""
    STDOUT.print(printable(redact(text)), soft_wrap=True)


def lines_to_stdout(lines: Iterable[Text]) -> None:
    """Write lines with colours to standard output. They hold no keys and no control characters."""
    for line in lines:
        STDOUT.print(line, soft_wrap=True)


def data_to_stdout(text: str) -> None:
    """Write what a script reads to standard output as it is; nothing where it is empty."""
    if text:
        typer.echo(text)


def printable(text: str) -> str:
    """Return the text without control characters, which titles and errors of other people may contain."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})


def one_line(text: str) -> str:
    """Return the text without line breaks."""
    return " ".join(text.split())
