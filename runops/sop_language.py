"""The language in which SOPs are written, where an installation chooses one."""

import re
from typing import Final

__all__ = ["LANGUAGE_PATTERN", "language_name"]

LANGUAGE_PATTERN: Final = r"^[A-Za-z][A-Za-z ()-]{0,39}$"
"""A name such as `German` or `Chinese (Traditional)`, or a code such as `de-CH`. It becomes part of a request."""


def language_name(text: str) -> str:
    """Return the name of a language.

    Raises
    ------
    ValueError
        The text does not have the form of one.
    """
    if re.fullmatch(LANGUAGE_PATTERN, text) is None:
        raise ValueError(f"{text[:40]!r} is not the name of a language")
    return text
