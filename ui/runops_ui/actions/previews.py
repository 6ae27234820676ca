"""Previews that wait for a person's yes: exactly those jobs are changed that were counted."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from runops_ui.actions.run import Order
from runops_ui.security.sessions import Session

__all__ = ["Previews"]

_KEPT = 50
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    order: Order
    session: str
    until: float


class Previews:
    """Keeps orders until they are confirmed, each once, by the session that saw it.

    Parameters
    ----------
    clock
        Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    def keep(self, order: Order, session: Session) -> str:
        """Keep an order and return its name."""
        for old in list(self._waiting)[: max(0, len(self._waiting) + 1 - _KEPT)]:
            del self._waiting[old]
        name = secrets.token_urlsafe(12)
        self._waiting[name] = _Waiting(order, session.name, self._clock() + _SECONDS)
        return name

    def take(self, name: str, session: Session) -> Order | None:
        """Return an order and forget it; None where it is another session's, too old, or was taken."""
        waiting = self._waiting.get(name)
        if waiting is None or waiting.session != session.name:
            return None
        del self._waiting[name]
        return waiting.order if self._clock() <= waiting.until else None
