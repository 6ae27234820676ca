"""What the operator promises, checked at every change of a row and of an object, in calm times, and at the end."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from runops.breakers.shared_faults import rule_of
from runops.failures import TABLE, Reason
from runops.job_row import JobRow, Lane, RowStatus, user_of
from runops.progress import Stage
from runops.videojob import VideoJobSpec
from runops_operator.intake.choose import user_key
from tests.simulation.cluster import START, Manifest
from tests.simulation.operator_process import OperatorProcess, Site
from tests.simulation.table import Change, MemoryDatabase
from tests.simulation.worker import Nature

__all__ = ["ENDED", "OTHERS", "Promises", "Violation", "conditions_of", "finished"]

OTHERS = "somebody/else"
"""An installation whose VideoJobs are in the same namespace."""

ENDED = frozenset({"completed", "error"})
CALM_SECONDS = 300.0
"""After so long in which every call is answered, waiting rows are refreshed and silent workers are stopped."""
_REFRESHED_SECONDS = 80.0
"""A row that waits is refreshed after 40 s, seen to wait by reads 10 s apart; a request and a turn more."""
_SILENT_SECONDS = 120.0 + 75.0
"""A worker that says nothing is stopped after `noProgress`, at the next reads."""
_CLAIM = "runops.dev/claim"
_RESYNC_SECONDS = 150.0
"""After so long everything was compared with the cluster, and what was missing was made."""
_RIVAL_SECONDS = 19.0
_WAITS = (Reason.JOB_REFUSED, Reason.POD_NOT_STARTING, Reason.IMAGE_PULL_FAILED, Reason.UNSCHEDULABLE)
_CLAIMED_SECONDS = 120.0
"""A row for which a slot is free is claimed at the next read, 20 s later at most."""
_CHECK_SECONDS = 10.0
_DRAINED_SECONDS = 60.0
"""After so long in which every call is answered, every replica has read the order to drain."""
_MESSAGE_LIMIT = 1024
_LATE_SECONDS = 200.0
"""After so long everything was compared with the cluster, and what was due was done."""
_ROWS_WITHOUT_END = frozenset({Nature.WRITE_REFUSED, Nature.UNDELETABLE})
"""Videos whose row cannot end, or not in a way that the promises name."""


@dataclass(frozen=True, slots=True)
class Violation(Exception):  # noqa: N818 - says what is the case
    """A promise was broken."""

    what: str
    about: object = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.about})"


class Promises:
    """The checks.

    Parameters
    ----------
    database
        The tables.
    sites
        The clusters.
    natures
        What is special about the videos.

    Attributes
    ----------
    tally
        How often what happened.
    slots_hold
        Whether the number of VideoJobs is limited: a person who deletes, resumes or makes some is not.
    """

    def __init__(self, database: MemoryDatabase, sites: list[Site], natures: dict[UUID, Nature], now: Any) -> None:
        self.tally: Counter[str] = Counter()
        self.slots_hold = True
        self.by_hand: set[str] = set()
        self.overwritten: dict[UUID, str] = {}
        """Rows whose claim an app wrote over, with its token."""
        self.deleted_by_hand: set[str] = set()
        self.resting_since: datetime | None = None
        self.calm_since: datetime | None = None
        self._jobs_made: defaultdict[UUID, set[str]] = defaultdict(set)
        self._rivals: dict[UUID, tuple[str, datetime]] = {}
        self._database, self._sites, self._natures, self._now = database, sites, natures, now
        self._of_others: set[UUID] = set()
        """Rows to which a person, or a consumer without claims, wrote since an operator claimed them."""
        self._done_by_rivals: set[str] = set()
        """Uids of VideoJobs whose video a consumer without claims did."""
        self._outcomes: dict[tuple[str, str], str] = {}
        self._next_check = now()
        self._lacking: dict[tuple[str, UUID], datetime] = {}
        """Fresh rows for which a slot is free, by site, and since when."""
        self._taken_with_a_claim: set[UUID] = set()
        """Queued again, then taken by a consumer without claims: the claim of their last run makes them look ours."""
        self._passed_over: list[tuple[OperatorProcess, UUID, str | None]] = []

    # Rows.

    def row_changed(self, change: Change) -> None:
        """Check a write to a row."""
        before, after = change.before, change.after
        if change.by != "app" and before.status != after.status:
            self.overwritten.pop(change.job_id, None)
        if change.by == "app":
            self.tally["an app wrote over a claim"] += 1
        elif change.by == "person":
            self._of_others.add(change.job_id)
        elif change.by == "rival":
            self._of_others.add(change.job_id)
            if before.status == RowStatus.QUEUED and before.claim is not None:
                self._taken_with_a_claim.add(change.job_id)
            self._note_rivals_end(after)
        elif change.by.startswith("worker "):
            self._worker_wrote(change)
        else:
            self._operator_wrote(change, self._site(change.by))
        if change.by != "person" and before.status in ENDED and after.status in ENDED:
            raise Violation(f"an ended row was ended again by {change.by}", change.job_id)
        if before.status != after.status:
            writer = change.by.partition(" ")[0]
            self.tally[f"{'operator' if '/' in writer else writer}: {after.status}"] += 1

    def _worker_wrote(self, change: Change) -> None:
        before, after = change.before, change.after
        worker = next(w for site in self._sites for w in site.workers if w.label == change.by)
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
        if before.status == RowStatus.QUEUED:
            if after.status == RowStatus.PROCESSING:
                self._of_others.discard(change.job_id)
                self._taken_with_a_claim.discard(change.job_id)
                self._check_order(before, site)
                self.tally["a backfill was claimed"] += before.lane is Lane.BACKFILL
            elif not _malformed(before):
                raise Violation(f"a queued row was set to {after.status}", change.job_id)
        elif before.status != RowStatus.PROCESSING:
            if not self._runs_by_hand(change.job_id):
                raise Violation(f"a row in {before.status} was set to {after.status}", change.job_id)
            self._of_others.discard(change.job_id)
        elif before.claim is None and (token := self.overwritten.pop(change.job_id, None)) is not None:
            self._check_restamp(change, site, token)
        elif not ours and (after.claim is not None or _malformed(before)):
            self._check_takeover(change, site)
        elif not ours and not (before.claim is None and self._runs_by_hand(change.job_id)):
            raise Violation(f"a row of somebody else was set to {after.status}", change.job_id)
        elif after.status == before.status and after.claim == before.claim:
            self.tally["a waiting row was refreshed"] += 1
        elif after.status == before.status and after.claim is not None and before.claim is not None:
            self._check_next_attempt(before, after, site)
        if after.status == RowStatus.ERROR:
            self._check_reason(after)

    def _check_restamp(self, change: Change, site: Site, token: str) -> None:
        if change.untouched > timedelta(seconds=site.config.stale_after_seconds):
            return
        videojob = site.cluster.videojobs.get(f"vj-{change.job_id}")
        # Where it had just been taken over, the VideoJob may still have the claim before.
        known = {token} if videojob is None else {token, _token(videojob)}
        claim = change.after.claim
        if claim is not None:
            # It may also be that of the attempt before, whose end is then written once more.
            known |= {claim.token} if token in map(claim.token_after, self._jobs_made[change.job_id]) else set()
        if claim is None or claim.token not in known:
            raise Violation("a row whose claim an app wrote over got another claim", change.job_id)
        if claim.token != token:
            self._of_others.add(change.job_id)
        self.tally["a claim was written into its row again"] += 1

    def _check_drain(self, change: Change, site: Site) -> None:
        """Check that nothing is claimed while the installation drains."""
        before, after = change.before, change.after
        ours = before.claim is not None and before.claim.by == site.installation
        claimed = after.status == RowStatus.PROCESSING and not (ours and before.status == RowStatus.PROCESSING)
        # The claim of a VideoJob goes into its row again, whoever took it out.
        videojob = site.cluster.videojobs.get(f"vj-{change.job_id}")
        known = None if videojob is None or after.claim is None else _token(videojob) == after.claim.token
        restamped = change.job_id in self.overwritten or (before.claim is None and known)
        if not claimed or after.claim is None or restamped or site.drained_at is None:
            return
        order = site.order
        # Of two that work without a lease, one does not know what the other has begun.
        confirmed = order is not None and order.confirmed and len(site.replicas) == 1
        calm = self.calm_since is not None and self._now() - max(
            self.calm_since, START + timedelta(seconds=site.drained_at)
        ) > timedelta(seconds=_DRAINED_SECONDS)
        if confirmed or calm:
            raise Violation("a row was claimed though the installation drains", change.job_id)

    def _check_takeover(self, change: Change, site: Site) -> None:
        if change.untouched <= timedelta(seconds=site.config.stale_after_seconds):
            raise Violation(f"a row that somebody else works on was set to {change.after.status}", change.job_id)
        self.tally["a stale row was claimed"] += change.after.claim is not None
        self._of_others.discard(change.job_id)

    def _check_reason(self, row: JobRow) -> None:
        """Check that no row ends for a reason that is not there."""
        error, nature = row.error or "", self._natures[row.job_id]
        if error == TABLE[Reason.CANCELLED].sentence and f"vj-{row.job_id}" not in self.deleted_by_hand:
            raise Violation("a row was cancelled, and nobody deleted its VideoJob", row.job_id)
        waited = any(error.startswith(TABLE[reason].sentence) for reason in _WAITS)
        self.tally["a video ended since it waited too long"] += waited
        self.tally["an attempt failed that was the last one that the retry limit allows"] += "Given up after" in error
        resting = (
            self.resting_since is not None and (self._now() - self.resting_since).total_seconds() > _RESYNC_SECONDS
        )
        if waited and resting and nature not in {Nature.NEVER_STARTS, Nature.JOB_REFUSED}:
            raise Violation(f"a video that could run ended: {error}", row.job_id)

    def rival_began(self, row: JobRow) -> None:
        """Note that a consumer without claims works on a row that was claimed just now."""
        assert row.claim is not None
        self.tally["a rival began to work on a claimed row"] += 1
        self._rivals[row.job_id] = (row.claim.token, self._now())

    def rival_began_late(self) -> None:
        """Note that a consumer without claims works on a row whose claim was confirmed before."""
        self.tally["a rival wrote over a claim late"] += 1

    def _note_rivals_end(self, after: JobRow) -> None:
        """Note a row that a consumer without claims completed before our worker was at its last stage."""
        # With the bound claim of its last run in it, a row looks as if a worker of ours had completed it.
        if after.status != RowStatus.COMPLETED or after.claim is None or after.job_id in self._taken_with_a_claim:
            return
        for site in self._sites:
            videojob = site.cluster.videojobs.get(f"vj-{after.job_id}")
            if videojob is None or _token(videojob) != after.claim.token or finished(videojob):
                continue
            if (videojob.get("status") or {}).get("stage") != Stage.FINALIZING:
                self._done_by_rivals.add(videojob["metadata"]["uid"])

    def _check_rival(self, site: Site, videojob: Manifest) -> None:
        name, token = videojob["metadata"]["name"], _token(videojob)
        began = self._rivals.get(UUID(name.removeprefix("vj-")))
        if began is None or began[0] != token or len(site.replicas) > 1:
            return
        undisturbed = START + timedelta(seconds=site.disturbed_at) < began[1] - timedelta(seconds=_RIVAL_SECONDS)
        if undisturbed and (self._now() - began[1]).total_seconds() < _RIVAL_SECONDS:
            raise Violation("a row that a rival works on got a VideoJob", name)

    def job_deleted_by_operator(self, site: Site, job: Manifest) -> None:
        """Check a Job before an operator deletes it: it must not be the one of the present attempt."""
        name, token = job["metadata"]["name"], _token(job)
        row, owner = self._database.rows[UUID(name.removeprefix("vj-"))], site.cluster.videojobs.get(name)
        own = owner is not None and owner["metadata"]["uid"] == job["metadata"]["ownerReferences"][0]["uid"]
        if owner is None or not own or token is None:
            return
        if row.job_id in self._database.refusing:
            # Its VideoJob ends though the row cannot.
            return
        if (job.get("status") or {}).get("conditions") and finished(owner):
            self.tally[f"the Job of a video that has ended was deleted: {owner['status']['phase']}"] += 1
        if row.is_held_by(token) and owner["metadata"].get("annotations", {}).get(_CLAIM) == token:
            raise Violation("a Job was deleted whose outcome is not stored", name)

    def _check_next_attempt(self, before: JobRow, after: JobRow, site: Site) -> None:
        assert before.claim is not None
        assert after.claim is not None
        made = self._jobs_made[before.job_id]
        if after.claim.token not in {before.claim.token_after(uid) for uid in made}:
            raise Violation("a row that is worked on was claimed again", before.job_id)
        reason, used_up = after.claim.reason, after.claim.failures - before.claim.failures
        assert reason is not None
        self.tally[f"another attempt after {reason}"] += 1
        counts = TABLE[reason].counts
        # What all videos may share counts for some videos and not for others.
        if used_up not in {counts, counts and rule_of(reason) is None}:
            raise Violation(f"an attempt that ended with {reason} used up {used_up} attempts", before.job_id)
        if used_up and after.claim.failures > self._retry_limit(site, before.job_id):
            raise Violation("more attempts were used up than the retry limit allows", before.job_id)

    def _check_order(self, claimed: JobRow, site: Site) -> None:
        """Note the rows of the same user that were queued earlier: the next read must not find them queued."""
        for replica in site.replicas:
            process = replica.process
            if process.page.get(claimed.job_id) != claimed.updated_at or process.dead:
                continue
            for row in self._database.all_rows():
                older = _queued_before(row, claimed)
                listed = process.page.get(row.job_id) == row.updated_at and row.status == RowStatus.QUEUED
                if older and listed and user_key(row) == user_key(claimed) and row.lane is claimed.lane:
                    self._passed_over.append((process, row.job_id, row.updated_at))

    def page_read(self, process: OperatorProcess) -> None:
        """Check, before a process reads the queue again, that no row queued earlier was passed over."""
        for passed, job_id, updated_at in self._passed_over:
            row = self._database.rows.get(job_id)
            if passed is not process or row is None or not process.undisturbed:
                continue
            if row.status == RowStatus.QUEUED and row.updated_at == updated_at and not _malformed(row):
                raise Violation("a row of the same user that was queued later was claimed first", job_id)
        self._passed_over = [item for item in self._passed_over if item[0] is not process]

    def _retry_limit(self, site: Site, job_id: UUID) -> int:
        """Return how many further attempts a video gets: a VideoJob made by hand has the schema's default."""
        return (
            VideoJobSpec.model_fields["retry_limit"].default
            if f"vj-{job_id}" in self.by_hand
            else site.config.retry_limit
        )

    # Objects.

    def object_changed(self, site: Site, kind: str, word: str, body: Manifest) -> None:
        """Check an object that was made, changed or deleted."""
        if word == "videojob" and _is_of_others(body):
            if kind != "ADDED":
                raise Violation("a VideoJob of another installation was changed", body["metadata"]["name"])
            self.tally["another installation made a VideoJob"] += 1
        elif word == "videojob":
            if kind == "DELETED":
                return
            if kind == "ADDED":
                self._check_rival(site, body)
            self._check_status(site, body)
            self._check_slots(site)
        elif kind == "ADDED":
            self._jobs_made[UUID(body["metadata"]["name"].removeprefix("vj-"))].add(body["metadata"]["uid"])
            self._check_start(site, body)

    def _check_status(self, site: Site, body: Manifest) -> None:
        status, name = body.get("status") or {}, body["metadata"]["name"]
        true = {item["type"] for item in status.get("conditions") or () if item["status"] == "True"}
        outcome, uid = true & {"Complete", "Failed"}, (site.installation, body["metadata"]["uid"])
        if "Stalled" in true:
            self.tally["a wait was shown as stalled"] += 1
        if "Finished" not in true:
            if outcome or status.get("completionTime"):
                raise Violation(f"a VideoJob that has not finished shows {sorted(outcome)}", name)
            if uid in self._outcomes:
                raise Violation("a VideoJob that had finished has not finished any more", name)
            return
        if len(outcome) != 1 or not status.get("completionTime"):
            raise Violation(f"a finished VideoJob shows {sorted(outcome)} since {status.get('completionTime')}", name)
        if status.get("phase") != ("Succeeded" if outcome == {"Complete"} else "Failed"):
            raise Violation(f"a VideoJob that is {sorted(outcome)} is in phase {status.get('phase')}", name)
        if uid not in self._outcomes and status.get("reason") == Reason.DATABASE_REFUSED:
            self.tally["a VideoJob ended though its row refuses each write"] += 1
        if uid not in self._outcomes:
            self.tally["a VideoJob ended as done by somebody else"] += status.get("reason") == Reason.DONE_ELSEWHERE
            if body["metadata"]["uid"] in self._done_by_rivals and outcome == {"Complete"}:
                raise Violation("a VideoJob succeeded whose video somebody else did", name)
        known = self._outcomes.setdefault(uid, *outcome)
        if {known} != outcome:
            raise Violation(f"a VideoJob that was {known} became {sorted(outcome)}", name)

    def _check_slots(self, site: Site) -> None:
        if not self.slots_hold:
            return
        taken: dict[Lane, list[Any]] = {lane: [] for lane in Lane}
        for name, body in own_videojobs(site):
            job_id = UUID(name.removeprefix("vj-"))
            if finished(body) or "deletionTimestamp" in body["metadata"] or _token(body) is None:
                continue
            if job_id not in self._taken_with_a_claim:
                taken[self._lane_of(body)].append((body.get("spec") or {}).get("userId"))
        # Two replicas that work at the same time, without a lease, do not know of each other's newest claims.
        replicas = len(site.replicas)
        for lane, users in taken.items():
            slots = site.config.slots_of(lane)
            self.tally[f"all slots for {lane} rows were taken"] += len(users) >= slots
            if len(users) > slots * replicas:
                raise Violation(f"{len(users)} VideoJobs take {slots} slots for {lane} rows", site.installation)
            per_user = site.config.max_concurrent_per_user
            most = max(Counter(users).values(), default=0)
            self.tally["a user had as many VideoJobs as the limit allows"] += most == per_user
            if per_user is not None and most > per_user * replicas:
                raise Violation(f"one user has more than {per_user} VideoJobs at work", site.installation)

    def _lane_of(self, videojob: Manifest) -> Lane:
        """Return the lane that the row of a VideoJob says; one made by hand takes a slot of fresh rows."""
        name = videojob["metadata"]["name"]
        row = self._database.rows.get(UUID(name.removeprefix("vj-")))
        return Lane.FRESH if row is None or name in self.by_hand else row.lane

    def _check_start(self, site: Site, job: Manifest) -> None:
        owner = job["metadata"]["ownerReferences"][0]["uid"]
        name = job["metadata"]["name"]
        token = _token(job)
        if token is None:
            return
        row = self._database.rows.get(UUID(name.removeprefix("vj-")))
        if not any(body["metadata"]["uid"] == owner for body in site.cluster.videojobs.values()):
            self.tally["a Job was made for a VideoJob that was just deleted"] += 1
        if row is None or row.claim is None or row.claim.token != token or row.claim.not_before is None:
            return
        if row.claim.not_before > self._now():
            raise Violation(f"an attempt began before {row.claim.not_before}", name)

    # Calm times.

    def calm(self, now: datetime, since: datetime) -> None:
        """Check, in a time in which every call is answered, that no row is forgotten."""
        if (now - since).total_seconds() < CALM_SECONDS or now < self._next_check:
            return
        if now - self._next_check > timedelta(seconds=_CHECK_SECONDS):
            # Another calm time has begun.
            self._lacking = {}
        self._next_check = now + timedelta(seconds=_CHECK_SECONDS)
        for row in self._database.all_rows():
            claim = row.claim
            if row.status != RowStatus.PROCESSING or claim is None or self._natures[row.job_id] in _ROWS_WITHOUT_END:
                continue
            site = next((site for site in self._sites if site.installation == claim.by), None)
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
        for site in self._sites:
            held = [
                body
                for name, body in own_videojobs(site)
                if not finished(body) and self._lane_of(body) is Lane.FRESH and name not in site.cluster.finalizers
            ]
            claims = any(replica.claims for replica in site.replicas)
            if not claims or len(held) >= site.config.max_concurrent or site.config.max_concurrent_per_user is not None:
                continue
            for row in self._database.all_rows():
                waits = row.status == RowStatus.QUEUED and row.lane is Lane.FRESH and not _malformed(row)
                touched = datetime.fromisoformat(row.updated_at or row.created_at or "")
                waited = (now - touched).total_seconds()
                if waits and waited > _CLAIMED_SECONDS and self._natures[row.job_id] not in _ROWS_WITHOUT_END:
                    lacking.add((site.installation, row.job_id))
        return lacking

    # The end.

    def at_rest(self) -> bool:
        """Return whether there is nothing left to do."""
        return not any(True for _ in self._unfinished())

    def undrained(self, site: Site) -> Iterable[Violation]:
        """Return what a site that drains has still to do: what ran has to end, and the order is confirmed."""
        for job_id, row in self._database.rows.items():
            ours = row.claim is not None and row.claim.by == site.installation
            if ours and row.status == RowStatus.PROCESSING and self._natures[job_id] not in _ROWS_WITHOUT_END:
                yield Violation("a row does not end while the installation drains", job_id)
        for name, body in own_videojobs(site):
            if _token(body) is not None and not finished(body) and name not in site.cluster.finalizers:
                yield Violation("a VideoJob does not end while the installation drains", name)
        if site.order is None or not site.order.confirmed:
            yield Violation("the order to drain was not confirmed", site.installation)

    def check_rest(self) -> None:
        """Raise a Violation where something is left to do after all that time, or did not end as promised."""
        for what in self._unfinished():
            raise what
        for job_id, row in self._database.rows.items():
            if self._database.transcripts[job_id] > 1 or self._database.sops[job_id] > 1:
                raise Violation("doubled: more than one result", job_id)
            if row.status == "completed" and not (self._database.transcripts[job_id] and self._database.sops[job_id]):
                raise Violation("lost: completed without results", job_id)
            if row.status == "error" and not row.error:
                raise Violation("an error without a sentence", job_id)
        for site in self._sites:
            for name, body in own_videojobs(site):
                if finished(body):
                    self._check_agreement(name, body)

    def undeleted(self, site: Site) -> Iterable[str]:
        """Return the names of the VideoJobs that finished and are still there, of those that are deleted in time."""
        for name, body in own_videojobs(site):
            malformed = (body.get("status") or {}).get("reason") == Reason.INVALID_SPEC
            row, token = self._database.rows[UUID(name.removeprefix("vj-"))], _token(body)
            # A row that refuses each write keeps its VideoJob: without it the row would run again.
            refuses = row.job_id in self._database.refusing and token is not None and row.is_held_by(token)
            if finished(body) and not malformed and not refuses and name not in site.cluster.finalizers:
                yield name

    def check_deleted(self, site: Site, seconds: float) -> None:
        """Check that the VideoJobs that finished are gone after the time that they are kept."""
        for name in self.undeleted(site):
            raise Violation(f"a finished VideoJob is still there after {seconds:.0f} s", name)

    def _unfinished(self) -> Iterable[Violation]:
        for job_id, row in self._database.rows.items():
            if row.status not in ENDED | {"cancelled"} and self._natures[job_id] not in _ROWS_WITHOUT_END:
                yield Violation(f"lost: the row is {row.status}", job_id)
        for site in self._sites:
            for name, body in own_videojobs(site):
                if not finished(body) and name not in site.cluster.finalizers:
                    yield Violation("a VideoJob does not end", name)
            for name, job in site.cluster.jobs.items():
                owner = site.cluster.videojobs.get(name)
                if owner is None or owner["metadata"]["uid"] != job["metadata"]["ownerReferences"][0]["uid"]:
                    yield Violation("a Job without its VideoJob stays", name)
                elif self._job_stays(site, owner, job):
                    yield Violation("the Job of a video that has ended stays", name)
            for name, pod in site.cluster.pods.items():
                job_name = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
                if job_name not in site.cluster.jobs:
                    yield Violation("a pod of a deleted Job stays", name)

    def _job_stays(self, site: Site, owner: Manifest, job: Manifest) -> bool:
        """Return whether the Job of a video is there though its time is over."""
        status, token = owner.get("status") or {}, _token(owner)
        row = self._database.rows.get(UUID(job["metadata"]["name"].removeprefix("vj-")))
        over = bool((job.get("status") or {}).get("conditions"))
        held = row is not None and token is not None and row.is_held_by(token)
        if not over or not finished(owner) or held or not status.get("completionTime"):
            return False
        worker = site.config.worker
        succeeded = "Complete" in conditions_of(owner)
        ttl = worker.succeeded_job_ttl_seconds if succeeded else worker.failed_job_ttl_seconds
        since: timedelta = self._now() - datetime.fromisoformat(status["completionTime"])
        return since > timedelta(seconds=ttl + _LATE_SECONDS)

    def _check_agreement(self, name: str, body: Manifest) -> None:
        job_id = UUID(name.removeprefix("vj-")) if name.startswith("vj-") else None
        row = self._database.rows.get(job_id) if job_id is not None else None
        token = _token(body)
        if row is None or token is None or not row.was_held_by(token) or row.status not in ENDED:
            return
        if row.job_id in self._of_others:
            return
        status = body["status"]
        conditions = conditions_of(body)
        if status.get("reason") == Reason.CLAIM_LOST:
            raise Violation(f"a VideoJob is {status.get('message')!r}, and nobody but the operator ended its row", name)
        if (row.status == "completed") != ("Complete" in conditions):
            raise Violation(f"the row is {row.status} and its VideoJob is {sorted(conditions)}", name)
        if row.status == "error" and status.get("message") != (row.error or "")[:_MESSAGE_LIMIT]:
            raise Violation(f"the row says {row.error!r} and its VideoJob {status.get('message')!r}", name)

    def _site(self, installation: str) -> Site:
        return next(site for site in self._sites if site.installation == installation)

    def _runs_by_hand(self, job_id: UUID) -> bool:
        name = f"vj-{job_id}"
        # It may have been deleted again, while its claim was on its way.
        return name in self.by_hand


def own_videojobs(site: Site) -> Iterable[tuple[str, Manifest]]:
    """Return the VideoJobs that are not another installation's, by name."""
    return [(name, body) for name, body in site.cluster.videojobs.items() if not _is_of_others(body)]


def _is_of_others(body: Manifest) -> bool:
    return (body["metadata"].get("annotations") or {}).get("runops.dev/by") == OTHERS


def conditions_of(body: Manifest) -> set[str]:
    """Return the conditions that hold."""
    return {item["type"] for item in (body.get("status") or {}).get("conditions") or () if item["status"] == "True"}


def finished(body: Manifest) -> bool:
    """Return whether a VideoJob has finished."""
    return "Finished" in conditions_of(body)


def _token(body: Manifest) -> str | None:
    token: str | None = (body["metadata"].get("annotations") or {}).get(_CLAIM)
    return token


def _malformed(row: JobRow) -> bool:
    try:
        user_of(row)
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return True
    return False


def _queued_before(row: JobRow, other: JobRow) -> bool:
    """Return whether a row comes first. Of rows that were set back in the same second it is the one inserted first."""
    if (row.waiting_since or "") >= (other.waiting_since or ""):
        return False
    since, others = (datetime.fromisoformat(one.waiting_since or "") for one in (row, other))
    return (row.created_at or "") < (other.created_at or "") or (others - since).total_seconds() > 1
