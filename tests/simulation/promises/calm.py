"""What is promised while every call is answered: no row is forgotten, and no free slot stays empty."""

from datetime import datetime, timedelta
from uuid import UUID

from runops.job_row import Lane, RowStatus
from tests.simulation.promises.seen import ROWS_WITHOUT_END, Seen, is_malformed
from tests.simulation.promises.slots import lane_of
from tests.simulation.promises.videojobs import finished, own_videojobs
from tests.simulation.promises.violation import Violation

__all__ = ["CalmTimes"]

_CALM_SECONDS = 300.0
"""After so long in which every call is answered, waiting rows are refreshed and silent workers are stopped."""
_REFRESHED_SECONDS = 80.0
"""A row that waits is refreshed after 40 s, seen to wait by reads 10 s apart; a request and a turn more."""
_SILENT_SECONDS = 120.0 + 75.0
"""A worker that says nothing is stopped after `noProgress`, at the next reads."""
_CLAIMED_SECONDS = 120.0
"""A row for which a slot is free is claimed at the next read, 20 s later at most."""
_CHECK_SECONDS = 10.0


class CalmTimes:
    """The checks.

    Parameters
    ----------
    seen
        What was seen so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._next_check = seen.now()
        self._lacking: dict[tuple[str, UUID], datetime] = {}
        """Fresh rows for which a slot is free, by site, and since when."""

    def check(self, now: datetime, since: datetime) -> None:
        """Check, in a time in which every call is answered, that no row is forgotten."""
        if (now - since).total_seconds() < _CALM_SECONDS or now < self._next_check:
            return
        if now - self._next_check > timedelta(seconds=_CHECK_SECONDS):
            # Another calm time has begun.
            self._lacking = {}
        self._next_check = now + timedelta(seconds=_CHECK_SECONDS)
        for row in self._seen.database.all_rows():
            claim, nature = row.claim, self._seen.natures[row.job_id]
            if row.status != RowStatus.PROCESSING or claim is None or nature in ROWS_WITHOUT_END:
                continue
            site = next((site for site in self._seen.sites if site.installation == claim.by), None)
            if site is None or all(replica.process.dead for replica in site.replicas):
                continue
            untouched = (now - datetime.fromisoformat(row.updated_at or "")).total_seconds()
            videojob = site.cluster.videojobs.get(f"vj-{row.job_id}") or {}
            runs = (videojob.get("status") or {}).get("phase") == "Running"
            if untouched > (_SILENT_SECONDS if runs else _REFRESHED_SECONDS):
                state = "whose worker is silent" if runs else "that waits"
                raise Violation(f"a row {state} was not touched for {untouched:.0f} s", row.job_id)
        self._check_that_no_fresh_row_lacks_a_slot(now)

    def _check_that_no_fresh_row_lacks_a_slot(self, now: datetime) -> None:
        """Check that no fresh row waits for long while a slot for it is free, whatever backfills there are.

        A slot that just became free, by the end of a video or of a drain, is taken by one of the next reads.
        """
        lacking = self._rows_that_lack_a_slot(now)
        since = {key: self._lacking.get(key, now) for key in lacking}
        self._lacking = since
        for key, began in since.items():
            waited = (now - began).total_seconds()
            if waited > _CLAIMED_SECONDS:
                raise Violation(f"a fresh row was not claimed for {waited:.0f} s while a slot was free", key[1])

    def _rows_that_lack_a_slot(self, now: datetime) -> set[tuple[str, UUID]]:
        """Return the fresh rows that wait, by the sites where a slot is free for them."""
        lacking: set[tuple[str, UUID]] = set()
        for site in self._seen.sites:
            held = [
                body
                for name, body in own_videojobs(site)
                if not finished(body)
                and lane_of(self._seen, body) is Lane.FRESH
                and name not in site.cluster.finalizers
            ]
            claims = any(replica.claims for replica in site.replicas)
            if not claims or len(held) >= site.config.max_concurrent or site.config.max_concurrent_per_user is not None:
                continue
            for row in self._seen.database.all_rows():
                waits = row.status == RowStatus.QUEUED and row.lane is Lane.FRESH and not is_malformed(row)
                touched = datetime.fromisoformat(row.updated_at or row.created_at or "")
                waited = (now - touched).total_seconds()
                if waits and waited > _CLAIMED_SECONDS and self._seen.natures[row.job_id] not in ROWS_WITHOUT_END:
                    lacking.add((site.installation, row.job_id))
        return lacking
