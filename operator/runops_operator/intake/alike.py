"""Which rows can be claimed by one request: a claim replaces `metadata`, so theirs must be the same. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable

from runops.job_row import JobRow

__all__ = ["groups_alike"]


def groups_alike(rows: Iterable[JobRow], *, at_most: int) -> list[list[JobRow]]:
    """Return the rows in groups of the same status and metadata, in the order in which each group's first one came.

    Parameters
    ----------
    rows
        To be claimed.
    at_most
        How many there may be in a group.
    """
    alike: defaultdict[tuple[str | None, str], list[JobRow]] = defaultdict(list)
    for row in rows:
        alike[row.status, json.dumps(row.metadata, sort_keys=True)].append(row)
    return [group[start : start + at_most] for group in alike.values() for start in range(0, len(group), at_most)]
