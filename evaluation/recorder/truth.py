"""What truly happens in a recording, noted while it happens."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from runops_evaluation.gold.events import Event, Events, ScreenText, Speech

__all__ = ["Truth", "joined"]

_MOST_BACKGROUND = 20_000
_Noted = TypeVar("_Noted", Event, Speech, ScreenText)


class Truth:
    """Collects events, speech and texts, with the second of the recording at which each is noted.

    Parameters
    ----------
    clock
        Returns the second of the recording that it is now.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.step: str | None = None
        self._events: list[Event] = []
        self._speech: list[Speech] = []
        self._screen: list[ScreenText] = []
        # A dictionary keeps the order in which texts are seen.
        self._background: dict[str, None] = {}

    def now(self) -> float:
        """Return the second of the recording, in hundredths."""
        return round(self.clock(), 2)

    def event(
        self,
        kind: str,
        application: str,
        target: str | None = None,
        *,
        at: float | None = None,
        until: float | None = None,
        also: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        value: str | None = None,
    ) -> None:
        """Note an event of the current step; it happens now if nothing else is said."""
        self._events.append(
            Event(
                at=self.now() if at is None else at,
                until=until,
                kind=kind,
                also=also,
                application=application,
                target=target,
                aliases=aliases if target is not None else (),
                value=value,
                step=self.step,
            )
        )

    def speech(self, text: str, *, start: float, seconds: float) -> None:
        """Note what is said."""
        self._speech.append(Speech(start=start, end=round(start + seconds, 2), text=text, step=self.step))

    def reads(self, text: str) -> None:
        """Note a text that can be read from now on and matters; once, however often it is read."""
        if all(one.text != text for one in self._screen):
            self._screen.append(ScreenText(at=self.now(), text=text))

    def background(self, texts: Iterable[str]) -> None:
        """Note all other texts that can be read."""
        for text in texts:
            if len(self._background) < _MOST_BACKGROUND:
                self._background.setdefault(text)

    def events(self) -> Events:
        """Return what was noted, each list by time."""
        return Events(
            format=1,
            events=tuple(sorted(self._events, key=lambda one: one.at)),
            speech=tuple(sorted(self._speech, key=lambda one: one.start)),
            screen=tuple(sorted(self._screen, key=lambda one: one.at)),
            background=tuple(self._background),
        )


def joined(parts: Iterable[tuple[float, Events]]) -> Events:
    """Return what happens in recordings that follow one another.

    Parameters
    ----------
    parts
        Of each recording the second at which it begins, and what happens in it. The steps must have names of their own.
    """
    events, speech, screen = [], [], []
    background: dict[str, None] = {}
    for begin, part in parts:
        events += [_later(one, begin, "at", "until") for one in part.events]
        speech += [_later(one, begin, "start", "end") for one in part.speech]
        screen += [_later(one, begin, "at") for one in part.screen]
        background |= dict.fromkeys(part.background)
    return Events(
        format=1, events=tuple(events), speech=tuple(speech), screen=tuple(screen), background=tuple(background)
    )


def _later(one: _Noted, seconds: float, *fields: str) -> _Noted:
    moved = {name: round(at + seconds, 2) for name in fields if (at := getattr(one, name)) is not None}
    return one.model_copy(update=moved)
