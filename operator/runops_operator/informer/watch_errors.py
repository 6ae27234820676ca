"""Counts the errors of kopf's watches. kopf reports them in its log only, so this is a log handler."""

import logging
from collections.abc import Callable

__all__ = ["WatchErrors"]

_LOGGER = "kopf"


class WatchErrors(logging.Handler):
    """Counts kopf's log records of level ERROR and above.

    Parameters
    ----------
    count
        Called for each with the resource: `videojobs`, `jobs` or `other`.
    """

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._count = count

    def attach(self) -> None:
        """Begin to count. What is logged stays the same."""
        logging.getLogger(_LOGGER).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        text = record.getMessage()
        self._count(next((name for name in ("videojobs", "jobs") if f"/{name}" in text), "other"))
