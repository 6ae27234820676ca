"""Counts what a video costs at the model, over all calls and all attempts. Pure."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from runops.progress import Stage
from runops.report import StageUsage, Usage
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage

__all__ = ["Ledger", "StageTotal"]


class StageTotal(BaseModel):
    """The calls of one stage, summed."""

    model_config = ConfigDict(frozen=True)

    model: str | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def with_call(self, usage: CallUsage, *, on: date) -> "StageTotal":
        """Return the total with one more call, at the prices of a day. One call of unknown cost makes it unknown."""
        dollars = cost(usage, on)
        known = self.cost_usd is not None and dollars is not None
        return StageTotal(
            model=usage.model,
            calls=self.calls + 1,
            input_tokens=self.input_tokens + usage.input_tokens,
            output_tokens=self.output_tokens + usage.output_tokens,
            cost_usd=(self.cost_usd or Decimal(0)) + (dollars or Decimal(0)) if known else None,
        )


class Ledger(BaseModel):
    """What was billed so far. The checkpoint holds it, so that a later attempt reports the total."""

    model_config = ConfigDict(frozen=True)

    transcribing: StageTotal = StageTotal()
    parsing_sop: StageTotal = StageTotal()

    def with_call(self, stage: Stage, usage: CallUsage, *, on: date) -> "Ledger":
        """Return the ledger with one more call of a stage (`transcribing` or `parsing_sop`)."""
        name = "transcribing" if stage is Stage.TRANSCRIBING else "parsing_sop"
        total: StageTotal = getattr(self, name)
        return self.model_copy(update={name: total.with_call(usage, on=on)})

    def usage(self, *, media_seconds: float) -> Usage:
        """Return the figures in the form of reports and VideoJobs."""
        totals = (self.transcribing, self.parsing_sop)
        known = all(total.cost_usd is not None for total in totals)
        dollars = sum((total.cost_usd or Decimal(0) for total in totals), Decimal(0))
        return Usage(
            transcribing=_stage(self.transcribing),
            parsing_sop=_stage(self.parsing_sop),
            total_tokens=sum(total.input_tokens + total.output_tokens for total in totals),
            cost_usd=f"{dollars:.6f}" if known else None,
            media_seconds=round(media_seconds),
        )


def _stage(total: StageTotal) -> StageUsage | None:
    if total.calls == 0:
        return None
    return StageUsage(
        model=(total.model or "")[:128] or None,
        input_tokens=total.input_tokens,
        output_tokens=total.output_tokens,
        calls=total.calls,
        cost_usd=None if total.cost_usd is None else f"{total.cost_usd:.6f}",
    )
