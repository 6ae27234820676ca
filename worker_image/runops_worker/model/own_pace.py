"""The pace of calls within one process: for `runops work`, and for a pod whose operator does not answer."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from runops.pacing.model_pace import MINUTE
from runops.pacing.pacer import Pacer
from runops.pacing.refusal import Refusal
from runops.pacing.turns import Waiting
from runops_worker.model.call_gate import CallGate, CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.protocol import Question, QuotaRefused

__all__ = ["OwnPace"]


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class OwnPace:
    """Lets calls go freely until one is refused for a quota per minute; from then on they take turns.

    Parameters
    ----------
    minute
        Length of the minute that the API counts in, in seconds.
    clock
        Seconds that only go forward; by default those of the event loop.
    """

    def __init__(self, *, minute: float = MINUTE, clock: Callable[[], float] = _loop_time) -> None:
        self._minute = minute
        self._clock = clock
        self._pacer: Pacer | None = None
        self._waiting: dict[str, dict[Waiting, asyncio.Event]] = {}
        self._numbers = itertools.count()

    def of(self, user: str) -> CallGate:
        """Return the gate for the videos of a user; "" for videos without one."""
        return _OfUser(self, user)

    def refuse(self, refusal: Refusal) -> None:
        """Take in that a call was refused."""
        now = self._clock()
        self._paced(now).refuse(refusal, now=now)

    async def turn(self, model: str, *, user: str, tokens: int) -> None:
        """Return once a call with these tokens of input may go."""
        now = self._clock()
        call = Waiting(f"call-{next(self._numbers)}", user, now, tokens)
        going = asyncio.Event()
        waiting = self._waiting.setdefault(model, {})
        waiting[call] = going
        try:
            while not going.is_set():
                now = self._clock()
                turn = self._paced(now).turn(model, waiting, now=now)
                for allowed in turn.calls:
                    waiting.pop(allowed).set()
                if going.is_set() or turn.next_at is None:
                    return
                # Another call that waits may look first, and let this one go.
                try:
                    async with asyncio.timeout(turn.next_at - now):
                        await going.wait()
                except TimeoutError:
                    continue
        finally:
            waiting.pop(call, None)

    def _paced(self, now: float) -> Pacer:
        if self._pacer is None:
            self._pacer = Pacer(now=now, minute=self._minute)
        return self._pacer


@dataclass(frozen=True, slots=True)
class _OfUser:
    """The gate for the videos of one user."""

    pace: OwnPace
    user: str

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        """Return once the call may be made."""
        await self.pace.turn(question.model, user=self.user, tokens=estimate.input_tokens)

    def after(self, result: CallResult) -> None:
        """Take in how a call ended."""
        if isinstance(result.failure, QuotaRefused):
            self.pace.refuse(result.failure.refusal)
