"""Stands in for a service: it records every request and gives the answers of a test."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_MOST_TURNS = 1000
"""Of the event loop: many times what the tested tasks need."""

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """A service whose every method is asynchronous.

    Parameters
    ----------
    answers
        By the method's name: what it returns, or the exception that it raises. Without one it returns None.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, arguments, named))
            answer = self.answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return call

    def names(self) -> list[str]:
        """Return the names of the methods called, in order."""
        return [name for name, _, _ in self.calls]


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until a condition holds; TimeoutError after so many turns, however long they take."""
    for _ in range(_MOST_TURNS):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError
