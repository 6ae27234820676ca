"""Notices a model that repeats itself without end. Pure."""

__all__ = ["LoopDetector"]

_NEEDLE = 48
_LONGEST_PERIOD = 800
_REPEATS = 3
_LEAST_SPAN = 600
_KEPT = _LONGEST_PERIOD * (_REPEATS + 1)


class LoopDetector:
    """Reads an answer as it arrives, and tells when its end is one passage repeated.

    A passage of up to 800 characters that fills at least the last 600 characters, three times or more, is a loop.
    The items of a transcript differ at least by their timestamps, so a valid answer never looks like that.
    """

    def __init__(self) -> None:
        self._tail = ""
        self._fresh = 0

    def feed(self, text: str) -> bool:
        """Take the next part of the answer and tell whether the answer loops."""
        self._tail = (self._tail + text)[-_KEPT:]
        self._fresh += len(text)
        if self._fresh < _NEEDLE or len(self._tail) < _LEAST_SPAN:
            return False
        self._fresh = 0
        return _loops(self._tail)


def _loops(tail: str) -> bool:
    needle = tail[-_NEEDLE:]
    earlier = tail.rfind(needle, 0, len(tail) - 1)
    if earlier < 0:
        return False
    period = len(tail) - _NEEDLE - earlier
    span = max(_LEAST_SPAN, period * _REPEATS)
    return len(tail) >= span and tail[-span + period :] == tail[-span:-period]
