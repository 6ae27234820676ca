"""One thing that was done or happened on the screen, and the words for it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.gemini_reading.difference import plain
from devstack.gemini_reading.layout import Element, application, heading
from devstack.gemini_reading.recording import Line, Screen

__all__ = ["Event", "named", "place_of", "quoted"]

_MOST_NAMED = 8
_MOST_LINES = 4
_MOST_SENTENCES = 2
_SENTENCE = re.compile(r"^\S+(?: \S+){3,}[.!]$")
"""What a page tells somebody: four words or more, with an end."""
_HEADER = 0.09


@dataclass(frozen=True)
class Event:
    """One thing that was done or happened.

    Attributes
    ----------
    second, until
        When it begins, and when it is over; the same for an instant.
    action
        As a transcript names it.
    app
        The application in front.
    target
        What it went to; None where there is no single target.
    typed, pasted, selected
        What was entered.
    key
        The key that was pressed.
    before, after
        One sentence each: how the screen looks.
    """

    second: int
    action: str
    app: str
    target: Element | None = None
    until: int = -1
    typed: str = ""
    pasted: str = ""
    selected: str = ""
    key: str = ""
    before: str = ""
    after: str = ""


def quoted(texts: Sequence[str]) -> str:
    """Return texts in quotation marks, with commas between."""
    return ", ".join(f'"{text}"' for text in texts[:_MOST_NAMED] if text) or "nothing that can be read"


def named(lines: Sequence[Line], height: int) -> list[str]:
    """Return what a page says in sentences, and its first lines below the header: they tell which page it is."""
    below = [line for line in lines if line.box.top > _HEADER * height] or list(lines)
    told = [line for line in below if _SENTENCE.search(line.text) is not None][:_MOST_SENTENCES]
    return [line.text for line in dict.fromkeys([*told, *below])][:_MOST_LINES]


def place_of(screen: Screen, height: int) -> str:
    """Return the application in front and its page."""
    app, page = application(screen, height=height), heading(screen, height=height)
    return app if not page or plain(page) in plain(app) else f"{app} - {page}"
