"""Which rows one request can claim: a claim replaces `metadata`, so the rows must have the same one. Pure.

One by one, 1,000 claims take 3 s of the operator's processor time instead of 0.1 s, and 14 times as long in all: more
than the bound of a burst, 1.5 times a bare create loop of 8 s, leaves.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from runops.job_row import JobRow, metadata_to_claim

__all__ = ["claim_batches"]


def claim_batches(rows: Iterable[JobRow], *, at_most: int) -> list[list[JobRow]]:
    """Return the rows in batches of the same status and metadata, ordered by the first row of each.

    Parameters
    ----------
    rows
        Rows to claim.
    at_most
        Rows in a batch.
    """
    same_request: defaultdict[tuple[str | None, str], list[JobRow]] = defaultdict(list)
    for row in rows:
        same_request[row.status, json.dumps(metadata_to_claim(row), sort_keys=True)].append(row)
    return [
        batch[start : start + at_most] for batch in same_request.values() for start in range(0, len(batch), at_most)
    ]
