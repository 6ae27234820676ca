"""When the screen may show a secret that the text hides. Pure.

The text says what was hidden, not where on the screen it was. So time decides, and more is left out than need be: a
picture without a secret that is missing does less harm than one with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from runops.procedure.items import Items
from runops.procedure.model import TypedSecret
from runops.recorded_secrets.span import hidden_kinds
from runops.transcript import AudioItem, VisualItem, seconds

__all__ = ["SecretTimes", "secret_times"]

_BEFORE = 5.0
"""An action is named by the second; a text may be on the screen before it is noticed."""
_AFTER = 2.0
_AROUND_SPEECH = 10.0
"""A password is typed while it is said, or a little before or after."""
_UNKNOWN = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class SecretTimes:
    """Times at which no picture is shown.

    Attributes
    ----------
    times
        From, until, and what is hidden, such as `password`.
    screens
        Applications in which a secret was shown, with the second from which on that holds: whoever comes back to them
        may see it again.
    focus
        When each application came into focus, in order.
    typed
        For each of `times` in order: the screen (None for one that was said), and the secret if it was only typed.
        Then its place can be known.
    """

    times: tuple[tuple[float, float, str], ...] = ()
    screens: dict[str, tuple[float, str]] = field(default_factory=dict)
    focus: tuple[tuple[float, str], ...] = ()
    typed: tuple[tuple[str | None, TypedSecret | None], ...] = ()

    def covers(self, start: float, end: float) -> tuple[TypedSecret, ...]:
        """Return what the screen may show between two seconds if all of it was typed; else nothing.

        What was typed or shown before counts whatever is in focus: its window may be beside the one in focus, and then
        it is on the screen already when the next secret is typed.
        """
        found: list[TypedSecret] = []
        for (since, until, _), (screen, secret) in zip(self.times, self.typed, strict=True):
            is_over = screen is None and until < start
            if end < since or is_over:
                continue
            if secret is None:
                return ()
            found.append(secret)
        return tuple(found)

    def at(self, start: float, end: float) -> str | None:
        """Return what the screen may show between two seconds; None for no secret."""
        for since, until, kind in self.times:
            if since <= end and start <= until:
                return kind
        for name in self._in_focus(start, end):
            # What is not known may be any of them.
            named = self.screens if name in _UNKNOWN else {name} & self.screens.keys()
            for since, kind in (self.screens[screen] for screen in named):
                if since <= end:
                    return kind
        return None

    def _in_focus(self, start: float, end: float) -> Iterator[str]:
        before: str | None = None
        for at, name in self.focus:
            if at <= start:
                before = name
            elif at <= end:
                yield name
        if before is not None:
            yield before


def secret_times(items: Items) -> SecretTimes:
    """Return when the screen may show a secret.

    That is from before an item that hides one until another application or page comes into focus, and whenever the
    same one is in focus again. A secret that was said: some seconds before and after.
    """
    seen = [item for item in items.all if isinstance(item, VisualItem)]
    typed: list[tuple[str | None, TypedSecret | None]] = [(None, None) for _ in items.unread_secrets]
    times: list[tuple[float, float, str]] = [(-inf, inf, kind) for kind in items.unread_secrets]
    screens: dict[str, tuple[float, str]] = {}
    for index, shown in enumerate(seen):
        kinds = hidden_kinds(_texts(shown.model_dump(mode="json")))
        if kinds:
            since = min(shown.start - _BEFORE, seen[index - 1].start if index else 0.0)
            times.append((since, _left(seen, index), kinds[0]))
            typed.append((_screen(shown), _typed(seen, index, kinds[0])))
            screens.setdefault(_screen(shown), (since, kinds[0]))
    for item in items.all:
        if isinstance(item, AudioItem) and (kinds := hidden_kinds([item.verbatim_transcript_segment])):
            end = max(item.start, seconds(item.timestamp_end_audio))
            times.append((item.start - _AROUND_SPEECH, end + _AROUND_SPEECH, kinds[0]))
            # Said: no screen, and no place.
            typed.append((None, None))
    focus = tuple((item.start, _screen(item)) for item in seen)
    return SecretTimes(tuple(times), screens, focus, tuple(typed))


def _typed(seen: Sequence[VisualItem], index: int, kind: str) -> TypedSecret | None:
    """Return the secret of an item that only says that it was typed; None where it is said to be anywhere else, too.

    One that was pasted was copied somewhere before, and that place may be on the same screen.
    """
    item = seen[index]
    elsewhere = item.model_dump(mode="json", exclude={"data_input_observed": {"typed_characters"}})
    if item.action_type_observed != "TYPE" or hidden_kinds(_texts(elsewhere)):
        return None
    if item.timestamp_end_visual is not None:
        end = seconds(item.timestamp_end_visual)
    else:
        # Typing that has no end goes on until the next thing is done.
        end = min((other.start for other in seen[index + 1 :]), default=item.start)
    return TypedSecret(kind, item.start, max(end, item.start))


def _left(seen: Sequence[VisualItem], index: int) -> float:
    """Return when the screen of an item is surely left: some seconds after another one is in focus."""
    screen = _screen(seen[index])
    others = (item.start for item in seen[index + 1 :] if screen not in _UNKNOWN and _screen(item) != screen)
    return next(others, inf) + _AFTER


def _screen(item: VisualItem) -> str:
    return " ".join(item.application_in_focus.casefold().split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
