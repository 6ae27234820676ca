"""Finds the items in the text of an answer, whatever is around or between them.

Nearly every answer is plain JSON and is parsed as such. Otherwise the objects that begin with a field of an item are
parsed one by one, so one broken object costs no other, and a half object at the end is left out.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from runops_worker.model.answer_json import object_of
from runops_worker.transcription.answer.broken_object import mended
from runops_worker.transcription.answer.fields import field_name, kind_of
from runops_worker.transcription.answer.rules import Rule

__all__ = ["Broken", "RawItems", "raw_items"]

_DEEPEST = 4
_MOST_OPENINGS = 20
_MOST_DIGITS = 18
_KINDS_INSIDE = ("audio", "speech", "visual")
_FENCE = re.compile(r"```[A-Za-z0-9_-]*\s*(.*?)\s*(?:```)?", re.DOTALL)
"""Around the whole answer. An answer that was cut off has no second fence."""
_OBJECT = re.compile(r"\{\s*[\"'\u201c\u201d]?([A-Za-z][A-Za-z_ \-]{0,79})")
_END_OF_ARRAY = re.compile(r"\}\s*,?\s*\]")
_EMPTY_ARRAY = re.compile(r"\[\s*\]")
_NO_ARRAY = "The answer must be one JSON array of items."


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _short(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _of_different_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise json.JSONDecodeError("A name is there twice", "", 0)
    return found


_NUMBERS: Final[dict[str, Any]] = {"parse_float": _finite, "parse_int": _short, "parse_constant": lambda _: None}
_STRICT = json.JSONDecoder(strict=True, object_pairs_hook=_of_different_names, **_NUMBERS)
_TOLERANT = json.JSONDecoder(strict=False, object_pairs_hook=object_of, **_NUMBERS)
"""Accepts line breaks and other control characters in strings, and names that are there twice."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The text of an object that is not JSON."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawItems:
    """The items of an answer, not settled yet.

    Attributes
    ----------
    values
        Mostly objects; a `Broken` where one cannot be parsed.
    rules
        What was settled to find them.
    complete
        False where the JSON ended early.
    unusable
        Why there are none, as a sentence; None otherwise.
    """

    values: tuple[Any, ...] = ()
    rules: tuple[Rule, ...] = ()
    complete: bool = True
    unusable: str | None = None

    def after(self, rule: Rule) -> "RawItems":
        """Return the same items, found after one more rule was applied."""
        return replace(self, rules=(rule, *self.rules))


def _looks_like_item(value: Any) -> bool:
    """Tell whether a value is an object with at least one field of an item."""
    return isinstance(value, dict) and any(_is_item_field(name) for name in value)


def _is_item_field(name: str) -> bool:
    field = field_name(name)
    return field is not None and kind_of(field) is not None


def raw_items(text: str) -> RawItems:
    """Return the items of an answer."""
    text = text.strip().removeprefix("\ufeff").strip()
    if not text:
        return RawItems(unusable="The answer is empty.")
    try:
        return _parsed(text)
    except json.JSONDecodeError as error:
        wrong = error
    except RecursionError:
        return RawItems(unusable="The answer is not JSON: it is nested too deeply.")
    if (fence := _FENCE.fullmatch(text)) is not None and "```" not in fence[1]:
        return raw_items(fence[1]).after(Rule.CODE_FENCE)
    return _inside_text(text) or _unescaped(text) or _one_by_one(text) or _without_items(text, wrong)


def _parsed(text: str) -> RawItems:
    """Read a text that is JSON from its first character to its last."""
    try:
        return _of_value(_STRICT.decode(text))
    except json.JSONDecodeError:
        return _of_value(_TOLERANT.decode(text)).after(Rule.LOOSE_JSON)


def _of_value(value: Any) -> RawItems:
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        return raw_items(value).after(Rule.JSON_IN_TEXT)
    if isinstance(value, list):
        values = tuple(_of_array(value, depth=0))
        is_flat = len(values) == len(value) and all(one is other for one, other in zip(values, value, strict=True))
        rules = () if is_flat else (Rule.OBJECT_AROUND_ARRAY,)
    elif isinstance(value, dict):
        is_one = not value or _looks_like_item(value)
        values = (value,) if is_one else tuple(_of_object(value, depth=0))
        rules = (Rule.OBJECT_AROUND_ARRAY,)
        if not values and [] not in value.values():
            return RawItems(unusable=_NO_ARRAY)
    else:
        return RawItems(unusable=_NO_ARRAY)
    if values and not any(one == {} or _looks_like_item(one) for one in values):
        return RawItems(unusable=_NO_ARRAY)
    return RawItems(values=values, rules=rules)


def _of_array(values: list[Any], *, depth: int) -> Iterator[Any]:
    for value in map(_from_text, values):
        if isinstance(value, list) and depth < _DEEPEST:
            yield from _of_array(value, depth=depth + 1)
        elif isinstance(value, dict) and value and not _looks_like_item(value) and depth < _DEEPEST:
            inner = [one for one in _of_object(value, depth=depth + 1) if _looks_like_item(one)]
            yield from inner or [value]
        else:
            yield from _apart(value)


def _of_object(value: dict[str, Any], *, depth: int) -> Iterator[Any]:
    for inner in map(_from_text, value.values()):
        if isinstance(inner, list):
            yield from _of_array(inner, depth=depth + 1)
        elif _looks_like_item(inner):
            yield from _apart(inner)
        elif isinstance(inner, dict) and depth < _DEEPEST:
            yield from _of_object(inner, depth=depth + 1)


def _apart(value: Any) -> Iterator[Any]:
    """Give a value, and apart from it the items that it has as one of its fields, such as `audio`."""
    inside = {name for name in _KINDS_INSIDE if name in value} if isinstance(value, dict) else set()
    nested = {name: value[name] if isinstance(value[name], list) else [value[name]] for name in sorted(inside)}
    nested = {name: items for name, items in nested.items() if items and all(map(_looks_like_item, items))}
    yield {name: part for name, part in value.items() if name not in nested} if nested else value
    for items in nested.values():
        yield from items


def _from_text(value: Any) -> Any:
    """Return the array or object that a text holds; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "["}:
        return value
    try:
        return _TOLERANT.decode(value)
    except (json.JSONDecodeError, RecursionError):
        return value


def _unescaped(text: str) -> RawItems | None:
    """Return the items of JSON that is escaped as inside a text, without the quotes of the text."""
    if '\\"' not in text[:_MOST_OPENINGS] or text[0] not in "[{":
        return None
    try:
        return raw_items(json.loads(f'"{text}"')).after(Rule.JSON_IN_TEXT)
    except (json.JSONDecodeError, RecursionError):
        return None


def _next_item(text: str, position: int) -> int | None:
    """Return where the next object begins whose first field is one of an item."""
    return next((match.start() for match in _OBJECT.finditer(text, position) if _is_item_field(match[1])), None)


def _inside_text(text: str) -> RawItems | None:
    """Return the items of one JSON value with other text around it; None where there is no such value."""
    first = _next_item(text, 0)
    if first is None:
        return None
    openings = [place for place in range(first + 1) if text[place] in "[{"][:_MOST_OPENINGS]
    for opening in openings:
        try:
            value, end = _TOLERANT.raw_decode(text, opening)
        except (json.JSONDecodeError, RecursionError):
            continue
        is_one_of_a_cut_array = opening == first and _unclosed(text[:first]) > 0
        if end <= first or is_one_of_a_cut_array or _next_item(text, end) is not None:
            continue
        found = _of_value(value)
        return found.after(Rule.CODE_FENCE if "```" in text[:opening] else Rule.SURROUNDING_TEXT)
    return None


def _one_by_one(text: str) -> RawItems | None:
    """Return the objects that can be parsed one by one; None where there is none."""
    start = _next_item(text, 0)
    if start is None:
        return None
    values: list[Any] = []
    rules: list[Rule] = []
    position = unclosed = 0
    is_broken = False
    while start is not None:
        unclosed += _unclosed(text[position:start])
        following = _next_item(text, start + 1)
        value, end = _decoded(text, start)
        if value is None:
            is_broken = True
            fragment = text[start:following]
            if following is None and _is_cut(fragment, in_array=unclosed > 0):
                return RawItems(values=tuple(values), rules=tuple(rules), complete=False)
            value = mended(fragment)
            if value is not None:
                rules.append(Rule.BROKEN_OBJECT)
            values.append(Broken(fragment) if value is None else value)
            end = len(text) if following is None else following
            # What closes the array is in the fragment of the last object.
            unclosed = 0 if following is None else unclosed
        else:
            values.append(value)
        position = end
        start = _next_item(text, position)
    complete = unclosed + _unclosed(text[position:]) <= 0
    if complete and not is_broken:
        rules.append(Rule.LOOSE_JSON)
    return RawItems(values=tuple(values), rules=tuple(rules), complete=complete)


def _decoded(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    try:
        return _TOLERANT.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        return None, start


def _unclosed(text: str) -> int:
    return text.count("[") + text.count("{") - text.count("]") - text.count("}")


def _is_cut(fragment: str, *, in_array: bool) -> bool:
    """Tell whether the last object is half because the answer ends in it."""
    if _END_OF_ARRAY.search(fragment) is not None:
        return False
    return in_array or not fragment.rstrip("` \t\r\n").endswith("}")


def _without_items(text: str, wrong: json.JSONDecodeError) -> RawItems:
    if "{" not in text and _EMPTY_ARRAY.search(text) is not None:
        return RawItems(rules=(Rule.SURROUNDING_TEXT,))
    is_at_end = wrong.pos >= len(text) or wrong.msg.startswith("Unterminated string")
    if text[0] in "[{" and is_at_end:
        return RawItems(complete=False)
    return RawItems(unusable=f"The answer is not JSON: {str(wrong)[:120]}.")
