"""The one place that decides how often and after which pause something is tried again."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from runops.supabase.errors import SupabaseError

__all__ = ["PATIENT", "Retries"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential backoff with full jitter: each pause is drawn evenly from zero to a ceiling that doubles.

    Attributes
    ----------
    tries
        How often something is tried in all.
    base_seconds, cap_seconds
        The first ceiling, and the highest.
    deadline_seconds
        So long after the first try the next one is the last, however many are left; None for no such limit.
    random_fraction
        Source of randomness in [0, 1).
    sleep
        How a pause is spent; a test passes one that takes no time.
    clock
        Seconds that only go forward.
    """

    tries: int = 4
    base_seconds: float = 0.5
    cap_seconds: float = 8.0
    deadline_seconds: float | None = None
    random_fraction: Callable[[], float] = field(default=random.random)
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    clock: Callable[[], float] = field(default=time.monotonic)

    def ceiling(self, failures: int) -> float:
        """Return the longest pause, in seconds, after so many failures in a row (at least 1)."""
        return float(min(self.cap_seconds, self.base_seconds * 2 ** (failures - 1)))

    async def pause(self, failures: int) -> None:
        """Wait before the next try, after so many failures in a row (at least 1)."""
        await self.sleep(self.random_fraction() * self.ceiling(failures))

    def numbered(self) -> Iterator[int]:
        """Give the numbers of the tries, from 1. Past the deadline comes one more, which bears the last number."""
        begun = self.clock()
        for number in range(1, self.tries + 1):
            if self.deadline_seconds is not None and self.clock() - begun >= self.deadline_seconds:
                yield self.tries
                return
            yield number

    def spent(self, failures: int, *, since: float) -> bool:
        """Tell whether so many failures in a row are enough; `since` is when, on the clock, it last went on.

        One failure never is by its time alone: a slow connection may have brought bytes until it broke.
        """
        late = self.deadline_seconds is not None and self.clock() - since >= self.deadline_seconds
        return failures >= self.tries or (late and failures > 1)

    async def run(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `call` returns. Only for what may be done twice: reads, and writes that change nothing anew.

        Raises
        ------
        SupabaseError
            The first that a retry cannot mend, or the last.
        """
        for number in self.numbered():
            try:
                return await call()
            except SupabaseError as error:
                if not error.retryable or number == self.tries:
                    raise
                _LOG.info("Supabase is away, trying again", extra={"kind": error.kind, "tries": number})
            await self.pause(number)
        raise AssertionError("unreachable: the last try returns or raises")


PATIENT = Retries(tries=12, base_seconds=1.0, cap_seconds=30.0, deadline_seconds=150.0)
"""For whoever would lose paid work by giving up: waits 104 s on average, which outlasts a restart of the database."""
