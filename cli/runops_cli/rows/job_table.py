"""Rows of `jobs` as the lines of a table. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from runops.supabase.row_summaries import RowSummary
from runops_cli.terminal.console import in_one_line, plain

__all__ = ["age", "table"]

_TITLES = ("JOB", "STATUS", "STAGE", "%", "ATTEMPTS", "AGE", "ERROR")
_NARROWEST_ERROR = 20
_AGES = ((86_400, "d"), (3600, "h"), (60, "m"))


def table(sights: Sequence[RowSummary], *, now: datetime, width: int | None) -> list[str]:
    """Return the table's lines, the titles first.

    Parameters
    ----------
    sights
        The rows.
    now
        The time at the server.
    width
        Where errors are cut off; whole where None.
    """
    cells = [_TITLES, *(_cells(sight, now) for sight in sights)]
    widths = [max(cell_len(line[column]) for line in cells) for column in range(len(_TITLES) - 1)]
    left = None if width is None else max(width - sum(widths) - 2 * len(widths), _NARROWEST_ERROR)
    return [_line(line, widths, left) for line in cells]


def _line(cells: Sequence[str], widths: Sequence[int], left: int | None) -> str:
    *short, error = cells
    if left is not None and cell_len(error) > left:
        error = set_cell_size(error, left - 1) + "\N{HORIZONTAL ELLIPSIS}"
    padded = [set_cell_size(cell, width) for cell, width in zip(short, widths, strict=True)]
    return "  ".join([*padded, error]).rstrip()


def _cells(sight: RowSummary, now: datetime) -> tuple[str, ...]:
    percent = "" if sight.progress_percent is None else str(sight.progress_percent)
    cells = (str(sight.job_id), sight.status, sight.progress_stage, percent, _attempts(sight), age(sight, now))
    shown = [plain(in_one_line(cell or "")) or "-" for cell in cells]
    return (*shown, plain(in_one_line(sight.error or "")))


def _attempts(sight: RowSummary) -> str:
    """Count as the VideoJob's column does: what was used up, and the one that runs."""
    claim = sight.claim
    if claim is None:
        return ""
    attempts = str(claim.failures + 1)
    return f"{attempts}, {claim.waits} waits" if claim.waits else attempts


def age(sight: RowSummary, now: datetime) -> str:
    """Return how long ago a row was made, as in `45s`, `12m`, `3h`, `8d`; empty where it does not say."""
    try:
        made = datetime.fromisoformat(sight.created_at or "")
    except ValueError:
        return ""
    seconds = max(0, int((now - (made if made.tzinfo else made.replace(tzinfo=UTC))).total_seconds()))
    for unit, letter in _AGES:
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"
