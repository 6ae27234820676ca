"""Any JSON value as a bounded one without HTML, and as text. Pure."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from runops.sop_markup import without_markup

__all__ = ["bounded", "first_text", "has_content", "text_of", "texts_of"]

_DEEPEST = 16
_LARGEST = 10**18


def bounded(value: Any, depth: int = 0) -> Any:
    """Return a JSON value without HTML, numbers that are none, and what is nested too deeply."""
    match value:
        case str():
            return without_markup(value)
        case bool() | int() | float():
            return value if _is_plain(value) else None
        case list() if depth < _DEEPEST:
            return [bounded(item, depth + 1) for item in value]
        case dict() if depth < _DEEPEST:
            return {without_markup(str(key)): bounded(item, depth + 1) for key, item in value.items()}
        case _:
            return None


def _is_plain(number: float) -> bool:
    return -_LARGEST < number < _LARGEST if isinstance(number, int) else math.isfinite(number)


def has_content(value: Any) -> bool:
    """Tell whether a value says something: not null, nor an empty text, list or object."""
    return value is not None and not (isinstance(value, (str, list, dict)) and not value)


def text_of(value: Any) -> str:
    """Return a value as text; empty where it is no text, number or list of them."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return json.dumps(value)
        case list():
            return "; ".join(filter(None, (text_of(item) for item in value)))
        case _:
            return ""


def first_text(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of some keys that holds text."""
    return next((text for name in names if (text := text_of(values.get(name))).strip()), "")


def texts_of(value: Any) -> list[str]:
    """Return a value as a list of texts without empty ones: one text is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := text_of(item)).strip()]
