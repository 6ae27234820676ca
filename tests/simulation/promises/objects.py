"""What is promised about VideoJobs and Jobs, at every change of one."""

from uuid import UUID

from runops.failures import Reason
from tests.simulation.cluster import Manifest
from tests.simulation.operator_process import Site
from tests.simulation.promises.rivals import Rivals
from tests.simulation.promises.seen import Seen
from tests.simulation.promises.slots import SlotLimits
from tests.simulation.promises.videojobs import CLAIM, finished, is_of_others, token_of
from tests.simulation.promises.violation import Violation

__all__ = ["ObjectChanges"]


class ObjectChanges:
    """The checks.

    Parameters
    ----------
    seen
        What was seen so far.
    rivals
        Asked about each new VideoJob.
    slots
        Asked at each change of a VideoJob.
    """

    def __init__(self, seen: Seen, rivals: Rivals, slots: SlotLimits) -> None:
        self._seen, self._rivals, self._slots = seen, rivals, slots
        self._outcomes: dict[tuple[str, str], str] = {}

    def changed(self, site: Site, kind: str, word: str, body: Manifest) -> None:
        """Check an object that was made, changed or deleted."""
        if word == "videojob" and is_of_others(body):
            if kind != "ADDED":
                raise Violation("a VideoJob of another installation was changed", body["metadata"]["name"])
            self._seen.tally["another installation made a VideoJob"] += 1
        elif word == "videojob":
            if kind == "DELETED":
                return
            if kind == "ADDED":
                self._rivals.check(site, body)
            self._check_status(site, body)
            self._slots.check(site)
        elif kind == "ADDED":
            self._seen.jobs_made[UUID(body["metadata"]["name"].removeprefix("vj-"))].add(body["metadata"]["uid"])
            self._check_start(site, body)

    def job_deleted_by_operator(self, site: Site, job: Manifest) -> None:
        """Check a Job before an operator deletes it: it must not be the one of the present attempt."""
        name, token = job["metadata"]["name"], token_of(job)
        row, owner = self._seen.database.rows[UUID(name.removeprefix("vj-"))], site.cluster.videojobs.get(name)
        own = owner is not None and owner["metadata"]["uid"] == job["metadata"]["ownerReferences"][0]["uid"]
        if owner is None or not own or token is None:
            return
        if row.job_id in self._seen.database.refusing:
            # Its VideoJob ends though the row cannot.
            return
        if (job.get("status") or {}).get("conditions") and finished(owner):
            self._seen.tally[f"the Job of a video that has ended was deleted: {owner['status']['phase']}"] += 1
        if row.is_held_by(token) and owner["metadata"].get("annotations", {}).get(CLAIM) == token:
            raise Violation("a Job was deleted whose outcome is not stored", name)

    def _check_status(self, site: Site, body: Manifest) -> None:
        status, name = body.get("status") or {}, body["metadata"]["name"]
        true = {item["type"] for item in status.get("conditions") or () if item["status"] == "True"}
        outcome, uid = true & {"Complete", "Failed"}, (site.installation, body["metadata"]["uid"])
        if "Stalled" in true:
            self._seen.tally["a wait was shown as stalled"] += 1
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
            self._seen.tally["a VideoJob ended though its row refuses each write"] += 1
        if uid not in self._outcomes:
            elsewhere = status.get("reason") == Reason.DONE_ELSEWHERE
            self._seen.tally["a VideoJob ended as done by somebody else"] += elsewhere
            if body["metadata"]["uid"] in self._seen.done_by_rivals and outcome == {"Complete"}:
                raise Violation("a VideoJob succeeded whose video somebody else did", name)
        known = self._outcomes.setdefault(uid, *outcome)
        if {known} != outcome:
            raise Violation(f"a VideoJob that was {known} became {sorted(outcome)}", name)

    def _check_start(self, site: Site, job: Manifest) -> None:
        owner = job["metadata"]["ownerReferences"][0]["uid"]
        name = job["metadata"]["name"]
        token = token_of(job)
        if token is None:
            return
        row = self._seen.database.rows.get(UUID(name.removeprefix("vj-")))
        if not any(body["metadata"]["uid"] == owner for body in site.cluster.videojobs.values()):
            self._seen.tally["a Job was made for a VideoJob that was just deleted"] += 1
        if row is None or row.claim is None or row.claim.token != token or row.claim.not_before is None:
            return
        if row.claim.not_before > self._seen.now():
            raise Violation(f"an attempt began before {row.claim.not_before}", name)
