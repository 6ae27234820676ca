"""What is promised once nothing disturbs any more: everything ends, and rows and VideoJobs agree."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from runops.failures import Reason
from runops.job_row import RowStatus
from tests.simulation.cluster import Manifest
from tests.simulation.operator_process import Site
from tests.simulation.promises.seen import ENDED, ROWS_WITHOUT_END, Seen
from tests.simulation.promises.videojobs import conditions_of, finished, own_videojobs, token_of
from tests.simulation.promises.violation import Violation

__all__ = ["Rest"]

_MESSAGE_LIMIT = 1024
_LATE_SECONDS = 200.0
"""After so long everything was compared with the cluster, and what was due was done."""


class Rest:
    """The checks.

    Parameters
    ----------
    seen
        What was seen so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def at_rest(self) -> bool:
        """Return whether there is nothing left to do."""
        return not any(True for _ in self._unfinished())

    def undrained(self, site: Site) -> Iterable[Violation]:
        """Return what a site that drains has still to do: what ran has to end, and the order is confirmed."""
        for job_id, row in self._seen.database.rows.items():
            ours = row.claim is not None and row.claim.by == site.installation
            if ours and row.status == RowStatus.PROCESSING and self._seen.natures[job_id] not in ROWS_WITHOUT_END:
                yield Violation("a row does not end while the installation drains", job_id)
        for name, body in own_videojobs(site):
            if token_of(body) is not None and not finished(body) and name not in site.cluster.finalizers:
                yield Violation("a VideoJob does not end while the installation drains", name)
        if site.order is None or not site.order.confirmed:
            yield Violation("the order to drain was not confirmed", site.installation)

    def check(self) -> None:
        """Raise a Violation where something is left to do after all that time, or did not end as promised."""
        for what in self._unfinished():
            raise what
        database = self._seen.database
        for job_id, row in database.rows.items():
            if database.transcripts[job_id] > 1 or database.sops[job_id] > 1:
                raise Violation("doubled: more than one result", job_id)
            if row.status == "completed" and not (database.transcripts[job_id] and database.sops[job_id]):
                raise Violation("lost: completed without results", job_id)
            if row.status == "error" and not row.error:
                raise Violation("an error without a sentence", job_id)
        for site in self._seen.sites:
            for name, body in own_videojobs(site):
                if finished(body):
                    self._check_agreement(name, body)

    def undeleted(self, site: Site) -> Iterable[str]:
        """Return the names of the VideoJobs that finished and are still there, of those that are deleted in time."""
        for name, body in own_videojobs(site):
            malformed = (body.get("status") or {}).get("reason") == Reason.INVALID_SPEC
            row, token = self._seen.database.rows[UUID(name.removeprefix("vj-"))], token_of(body)
            # A row that refuses each write keeps its VideoJob: without it the row would run again.
            refuses = row.job_id in self._seen.database.refusing and token is not None and row.is_held_by(token)
            if finished(body) and not malformed and not refuses and name not in site.cluster.finalizers:
                yield name

    def check_deleted(self, site: Site, seconds: float) -> None:
        """Check that the VideoJobs that finished are gone after the time that they are kept."""
        for name in self.undeleted(site):
            raise Violation(f"a finished VideoJob is still there after {seconds:.0f} s", name)

    def _unfinished(self) -> Iterable[Violation]:
        for job_id, row in self._seen.database.rows.items():
            if row.status not in ENDED | {"cancelled"} and self._seen.natures[job_id] not in ROWS_WITHOUT_END:
                yield Violation(f"lost: the row is {row.status}", job_id)
        for site in self._seen.sites:
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
        status, token = owner.get("status") or {}, token_of(owner)
        row = self._seen.database.rows.get(UUID(job["metadata"]["name"].removeprefix("vj-")))
        over = bool((job.get("status") or {}).get("conditions"))
        held = row is not None and token is not None and row.is_held_by(token)
        if not over or not finished(owner) or held or not status.get("completionTime"):
            return False
        worker = site.config.worker
        succeeded = "Complete" in conditions_of(owner)
        ttl = worker.succeeded_job_ttl_seconds if succeeded else worker.failed_job_ttl_seconds
        since: timedelta = self._seen.now() - datetime.fromisoformat(status["completionTime"])
        return since > timedelta(seconds=ttl + _LATE_SECONDS)

    def _check_agreement(self, name: str, body: Manifest) -> None:
        job_id = UUID(name.removeprefix("vj-")) if name.startswith("vj-") else None
        row = self._seen.database.rows.get(job_id) if job_id is not None else None
        token = token_of(body)
        if row is None or token is None or not row.was_held_by(token) or row.status not in ENDED:
            return
        if row.job_id in self._seen.of_others:
            return
        status = body["status"]
        conditions = conditions_of(body)
        if status.get("reason") == Reason.CLAIM_LOST:
            raise Violation(f"a VideoJob is {status.get('message')!r}, and nobody but the operator ended its row", name)
        if (row.status == "completed") != ("Complete" in conditions):
            raise Violation(f"the row is {row.status} and its VideoJob is {sorted(conditions)}", name)
        if row.status == "error" and status.get("message") != (row.error or "")[:_MESSAGE_LIMIT]:
            raise Violation(f"the row says {row.error!r} and its VideoJob {status.get('message')!r}", name)
