"""Mends the text of one object that is not JSON, where there is one way to read it.

A library that repairs any JSON would close a half object and return it as a whole one, and such libraries have hung
on some inputs. The few mistakes that models make are mended here one by one, each in time proportional to the text.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from runops_worker.transcription.answer.fields import field_name

__all__ = ["mended"]

_LONGEST = 20_000
_MOST_BRACES = 2
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?:u(?![0-9a-fA-F]{4})|[^"\\/bfnrtu])')
_NO_COMMA = re.compile(r'("|\d|\]|\}|null|true|false)(\s+")(?=[A-Za-z_]+"\s*:)')
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"'})
_TOLERANT = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


def mended(text: str) -> dict[str, Any] | None:
    """Return the object that a broken text means; None where that is not clear.

    Only an object whose fields all have known names is returned: other names show that it was misread.
    """
    if len(text) > _LONGEST:
        return None
    # Behind the last object there may be other text. Its end is tried second: a brace of a record may be the last one.
    for one in (text, text[: text.rfind("}") + 1]):
        for value in _tries(one.rstrip().rstrip(",")):
            if isinstance(value, dict) and value and all(isinstance(name, str) and field_name(name) for name in value):
                return value
    return None


def _tries(text: str) -> Iterator[Any]:
    escaped = _BAD_ESCAPE.sub(lambda match: "\\" + match[0], text)
    straight = escaped.translate(_QUOTES)
    for one in (escaped, straight, _NO_COMMA.sub(r"\1,\2", straight), _inner_quotes(escaped)):
        tidy = _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], one)
        for braces in range(_MOST_BRACES + 1):
            yield _decoded(tidy + "}" * braces)
    try:
        yield ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return


def _decoded(text: str) -> Any:
    try:
        value, end = _TOLERANT.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    # Something behind the object other than what closes an array means that a quote ended it too early.
    return value if not text[end:].strip("}], \t\r\n`") else None


def _inner_quotes(text: str) -> str:
    """Return a text with the quotes escaped that cannot begin or end a string."""
    pieces = []
    for place, character in enumerate(text):
        if character == '"' and not _is_edge(text, place):
            pieces.append('\\"')
        else:
            pieces.append(character)
    return "".join(pieces)


def _is_edge(text: str, place: int) -> bool:
    backslashes = place - len(text[:place].rstrip("\\"))
    if backslashes % 2:
        return True
    before, after = text[max(0, place - 20) : place].rstrip()[-1:], text[place + 1 : place + 21].lstrip()[:1]
    return before in {"{", "[", ",", ":", ""} or after in {"}", "]", ",", ":", ""}
