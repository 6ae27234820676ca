"""Reads the JSON of an answer. Pure."""

import json
from typing import Any, NoReturn

from pydantic import ValidationError

__all__ = ["MOST_FAULTS", "cleaned", "faults_of", "object_of", "parse_json", "without_nulls"]

MOST_FAULTS = 20
"""Faults named in one repair turn; more of them only confuse the model."""

_LONGEST_SENTENCE = 160
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of some names and values, for the `object_pairs_hook` of a decoder.

    Of a name that is there twice, the last value that is not empty counts.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        found.update({name: value for name, value in pairs if value not in _EMPTY})
    return found


def parse_json(text: str) -> Any:
    """Return the value that an answer consists of, with nothing before or after it.

    Raises
    ------
    ValueError
        It is not JSON; the message says where. NaN and Infinity are not JSON either.
    """
    try:
        return cleaned(json.loads(text, parse_constant=_no_constant, object_pairs_hook=object_of))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def cleaned(value: Any) -> Any:
    """Return a JSON value without the characters that PostgreSQL's jsonb refuses: NUL and lone surrogates."""
    if isinstance(value, str):
        if "\x00" not in value and value.isascii():
            return value
        return "".join(
            character for character in value if character != "\x00" and not "\ud800" <= character <= "\udfff"
        )
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        raise ValueError("a number is too large")
    return value


def without_nulls(value: Any) -> Any:
    """Return a JSON value without the keys whose value is null: an optional value is left out by its absence."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def faults_of(error: ValidationError, *, at: str = "") -> list[str]:
    """Return one sentence for each fault that validation found, with its place.

    Parameters
    ----------
    error
        What pydantic raised. Values are not repeated, except those in its own messages.
    at
        Where the validated part is in the answer.
    """
    sentences = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = at + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
        sentences.append(
            f"{place.lstrip('.') or 'the answer'}: {fault['msg'].removeprefix('Value error, ')}"[:_LONGEST_SENTENCE]
        )
    return sentences
