"""Rows that wait for a fault to be over that other videos meet too. Pure."""

from collections import Counter
from collections.abc import Iterable

from runops.breakers.shared_faults import rule_of
from runops.failures import Reason
from runops.row_summary import RowSummary
from runops.why_waiting.at_work import awaited_attempt

__all__ = ["waits_for", "waits_line"]


def waits_for(row: RowSummary) -> Reason | None:
    """Return the fault that a row waits for; None where its worker runs, or where nothing of the kind stops it."""
    reason = awaited_attempt(row)
    return reason if reason is not None and rule_of(reason) is not None else None


def waits_line(rows: Iterable[RowSummary]) -> str | None:
    """Return one line about the rows that wait for such faults; None where none does."""
    counts = Counter(reason for row in rows if (reason := waits_for(row)) is not None)
    if not counts:
        return None
    several = counts.total() > 1
    named = ", ".join(f"{reason} ({count})" if several else str(reason) for reason, count in sorted(counts.items()))
    whose = f"{counts.total()} of these jobs wait" if several else "1 of these jobs waits"
    return f"{whose} for another attempt: {named}. `runops check` says why, since when, and what to do."
