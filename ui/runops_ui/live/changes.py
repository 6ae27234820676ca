"""Which rows changed since the last look at those that changed last. Pure."""

from collections.abc import Sequence
from uuid import UUID

from runops.row_summary import RowSummary

__all__ = ["Seen", "compare"]

Seen = dict[UUID, str]
"""The rows that were seen, and what was seen of them."""


def compare(seen: Seen | None, newest: Sequence[RowSummary], *, limit: int) -> tuple[Seen, list[RowSummary] | None]:
    """Return what is seen now and the rows that changed; None for those where some may have been missed.

    Parameters
    ----------
    seen
        At the last look; None at the first one.
    newest
        The rows that changed last, at most `limit`.
    limit
        How many were asked for.
    """
    now = {row.job_id: row.model_dump_json() for row in newest}
    if seen is None:
        return now, []
    changed = [row for row in newest if seen.get(row.job_id) != now[row.job_id]]
    # Rows that were seen before are among them still, so nothing changed between them unseen.
    missed = len(changed) == len(newest) >= limit
    return now, None if missed else changed
