"""Lines of a byte stream, with a bound on how much of one line is kept."""

from collections.abc import Iterator
from typing import Final

__all__ = ["LineSplitter"]

_MAX_LINE: Final = 4096


class LineSplitter:
    """Cuts a stream into lines; of a longer line only its first `max_line` bytes survive.

    Parameters
    ----------
    max_line
        Bytes kept of one line.
    """

    def __init__(self, max_line: int = _MAX_LINE) -> None:
        self._max_line = max_line
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Give the lines that `data` completes, without their ends."""
        *complete, rest = data.split(b"\n")
        for line in complete:
            yield self._text(self._rest + line)
            self._rest = b""
        self._rest = (self._rest + rest)[: self._max_line]

    def finish(self) -> Iterator[str]:
        """Give what stands after the last line end, if anything."""
        if self._rest:
            yield self._text(self._rest)
            self._rest = b""

    def _text(self, line: bytes) -> str:
        return line[: self._max_line].decode("utf-8", "replace").rstrip("\r")
