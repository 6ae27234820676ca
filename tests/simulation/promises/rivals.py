"""What is promised where a consumer without claims works on the same table."""

from datetime import timedelta
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.progress import Stage
from tests.simulation.cluster import START, Manifest
from tests.simulation.operator_process import Site
from tests.simulation.promises.seen import Seen
from tests.simulation.promises.videojobs import finished, token_of
from tests.simulation.promises.violation import Violation

__all__ = ["Rivals"]

_RIVAL_SECONDS = 19.0
"""A claim that is written over within this time is seen before its VideoJob is made."""


class Rivals:
    """The checks.

    Parameters
    ----------
    seen
        What was seen so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def began(self, row: JobRow) -> None:
        """Note that a consumer without claims works on a row that was claimed just now."""
        assert row.claim is not None
        self._seen.tally["a rival began to work on a claimed row"] += 1
        self._seen.rivals[row.job_id] = (row.claim.token, self._seen.now())

    def began_late(self) -> None:
        """Note that a consumer without claims works on a row whose claim was confirmed before."""
        self._seen.tally["a rival wrote over a claim late"] += 1

    def note_end(self, after: JobRow) -> None:
        """Note a row that a consumer without claims completed before our worker was at its last stage."""
        # With the bound claim of its last run in it, a row looks as if a worker of ours had completed it.
        if after.status != RowStatus.COMPLETED or after.claim is None or after.job_id in self._seen.taken_with_a_claim:
            return
        for site in self._seen.sites:
            videojob = site.cluster.videojobs.get(f"vj-{after.job_id}")
            if videojob is None or token_of(videojob) != after.claim.token or finished(videojob):
                continue
            if (videojob.get("status") or {}).get("stage") != Stage.FINALIZING:
                self._seen.done_by_rivals.add(videojob["metadata"]["uid"])

    def check(self, site: Site, videojob: Manifest) -> None:
        """Check that a row that was written over in time gets no VideoJob."""
        name, token = videojob["metadata"]["name"], token_of(videojob)
        began = self._seen.rivals.get(UUID(name.removeprefix("vj-")))
        if began is None or began[0] != token or len(site.replicas) > 1:
            return
        undisturbed = START + timedelta(seconds=site.disturbed_at) < began[1] - timedelta(seconds=_RIVAL_SECONDS)
        if undisturbed and (self._seen.now() - began[1]).total_seconds() < _RIVAL_SECONDS:
            raise Violation("a row that a rival works on got a VideoJob", name)
