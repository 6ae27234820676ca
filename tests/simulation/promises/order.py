"""Rows of one user are claimed in the order in which they were queued."""

from datetime import datetime
from uuid import UUID

from runops.claim_order import user_key
from runops.job_row import JobRow, RowStatus
from tests.simulation.operator_process import OperatorProcess, Site
from tests.simulation.promises.seen import Seen, is_malformed
from tests.simulation.promises.violation import Violation

__all__ = ["QueueOrder"]


class QueueOrder:
    """The check.

    Parameters
    ----------
    seen
        What was seen so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._passed_over: list[tuple[OperatorProcess, UUID, str | None]] = []

    def claimed(self, claimed: JobRow, site: Site) -> None:
        """Note the rows of the same user that were queued earlier: the next read must not find them queued."""
        for replica in site.replicas:
            process = replica.process
            if process.page.get(claimed.job_id) != claimed.version or process.dead:
                continue
            for row in self._seen.database.all_rows():
                older = _queued_before(row, claimed)
                listed = process.page.get(row.job_id) == row.version and row.status == RowStatus.QUEUED
                if older and listed and user_key(row) == user_key(claimed) and row.lane is claimed.lane:
                    self._passed_over.append((process, row.job_id, row.version))

    def page_read(self, process: OperatorProcess) -> None:
        """Check, before a process reads the queue again, that no row queued earlier was passed over."""
        for passed, job_id, version in self._passed_over:
            row = self._seen.database.rows.get(job_id)
            if passed is not process or row is None or not process.undisturbed:
                continue
            if row.status == RowStatus.QUEUED and row.version == version and not is_malformed(row):
                raise Violation("a row of the same user that was queued later was claimed first", job_id)
        self._passed_over = [item for item in self._passed_over if item[0] is not process]


def _queued_before(row: JobRow, other: JobRow) -> bool:
    """Return whether a row comes first. Of rows that were set back in the same second it is the one inserted first."""
    if (row.waiting_since or "") >= (other.waiting_since or ""):
        return False
    since, others = (datetime.fromisoformat(one.waiting_since or "") for one in (row, other))
    return (row.created_at or "") < (other.created_at or "") or (others - since).total_seconds() > 1
