"""Stopping on a signal: what may be interrupted is, what must not be is let finish."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["StopSignal", "Stopped"]

_T = TypeVar("_T")
_TIDY_UP_SECONDS = 10.0
_IMPATIENT = (signal.SIGINT, signal.SIGTERM)
"""A second one is meant. Of a terminal that is closed both the shell and the kernel tell, a moment apart."""


class Stopped(Exception):  # noqa: N818 - says what is the case
    """A signal arrived while waiting."""


class StopSignal:
    """Remembers the first SIGINT, SIGTERM or SIGHUP. Another SIGINT or SIGTERM ends the process at once.

    Parameters
    ----------
    tell
        Called when one arrives: tidying up takes a while, and a second Ctrl-C would spoil it.
    """

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._arrived = asyncio.Event()
        self._tell = tell
        self._hangs_up = False
        self.number: int | None = None

    def install(self) -> None:
        """Listen to them from the running loop."""
        loop = asyncio.get_running_loop()
        # With nohup a process lives on when its terminal goes.
        self._hangs_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        for number in _IMPATIENT:
            loop.add_signal_handler(number, self.arrive, number)
        if self._hangs_up:
            # Not the loop's handler: when it closes, that would let a second one end the process after all.
            signal.signal(signal.SIGHUP, lambda number, _frame: loop.call_soon_threadsafe(self.arrive, number))

    def arrive(self, number: int) -> None:
        """Take a signal; those after the first change nothing."""
        if self.number is not None:
            return
        self.number = number
        self._arrived.set()
        loop = asyncio.get_running_loop()
        for one in _IMPATIENT:
            loop.remove_signal_handler(one)
        if self._hangs_up:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._tell()

    @property
    def exit_code(self) -> int:
        """The code of a process that a signal ended: 130, 143 or 129."""
        return 128 + (self.number or signal.SIGTERM)

    async def unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return what the work returns; a signal cancels it.

        Raises
        ------
        Stopped
            The signal came before the work was done, or with its end: what it raised then is of no interest.
        """
        running = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and (not self._arrived.is_set() or running.exception() is None):
                return running.result()
        finally:
            await _cancelled(running)
            await _cancelled(stopping)
        raise Stopped

    async def pause(self, seconds: float) -> None:
        """Wait.

        Raises
        ------
        Stopped
            A signal came meanwhile.
        """
        await self.unless_stopped(asyncio.sleep(seconds))


async def _cancelled(task: "asyncio.Future[Any]") -> None:
    """Cancel and let it tidy up, but not for ever."""
    task.cancel()
    await asyncio.wait({task}, timeout=_TIDY_UP_SECONDS)
    if task.done() and not task.cancelled():
        # Looked at, so that asyncio does not report it as forgotten.
        task.exception()
