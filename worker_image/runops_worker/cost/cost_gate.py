"""Keeps a video within its cap, and its ledger true whenever its worker is killed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from uuid import uuid4

from runops.failures import Reason
from runops.progress import Stage
from runops_worker.checkpoint.format import Checkpoint
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.cost.cap import Cap, Verdict, reached, refused_video, verdict, without_price
from runops_worker.cost.video_estimate import priced
from runops_worker.model.call_gate import CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.ledger import CallUnderWay, Ledger
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage, Question

__all__ = ["CostGate"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    name: str
    most_usd: Decimal


class CostGate:
    """The gate of one video.

    Each call is in the checkpoint before it is made, and reported. So the next attempt counts what a killed worker had
    begun, and so does the operator where no attempt follows.

    Parameters
    ----------
    checkpoint
        Its ledger is kept.
    cap
        The most that the video may cost.
    now
        The time, with its zone: prices and days depend on it.
    on_change
        Called whenever the ledger has changed.
    reported
        Returns once the change is reported; it raises nothing.
    """

    def __init__(
        self,
        checkpoint: CheckpointStore,
        *,
        cap: Cap,
        now: Callable[[], datetime],
        on_change: Callable[[], None],
        reported: Callable[[], Awaitable[None]],
    ) -> None:
        self._checkpoint = checkpoint
        self._cap = cap
        self._now = now
        self._on_change = on_change
        self._reported = reported
        self._under_way: dict[int, _UnderWay] = {}
        self._one_ended = asyncio.Event()

    async def expect(self, calls: Sequence[CallEstimate]) -> None:
        """Take the calls that the video needs as a rule, before the first of them.

        Raises
        ------
        Failed
            `CostCapReached`: the video would cost more than it may, or a price is not known that must be known.
        """
        if not calls:
            return
        # The first price takes a quarter of a second of processor time.
        estimate, unknown = await asyncio.to_thread(priced, calls, on=self._today())
        _LOG.info(
            "the cost was estimated",
            extra={"usd": None if estimate is None else f"{estimate:.4f}", "calls": len(calls)},
        )
        for model in unknown:
            _LOG.warning(
                "the price of a model is not known: its calls are not part of any cost", extra={"model": model}
            )
        if self._checkpoint.state.ledger.estimated_usd is None and estimate is not None:
            self._change(lambda ledger: ledger.model_copy(update={"estimated_usd": estimate}))
        failure = without_price(self._cap, unknown) or refused_video(
            self._cap, ledger=self._checkpoint.state.ledger, estimate=estimate
        )
        if failure is not None:
            raise failure

    async def before(
        self,
        question: Question,  # noqa: ARG002 - of `CallGate`
        *,
        estimate: CallEstimate,
    ) -> None:
        """Return once the call may be made, the checkpoint holds it, and it is reported.

        It waits for calls under way where their bills decide; each of these has its deadline.

        Raises
        ------
        Failed
            `CostCapReached`; `ClaimLost`; `UploadTimeout`.
        SupabaseError
            Storage refused the checkpoint.
        """
        usual = self._dollars(estimate.usual())
        if cost(estimate.usual(), self._today()) is None:
            failure = without_price(self._cap, [estimate.model])
            if failure is not None:
                raise failure
        while True:
            spent = self._checkpoint.state.ledger.cost_usd
            under_way = [call.most_usd for call in self._under_way.values()]
            decision = verdict(self._cap, spent=spent, under_way=under_way, next_usual=usual)
            if decision is Verdict.GO:
                break
            if decision is Verdict.STOP:
                raise reached(self._cap, spent=spent, next_usual=usual)
            self._one_ended.clear()
            await self._one_ended.wait()
        await self._begin(estimate)

    def after(self, result: CallResult) -> None:
        """Take the call out of the checkpoint. Its bill is in the ledger already, unless it is not known."""
        call = self._under_way.pop(id(result.estimate), None)
        if call is not None:
            self._change(partial(Ledger.ended, name=call.name, counts=_is_billed_unseen(result)))
        self._one_ended.set()

    async def _begin(self, estimate: CallEstimate) -> None:
        name = uuid4().hex
        stage = Stage.TRANSCRIBING if estimate.video_tokens else Stage.PARSING_SOP
        call = CallUnderWay.of(estimate.usual(), name=name, stage=stage, on=self._today())
        # At once: another call that asks now must see it.
        self._under_way[id(estimate)] = _UnderWay(name, self._dollars(estimate.most()))
        self._change(partial(Ledger.begun, call=call))
        try:
            await self._checkpoint.save(lambda checkpoint: checkpoint)
            await self._reported()
        except BaseException:
            self.after(CallResult(estimate=estimate, made=False))
            raise

    def _change(self, change: Callable[[Ledger], Ledger]) -> None:
        self._checkpoint.change(partial(Checkpoint.with_ledger, change=change))
        self._on_change()

    def _dollars(self, usage: CallUsage) -> Decimal:
        return cost(usage, self._today()) or Decimal(0)

    def _today(self) -> date:
        return self._now().date()


def _is_billed_unseen(result: CallResult) -> bool:
    """Whether a call was perhaps billed although no bill came: it was cancelled, or timed out."""
    if not result.made or result.usage is not None:
        return False
    return result.failure is None or result.failure.reason is Reason.MODEL_TIMEOUT
