"""Reads texts, and tells what says nothing."""

import json
import re
from typing import Any

__all__ = ["as_text", "as_texts", "is_empty", "is_silence", "says_nothing"]

_NOTHING = frozenset(
    {"", "null", "none", "nil", "n/a", "na", "not applicable", "undefined", "-", "--", "\u2013", "\u2014", "...", "nan"}
)
_LONGEST_NOTHING = 20
_SILENCE = re.compile(
    r"(?i)\s*[\[(<*_]+\s*(?:silence|silent|no (?:speech|audio|sound|dialogue|voice|narration)|no one speaks|pause"
    r"|stille|keine sprache|kein ton|silencio|无声|静音|無音)\.?\s*[\])>*_]+\s*\.?\s*"
)
"""In brackets, as models mark what nobody has said. Without them somebody may have said it."""


def is_empty(value: Any) -> bool:
    """Tell whether a value has no content: null, an empty text, an array or object of nothing else."""
    if isinstance(value, dict):
        return all(is_empty(inner) for inner in value.values())
    if isinstance(value, list):
        return all(is_empty(inner) for inner in value)
    return value is None or (isinstance(value, str) and not value.strip())


def says_nothing(value: Any) -> bool:
    """Tell whether a value is empty or a word for it, such as N/A. Not for texts that are copied from the recording."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_NOTHING and value.strip().lower() in _NOTHING
    if isinstance(value, dict):
        return all(says_nothing(inner) for inner in value.values())
    if isinstance(value, list):
        return all(says_nothing(inner) for inner in value)
    return value is None


def is_silence(text: Any) -> bool:
    """Tell whether a text says that nothing was said."""
    return isinstance(text, str) and _SILENCE.fullmatch(text) is not None


def as_text(value: Any) -> str:
    """Return any JSON value as a text: of an object with one filled value, that one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(not isinstance(inner, dict | list) for inner in value):
        return " ".join(as_text(inner) for inner in value if inner is not None)
    filled = [inner for inner in value.values() if not is_empty(inner)] if isinstance(value, dict) else []
    return as_text(filled[0]) if len(filled) == 1 else json.dumps(value, ensure_ascii=False)


def as_texts(value: Any) -> list[str]:
    """Return any JSON value as a list of texts, without empty ones."""
    if isinstance(value, dict):
        return [f"{name}: {as_text(inner)}" for name, inner in value.items() if not is_empty(inner)]
    values = value if isinstance(value, list) else [value]
    return [as_text(inner) for inner in values if not is_empty(inner)]
