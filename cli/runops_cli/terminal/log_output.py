"""Prints log records on standard error, one readable line each and without keys."""

import logging

from runops.logs import redact
from runops_cli.terminal.console import printable

__all__ = ["configure_logs"]


class _ReadableFormatter(logging.Formatter):
    """Level and message, without keys and control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(redact(f"  {record.levelname.lower()}: {super().format(record)}"))


def configure_logs(*, verbose: bool) -> None:
    """Print errors of runops and warnings of libraries; with `verbose`, everything that runops logs from info up."""
    handler = logging.StreamHandler()
    handler.setFormatter(_ReadableFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("runops", "runops_worker", "runops_cli"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.ERROR)
