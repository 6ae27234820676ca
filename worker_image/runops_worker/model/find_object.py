"""Finds the one object that an answer consists of, whatever is around it and almost whatever is wrong with it. Pure."""

import json
import re
from collections.abc import Callable
from typing import Any

from runops_worker.model.answer_json import cleaned, object_of, parse_json
from runops_worker.model.mend_json import readings_of

__all__ = ["find_object"]

_MOST_OPENINGS = 20
_LONGEST_MENDED = 1_000_000
"""Characters; ten times the longest answer that a model may give."""
_OPENING = re.compile(r"[\[{]")
_BEFORE_A_PART = ('":', "':", ",", "[", "{")
_TOLERANT = json.JSONDecoder(strict=False, parse_constant=lambda _: None, object_pairs_hook=object_of)
"""Accepts line breaks in texts, and takes NaN as null."""


def find_object(text: str, chosen: Callable[[Any], dict[str, Any] | None]) -> tuple[dict[str, Any] | None, bool]:
    """Return the object of an answer, and whether the answer is nothing but JSON.

    Parameters
    ----------
    text
        The answer: JSON, in a code fence or with other text around it, in a text, or with a mistake that can be mended
        in one way. An answer that ends early has no object.
    chosen
        Returns the object in a JSON value; None where the value does not have it.

    Raises
    ------
    ValueError
        The answer has no such object and is no JSON; the message says where.
    """
    try:
        value = parse_json(text)
    except ValueError as error:
        wrong = error
    else:
        inner = value if isinstance(value, str) else None
        if inner is None or not _begins_as_json(inner):
            return chosen(value), True
        return find_object(inner, chosen)[0], False
    found = _within(text, chosen) or _mended(text, chosen) or _unescaped(text, chosen)
    if found is None:
        raise wrong
    return found, False


def _begins_as_json(text: str) -> bool:
    return text.lstrip()[:1] in {"{", "["}


def _within(text: str, chosen: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the object of the JSON values in a text; None where there are several."""
    all_found: list[dict[str, Any]] = []
    place = 0
    for _ in range(_MOST_OPENINGS):
        opening = _OPENING.search(text, place)
        if opening is None:
            break
        place = opening.start()
        try:
            value, end = _TOLERANT.raw_decode(text, place)
            found = None if _is_a_part(text, place) else chosen(cleaned(value))
        except (ValueError, RecursionError):
            place += 1
            continue
        if found is not None:
            all_found.append(found)
        place = end
    return all_found[0] if all_found and all(one == all_found[0] for one in all_found) else None


def _is_a_part(text: str, place: int) -> bool:
    """Tell whether a value is a part of another one, which is no JSON then."""
    return text[:place].rstrip().endswith(_BEFORE_A_PART)


def _mended(text: str, chosen: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any] | None:
    begin, end = text.find("{"), text.rfind("}") + 1
    is_cut = text[end:].lstrip()[:1] == ","
    if begin < 0 or is_cut or end - begin > _LONGEST_MENDED:
        return None
    for value in readings_of(text[begin:end]):
        try:
            found = chosen(cleaned(value))
        except ValueError:
            continue
        if found is not None:
            return found
    return None


def _unescaped(text: str, chosen: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the object of JSON that is escaped as inside a text, without the quotes of the text."""
    if not _begins_as_json(text) or '\\"' not in text[:_MOST_OPENINGS]:
        return None
    try:
        return find_object(json.loads(f'"{text.strip()}"'), chosen)[0]
    except (ValueError, RecursionError):
        return None
