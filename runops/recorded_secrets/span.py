"""Where a secret is in a text, and what is written in its place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["MARKER", "Kind", "Span", "hidden_kinds", "marker"]

Kind = Literal["password", "PIN", "card number", "card code", "code", "key", "token", "private key"]

MARKER = re.compile(r"\[(?:password|PIN|card number|card code|code|key|token|private key) hidden\]")
"""Matches what stands in place of a secret."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A secret in a text, from `start` up to `end`."""

    start: int
    end: int
    kind: Kind


def marker(kind: Kind) -> str:
    """Return what is written in place of a secret."""
    return f"[{kind} hidden]"


def hidden_kinds(texts: Iterable[str]) -> list[str]:
    """Return what is hidden in texts, such as `password`, each once."""
    found = (match[0][1 : -len(" hidden]")] for text in texts for match in MARKER.finditer(text))
    return list(dict.fromkeys(found))
