"""When a failed attempt is made again: how often, after which wait, and for how long at most.

The engine is tenacity. Callers state what is worth another attempt, and for how long the server asked them to wait.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

__all__ = ["Again", "Attempts", "RetryPolicy"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Again:
    """A failure that another attempt may overcome.

    Attributes
    ----------
    cause
        In a word, for the log and for `attempts`.
    wait_seconds
        What the server asked for, never shortened; None where it asked for nothing.
    attempts
        How many failures of this cause are enough; None where only the policy limits them.
    """

    cause: str
    wait_seconds: float | None = None
    attempts: int | None = None


Judge = Callable[[BaseException], Again | None]
"""Returns None for an error that another attempt cannot overcome."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: each wait is drawn evenly from zero to a ceiling that doubles.

    Attributes
    ----------
    attempts
        At most, the first one included.
    base_seconds, cap_seconds
        The first ceiling of a wait, and the highest.
    deadline_seconds
        No wait ends later than this after the first attempt began, or after the last progress. A second attempt is made
        in any case: the first may have lasted that long.
    sleep, clock
        How a wait is spent, and seconds that only go forward; by default those of the event loop.
    """

    attempts: int = 4
    base_seconds: float = 0.5
    cap_seconds: float = 8.0
    deadline_seconds: float = 300.0
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    clock: Callable[[], float] = field(default=_loop_time)

    def begin(self, judge: Judge) -> "Attempts":
        """Return the attempts at one thing, of which none is made yet."""
        return Attempts(self, judge)

    async def run(self, call: Callable[[], Awaitable[_T]], judge: Judge) -> _T:
        """Return what `call` returns. Only for what may be done twice: reads, and writes that repeat without effect.

        Raises
        ------
        BaseException
            The first error that is not worth another attempt, or the last one.
        """
        attempts = self.begin(judge)
        while True:
            try:
                return await call()
            except Exception as error:  # noqa: BLE001 - the judge decides
                await attempts.failed(error)


class Attempts:
    """The attempts at one thing.

    Iterating gives the numbers of the rounds, from 1. A round need not fail: it may also find an object that somebody
    else changed, and leave it to the next round.
    """

    def __init__(self, policy: RetryPolicy, judge: Judge) -> None:
        self._policy = policy
        self._judge = judge
        self._again: Again | None = None
        self._causes: Counter[str] = Counter()
        self._since = policy.clock()

    # tenacity's objects are made when a call fails or counts its rounds: nearly all calls go well the first time.

    @cached_property
    def _retrying(self) -> AsyncRetrying:
        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_pass), wait=self._wait, stop=self._is_enough, reraise=True
        )
        retrying.begin()
        return retrying

    @cached_property
    def _state(self) -> RetryCallState:
        return RetryCallState(self._retrying, None, (), {})

    @cached_property
    def _backoff(self) -> wait_random_exponential:
        return wait_random_exponential(multiplier=self._policy.base_seconds, max=self._policy.cap_seconds)

    def __iter__(self) -> Iterator[int]:
        for number in range(1, self._policy.attempts + 1):
            self._state.attempt_number = number
            yield number

    async def failed(self, error: Exception) -> None:
        """Wait before the next attempt.

        Raises
        ------
        Exception
            The error, where another attempt cannot overcome it, or where this was the last one.
        """
        self._state.set_exception((type(error), error, error.__traceback__))
        seconds = await self._retrying.iter(self._state)
        assert isinstance(seconds, float)
        assert self._again is not None
        _LOG.info(
            "attempt failed, trying again",
            extra={
                "cause": self._again.cause,
                "attempt": self._state.attempt_number,
                "wait_seconds": round(seconds, 1),
            },
        )
        self._state.prepare_for_next_attempt()
        await self._policy.sleep(seconds)

    def progressed(self) -> None:
        """Count from here: what failed before matters no longer."""
        self._state.attempt_number = 1
        self._since = self._policy.clock()
        self._causes.clear()

    def _may_pass(self, error: BaseException) -> bool:
        self._again = self._judge(error)
        if self._again is None:
            return False
        self._causes[self._again.cause] += 1
        return self._again.attempts is None or self._causes[self._again.cause] < self._again.attempts

    def _wait(self, state: RetryCallState) -> float:
        asked = self._again.wait_seconds if self._again is not None else None
        return self._backoff(state) if asked is None else asked + random.random()  # noqa: S311 - not for security

    def _is_enough(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self._policy.attempts:
            return True
        asked = self._again is not None and self._again.wait_seconds is not None
        late = self._policy.clock() + state.upcoming_sleep - self._since > self._policy.deadline_seconds
        return late and (asked or state.attempt_number > 1)
