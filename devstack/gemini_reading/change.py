"""The change from one screen to the next, with what is known around it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from devstack.gemini_reading.cause import Cause, of_change
from devstack.gemini_reading.difference import Difference, difference
from devstack.gemini_reading.event import Event, place_of, quoted
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element
from devstack.gemini_reading.recording import Reading, Screen

__all__ = ["Change", "State"]


@dataclass
class State:
    """What is known while one goes from screen to screen.

    Attributes
    ----------
    dialog, dialog_title, behind, is_window
        The open dialog, the words on the page behind it, and whether it is the window of another program.
    menu, menu_options, menu_second
        The list that is open, its choices, and since when.
    focus
        The field that got the focus last.
    last_menu, last_menu_second
        The list that closed last without another choice to be read, and when.
    first_words
        What stood in each field when it was seen first, by its place.
    fields
        Where fields were seen: one with the focus may have an edge like a button's.
    pressed_words
        What stood on buttons: such words name no field beside them.
    """

    dialog: Box | None = None
    dialog_title: str = ""
    behind: set[str] = field(default_factory=set)
    is_window: bool = False
    menu: Element | None = None
    menu_options: tuple[str, ...] = ()
    menu_second: int = 0
    focus: Box | None = None
    last_menu: Element | None = None
    last_menu_second: int = 0
    first_words: dict[tuple[int, int], str] = field(default_factory=dict)
    fields: list[Box] = field(default_factory=list)
    pressed_words: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Change:
    """Two screens, one after the other.

    Attributes
    ----------
    recent
        What was done last.
    """

    before: Screen
    after: Screen
    reading: Reading
    recent: Sequence[Event]

    @property
    def second(self) -> int:
        """When the second screen is there."""
        return self.after.second

    @cached_property
    def compared(self) -> Difference:
        """Their lines, compared."""
        return difference(self.before.lines, self.after.lines)

    @cached_property
    def app(self) -> str:
        """The application in front afterwards."""
        return place_of(self.after, self.reading.height)

    def cause(self, *, hint: str = "", within: Box | None = None, only_buttons: bool = False) -> Cause | None:
        """Return what most likely brought it about, see `cause.of_change`."""
        return of_change(
            self.before,
            self.after,
            self.reading,
            self.recent,
            hint=hint,
            within=within,
            only_buttons=only_buttons,
        )

    def pressed(self, cause: Cause | None, *, after: str) -> Iterator[Event]:
        """Yield that something was pressed, if anything was; `after` says what came of it."""
        app = place_of(self.before, self.reading.height)
        if cause is None:
            return
        if cause.key:
            yield Event(self.second, f"KEYPRESS_{cause.key}", app, key=cause.key, after=after)
        elif cause.element is not None:
            element = cause.element
            row = f" of the row {element.inside}" if element.kind == "table row" else ""
            before = f"{quoted([element.text])}{row} is on the screen." if element.text else "An icon is on the screen."
            yield Event(self.second, "CLICK", app, element, before=before, after=after)
