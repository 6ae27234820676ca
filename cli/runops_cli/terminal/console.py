"""What the commands write: data on standard output, everything else on standard error; no key on either."""

import contextlib
import unicodedata

from rich.console import Console

from runops.logs import redact

__all__ = ["STDERR", "STDOUT", "in_one_line", "plain", "say", "tell"]


class _ToWhoeverListens(Console):
    """Falls silent where nobody reads any more, as when Ctrl-C has ended `tee` as well: what is at work goes on."""

    def on_broken_pipe(self) -> None:
        """Write nothing more; rich would end the process."""
        self.quiet = True


STDERR = _ToWhoeverListens(stderr=True, highlight=False, markup=False, emoji=False)
STDOUT = Console(highlight=False, markup=False, emoji=False)


def say(text: str, *, style: str | None = None) -> None:
    """Write a line to standard error.

    Parameters
    ----------
    text
        The line; keys in it are blotted out.
    style
        Colour, where the terminal has any and NO_COLOR is not set.
    """
    # A terminal that was closed takes no line; that must not keep a video from going back into the queue.
    with contextlib.suppress(OSError):
        STDERR.print(plain(redact(text)), style=style, soft_wrap=True)


def tell(text: str) -> None:
    """Write a line to standard output; keys in it are blotted out."""
    STDOUT.print(plain(redact(text)), soft_wrap=True)


def plain(text: str) -> str:
    """Return the text without control characters: titles and errors come from recordings and other people's rows."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})


def in_one_line(text: str) -> str:
    """Return the text without line breaks: an app may write errors of any form."""
    return " ".join(text.split())
