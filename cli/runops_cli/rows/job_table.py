"""Rows of `jobs` as the lines of a table. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from runops.row_summary import RowSummary
from runops_cli.terminal.console import one_line, printable

__all__ = ["age", "table"]

_TITLES = ("JOB", "STATUS", "STAGE", "%", "ATTEMPTS", "AGE", "ERROR")
_NARROWEST_ERROR = 20
_AGES = ((86_400, "d"), (3600, "h"), (60, "m"))


def table(rows: Sequence[RowSummary], *, now: datetime, width: int | None) -> list[str]:
    """Return the table's lines, the titles first.

    Parameters
    ----------
    rows
        The rows.
    now
        The time at the server.
    width
        Where to cut errors off; None keeps them whole.
    """
    lines = [_TITLES, *(_cells(row, now) for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(_TITLES) - 1)]
    error_width = None if width is None else max(width - sum(widths) - 2 * len(widths), _NARROWEST_ERROR)
    return [_line(line, widths, error_width) for line in lines]


def _line(cells: Sequence[str], widths: Sequence[int], error_width: int | None) -> str:
    *short, error = cells
    if error_width is not None and cell_len(error) > error_width:
        error = set_cell_size(error, error_width - 1) + "\N{HORIZONTAL ELLIPSIS}"
    padded = [set_cell_size(cell, width) for cell, width in zip(short, widths, strict=True)]
    return "  ".join([*padded, error]).rstrip()


def _cells(row: RowSummary, now: datetime) -> tuple[str, ...]:
    percent = "" if row.progress_percent is None else str(row.progress_percent)
    cells = (str(row.job_id), row.status, row.progress_stage, percent, _attempts(row), age(row, now))
    shown = [printable(one_line(cell or "")) or "-" for cell in cells]
    return (*shown, printable(one_line(row.error or "")))


def _attempts(row: RowSummary) -> str:
    """Count like the VideoJob's column: the attempts used up, plus the current one."""
    claim = row.claim
    if claim is None:
        return ""
    attempts = str(claim.failures + 1)
    return f"{attempts}, {claim.interruptions} waits" if claim.interruptions else attempts


def age(row: RowSummary, now: datetime) -> str:
    """Return the age of a row, as in `45s`, `12m`, `3h`, `8d`; empty where it has no valid `created_at`."""
    try:
        created = datetime.fromisoformat(row.created_at or "")
    except ValueError:
        return ""
    created = created if created.tzinfo else created.replace(tzinfo=UTC)
    seconds = max(0, int((now - created).total_seconds()))
    for unit, letter in _AGES:
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"
