"""What two times of a step have in common, although values differ and letters are read wrong. Pure."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence

from devstack.gemini_reading.sop.steps import Step

__all__ = ["Mark", "mark_of", "marks_of"]

Mark = tuple[str, str]
"""What is done, and to what."""

_SAME_KINDS = {"choose": "enter", "tick": "click", "icon": "click"}
"""Kinds of steps that are taken for one another when the screen is read wrong."""
_NO_LETTER = re.compile(r"[^\w#]+")
_SAME_WORDS = 0.8


def mark_of(kind: str, target: str) -> Mark:
    """Return the mark of a step; numbers are not told apart, and neither are rows of a table."""
    kind = _SAME_KINDS.get(kind, kind)
    return kind, "" if kind == "open" else _NO_LETTER.sub("", re.sub(r"\d+", "#", target.casefold()))


def marks_of(steps: Sequence[Step]) -> list[Mark]:
    """Return the mark of each step. Targets with nearly the same letters have one mark: that of most of them."""
    marks = [
        mark_of("enter" if one.kind == "click" and "field" in one.element else one.kind, one.target) for one in steps
    ]
    known: dict[Mark, Mark] = {}
    for mark, _ in sorted(Counter(marks).items(), key=lambda entry: (-entry[1], entry[0])):
        known[mark] = next((other for other in dict.fromkeys(known.values()) if _is_same(mark, other)), mark)
    return [known[mark] for mark in marks]


def _is_same(mark: Mark, other: Mark) -> bool:
    if mark[0] != other[0] or not mark[1] or not other[1]:
        return mark == other
    compared = difflib.SequenceMatcher(None, mark[1], other[1], autojunk=False)
    return compared.quick_ratio() >= _SAME_WORDS and compared.ratio() >= _SAME_WORDS
