"""What a screen is made of: its application, its heading, fields with their labels, buttons, rows of tables. Pure."""

import re
from dataclasses import dataclass

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Control, Line, Screen

__all__ = [
    "Element",
    "application",
    "element_at",
    "field_at",
    "has_address_bar",
    "heading",
    "is_address",
    "is_host",
    "label_of",
    "row_of",
    "text_in",
    "title_in",
]

_HEADER_SHARE = 0.11
_HEADING_SHARE = 0.6
_LEAST_LETTERS = 4
_ADDED = 14
_LABEL_ABOVE = 46
_LABEL_LEFT = 420
_SLACK = 6
_LEAST_CELLS = 3
_ROW_LENGTH = 6
_LIST_LENGTH, _LIST_APART = 4, 6
"""A rectangle in a list is so many times longer than high; the next one is so many heights below it at most."""
_LEVEL = 0.3
_ICON = 72
_HIGHEST_ITEM = 130
_ROWS_APART = 3
_CLOSE_ABOVE = 14
_CLOSE_LEFT = 100
_BROWSER_SHARE = 0.13
_HOST = re.compile(r"^[\w-]+(\.[\w-]{2,})+(:\d+)?(/\S*)?$")
_ADDRESS = re.compile(
    r"(?i)^(https?://|file://|www\.)|^[\w.-]+\.(com|org|net|io|de|dev|local|test)\b|^(localhost|127\.)"
)


@dataclass(frozen=True)
class Element:
    """Something on the screen that can be named.

    Attributes
    ----------
    kind
        As a transcript calls it: button, text field, table row, text.
    text
        The words on it, or the label of a field.
    box
        Where it is.
    inside
        What stands in a field; all cells of a row.
    """

    kind: str
    text: str
    box: Box
    inside: str = ""


def application(screen: Screen, *, height: int) -> str:
    """Return the words at the upper left of the screen: the title of a window or the name of a site."""
    top = [line for line in screen.lines if line.box.bottom <= _HEADER_SHARE * height and not is_address(line.text)]
    named = [line for line in top if sum(character.isalpha() for character in line.text) > 2]
    if not named:
        return heading(screen, height=height) or "unknown"
    first = min(line.box.top for line in named)
    row = [line for line in named if line.box.top <= first + line.box.height]
    return min(row, key=lambda line: line.box.left).text


def is_address(text: str) -> bool:
    """Tell whether a text looks like the address of a page."""
    return _ADDRESS.search(text.strip()) is not None and " " not in text.strip()


def is_host(text: str) -> bool:
    """Tell whether a text is the name of a host, with a path or without."""
    return _HOST.search(text.strip()) is not None


def has_address_bar(screen: Screen, *, height: int) -> bool:
    """Tell whether the address of a page stands at the top: another page in the same browser is no other program."""
    top = [line for line in screen.lines if line.box.bottom <= _BROWSER_SHARE * height]
    # A mark that the page is not encrypted may be read as one line with the address.
    return any(is_host(word) for line in top for word in line.text.split())


def heading(screen: Screen, *, height: int) -> str:
    """Return the largest words below the header that are no button and not in a field."""
    controls = [one.box for one in screen.controls]
    lines = [
        line
        for line in screen.lines
        if 0.7 * _HEADER_SHARE * height < line.box.top < _HEADING_SHARE * height
        and sum(character.isalpha() for character in line.text) >= _LEAST_LETTERS
        and not any(control.holds(line.box) for control in controls)
    ]
    largest = max((_letter_size(line) for line in lines), default=0.0)
    return next((line.text for line in lines if _letter_size(line) >= 0.9 * largest), "")


def _letter_size(line: Line) -> float:
    """Return the width of a letter, less what the finder of lines adds: heights depend on which letters there are."""
    return min((line.box.width - _ADDED) / len(line.text), 0.7 * line.box.height)


def title_in(screen: Screen, box: Box) -> str:
    """Return the uppermost words inside a box: the title of a dialog."""
    inside = [line for line in screen.lines if box.holds(line.box)]
    return min(inside, key=lambda line: (line.box.top, line.box.left)).text if inside else ""


def text_in(screen: Screen, box: Box) -> str:
    """Return the words inside a box, line by line."""
    inside = [line for line in screen.lines if box.grown(_SLACK, width=10_000, height=10_000).holds(line.box)]
    return " ".join(line.text for line in sorted(inside, key=lambda line: (line.box.centre[1] // 12, line.box.left)))


def field_at(screen: Screen, box: Box) -> Control | None:
    """Return the smallest field that holds a box."""
    holding = [one for one in screen.controls if one.kind == "field" and one.box.holds(box)]
    return min(holding, key=lambda one: one.box.area, default=None)


def label_of(screen: Screen, field: Box) -> str:
    """Return the words that name a field: those left of it on its line, or right above it."""
    beside = [
        line
        for line in screen.lines
        if line.box.right <= field.left + _SLACK
        and field.left - line.box.right <= _LABEL_LEFT
        and field.top - _SLACK <= line.box.centre[1] <= field.bottom + _SLACK
        and not any(one.box.holds(line.box) for one in screen.controls if one.box.height < 2 * line.box.height + 40)
    ]
    above = [
        line
        for line in screen.lines
        if 0 <= field.top - line.box.bottom + _SLACK <= _LABEL_ABOVE
        and abs(line.box.left - field.left) <= 3 * _SLACK
        # A part of the page may look like a field, too: what holds the field itself is none.
        and not any(
            one.kind == "field" and one.box.holds(line.box) and not one.box.holds(field) for one in screen.controls
        )
    ]
    if above:
        nearest, gap = max(above, key=lambda line: line.box.bottom), field.left
        gap -= max((line.box.right for line in beside), default=-_LABEL_LEFT)
        # What stands far left on the same line may be a part of the page beside the form.
        told = any(line.text.rstrip().endswith(":") for line in beside)
        close = field.top - nearest.box.bottom <= _CLOSE_ABOVE and gap > _CLOSE_LEFT and not told
        if close or gap > _LABEL_LEFT // 2:
            return nearest.text
    return max(beside, key=lambda line: line.box.right).text.rstrip(": *") if beside else ""


def row_of(screen: Screen, line: Line) -> list[Line]:
    """Return the lines that stand beside a line, from left to right, itself included; not those in a list beside it."""
    middle = line.box.centre[1]
    row = [other for other in screen.lines if abs(other.box.centre[1] - middle) <= _LEVEL * line.box.height]
    beside = [(left, right) for left, right in _lists(screen) if line.box.right <= left or right <= line.box.left]
    row = [one for one in row if not any(left <= one.box.centre[0] <= right for left, right in beside)]
    return sorted(row, key=lambda other: other.box.left)


def _lists(screen: Screen) -> list[tuple[int, int]]:
    """Return from where to where lists go: rectangles with words that lie one below the other, such as a navigation."""
    boxes = [one.box for one in screen.controls if one.box.width > _LIST_LENGTH * one.box.height]
    boxes = [box for box in boxes if any(box.holds(line.box) for line in screen.lines)]
    return [
        (box.left, box.right)
        for box in boxes
        if any(
            abs(box.left - other.left) <= _SLACK
            and abs(box.right - other.right) <= _SLACK
            and 0 < other.top - box.top <= _LIST_APART * box.height
            for other in boxes
        )
    ]


def _has_buttons(screen: Screen, control: Control, cells: list[Line]) -> bool:
    """Tell whether words in a long rectangle are on buttons of their own: it is no row of a table."""
    inner = [one.box for one in screen.controls if one is not control and one.box.area < control.box.area // 2]
    return any(box.holds(cell.box) and control.box.holds(box) for box in inner for cell in cells)


def _is_panel(control: Control, cells: list[Line]) -> bool:
    """Tell whether a rectangle is a part of a page with things of its own in it, such as a form."""
    return control.box.height > _HIGHEST_ITEM and len(cells) >= _LEAST_CELLS


def _is_bar(control: Control, cells: list[Line]) -> bool:
    """Tell whether words in a long rectangle stand side by side: a row of buttons whose edges were not found."""
    return (
        len(cells) >= _LEAST_CELLS
        and max(one.box.top for one in cells) < min(one.box.bottom for one in cells)
        and control.box.width > _ROW_LENGTH * control.box.height
    )


def _has_neighbour(screen: Screen, cell: Line, row: list[Line]) -> bool:
    """Tell whether words stand right above or below a cell and begin where it does: it is in a column of a table."""
    return any(
        abs(one.box.left - cell.box.left) <= 2 * _SLACK
        and abs(one.box.centre[1] - cell.box.centre[1]) <= _ROWS_APART * cell.box.height
        for one in screen.lines
        if one not in row
    )


def element_at(screen: Screen, point: tuple[int, int]) -> Element | None:
    """Return what can be pressed at a point: a button, a field, a row of a table, or words."""
    holding = [one for one in screen.controls if one.box.has(point)]
    for control in sorted(holding, key=lambda one: one.box.area):
        inside = text_in(screen, control.box)
        cells = sorted((one for one in screen.lines if control.box.holds(one.box)), key=lambda one: one.box.left)
        if (
            len(cells) >= _LEAST_CELLS
            and not _has_buttons(screen, control, cells)
            and control.box.width > _ROW_LENGTH * control.box.height
        ):
            return Element("table row", cells[0].text, control.box, " | ".join(cell.text for cell in cells))
        if control.kind == "field":
            pointed = next((cell for cell in cells if cell.box.has(point, slack=_SLACK)), None)
            if pointed is not None and len(cells) > 1 and (_is_panel(control, cells) or _is_bar(control, cells)):
                return Element("button", pointed.text, pointed.box)
            label = label_of(screen, control.box)
            if not label and len({cell.box.top // cell.box.height for cell in cells}) > 1:
                # Several lines and nothing that says what to write there.
                first = min(cells, key=lambda one: one.box.top)
                return Element("list item", first.text, control.box, inside)
            return Element("text field", label or inside, control.box, inside)
        if inside and len(inside) <= 60:
            return Element("button", inside, control.box)
    icon = next((one for one in holding if one.kind == "button" and max(one.box.width, one.box.height) <= _ICON), None)
    line = next((one for one in screen.lines if one.box.has(point, slack=_SLACK)), None)
    if icon is not None and (line is None or len(line.text) == 1):
        return Element("icon", "", icon.box)
    if line is None:
        return None
    row = row_of(screen, line)
    columns = [cell for cell in row if _has_neighbour(screen, cell, row)]
    others = [one for one in row if one is not line]
    in_controls = any(
        one.kind == "button"
        and one.box.holds(cell.box)
        and not one.box.holds(line.box)
        and one.box.width < _ROW_LENGTH * cell.box.height + cell.box.width
        for one in screen.controls
        for cell in others
    )
    if len(row) >= _LEAST_CELLS and len(columns) > 1 and not in_controls:
        return Element("table row", row[0].text, line.box, " | ".join(cell.text for cell in row))
    return Element("text", line.text, line.box)
