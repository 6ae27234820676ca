"""Counts what goes wrong with kopf's watches. Only its log tells of it, so its log is listened to."""

import logging
from collections.abc import Callable

__all__ = ["WatchErrors"]

_LOGGER = "kopf"


class WatchErrors(logging.Handler):
    """Listens to kopf's errors.

    Parameters
    ----------
    count
        Told the resource, `videojobs`, `jobs` or `other`, of each.
    """

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._count = count

    def attach(self) -> None:
        """Begin to listen; nothing changes about what is logged."""
        logging.getLogger(_LOGGER).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        text = record.getMessage()
        self._count(next((name for name in ("videojobs", "jobs") if f"/{name}" in text), "other"))
