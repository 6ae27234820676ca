"""The loops that run side by side while a replica works, each with its heartbeat."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from runops.logs import error_text
from runops.polling import backoff
from runops_operator.heartbeats import Heartbeat, Heartbeats
from runops_operator.task_set import TaskSet

__all__ = ["LONG_TURN_SECONDS", "Loops"]

_log = logging.getLogger(__name__)
_TURN_SECONDS = 45.0
LONG_TURN_SECONDS = 300.0
"""For loops whose turns are many requests, each of which may be repeated."""


class Loops:
    """The loops of one period of work.

    Parameters
    ----------
    tasks
        Runs them.
    heartbeats
        Hears of them until `end`.
    """

    def __init__(self, tasks: TaskSet, heartbeats: Heartbeats) -> None:
        self._tasks = tasks
        self._heartbeats = heartbeats
        self._beats: list[Heartbeat] = []

    def beat(self, name: str, *, turn_seconds: float = _TURN_SECONDS, essential: bool = True) -> Heartbeat:
        """Return the heartbeat of a loop; see `Heartbeats.begin`."""
        beat = self._heartbeats.begin(name, turn_seconds=turn_seconds, essential=essential)
        self._beats.append(beat)
        return beat

    def start(
        self, name: str, run: Callable[[Heartbeat], Coroutine[Any, Any, None]], *, turn_seconds: float = _TURN_SECONDS
    ) -> None:
        """Start a loop without which there is no work; when it ends, the work ends."""
        self._tasks.start(name, run(self.beat(name, turn_seconds=turn_seconds)))

    def start_beside(self, name: str, run: Callable[[Heartbeat], Awaitable[None]]) -> None:
        """Start a loop that only shows or hastens the work; when it ends, it starts again."""
        self._tasks.start(name, _again_and_again(name, run, self.beat(name, essential=False)))

    def end(self) -> None:
        """Forget the heartbeats of loops that have ended."""
        self._heartbeats.end(*self._beats)


async def _again_and_again(name: str, run: Callable[[Heartbeat], Awaitable[None]], beat: Heartbeat) -> None:
    failures = 0
    while True:
        trouble = "it ended."
        try:
            await run(beat)
        except Exception as error:  # noqa: BLE001 - what only shows the work must not end it
            trouble = error_text(error)
            _log.exception("Unexpected error in the loop %r; it starts again.", name)
        failures += 1
        pause = backoff(failures, base=1.0)
        beat.failed(trouble, next_within=pause)
        await asyncio.sleep(pause)
