"""What is promised about each write to a row."""

from datetime import timedelta
from uuid import UUID

from runops.breakers.shared_faults import rule_of
from runops.failures import TABLE, Reason
from runops.job_row import JobRow, Lane, RowStatus
from runops.videojob import VideoJobSpec
from tests.simulation.cluster import START
from tests.simulation.operator_process import Site
from tests.simulation.promises.order import QueueOrder
from tests.simulation.promises.rivals import Rivals
from tests.simulation.promises.seen import ENDED, Seen, is_malformed
from tests.simulation.promises.slots import SlotLimits
from tests.simulation.promises.videojobs import token_of
from tests.simulation.promises.violation import Violation
from tests.simulation.table import Change, note_of
from tests.simulation.worker import Nature

__all__ = ["RowWrites"]

_RESYNC_SECONDS = 150.0
"""After so long everything was compared with the cluster, and what was missing was made."""
_WAITS = (Reason.JOB_REFUSED, Reason.POD_NOT_STARTING, Reason.IMAGE_PULL_FAILED, Reason.UNSCHEDULABLE)
_DRAINED_SECONDS = 60.0
"""After so long in which every call is answered, every replica has read the order to drain."""


class RowWrites:
    """The checks of writes to rows.

    Parameters
    ----------
    seen
        What was seen so far.
    rivals, order, slots
        Told of what concerns them.
    """

    def __init__(self, seen: Seen, rivals: Rivals, order: QueueOrder, slots: SlotLimits) -> None:
        self._seen, self._rivals, self._order, self._slots = seen, rivals, order, slots

    def changed(self, change: Change) -> None:
        """Check a write to a row."""
        before, after = change.before, change.after
        if change.by != "app" and before.status != after.status:
            self._seen.overwritten.pop(change.job_id, None)
        if change.by == "app":
            over_a_claim = before.claim is not None and after.claim is None
            self._seen.tally["an app wrote over a claim" if over_a_claim else "an app wrote a note"] += 1
        elif change.by == "person":
            self._seen.of_others.add(change.job_id)
        elif change.by == "rival":
            self._seen.of_others.add(change.job_id)
            if before.status == RowStatus.QUEUED and before.claim is not None:
                self._seen.taken_with_a_claim.add(change.job_id)
            self._rivals.note_end(after)
        elif change.by.startswith("worker "):
            self._worker_wrote(change)
        else:
            self._operator_wrote(change, self._seen.site(change.by))
        if change.by != "app" and note_of(before) != note_of(after):
            raise Violation(f"{change.by} wrote over what an app had written to the metadata", change.job_id)
        if change.by not in {"person", "app"} and before.status in ENDED and after.status in ENDED:
            raise Violation(f"an ended row was ended again by {change.by}", change.job_id)
        if before.status != after.status:
            writer = change.by.partition(" ")[0]
            self._seen.tally[f"{'operator' if '/' in writer else writer}: {after.status}"] += 1

    def _worker_wrote(self, change: Change) -> None:
        before, after = change.before, change.after
        worker = next(w for site in self._seen.sites for w in site.workers if w.label == change.by)
        attempt = worker.token.partition("/")[0]
        held = before.status == RowStatus.PROCESSING and before.claim is not None and before.claim.token == attempt
        bound = held and before.claim is not None and before.claim.claim == worker.token
        binds = held and after.claim is not None and after.claim.claim == f"{attempt}/{worker.pod_uid}"
        if not bound and not binds:
            raise Violation(f"a worker whose claim is gone changed the row from {before.status}", change.job_id)

    def _operator_wrote(self, change: Change, site: Site) -> None:
        before, after = change.before, change.after
        ours = before.claim is not None and before.claim.by == site.installation
        self._check_drain(change, site)
        self._slots.written(change, site)
        if before.status == RowStatus.QUEUED:
            if after.status == RowStatus.PROCESSING:
                self._seen.of_others.discard(change.job_id)
                self._seen.taken_with_a_claim.discard(change.job_id)
                self._order.claimed(before, site)
                self._seen.tally["a backfill was claimed"] += before.lane is Lane.BACKFILL
            elif not is_malformed(before):
                raise Violation(f"a queued row was set to {after.status}", change.job_id)
        elif before.status != RowStatus.PROCESSING:
            if not self._seen.runs_by_hand(change.job_id):
                raise Violation(f"a row in {before.status} was set to {after.status}", change.job_id)
            self._seen.of_others.discard(change.job_id)
        elif before.claim is None and (token := self._seen.overwritten.pop(change.job_id, None)) is not None:
            self._check_restamp(change, site, token)
        elif not ours and (after.claim is not None or is_malformed(before)):
            self._check_takeover(change, site)
        elif not ours and not (before.claim is None and self._seen.runs_by_hand(change.job_id)):
            raise Violation(f"a row of somebody else was set to {after.status}", change.job_id)
        elif after.status == before.status and after.claim == before.claim:
            self._seen.tally["a waiting row was refreshed"] += 1
        elif after.status == before.status and after.claim is not None and before.claim is not None:
            self._check_next_attempt(before, after, site)
        if after.status == RowStatus.ERROR:
            self._check_reason(after)

    def _check_restamp(self, change: Change, site: Site, token: str) -> None:
        if change.untouched > timedelta(seconds=site.config.stale_after_seconds):
            return
        videojob = site.cluster.videojobs.get(f"vj-{change.job_id}")
        # Where it had just been taken over, the VideoJob may still have the claim before.
        known = {token} if videojob is None else {token, token_of(videojob)}
        claim = change.after.claim
        if claim is not None:
            # It may also be that of the attempt before, whose end is then written once more.
            known |= {claim.token} if token in map(claim.token_after, self._seen.jobs_made[change.job_id]) else set()
        if claim is None or claim.token not in known:
            raise Violation("a row whose claim an app wrote over got another claim", change.job_id)
        if claim.token != token:
            self._seen.of_others.add(change.job_id)
        self._seen.tally["a claim was written into its row again"] += 1

    def _check_drain(self, change: Change, site: Site) -> None:
        """Check that nothing is claimed while the installation drains."""
        before, after = change.before, change.after
        ours = before.claim is not None and before.claim.by == site.installation
        claimed = after.status == RowStatus.PROCESSING and not (ours and before.status == RowStatus.PROCESSING)
        # The claim of a VideoJob goes into its row again, whoever took it out.
        videojob = site.cluster.videojobs.get(f"vj-{change.job_id}")
        known = None if videojob is None or after.claim is None else token_of(videojob) == after.claim.token
        restamped = change.job_id in self._seen.overwritten or (before.claim is None and known)
        if not claimed or after.claim is None or restamped or site.drained_at is None:
            return
        order = site.order
        # Of two that work without a lease, one does not know what the other has begun.
        confirmed = order is not None and order.confirmed and len(site.replicas) == 1
        calm = self._seen.calm_since is not None and self._seen.now() - max(
            self._seen.calm_since, START + timedelta(seconds=site.drained_at)
        ) > timedelta(seconds=_DRAINED_SECONDS)
        if confirmed or calm:
            raise Violation("a row was claimed though the installation drains", change.job_id)

    def _check_takeover(self, change: Change, site: Site) -> None:
        if change.untouched <= timedelta(seconds=site.config.stale_after_seconds):
            raise Violation(f"a row that somebody else works on was set to {change.after.status}", change.job_id)
        self._seen.tally["a stale row was claimed"] += change.after.claim is not None
        self._seen.of_others.discard(change.job_id)

    def _check_reason(self, row: JobRow) -> None:
        """Check that no row ends for a reason that is not there."""
        error, nature = row.error or "", self._seen.natures[row.job_id]
        if error == TABLE[Reason.CANCELLED].sentence and f"vj-{row.job_id}" not in self._seen.deleted_by_hand:
            raise Violation("a row was cancelled, and nobody deleted its VideoJob", row.job_id)
        waited = any(error.startswith(TABLE[reason].sentence) for reason in _WAITS)
        self._seen.tally["a video ended since it waited too long"] += waited
        given_up = "Given up after" in error
        self._seen.tally["an attempt failed that was the last one that the retry limit allows"] += given_up
        since = self._seen.resting_since
        resting = since is not None and (self._seen.now() - since).total_seconds() > _RESYNC_SECONDS
        if waited and resting and nature not in {Nature.NEVER_STARTS, Nature.JOB_REFUSED}:
            raise Violation(f"a video that could run ended: {error}", row.job_id)

    def _check_next_attempt(self, before: JobRow, after: JobRow, site: Site) -> None:
        assert before.claim is not None
        assert after.claim is not None
        made = self._seen.jobs_made[before.job_id]
        if after.claim.token not in {before.claim.token_after(uid) for uid in made}:
            raise Violation("a row that is worked on was claimed again", before.job_id)
        reason, used_up = after.claim.reason, after.claim.failures - before.claim.failures
        assert reason is not None
        self._seen.tally[f"another attempt after {reason}"] += 1
        counts = TABLE[reason].counts
        # What all videos may share counts for some videos and not for others.
        if used_up not in {counts, counts and rule_of(reason) is None}:
            raise Violation(f"an attempt that ended with {reason} used up {used_up} attempts", before.job_id)
        if used_up and after.claim.failures > self._retry_limit(site, before.job_id):
            raise Violation("more attempts were used up than the retry limit allows", before.job_id)

    def _retry_limit(self, site: Site, job_id: UUID) -> int:
        """Return how many further attempts a video gets: a VideoJob made by hand has the schema's default."""
        return (
            VideoJobSpec.model_fields["retry_limit"].default
            if f"vj-{job_id}" in self._seen.by_hand
            else site.config.retry_limit
        )
