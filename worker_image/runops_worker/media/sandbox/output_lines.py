"""Splits the tool's output into lines and bounds the length of each."""

from collections.abc import Iterator
from typing import Final

__all__ = ["LineSplitter"]

_MAX_LINE: Final = 4096


class LineSplitter:
    """Splits a byte stream into lines. Only the first `max_line` bytes of a line are kept.

    Parameters
    ----------
    max_line
        Bytes kept of one line.
    """

    def __init__(self, max_line: int = _MAX_LINE) -> None:
        self._max_line = max_line
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that `data` completes, without line ends."""
        *complete, rest = data.split(b"\n")
        for line in complete:
            yield self._text(self._rest + line)
            self._rest = b""
        self._rest = (self._rest + rest)[: self._max_line]

    def finish(self) -> Iterator[str]:
        """Yield the text after the last line end, if there is any."""
        if self._rest:
            yield self._text(self._rest)
            self._rest = b""

    def _text(self, line: bytes) -> str:
        return line[: self._max_line].decode("utf-8", "replace").rstrip("\r")
