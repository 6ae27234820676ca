"""The pace of all models, and the calls that wait for it. Pure: the caller gives the time, and waits."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from runops.pacing.model_pace import MINUTE, ModelPace
from runops.pacing.refusal import Refusal
from runops.pacing.state import PaceState
from runops.pacing.turns import Waiting, next_call

__all__ = ["Pacer", "Turn"]

_MOST_MODELS = 16
"""An installation uses two or three. More names than this are no models, and calls for them go freely."""
_MOST_USERS = 10_000
_FED_MINUTES = 2.0
"""Calls for so long a time wait in a full queue: a video that begins now asks about a minute later."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What may go now.

    Attributes
    ----------
    calls
        They are allowed, in their order, and count as made.
    next_at
        When to look again; None where nothing waits for its turn.
    """

    calls: tuple[Waiting, ...]
    next_at: float | None


class Pacer:
    """Decides when calls go, model by model.

    Parameters
    ----------
    state
        What another process kept; empty for a first start.
    now
        The time.
    minute
        Length of the minute that the API counts in, in seconds.
    """

    def __init__(self, state: PaceState | None = None, *, now: float, minute: float = MINUTE) -> None:
        self._minute = minute
        kept = {} if state is None else state.models
        self._models = {name: ModelPace.resumed(one, now=now, minute=minute) for name, one in kept.items()}
        self._served: dict[str, float] = {}
        self._last_served = float("-inf")

    def is_paced(self, model: str) -> bool:
        """Whether calls of a model wait for their turn."""
        return model in self._models and self._models[model].on

    def paces(self) -> dict[str, ModelPace]:
        """Return the pace of each model that refused a call so far."""
        return dict(self._models)

    def refuse(self, refusal: Refusal, *, now: float) -> None:
        """Take in that a call was refused."""
        pace = self._models.get(refusal.model)
        if pace is None:
            if len(self._models) >= _MOST_MODELS:
                return
            pace = self._models[refusal.model] = ModelPace(now=now, minute=self._minute)
        pace.refuse(refusal, now=now)

    def turn(self, model: str, waiting: Iterable[Waiting], *, now: float) -> Turn:
        """Allow what may go now.

        Parameters
        ----------
        model
            The model.
        waiting
            All calls that wait for it.
        now
            The time.
        """
        left = set(waiting)
        pace = self._models.get(model)
        if pace is None:
            return Turn(tuple(sorted(left, key=lambda call: call.since)), None)
        allowed: list[Waiting] = []
        while (call := next_call(left, self._served, now=now)) is not None:
            at = pace.free_at(call.tokens, now=now)
            if at > now:
                pace.settle(now=now, waiting=True)
                return Turn(tuple(allowed), at)
            pace.allow(call.tokens, now=now)
            self._note_served(call.user, now)
            left.discard(call)
            allowed.append(call)
        pace.settle(now=now, waiting=False)
        return Turn(tuple(allowed), None)

    def room(self, model: str, *, waiting: int, tokens: int, coming: int) -> int | None:
        """Return how many more callers the pace of a model can feed; None while it is not paced.

        Parameters
        ----------
        waiting, tokens
            Calls that wait, and the tokens of all of them.
        coming
            Callers at work that do not wait: each of them will make a call.
        """
        pace = self._models.get(model)
        if pace is None or not pace.on:
            return None
        usual = tokens / waiting if waiting else 0.0
        minutes = pace.minutes_for(1, math.ceil(usual))
        return max(0, math.floor(_FED_MINUTES / minutes) - waiting - coming, 1 - waiting - coming)

    def state(self) -> PaceState:
        """Return what another process needs to go on."""
        return PaceState(models={name: pace.state() for name, pace in self._models.items()})

    def _note_served(self, user: str, now: float) -> None:
        self._served.pop(user, None)
        if len(self._served) >= _MOST_USERS:
            # The user who was served longest ago; a new call of theirs counts from when it comes.
            self._served.pop(next(iter(self._served)))
        # Calls that go at one moment have an order too.
        self._last_served = max(now, math.nextafter(self._last_served, math.inf))
        self._served[user] = self._last_served
