"""The last events, numbered, so that a browser that was cut off goes on where it was. Pure but for its random name."""

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Event", "EventLog"]

_KEPT = 500


@dataclass(frozen=True, slots=True)
class Event:
    """Something that browsers are told.

    Attributes
    ----------
    number
        One more than the event before it.
    kind
        `rows`, `figures` or `reset`.
    data
        As JSON.
    """

    number: int
    kind: str
    data: Mapping[str, Any]


class EventLog:
    """Keeps the last events. Its ids name this run of the program too: another one counts from 1 again."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._last = 0

    @property
    def last_id(self) -> str:
        """The id of the last event."""
        return self.id_of(self._last)

    @property
    def last_number(self) -> int:
        """Its number."""
        return self._last

    def id_of(self, number: int) -> str:
        """Return the id of an event."""
        return f"{self._run}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """Return the number in an id; None where it is of another run, or no id."""
        run, _, number = event_id.partition("-")
        known = run == self._run and number.isascii() and number.isdecimal() and len(number) < 16
        return int(number) if known and int(number) <= self._last else None

    def append(self, kind: str, data: Mapping[str, Any]) -> Event:
        """Add an event."""
        self._last += 1
        event = Event(self._last, kind, data)
        self._events.append(event)
        return event

    def after(self, number: int) -> list[Event] | None:
        """Return the events after one; None where some of them are no longer kept."""
        if number == self._last:
            return []
        if not self._events or self._events[0].number > number + 1:
            return None
        return [event for event in self._events if event.number > number]
