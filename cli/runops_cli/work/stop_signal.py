"""Stopping on a signal: interrupts what may be interrupted, and lets the rest finish."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["StopSignal", "Stopped"]

_T = TypeVar("_T")
_CLEAN_UP_SECONDS = 10.0
_FORCEFUL = (signal.SIGINT, signal.SIGTERM)
"""A second one of these ends the process. A second SIGHUP does not: shell and kernel both send one when a terminal is
closed."""


class Stopped(Exception):  # noqa: N818 - says what is the case
    """A signal arrived while waiting."""


class StopSignal:
    """Remembers the first SIGINT, SIGTERM or SIGHUP. Another SIGINT or SIGTERM ends the process at once.

    Parameters
    ----------
    on_first
        Called on the first signal, to tell the user that cleaning up takes a while.
    """

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        self._arrived = asyncio.Event()
        self._on_first = on_first
        self._handles_hang_up = False
        self.number: int | None = None

    def install(self) -> None:
        """Handle the signals in the running loop."""
        loop = asyncio.get_running_loop()
        # Under nohup, SIGHUP is ignored and stays ignored.
        self._handles_hang_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        for number in _FORCEFUL:
            loop.add_signal_handler(number, self.arrive, number)
        if self._handles_hang_up:
            # Not a handler of the loop: the loop removes its handlers when it closes, and a second SIGHUP would then
            # end the process.
            signal.signal(signal.SIGHUP, lambda number, _frame: loop.call_soon_threadsafe(self.arrive, number))

    def arrive(self, number: int) -> None:
        """Take a signal; those after the first are ignored here."""
        if self.number is not None:
            return
        self.number = number
        self._arrived.set()
        loop = asyncio.get_running_loop()
        for one in _FORCEFUL:
            loop.remove_signal_handler(one)
        if self._handles_hang_up:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._on_first()

    @property
    def exit_code(self) -> int:
        """The exit code after a signal: 130, 143 or 129."""
        return 128 + (self.number or signal.SIGTERM)

    async def unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return the result of the work; a signal cancels it.

        Raises
        ------
        Stopped
            The signal came before the work was done, or together with an error of it, which is then dropped.
        """
        running = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and (not self._arrived.is_set() or running.exception() is None):
                return running.result()
        finally:
            await _cancel(running)
            await _cancel(stopping)
        raise Stopped

    async def pause(self, seconds: float) -> None:
        """Wait.

        Raises
        ------
        Stopped
            A signal came meanwhile.
        """
        await self.unless_stopped(asyncio.sleep(seconds))


async def _cancel(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait up to 10 s for its clean-up."""
    task.cancel()
    await asyncio.wait({task}, timeout=_CLEAN_UP_SECONDS)
    if task.done() and not task.cancelled():
        # Retrieves the exception, so that asyncio does not warn that it was never retrieved.
        task.exception()
