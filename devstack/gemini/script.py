"""Which scripted turn takes a call, how often a call was repeated, and until when an overload lasts."""

import re
from collections import Counter
from dataclasses import dataclass, field

from devstack.gemini.behaviour import UPLOAD_OUTCOMES, Behaviour, CallKind, Turn

__all__ = ["Script"]


@dataclass
class _Armed:
    turn: Turn
    skip: int
    times: int | None


@dataclass
class Script:
    """The behaviour asked for, with what is left of its turns."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    armed: list[_Armed] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    overload: tuple[float, int] = (0.0, 0)

    def load(self, behaviour: Behaviour) -> None:
        """Replace the behaviour; all counters start again."""
        self.behaviour = behaviour
        self.made.clear()
        self.overload = (0.0, 0)
        self.armed = [_Armed(turn=turn, skip=turn.skip, times=turn.times) for turn in behaviour.turns]

    def number_of(self, call: str) -> int:
        """Return how often a call was made before, and count it."""
        self.made[call] += 1
        return self.made[call] - 1

    def begin_overload(self, turn: Turn, *, now: float) -> None:
        """Begin the overload that a turn asks for; one that ends sooner than that under way changes nothing."""
        if now + turn.lasts_seconds > max(self.overload[0], now):
            self.overload = (now + turn.lasts_seconds, turn.status)

    def overloaded(self, *, now: float) -> int | None:
        """Return the HTTP status that every generate call gets while an overload lasts; None where there is none."""
        until, status = self.overload
        return status if now < until else None

    def left(self) -> Behaviour:
        """Return the behaviour with what is left of every turn."""
        turns = [one.turn.model_copy(update={"skip": one.skip, "times": one.times}) for one in self.armed]
        return self.behaviour.model_copy(update={"turns": turns})

    def for_call(self, *, kind: CallKind, model: str) -> Turn | None:
        """Return the turn that takes this generate call, if any, and count it."""
        return self._take(
            [
                one
                for one in self.armed
                if one.turn.outcome not in UPLOAD_OUTCOMES
                and one.turn.kind in {"any", kind}
                and re.search(one.turn.model, model)
            ]
        )

    def for_upload(self) -> Turn | None:
        """Return the turn that takes the upload that starts now, if any, and count it."""
        return self._take([one for one in self.armed if one.turn.outcome in UPLOAD_OUTCOMES])

    def _take(self, candidates: list[_Armed]) -> Turn | None:
        for one in candidates:
            if one.skip > 0:
                one.skip -= 1
                continue
            if one.times is not None:
                one.times -= 1
                if one.times <= 0:
                    self.armed.remove(one)
            return one.turn
        return None
