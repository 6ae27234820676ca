"""The pace that the operator sets for all workers of an installation, by way of the VideoJob's status."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import ValidationError

from runops.pacing.refusal import Refusal
from runops.videojob_pace import Pace, PaceLimit, PaceRefused, PaceWanted
from runops_worker.model.call_gate import CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question, QuotaRefused

__all__ = ["OperatorPace", "PaceStatus"]

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_LONGER_POLL, _LONGEST_POLL = 1.5, 3.0
"""Each pause between two reads is longer than the one before, up to three times the first: hundreds may wait. The pacer
allows for 3 s from a grant to its call."""
_SILENT_SECONDS = 60.0
"""For so long the API server may not answer."""
_GRANT_SECONDS = 600.0
"""For so long a call waits for the operator: it lets begin no more videos than it can serve within a few minutes."""
_MOST_TOKENS_LISTED = 16


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class PaceStatus(Protocol):
    """`status.pace` of the VideoJob that this pod works for."""

    async def exchange_pace(self, pace: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge into `status.pace` and return it as it then is; None where the API server does not answer.

        Merging nothing reads it, and writes nothing.
        """
        ...


@dataclass(eq=False, slots=True)
class _Call:
    """A call that waits."""

    tokens: int
    going: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _ModelCalls:
    """The calls for one model.

    Attributes
    ----------
    used
        Calls that went by a grant, those of earlier pods of this VideoJob included; None before the status was read.
    refused
        What is reported about refusals; None before the first one.
    unanswered
        Whether the operator has not reacted to a refusal yet.
    """

    used: int | None = None
    paced: bool = False
    unanswered: bool = False
    waiting: list[_Call] = field(default_factory=list)
    refused: PaceRefused | None = None


class OperatorPace:
    """Waits for the operator's grants while it paces a model, and reports refusals to it.

    Where the operator or the API server is away, calls go by the pace of this process alone, so that nobody stands
    still: at worst one more call is refused.

    Parameters
    ----------
    status
        The VideoJob's.
    own
        The pace of this process.
    user
        Whose video it is; "" for one without a user.
    poll_seconds
        Between the first two reads while a call waits.
    clock
        Seconds that only go forward; by default those of the event loop.
    """

    def __init__(
        self,
        status: PaceStatus,
        *,
        own: OwnPace,
        user: str = "",
        poll_seconds: float = _POLL_SECONDS,
        clock: Callable[[], float] = _loop_time,
    ) -> None:
        self._status = status
        self._own = own
        self._user = user
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._models: dict[str, _ModelCalls] = {}
        self._asked_at = float("-inf")
        self._answered_at = float("-inf")
        self._reporting: set[asyncio.Task[None]] = set()

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        """Return once the call may be made."""
        if self._reporting:
            await asyncio.wait(tuple(self._reporting))
        calls = self._models.setdefault(question.model, _ModelCalls())
        answered = calls.paced or await self._exchange({})
        if not (calls.paced or calls.unanswered):
            if not answered:
                # Nothing tells that the model is paced; what this pod met itself counts.
                await self._own.turn(question.model, user=self._user, tokens=estimate.input_tokens)
            return
        call = _Call(estimate.input_tokens)
        calls.waiting.append(call)
        try:
            if await self._granted(call):
                return
        finally:
            # A grant that comes for a call that no longer waits serves the next one.
            if call in calls.waiting:
                calls.waiting.remove(call)
        _LOG.warning("the operator does not pace the calls; they go by the pace of this pod")
        calls.unanswered = False
        await self._own.turn(question.model, user=self._user, tokens=estimate.input_tokens)

    def after(self, result: CallResult) -> None:
        """Take in how a call ended, and report a refusal to the operator."""
        if not isinstance(result.failure, QuotaRefused):
            return
        refusal = result.failure.refusal
        self._own.refuse(refusal)
        calls = self._models.setdefault(refusal.model, _ModelCalls())
        calls.refused, calls.unanswered = _reported(refusal), True
        task = asyncio.get_running_loop().create_task(self._report())
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _report(self) -> None:
        refused = [calls.refused for calls in self._models.values() if calls.refused is not None]
        if not await self._exchange({"refused": [_dumped(one) for one in refused]}):
            _LOG.warning("the operator could not be told that a quota per minute is used up")

    async def _granted(self, call: _Call) -> bool:
        """Wait for a grant; False where none can be had."""
        began, pause = self._clock(), self._poll_seconds
        while not call.going.is_set():
            await self._ask(pause)
            now = self._clock()
            if now - max(self._answered_at, began) > _SILENT_SECONDS or now - began > _GRANT_SECONDS:
                return call.going.is_set()
            # Another call of this pod may read for this one, too.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await call.going.wait()
            pause = min(pause * _LONGER_POLL, self._poll_seconds * _LONGEST_POLL)
        return True

    async def _ask(self, pause: float) -> None:
        """Say which calls wait and read what is granted, unless another call of this pod did so just now."""
        if self._clock() - self._asked_at < pause / 2:
            return
        self._asked_at = self._clock()
        wanted = [_dumped(_wanted(model, calls)) for model, calls in self._models.items() if calls.waiting]
        if wanted:
            await self._exchange({"wanted": wanted})

    async def _exchange(self, pace: Mapping[str, Any]) -> bool:
        answer = await self._status.exchange_pace(pace)
        if answer is None:
            return False
        self._answered_at = self._clock()
        try:
            self._take(Pace.model_validate(answer))
        except ValidationError:
            _LOG.warning("the pace in the VideoJob's status cannot be read")
            return False
        return True

    def _take(self, pace: Pace) -> None:
        granted = {one.model: one for one in pace.granted or ()}
        for model in granted:
            self._models.setdefault(model, _ModelCalls())
        for model, calls in self._models.items():
            grant = granted.get(model)
            total = 0 if grant is None else grant.calls
            if calls.used is None:
                calls.used = total
            calls.paced = grant is not None and grant.paced
            if calls.paced:
                calls.unanswered = False
            while calls.waiting and (total > calls.used or not (calls.paced or calls.unanswered)):
                calls.waiting.pop(0).going.set()
                calls.used += 1 if total > calls.used else 0


def _wanted(model: str, calls: _ModelCalls) -> PaceWanted:
    tokens = [call.tokens for call in calls.waiting[:_MOST_TOKENS_LISTED]]
    return PaceWanted(model=model, calls=(calls.used or 0) + len(calls.waiting), tokens=tokens)


def _reported(refusal: Refusal) -> PaceRefused:
    return PaceRefused(
        model=refusal.model,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        retry_after_seconds=refusal.wait,
        limits=[PaceLimit(counted=quota.counted.value, per_minute=quota.limit) for quota in refusal.quotas] or None,
    )


def _dumped(part: PaceRefused | PaceWanted) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)
