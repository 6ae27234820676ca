"""Asks at the terminal while an event loop runs."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TypeVar

import typer

from runops_cli.terminal.console import to_stderr

__all__ = ["asked", "confirmed"]

T = TypeVar("T")


def asked(question: Callable[[], T]) -> T:
    """Return the answer. Ctrl-C ends the question at once: the handler of an event loop would only note it.

    Parameters
    ----------
    question
        Reads from the terminal, such as `typer.prompt`. Nothing else runs meanwhile.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed. To click it is the same as the end of the input, which is an answer: nothing.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        return question()
    interrupted = False

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        return question()
    except (typer.Abort, KeyboardInterrupt):
        if not interrupted:
            raise
        to_stderr("\nEnded at the question. Nothing was changed.", style="yellow")
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)


def confirmed(question: str) -> None:
    """Ask whether to go on. Without a terminal nobody may be there: the option that answers is named.

    Raises
    ------
    typer.Abort
        The answer is no, or there is none.
    """
    try:
        answer = asked(lambda: typer.confirm(question, err=True))
    except typer.Abort:
        if not sys.stdin.isatty():
            to_stderr("\nNobody answered. Without a terminal, add --yes.", style="yellow")
        raise
    if not answer:
        raise typer.Abort
