"""Which item of a transcript is which true event. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Final

from rapidfuzz import fuzz

from runops.transcript import DataInput, VisualItem
from runops_evaluation.gold.events import Event
from runops_evaluation.matching.one_to_one import Pair, one_to_one
from runops_evaluation.text.literals import states
from runops_evaluation.text.plain import has_digit, plain, words

__all__ = ["TOLERANCE_SECONDS", "is_reaction", "match_actions", "match_reactions", "value_of"]

TOLERANCE_SECONDS: Final = 2.0
"""The model sees one picture per second, and rounds."""
_SAME_VALUE: Final = 90.0
_SAME_TARGET: Final = 0.75
"""Share of the words of the shorter name that the other one has."""
_SAME_WORD: Final = 80.0
_REACTIONS: Final = frozenset(
    {"SCREEN_UPDATE", "VISUAL_FOCUS_SHIFT", "MOUSE_MOVE_TO_REGION", "MODAL_OPEN", "MODAL_CLOSE", "WINDOW_RESIZE"}
)
_KEYS: Final = {"RETURN": "ENTER", "ESCAPE": "ESC", "DEL": "DELETE", "PGDN": "PAGEDOWN", "PGUP": "PAGEUP"}


def is_reaction(kind: str) -> bool:
    """Tell whether an action type is what the screen does, or a movement without effect, rather than an action."""
    return kind in _REACTIONS


def value_of(data: DataInput | None) -> str | None:
    """Return what was typed, pasted or chosen."""
    if data is None:
        return None
    return data.typed_characters or data.pasted_text_observed or data.selected_value_observed


def match_actions(gold: Sequence[Event], seen: Sequence[VisualItem]) -> list[Pair]:
    """Return which actions are the same, one to one, as indices into both lists.

    They are if the kind is the same, the target's text and the value agree where the gold event names them, and the
    item begins at most `TOLERANCE_SECONDS` before the event begins or after it ends.
    """
    return _matched(gold, seen, is_same=_is_same_action)


def match_reactions(gold: Sequence[Event], seen: Sequence[VisualItem]) -> list[Pair]:
    """Return which reactions of the screen are the same. Any kind will do: a dialog that opens is an update, too."""
    return _matched(gold, seen, is_same=_is_same_target)


def _matched(
    gold: Sequence[Event], seen: Sequence[VisualItem], *, is_same: Callable[[Event, VisualItem], bool]
) -> list[Pair]:
    similar: dict[Pair, float] = {}
    by_start = sorted((item.start, column) for column, item in enumerate(seen))
    for row, event in enumerate(gold):
        end = event.at if event.until is None else event.until
        first = bisect_left(by_start, (event.at - TOLERANCE_SECONDS, -1))
        last = bisect_right(by_start, (end + TOLERANCE_SECONDS, len(seen)))
        for start, column in by_start[first:last]:
            if is_same(event, seen[column]):
                apart = max(event.at - start, start - end, 0.0)
                similar[row, column] = 1 - apart / (2 * TOLERANCE_SECONDS)
    return one_to_one(similar)


def _is_same_action(event: Event, item: VisualItem) -> bool:
    kinds = {_folded(kind) for kind in (event.kind, *event.also)}
    return (
        _folded(item.action_type_observed) in kinds
        and _is_same_value(event.value, value_of(item.data_input_observed))
        and _is_same_target(event, item)
    )


def _folded(kind: str) -> str:
    if kind.startswith("SCROLL_"):
        return "SCROLL"
    if kind == "HIGHLIGHT_TEXT":
        return "SELECT_TEXT"
    family, _, key = kind.partition("KEYPRESS_")
    if not family and key:
        return "KEYPRESS_" + "+".join(_KEYS.get(one, one) for one in re.split(r"[+_ ]", key))
    return kind


def _is_same_value(gold: str | None, seen: str | None) -> bool:
    if gold is None:
        return True
    if seen is None or _with_digits(gold) != _with_digits(seen):
        return False
    return fuzz.ratio(plain(gold), plain(seen)) >= _SAME_VALUE


def _is_same_target(event: Event, item: VisualItem) -> bool:
    return event.target is None or any(_is_named(name, item) for name in (event.target, *event.aliases))


def _is_named(gold: str, item: VisualItem) -> bool:
    element = item.target_element_details
    shown = None if element is None else element.element_visible_text
    if not shown:
        # The item does not name the element. So what it tells of the screen must have all of the name.
        return _has_words_of(
            gold, f"{item.screen_region_description_pre_action} {item.screen_region_description_post_action}"
        )
    if not words(gold) or not words(shown):
        return plain(gold) == plain(shown)
    # One of both may say less: a field with its label and its placeholder, a button with its shortcut.
    shorter, longer = sorted((gold, shown), key=lambda text: len(words(text)))
    return _has_words_of(shorter, longer)


def _has_words_of(wanted: str, text: str) -> bool:
    there = set(words(text))
    found = 0
    for word in words(wanted):
        if has_digit(word) and not states(text, word):
            return False
        found += any(_is_same_word(word, other) for other in there) or has_digit(word)
    return bool(found) and found >= _SAME_TARGET * len(words(wanted))


def _is_same_word(one: str, other: str) -> bool:
    return one == other or (not has_digit(one) and not has_digit(other) and fuzz.ratio(one, other) >= _SAME_WORD)


def _with_digits(text: str) -> set[str]:
    return {word for word in words(text) if has_digit(word)}
