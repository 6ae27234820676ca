"""Notices a model that repeats itself without end. Pure."""

import re

__all__ = ["LoopDetector"]

_LONGEST_PERIOD = 2_000
"""Characters of a passage that is repeated: some five items."""
_SAME = 8_000
"""A valid answer repeats less: 700 typed characters of one kind, an empty table, twenty items given twice."""
_SAME_BUT_TIMES = 16_000
"""Some sixty items that differ by their times only. Someone who scrolls for a minute may look like thirty."""
_KEPT = 24_000
"""Characters without times are fewer, by a quarter at most in practice."""
_BETWEEN_CHECKS = 500

_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{1,2})?(?:[.,:]\d{1,6})?|\b\d{1,5}(?:\.\d{1,6})?s\b")
_UNFINISHED_TIME = re.compile(r"[\d:.,]+$")
_ENDLESS_NUMBER = re.compile(r"(?:^|[:,\[])\s*-?[\d.]{200,}$")


class LoopDetector:
    """Reads an answer as it arrives, and tells when its end is one passage repeated.

    A loop is a passage of up to 2,000 characters that fills the last 8,000 characters, or the last 16,000 where only
    the times in it differ, or a number of 200 digits. It is noticed late, because a false alarm costs more: the chunk
    is asked about again in halves, while 16,000 characters are some 4,000 tokens.
    """

    def __init__(self) -> None:
        self._tail = ""
        self._fresh = 0

    def feed(self, text: str) -> bool:
        """Take the next part of the answer and tell whether the answer loops."""
        self._tail = (self._tail + text)[-_KEPT:]
        self._fresh += len(text)
        if self._fresh < _BETWEEN_CHECKS:
            return False
        self._fresh = 0
        return (
            _repeats(self._tail[-_SAME:], least=_SAME)
            or _repeats(_without_times(self._tail)[-_SAME_BUT_TIMES:], least=_SAME_BUT_TIMES)
            or _ENDLESS_NUMBER.search(self._tail) is not None
        )


def _without_times(text: str) -> str:
    return _TIME.sub("#", _UNFINISHED_TIME.sub("", text))


def _repeats(text: str, *, least: int) -> bool:
    """Tell whether a text of at least so many characters is one passage repeated."""
    if len(text) < least:
        return False
    # The first place at which all but the last characters are found again is the length of the passage, if it has one.
    period = text.find(text[:-_LONGEST_PERIOD], 1)
    return period > 0 and text[period:] == text[:-period]
