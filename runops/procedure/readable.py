"""Words of a recording as a document may hold them. Pure."""

import unicodedata

__all__ = ["readable"]

_REORDERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""These change the direction of what follows, up to text that is not theirs. A page sets directions by itself."""
_NOT_SHOWN = frozenset({"Cc", "Cs", "Co", "Cn"})


def readable(text: str) -> str:
    """Return the text without characters that no document may hold or that reorder it; line breaks stay.

    Joiners stay, because Persian, Indic scripts and emoji need them.
    """
    kept = (
        char if char == "\n" or (char not in _REORDERS and unicodedata.category(char) not in _NOT_SHOWN) else " "
        for char in text.replace("\r\n", "\n").replace("\ufeff", "")
    )
    return "\n".join(" ".join(line.split()) for line in "".join(kept).split("\n")).strip()
