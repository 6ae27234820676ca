"""Looks for texts that must not be stored or shown, in everything that was."""

from collections.abc import Mapping, Sequence

__all__ = ["found_in"]


def found_in(marks: Mapping[str, Sequence[str]], places: Mapping[str, str]) -> list[str]:
    """Return which secret stands where; the secret itself is not repeated.

    Parameters
    ----------
    marks
        The texts of each secret, by what it is.
    places
        What is searched, by its name.
    """
    return [
        f"{secret} stands in {place}, after {text.partition(mark)[0][-60:]!r}"
        for place, text in places.items()
        for secret, values in marks.items()
        for mark in values
        if mark in text
    ]
