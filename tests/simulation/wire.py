"""The operator's connection to its outside, on which anything can happen between any two calls."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any


class Killed(BaseException):
    """The process is killed: nothing catches this."""


class Wire:
    """Passes calls on to a part of the world, and asks before and after each one what happens now.

    Parameters
    ----------
    target
        The cluster or the tables.
    happens
        Called with a call's name, and with `False` before it is carried out and `True` after it, before its answer
        arrives; it may raise what the caller then sees.
    """

    def __init__(self, target: Any, happens: Callable[[str, bool], Awaitable[None]]) -> None:
        self._target = target
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if inspect.isasyncgenfunction(method):

            async def listed(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
                await self._happens(name, False)
                async for item in method(*args, **kwargs):
                    yield item

            return listed

        async def called(*args: Any, **kwargs: Any) -> Any:
            await self._happens(name, False)
            answer = await method(*args, **kwargs)
            await self._happens(name, True)
            return answer

        return called
