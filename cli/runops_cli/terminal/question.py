"""Asks at the terminal while an event loop runs."""

import signal
from collections.abc import Callable
from typing import TypeVar

__all__ = ["asked"]

T = TypeVar("T")


def asked(question: Callable[[], T]) -> T:
    """Return the answer. Ctrl-C ends the question at once: the handler of an event loop would only note it.

    Parameters
    ----------
    question
        Reads from the terminal, such as `typer.prompt`. Nothing else runs meanwhile.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        return question()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return question()
    finally:
        signal.signal(signal.SIGINT, before)
