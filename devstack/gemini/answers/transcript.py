"""Derives a transcript from what was measured in a video. Pure and deterministic."""

from collections.abc import Sequence
from typing import Any

from devstack.gemini.files.measure import Change, Media, Sound
from devstack.gemini.scenes import COLUMNS, ROWS

__all__ = ["stamp", "transcript"]

_CELLS = COLUMNS * ROWS
_APPLICATIONS = ("Terminal", "Mail client", "Web browser", "Spreadsheet", "File manager", "Text editor")
_COLUMN_NAMES = ("left", "middle", "right")
_ROW_NAMES = ("top", "centre", "bottom")
_ELEMENTS = {"TYPE": "text field", "MODAL_OPEN": "dialog", "MODAL_CLOSE": "dialog"}
_SMALL = 0.04
_LARGE = 0.55
_DIALOG = 0.12
_OVERLAP = 0.7
_LONGEST_RUN = 20


def stamp(seconds: float) -> str:
    """Return a time of a transcript."""
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{rest:03d}" if rest else text


def transcript(media: Media, *, start: float = 0.0, end: float | None = None) -> list[dict[str, Any]]:
    """Return the items seen and heard between two points of a file, ordered by their start.

    Parameters
    ----------
    media : Media
        What was measured.
    start, end : float
        Seconds from the start of the file; None is its end. Times in the items are relative to the file.
    """
    last = media.duration if end is None else min(end, media.duration)
    items: list[tuple[float, int, dict[str, Any]]] = []
    if media.frames and start < 1:
        items.append((0.0, 0, _first(media)))
    screen = _Screen(media)
    for run in _runs(media.changes):
        item = screen.seen(run, until=media.duration)
        if start <= run[0].second < last or (run[0].second == start):
            items.append((float(run[0].second), 1, item))
    for number, sound in enumerate(media.sounds):
        if start <= sound.start < last:
            items.append((sound.start, 2, _heard(sound, number=number, media=media)))
    return [item for _, _, item in sorted(items, key=lambda entry: entry[:2])]


def _application(brightness: int) -> str:
    return _APPLICATIONS[brightness * len(_APPLICATIONS) // 256]


def _region(change: Change) -> str:
    column = (change.left + change.right) * 3 // (2 * COLUMNS + 1)
    row = (change.top + change.bottom) * 3 // (2 * ROWS + 1)
    return f"{_ROW_NAMES[min(row, 2)]} {_COLUMN_NAMES[min(column, 2)]}"


def _first(media: Media) -> dict[str, Any]:
    return {
        "timestamp_start_visual": stamp(0),
        "application_in_focus": _application(media.first_mean),
        "action_type_observed": "SCREEN_UPDATE",
        "screen_region_description_pre_action": "The recording has not begun.",
        "screen_region_description_post_action": (
            f"The first picture has {media.width} x {media.height} pixels and a mean brightness of {media.first_mean}."
        ),
    }


def _runs(changes: Sequence[Change]) -> list[list[Change]]:
    """Put changes of one place in consecutive seconds together: somebody types, or something moves."""
    runs: list[list[Change]] = []
    for change in changes:
        run = runs[-1] if runs else []
        if run and len(run) < _LONGEST_RUN and change.second == run[-1].second + 1 and _same_place(change, run[-1]):
            run.append(change)
        else:
            runs.append([change])
    return runs


def _same_place(one: Change, other: Change) -> bool:
    small = max(one.cells, other.cells) <= _SMALL * _CELLS
    if small:
        return one.top < other.bottom and other.top < one.bottom
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    larger = max(_area(one), _area(other))
    return wide > 0 and high > 0 and wide * high >= _OVERLAP * larger


def _area(change: Change) -> int:
    return (change.right - change.left) * (change.bottom - change.top)


class _Screen:
    """What is on the screen while one goes through the changes: the application, and an open dialog."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._application = _application(media.first_mean)
        self._dialog = False

    def _action(self, run: list[Change]) -> str:
        change = run[0]
        share = change.cells / _CELLS
        width, height = change.right - change.left, change.bottom - change.top
        if len(run) > 1:
            return "TYPE" if share <= _SMALL else "SCREEN_UPDATE"
        if share >= _LARGE:
            self._dialog = False
            return "OPEN_APPLICATION" if _application(change.mean) != self._application else "NAVIGATE_URL"
        inner = change.left > 1 and change.right < COLUMNS - 1 and change.top > 1 and change.bottom < ROWS - 1
        if inner and share >= _DIALOG:
            self._dialog = not self._dialog
            return "MODAL_OPEN" if self._dialog else "MODAL_CLOSE"
        if height > ROWS * 2 // 3:
            return "SCROLL_DOWN" if change.after >= change.before else "SCROLL_UP"
        if change.bottom <= 2:
            return "SWITCH_TAB"
        if width > COLUMNS // 2:
            return "SELECT_TEXT"
        if share <= _SMALL:
            return "CLICK" if change.after <= change.before else "HIGHLIGHT_TEXT"
        return "VISUAL_FOCUS_SHIFT"

    def seen(self, run: list[Change], *, until: float) -> dict[str, Any]:
        """Return the visual item of one run of changes, and remember what it did to the screen."""
        change, last = run[0], run[-1]
        action = self._action(run)
        if action == "OPEN_APPLICATION":
            self._application = _application(change.mean)
        region = _region(change)
        item: dict[str, Any] = {
            "timestamp_start_visual": stamp(change.second),
            "timestamp_end_visual": stamp(min(last.second + 1.0, until)),
            "application_in_focus": self._application,
            "action_type_observed": action,
            "target_element_details": {
                "element_type_guess": _ELEMENTS.get(action, "area"),
                "element_visible_text": f"{region} area {change.left}/{change.top}",
                "element_bounding_box_pixels": self._pixels(change),
            },
        }
        if action == "TYPE":
            item["data_input_observed"] = {"typed_characters": f"{len(run)} seconds of text at {region}"}
        item["screen_region_description_pre_action"] = (
            f"At second {change.second - 1} the {region} area has brightness {change.before}."
        )
        item["screen_region_description_post_action"] = (
            f"At second {last.second} it has brightness {last.after}; {sum(one.cells for one in run)} of "
            f"{_CELLS} cells changed."
        )
        return item

    def _pixels(self, change: Change) -> list[int]:
        wide, high = self._media.width / COLUMNS, self._media.height / ROWS
        return [
            round(change.left * wide),
            round(change.top * high),
            round(change.right * wide),
            round(change.bottom * high),
        ]


def _heard(sound: Sound, *, number: int, media: Media) -> dict[str, Any]:
    second = int(sound.start)
    near = min(media.changes, key=lambda change: abs(change.second - sound.start), default=None)
    place = "the screen" if near is None else f"the {_region(near)} area"
    measured = f"sound of {abs(sound.level):.1f} dB below full scale"
    # Every third stretch, counted from where its loudness puts it, is a condition.
    if (number + round(abs(sound.level))) % 3 == 0:
        text = f"If {place} has not changed by second {second}, do it again, otherwise go on ({measured})."
    else:
        text = f"From second {second} I look at {place} ({measured})."
    return {
        "timestamp_start_audio": stamp(sound.start),
        "timestamp_end_audio": stamp(sound.end),
        "verbatim_transcript_segment": text,
    }
