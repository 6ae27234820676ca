"""Mends an object that is almost JSON, where there is one way to read it. Pure.

A library that repairs any JSON would close a half object and return it as a whole one, and such libraries have hung
on some inputs. The few mistakes that models make are mended here one by one, each in time proportional to the text.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from runops_worker.model.answer_json import object_of

__all__ = ["readings_of"]

_MOST_BRACES = 2
_STRING = r'"(?:[^"\\]|\\.)*"'
_STRING_OR_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING_OR_BARE_NAME = re.compile(rf"{_STRING}|([{{,]\s*)([A-Za-z_]\w*)(?=\s*:)", re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?:u(?![0-9a-fA-F]{4})|[^"\\/bfnrtu])')
_NO_COMMA = re.compile(r'("|\d|\]|\}|null|true|false)(\s+")(?=[A-Za-z_]+"\s*:)')
_PLAIN = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " "})
_TOLERANT = json.JSONDecoder(strict=False, parse_constant=lambda _: None, object_pairs_hook=object_of)


def readings_of(text: str) -> Iterator[Any]:
    """Give what the text of an object may mean, the most likely first; None for a reading that is no JSON either.

    The caller knows which names the object may have. A reading with other names shows that the text was misread.
    """
    escaped = _BAD_ESCAPE.sub(lambda match: "\\" + match[0], text)
    plain = escaped.translate(_PLAIN)
    uncommented = _STRING_OR_COMMENT.sub(_unless_string(""), plain)
    for one in (
        escaped,
        plain,
        _NO_COMMA.sub(r"\1,\2", plain),
        _with_inner_quotes_escaped(escaped),
        uncommented,
        _STRING_OR_BARE_NAME.sub(_with_quoted_name, uncommented),
    ):
        tidy = _STRING_OR_COMMA.sub(_unless_string(""), one)
        for braces in range(_MOST_BRACES + 1):
            yield _decoded(tidy + "}" * braces)
    try:
        yield ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return


def _unless_string(instead: str) -> Any:
    return lambda match: match[0] if match[0].startswith('"') else instead


def _with_quoted_name(match: re.Match[str]) -> str:
    return match[0] if match[2] is None else f'{match[1]}"{match[2]}"'


def _decoded(text: str) -> Any:
    try:
        value, end = _TOLERANT.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    # Something behind the object other than what closes an array means that a quote ended it too early.
    return value if not text[end:].strip("}], \t\r\n`") else None


def _with_inner_quotes_escaped(text: str) -> str:
    """Return a text with the quotes escaped that cannot begin or end a string."""
    pieces = []
    backslashes = 0
    for place, character in enumerate(text):
        is_inner = character == '"' and backslashes % 2 == 0 and not _is_edge(text, place)
        pieces.append('\\"' if is_inner else character)
        backslashes = backslashes + 1 if character == "\\" else 0
    return "".join(pieces)


def _is_edge(text: str, place: int) -> bool:
    before, after = text[max(0, place - 20) : place].rstrip()[-1:], text[place + 1 : place + 21].lstrip()[:1]
    return before in {"{", "[", ",", ":", ""} or after in {"}", "]", ",", ":", ""}
