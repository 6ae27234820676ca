"""Counts what a video costs at the model, over all calls and all attempts. Pure."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, field_validator

from runops.progress import Stage
from runops.report import StageUsage, Usage
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage

__all__ = ["Ledger", "StageTotal"]


_BETWEEN_NAMES = ", "
_MOST_NAMES = 4


class StageTotal(BaseModel):
    """The calls of one stage, summed."""

    model_config = ConfigDict(frozen=True)

    model: str | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    video_tokens: int = 0
    audio_tokens: int = 0
    thinking_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    """Of the calls whose price is known."""
    unpriced_calls: int = 0

    @field_validator("cost_usd", mode="before")
    @classmethod
    def _unknown_is_nothing(cls, value: object) -> object:
        # Checkpoints of version 0.2 hold null where one call had no price.
        return Decimal(0) if value is None else value

    def with_call(self, usage: CallUsage, *, on: date) -> "StageTotal":
        """Return the total with one more call, at the prices of a day."""
        dollars = cost(usage, on)
        return StageTotal(
            model=_with_name(self.model, usage.model),
            calls=self.calls + 1,
            input_tokens=self.input_tokens + usage.input_tokens,
            output_tokens=self.output_tokens + usage.output_tokens,
            cached_tokens=self.cached_tokens + usage.cached_tokens,
            video_tokens=self.video_tokens + usage.video_tokens,
            audio_tokens=self.audio_tokens + usage.audio_tokens,
            thinking_tokens=self.thinking_tokens + usage.thinking_tokens,
            cost_usd=self.cost_usd + (dollars or Decimal(0)),
            unpriced_calls=self.unpriced_calls + (dollars is None),
        )

    @property
    def shown_cost(self) -> str | None:
        """US dollars as reports hold them; None where no call has a known price."""
        return None if self.calls == self.unpriced_calls else f"{self.cost_usd:.6f}"


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
        both = StageTotal(
            calls=sum(total.calls for total in totals),
            cost_usd=sum((total.cost_usd for total in totals), Decimal(0)),
            unpriced_calls=sum(total.unpriced_calls for total in totals),
        )
        return Usage(
            transcribing=_stage(self.transcribing),
            parsing_sop=_stage(self.parsing_sop),
            total_tokens=sum(total.input_tokens + total.output_tokens for total in totals),
            cost_usd=both.shown_cost,
            unpriced_calls=both.unpriced_calls,
            media_seconds=round(media_seconds),
        )


def _with_name(names: str | None, name: str) -> str:
    """Return the names of the models that answered, each once; with fallback models there are up to four."""
    known = names.split(_BETWEEN_NAMES) if names else []
    return _BETWEEN_NAMES.join(list(dict.fromkeys((*known, name)))[:_MOST_NAMES])


def _stage(total: StageTotal) -> StageUsage | None:
    if total.calls == 0:
        return None
    return StageUsage(
        model=(total.model or "")[:128] or None,
        input_tokens=total.input_tokens,
        output_tokens=total.output_tokens,
        cached_tokens=total.cached_tokens,
        video_tokens=total.video_tokens,
        audio_tokens=total.audio_tokens,
        thinking_tokens=total.thinking_tokens,
        calls=total.calls,
        cost_usd=total.shown_cost,
        unpriced_calls=total.unpriced_calls,
    )
