"""A work queue of keys: each waits once however often it is added, and no two workers hold the same one."""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable

from runops.polling import backoff

__all__ = ["WorkQueue"]

_TURNS = 10
"""One key in so many is a normal one, however many urgent ones wait."""


class WorkQueue:
    """Deduplicating queue with delays and backoff, as controllers have it.

    A key that is added while a worker holds it is handed out again after that worker is done: no change is lost.

    Parameters
    ----------
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._turn = 0
        self._urgent: deque[str] = deque()
        self._ready: deque[str] = deque()
        self._waiting: set[str] = set()
        self._held: set[str] = set()
        self._again: set[str] = set()
        self._failures: dict[str, int] = {}
        self._later: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}
        self._changed = asyncio.Condition()

    def __len__(self) -> int:
        """Return how many keys are ready to be handed out."""
        return len(self._waiting)

    async def add(self, key: str, *, urgent: bool = False) -> None:
        """Have a key handed out as soon as a worker is free; nine urgent ones before each one that is not."""
        async with self._changed:
            self._add(key, urgent=urgent)

    async def add_after(self, key: str, seconds: float) -> None:
        """Have a key handed out after so many seconds, or earlier if an earlier call asked for that."""
        async with self._changed:
            if seconds <= 0:
                self._add(key)
                return
            due = asyncio.get_running_loop().time() + seconds
            if due < self._due.get(key, float("inf")):
                self._due[key] = due
                heapq.heappush(self._later, (due, key))
                self._changed.notify_all()

    async def get(self) -> str:
        """Wait for a key and hold it; `done` or `failed` must follow."""
        async with self._changed:
            while True:
                self._promote()
                if self._waiting:
                    key = self._next()
                    self._waiting.discard(key)
                    self._held.add(key)
                    return key
                await self._wait_for_change()

    async def done(self, key: str) -> None:
        """Give a key back after success."""
        self._failures.pop(key, None)
        await self._release(key)

    async def failed(self, key: str) -> float:
        """Give a key back after a failure; return in how many seconds it is handed out again, a growing pause."""
        self._failures[key] = self._failures.get(key, 0) + 1
        pause = backoff(self._failures[key], jitter=self._jitter())
        await self._release(key)
        await self.add_after(key, pause)
        return pause

    def _add(self, key: str, *, urgent: bool = False) -> None:
        if key in self._held:
            self._again.add(key)
            return
        if urgent:
            # It may be among the normal keys too; the second entry is skipped.
            self._urgent.append(key)
        if key not in self._waiting:
            self._waiting.add(key)
            if not urgent:
                self._ready.append(key)
            self._changed.notify()

    def _next(self) -> str:
        """Take the next key that still waits; there is one."""
        while True:
            self._turn = (self._turn + 1) % _TURNS
            first, second = (self._urgent, self._ready) if self._turn else (self._ready, self._urgent)
            key = (first or second).popleft()
            if key in self._waiting:
                return key

    async def _release(self, key: str) -> None:
        async with self._changed:
            self._held.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._add(key)

    def _promote(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._later and self._later[0][0] <= now:
            due, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)

    async def _wait_for_change(self) -> None:
        if not self._later:
            await self._changed.wait()
            return
        pause = max(0.0, self._later[0][0] - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(pause):
                await self._changed.wait()
        except TimeoutError:
            return
