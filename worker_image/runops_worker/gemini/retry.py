"""The one place where a call to the model is repeated."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from runops.failures import Reason
from runops_worker.gemini.verdict import Action, ModelTrouble, Verdict

__all__ = ["Schedule", "with_retries"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often and after which waits a call is repeated.

    Attributes
    ----------
    attempts
        Calls at most, the first one included.
    base_seconds
        Upper bound of the first wait; doubled for each further one. A used-up quota asks for its own.
    """

    attempts: int = 3
    base_seconds: float = 2.0

    def wait(self, verdict: Verdict, *, attempt: int, chance: float) -> float:
        """Return the seconds to wait after an attempt.

        Parameters
        ----------
        verdict
            On the attempt that failed. A wait that the API asked for is never shortened.
        attempt
            Number of that attempt, from 1.
        chance
            0 to 1: which share of the bound is waited (full jitter), or how much is added to an asked-for wait.
        """
        if verdict.wait is not None:
            return verdict.wait + chance
        return self.base_seconds * 2.0 ** (attempt - 1) * chance


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    *,
    schedule: Schedule,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    chance: Callable[[], float] = random.random,
) -> T:
    """Call until there is a result, the verdict is final, or the schedule is used up.

    Parameters
    ----------
    attempt
        Makes one call.
    schedule
        How often and how long.
    sleep, chance
        Replaced by tests.

    Raises
    ------
    ModelTrouble
        The last one, unchanged; also at once for a verdict other than RETRY.
    """
    seen: Counter[Reason] = Counter()
    for number in range(1, schedule.attempts + 1):
        try:
            return await attempt()
        except ModelTrouble as trouble:
            verdict = trouble.verdict
            seen[verdict.reason] += 1
            used_up = verdict.attempts is not None and seen[verdict.reason] >= verdict.attempts
            if verdict.action is not Action.RETRY or used_up or number == schedule.attempts:
                raise
            seconds = schedule.wait(verdict, attempt=number, chance=chance())
            _LOG.warning(
                "the model did not answer, trying again",
                extra={"reason": verdict.reason, "attempt": number, "wait_seconds": round(seconds, 1)},
            )
        await sleep(seconds)
    raise AssertionError("the last attempt either returned or raised")
