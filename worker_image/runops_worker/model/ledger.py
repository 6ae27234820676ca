"""Counts what a video costs at the model, over all calls and all attempts. Pure."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, field_validator

from runops.progress import Stage
from runops.report import AttemptUsage, DayUsage, StageUsage, Usage
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage

__all__ = ["AttemptTotal", "CallUnderWay", "DayTotal", "Ledger", "StageTotal"]

_MOST_ATTEMPTS = 8
_MOST_DAYS = 7
_MOST_DAYS_UNDER_WAY = 2


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
    estimated_calls: int = 0
    """Calls whose bill is not known. They count as they were estimated."""

    @field_validator("cost_usd", mode="before")
    @classmethod
    def _unknown_is_nothing(cls, value: object) -> object:
        # Checkpoints of version 0.2 hold null where one call had no price.
        return Decimal(0) if value is None else value

    def with_call(self, usage: CallUsage, *, on: date, is_estimated: bool) -> "StageTotal":
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
            estimated_calls=self.estimated_calls + is_estimated,
        )

    @property
    def shown_cost(self) -> str | None:
        """US dollars as reports hold them; None where no call has a known price."""
        return None if self.calls == self.unpriced_calls else _shown(self.cost_usd)


class AttemptTotal(BaseModel):
    """The calls of one attempt, summed; of several early ones where there were many."""

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0


class DayTotal(BaseModel):
    """What was spent on one day, in UTC."""

    model_config = ConfigDict(frozen=True)

    day: date
    cost_usd: Decimal


class CallUnderWay(BaseModel):
    """A call that was begun and has not ended, and what it is billed for as a rule."""

    model_config = ConfigDict(frozen=True)

    id: str
    stage: Stage
    day: date
    model: str
    input_tokens: int
    output_tokens: int
    video_tokens: int = 0
    audio_tokens: int = 0

    @classmethod
    def of(cls, usage: CallUsage, *, name: str, stage: Stage, on: date) -> "CallUnderWay":
        """Return the call that is billed like this as a rule."""
        return cls(
            id=name,
            stage=stage,
            day=on,
            model=usage.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            video_tokens=usage.video_tokens,
            audio_tokens=usage.audio_tokens,
        )

    @property
    def usage(self) -> CallUsage:
        """What it is billed for as a rule."""
        return CallUsage(
            self.model,
            self.input_tokens,
            self.output_tokens,
            video_tokens=self.video_tokens,
            audio_tokens=self.audio_tokens,
        )


class Ledger(BaseModel):
    """What was billed so far. The checkpoint holds it, so that a later attempt reports the total.

    Attributes
    ----------
    id
        Tells this count from one that was begun anew; empty before the first call.
    attempts, days
        The same cost by attempt and by day. Many early attempts are summed in the first; early days are left out.
    under_way
        Calls that have begun. What a killed worker leaves here was perhaps billed.
    estimated_usd
        Cost of the whole video as it was estimated before the first call; None where no price is known.
    """

    model_config = ConfigDict(frozen=True)

    id: str = ""
    transcribing: StageTotal = StageTotal()
    parsing_sop: StageTotal = StageTotal()
    attempts: tuple[AttemptTotal, ...] = ()
    days: tuple[DayTotal, ...] = ()
    under_way: tuple[CallUnderWay, ...] = ()
    estimated_usd: Decimal | None = None

    @property
    def cost_usd(self) -> Decimal:
        """Of the calls that have ended and whose price is known."""
        return self.transcribing.cost_usd + self.parsing_sop.cost_usd

    @property
    def calls(self) -> int:
        """Calls that have ended and were billed."""
        return self.transcribing.calls + self.parsing_sop.calls

    def with_call(self, stage: Stage, usage: CallUsage, *, on: date, is_estimated: bool = False) -> "Ledger":
        """Return the ledger with one more call of a stage (`transcribing` or `parsing_sop`)."""
        name = "transcribing" if stage is Stage.TRANSCRIBING else "parsing_sop"
        former: StageTotal = getattr(self, name)
        total = former.with_call(usage, on=on, is_estimated=is_estimated)
        dollars = total.cost_usd - former.cost_usd
        *earlier, last = self.attempts or (AttemptTotal(),)
        attempt = AttemptTotal(
            calls=last.calls + 1,
            tokens=last.tokens + usage.input_tokens + usage.output_tokens,
            cost_usd=last.cost_usd + dollars,
            unpriced_calls=last.unpriced_calls + total.unpriced_calls - former.unpriced_calls,
        )
        changed = {name: total, "attempts": (*earlier, attempt), "days": _with_dollars(self.days, dollars, on=on)}
        return self.model_copy(update=changed)

    def with_attempt(self) -> "Ledger":
        """Begin an attempt. Calls that an earlier one left under way count as they were estimated."""
        settled = self
        for call in self.under_way:
            settled = settled.ended(call.id, counts=True)
        attempts = tuple(attempt for attempt in settled.attempts if attempt.calls)
        if len(attempts) >= _MOST_ATTEMPTS:
            attempts = (_sum(attempts[0], attempts[1]), *attempts[2:])
        return settled.model_copy(update={"attempts": (*attempts, AttemptTotal()) if settled.calls else ()})

    def begun(self, call: CallUnderWay) -> "Ledger":
        """Add a call that begins now. The first call gives the ledger its name."""
        return self.model_copy(update={"id": self.id or call.id, "under_way": (*self.under_way, call)})

    def ended(self, name: str, *, counts: bool) -> "Ledger":
        """Remove a call that was under way.

        Parameters
        ----------
        name
            Its id.
        counts
            Whether it was perhaps billed and its bill is not known. Then it counts as it was estimated.
        """
        calls = [call for call in self.under_way if call.id == name]
        left = tuple(call for call in self.under_way if call.id != name)
        ledger = self.model_copy(update={"under_way": left})
        for call in calls if counts else ():
            ledger = ledger.with_call(call.stage, call.usage, on=call.day, is_estimated=True)
        return ledger

    def usage(self, *, media_seconds: float) -> Usage:
        """Return the figures in the form of reports and VideoJobs."""
        totals = (self.transcribing, self.parsing_sop)
        unpriced = sum(total.unpriced_calls for total in totals)
        return Usage(
            transcribing=_stage(self.transcribing),
            parsing_sop=_stage(self.parsing_sop),
            total_tokens=sum(total.input_tokens + total.output_tokens for total in totals),
            cost_usd=None if self.calls == unpriced else _shown(self.cost_usd),
            estimated_cost_usd=None if self.estimated_usd is None else _shown(self.estimated_usd),
            unpriced_calls=unpriced,
            estimated_calls=sum(total.estimated_calls for total in totals),
            media_seconds=round(media_seconds),
            ledger=self.id[:36] or None,
            attempts=tuple(map(_attempt, self.attempts)),
            days=_days(self.days),
            under_way=_days(self._under_way_by_day()),
        )

    def _under_way_by_day(self) -> tuple[DayTotal, ...]:
        totals: tuple[DayTotal, ...] = ()
        for call in self.under_way:
            totals = _with_dollars(totals, cost(call.usage, call.day) or Decimal(0), on=call.day)
        return totals[-_MOST_DAYS_UNDER_WAY:]


def _with_name(names: str | None, name: str) -> str:
    """Return the names of the models that answered, each once; with fallback models there are up to four."""
    known = names.split(_BETWEEN_NAMES) if names else []
    return _BETWEEN_NAMES.join(list(dict.fromkeys((*known, name)))[:_MOST_NAMES])


def _with_dollars(days: tuple[DayTotal, ...], dollars: Decimal, *, on: date) -> tuple[DayTotal, ...]:
    if not dollars:
        return days
    by_day = {total.day: total.cost_usd for total in days}
    by_day[on] = by_day.get(on, Decimal(0)) + dollars
    return tuple(DayTotal(day=day, cost_usd=cost) for day, cost in sorted(by_day.items())[-_MOST_DAYS:])


def _days(totals: tuple[DayTotal, ...]) -> tuple[DayUsage, ...]:
    return tuple(DayUsage(day=total.day.isoformat(), cost_usd=_shown(total.cost_usd)) for total in totals)


def _sum(first: AttemptTotal, second: AttemptTotal) -> AttemptTotal:
    return AttemptTotal(
        calls=first.calls + second.calls,
        tokens=first.tokens + second.tokens,
        cost_usd=first.cost_usd + second.cost_usd,
        unpriced_calls=first.unpriced_calls + second.unpriced_calls,
    )


def _shown(dollars: Decimal) -> str:
    return f"{dollars:.6f}"


def _attempt(total: AttemptTotal) -> AttemptUsage:
    return AttemptUsage(
        calls=total.calls,
        total_tokens=total.tokens,
        cost_usd=None if total.calls == total.unpriced_calls else _shown(total.cost_usd),
        unpriced_calls=total.unpriced_calls,
    )


def _stage(total: StageTotal) -> StageUsage | None:
    if total.calls == 0:
        return None
    return StageUsage(
        model=(total.model or "")[:128] or None,
        input_tokens=total.input_tokens,
        output_tokens=total.output_tokens,
        cached_tokens=total.cached_tokens,
        text_tokens=max(total.input_tokens - total.video_tokens - total.audio_tokens, 0),
        video_tokens=total.video_tokens,
        audio_tokens=total.audio_tokens,
        thinking_tokens=total.thinking_tokens,
        calls=total.calls,
        cost_usd=total.shown_cost,
        unpriced_calls=total.unpriced_calls,
        estimated_calls=total.estimated_calls,
    )
