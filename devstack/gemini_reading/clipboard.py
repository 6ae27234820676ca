"""What is done by keys that leave little: text is marked and copied, and a file is saved. Pure.

Whoever pastes has copied before: the text was on the screen, and its ground changed when it was marked. A title that an
editor marks as changed is redrawn when the text is changed first, and once more when the file is saved.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from devstack.gemini_reading.difference import difference, plain
from devstack.gemini_reading.event import Event, place_of, quoted
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element
from devstack.gemini_reading.recording import Line, Reading, Screen

__all__ = ["with_copies", "with_saves"]

_SHORTEST = 4
_RIM = 8
_MOST_AREAS = 6
_COPY_SECONDS = 30
_TITLE = 0.2
_SAID_SECONDS = 2
_COPY = re.compile(r"(?i)\bcop(?:y|ied)|\bpaste|\bkopier|\beinfüg")
_SAVE = re.compile(r"(?i)\bsave|\bsee\b|\bspeicher|\bsicher")
_WRITES = frozenset({"TYPE", "PASTE"})
_LEAST_OF_TITLE = 0.5


def with_copies(found: Sequence[Event], screens: Sequence[Screen], reading: Reading) -> list[Event]:
    """Return the events with what was pasted as pasted, and with the marking and copying before it."""
    events: list[Event] = []
    said = any(_COPY.search(one.text) for one in reading.spoken)
    for event in found:
        if (last := _pasted_before(event, events)) is not None:
            if rest := (event.typed or event.pasted)[len(last.pasted) :].strip():
                events.append(replace(event, action="TYPE", target=last.target, typed=rest, pasted=""))
            continue
        source = _source(event, screens, said=said) if event.action in _WRITES | {"SCREEN_UPDATE"} else None
        if source is None:
            events.append(event)
            continue
        line, screen, second = source
        if any(plain(line.text) in plain(one.typed) for one in events):
            # Whoever has just written it has not copied it.
            events.append(event)
            continue
        app = place_of(screen, reading.height)
        words = quoted([line.text])
        element = Element("text", line.text, line.box)
        events.append(
            Event(second, "SELECT_TEXT", app, element, before=f"{words} is not marked.", after=f"{words} is marked.")
        )
        events.append(
            Event(
                second + 1,
                "KEYPRESS_CTRL+C",
                app,
                key="CTRL+C",
                before=f"{words} is marked.",
                after=f"{words} is copied.",
            )
        )
        whole = event.typed or event.pasted or (event.target.text if event.target is not None else "")
        rest = whole[len(line.text) :].strip()
        target = Element("text area", event.app, event.target.box) if event.target is not None else None
        pasted = _came(line.text, screens, second, event.second)
        events.append(
            Event(
                pasted,
                "PASTE",
                event.app,
                target,
                pasted=line.text,
                before=f"{words} is not there.",
                after=f"{words} is there.",
            )
        )
        if rest:
            events.append(
                replace(
                    event, action="TYPE", second=max(event.second, pasted + 1), target=target, typed=rest, pasted=""
                )
            )
    return events


def _pasted_before(event: Event, events: Sequence[Event]) -> Event | None:
    """Return what was pasted at the place at which an event shows more than that."""
    last = next((one for one in reversed(events) if one.action == "PASTE"), None)
    if event.action not in _WRITES or last is None or last.target is None or event.target is None:
        return None
    near = last.target.box.meets(event.target.box) and event.second - last.second <= _COPY_SECONDS
    return last if near and plain(event.typed or event.pasted).startswith(plain(last.pasted)) else None


def _source(event: Event, screens: Sequence[Screen], *, said: bool) -> tuple[Line, Screen, int] | None:
    """Return the line that what came begins with, marked on another screen before, with the second in which it was."""
    written = plain(event.typed or event.pasted or (event.target.text if event.target is not None else ""))
    if len(written) < _SHORTEST or not (said or any(character.isdigit() for character in written)):
        return None
    for before, after in reversed(list(itertools.pairwise(screens))):
        if not event.second - _COPY_SECONDS <= after.second < event.second or len(after.changed) > _MOST_AREAS:
            continue
        for line in before.lines:
            # What stands in a field says what to write there, or was written.
            if any(one.kind == "field" and one.box.holds(line.box) for one in before.controls):
                continue
            if (
                len(plain(line.text)) >= _SHORTEST
                and written.startswith(plain(line.text))
                and _is_marked(line.box, after)
            ):
                there = [
                    one for one in difference(before.lines, after.lines).added if plain(one.text) == plain(line.text)
                ]
                if not there:
                    return line, before, after.second
    return None


def _is_marked(box: Box, after: Screen) -> bool:
    """Tell whether the ground of a line has changed, and nothing else has."""
    outer = box.grown(_RIM, width=9999, height=9999)
    return any(outer.holds(area) and 3 * area.width >= box.width for area in after.changed)


def _came(text: str, screens: Sequence[Screen], since: int, until: int) -> int:
    """Return when a text came that was on the screen before: the first second in which another line has it."""
    for before, after in itertools.pairwise(screens):
        if since < after.second <= until and any(
            plain(line.text) == plain(text) for line in difference(before.lines, after.lines).added
        ):
            return after.second
    return until


def with_saves(found: Sequence[Event], screens: Sequence[Screen], reading: Reading) -> list[Event]:
    """Return the events with a save by key where the mark in a window's title goes after something was written."""
    return sorted([*found, *_saves(found, screens, reading)], key=lambda event: event.second)


def _saves(found: Sequence[Event], screens: Sequence[Screen], reading: Reading) -> Iterator[Event]:
    for before, after in itertools.pairwise(screens):
        title = next((line for line in after.lines if _is_redrawn(line, before, after, reading.height)), None)
        if title is None or len(after.changed) > _MOST_AREAS:
            continue
        past = [one for one in found if one.second <= after.second]
        wrote = [one for one in past if one.action in _WRITES]
        if not wrote or any(after.second - 1 <= one.second <= after.second and one.action == "CLICK" for one in past):
            continue
        said = " ".join(
            one.text for one in reading.spoken
            if one.start <= after.second + 1 and after.second - _SAID_SECONDS <= one.end
        )  # fmt: skip
        # The mark comes with the first word that is written.
        if max(wrote[-1].second, wrote[-1].until) < after.second and _SAVE.search(said):
            app = place_of(after, reading.height)
            told = f"The title {quoted([title.text])} has no mark of changes any more."
            yield Event(after.second, "KEYPRESS_CTRL+S", app, key="CTRL+S", before="The file has changes.", after=told)


def _is_redrawn(line: Line, before: Screen, after: Screen, height: int) -> bool:
    """Tell whether a title was drawn again with the same words."""
    stays = any(plain(one.text) == plain(line.text) and one.box.is_at(line.box) for one in before.lines)
    outer = line.box.grown(_RIM, width=9999, height=9999)
    return (
        stays
        and line.box.top <= _TITLE * height
        and any(outer.holds(area) and area.width >= _LEAST_OF_TITLE * line.box.width for area in after.changed)
    )
