"""Ends work on a signal, so that what it has started ends with it."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["ended_on_signal"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def ended_on_signal(work: Coroutine[Any, Any, int], say: Callable[[str], None]) -> int:
    """Do some work, and return its exit code; after a signal 128 and its number, when everything is cleaned up.

    Parameters
    ----------
    work
        Cleans up when it is cancelled. A second signal does not cut that short: each of its waits has a deadline.
    say
        Tells the user that a signal came.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    came: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if not came:
            came.append(number)
            say(f"{number.name}: ending the programs that were started. What is not finished is not written.")
            task.cancel()

    # Under nohup SIGHUP is ignored, and stays ignored.
    handled = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not came:
            raise
        return 128 + came[0]
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
