"""A small world in memory for the operator: a cluster that behaves like the API server, and a `jobs` table."""

import copy
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from runops.job_row import Claim, JobRow, RowStatus, stamped_metadata
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.adopt import Adopter
from runops_operator.cluster import ClusterError, Conflict, NotFound
from runops_operator.config import OperatorConfig
from runops_operator.execute import Executor
from runops_operator.intake import Intake
from runops_operator.reconciler import Reconciler
from runops_operator.resync import Resync
from runops_operator.store import Store
from runops_operator.workqueue import WorkQueue

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

CONFIG = OperatorConfig.model_validate(
    {
        "installation": "test/runops",
        "namespace": "runops",
        "maxConcurrent": 3,
        "prompts": {"configMap": "prompts-1"},
        "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
    }
)


def merge(target: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """JSON merge patch, RFC 7396."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = copy.deepcopy(dict(value)) if isinstance(value, Mapping) else copy.deepcopy(value)


class MemoryCluster:
    """The API server as far as `Cluster` goes. `events` collects what a watch would deliver."""

    def __init__(self) -> None:
        self.videojobs: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, list[dict[str, Any]]] = {}
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.created_jobs: list[str] = []
        self.broken = 0
        self._counter = itertools.count(1)

    async def list_videojobs(self) -> AsyncIterator[Mapping[str, Any]]:
        self._maybe_break()
        for item in list(self.videojobs.values()):
            yield copy.deepcopy(item)

    async def list_jobs(self) -> AsyncIterator[Mapping[str, Any]]:
        for item in list(self.jobs.values()):
            yield copy.deepcopy(item)

    async def list_pods(self, job: str) -> list[Mapping[str, Any]]:
        return list(self.pods.get(job, ()))

    async def get_videojob(self, name: str) -> dict[str, Any]:
        return self._get(self.videojobs, name)

    async def create_videojob(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        return self._create("videojob", self.videojobs, manifest)

    async def annotate_videojob(self, name: str, annotations: Mapping[str, str]) -> dict[str, Any]:
        return self._patch("videojob", self.videojobs, name, {"metadata": {"annotations": dict(annotations)}})

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any]) -> dict[str, Any]:
        return self._patch("videojob", self.videojobs, name, {"status": status})

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        there = self.videojobs.get(name)
        if there is not None and there["metadata"]["uid"] == uid:
            del self.videojobs[name]
            self.events.append(("DELETED", "videojob", there))
            job = self.jobs.get(name)
            if job is not None and job["metadata"]["ownerReferences"][0]["uid"] == uid:
                await self.delete_job(name, uid=job["metadata"]["uid"])

    async def create_job(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        created = self._create("job", self.jobs, manifest)
        self.created_jobs.append(created["metadata"]["name"])
        return created

    async def get_job(self, name: str) -> dict[str, Any]:
        return self._get(self.jobs, name)

    async def suspend_job(self, name: str, *, suspend: bool) -> dict[str, Any]:
        return self._patch("job", self.jobs, name, {"spec": {"suspend": suspend}})

    async def delete_job(self, name: str, *, uid: str) -> None:
        there = self.jobs.get(name)
        if there is not None and there["metadata"]["uid"] == uid:
            del self.jobs[name]
            self.pods.pop(name, None)
            self.events.append(("DELETED", "job", there))

    def edit_videojob(self, name: str, **spec: Any) -> None:
        """Somebody changes a VideoJob's spec by kubectl."""
        generation = self.videojobs[name]["metadata"]["generation"] + 1
        self._patch("videojob", self.videojobs, name, {"spec": spec, "metadata": {"generation": generation}})

    def run_pod(self, name: str, *, node: str = "node-1") -> None:
        """A pod of the Job runs."""
        self.pods.setdefault(name, []).append(
            {
                "metadata": {
                    "name": f"{name}-{next(self._counter)}",
                    "uid": str(uuid4()),
                    "creationTimestamp": f"2026-11-24T12:00:{next(self._counter):02d}Z",
                },
                "spec": {"nodeName": node},
                "status": {"phase": "Running", "containerStatuses": [{"name": "worker", "state": {"running": {}}}]},
            }
        )
        self._write("job", self.jobs, name, {"status": {"active": 1, "ready": 1, "startTime": "2026-11-24T12:00:00Z"}})

    def end_pod(self, name: str, exit_code: int, report: Report | None = None, *, last: bool = True) -> None:
        """The newest pod of the Job ends; with `last` the Job ends with it."""
        message = report.encode().decode() if report else None
        pod = self.pods[name][-1]
        pod["status"]["phase"] = "Succeeded" if exit_code == 0 else "Failed"
        pod["status"]["containerStatuses"][0]["state"] = {"terminated": {"exitCode": exit_code, "message": message}}
        status: dict[str, Any] = {"active": 0, "ready": 0}
        if exit_code:
            status["failed"] = (self.jobs[name].get("status") or {}).get("failed", 0) + 1
            if last:
                status["conditions"] = [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}]
        else:
            status |= {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
        self._write("job", self.jobs, name, {"status": status})

    def _maybe_break(self) -> None:
        if self.broken:
            self.broken -= 1
            raise ClusterError("the API server is away")

    def _get(self, kind: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
        self._maybe_break()
        if name not in kind:
            raise NotFound(name, status=404)
        return copy.deepcopy(kind[name])

    def _create(self, word: str, kind: dict[str, dict[str, Any]], manifest: Mapping[str, Any]) -> dict[str, Any]:
        self._maybe_break()
        stored = copy.deepcopy(dict(manifest))
        name = stored["metadata"]["name"]
        if name in kind:
            raise Conflict(name, status=409)
        stored["metadata"] |= {"uid": str(uuid4()), "generation": 1, "creationTimestamp": "2026-11-24T12:00:00Z"}
        stored["metadata"]["resourceVersion"] = str(next(self._counter))
        kind[name] = stored
        self.events.append(("ADDED", word, copy.deepcopy(stored)))
        return copy.deepcopy(stored)

    def _patch(self, word: str, kind: dict[str, dict[str, Any]], name: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        self._maybe_break()
        if name not in kind:
            raise NotFound(name, status=404)
        return self._write(word, kind, name, patch)

    def _write(self, word: str, kind: dict[str, dict[str, Any]], name: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        merge(kind[name], patch)
        kind[name]["metadata"]["resourceVersion"] = str(next(self._counter))
        self.events.append(("MODIFIED", word, copy.deepcopy(kind[name])))
        return copy.deepcopy(kind[name])


class MemoryJobs:
    """The `jobs` table with the semantics of the conditional PATCH."""

    def __init__(self) -> None:
        self.rows: dict[UUID, JobRow] = {}
        self.errors: dict[UUID, str] = {}
        self._counter = itertools.count()

    def add(
        self, *, user: str | None = None, status: str = "queued", metadata: Any = None, job_id: UUID | None = None
    ) -> UUID:
        """Insert a row as the app does."""
        job_id = job_id or uuid4()
        if metadata is None and user is not None:
            metadata = {"user_id": user}
        at = self._tick()
        self.rows[job_id] = JobRow(job_id=job_id, status=status, created_at=at, updated_at=at, metadata=metadata)
        return job_id

    def set(self, job_id: UUID, **values: Any) -> None:
        """Change a row from outside."""
        self.rows[job_id] = self.rows[job_id].model_copy(update={**values, "updated_at": self._tick()})

    async def queued(self, *, limit: int) -> list[JobRow]:
        rows = [row for row in self.rows.values() if row.status == RowStatus.QUEUED]
        return sorted(rows, key=lambda row: row.created_at or "")[:limit]

    async def get(self, job_id: UUID) -> JobRow | None:
        return self.rows.get(job_id)

    async def get_many(self, job_ids: Sequence[UUID]) -> dict[UUID, JobRow]:
        return {job_id: self.rows[job_id] for job_id in job_ids if job_id in self.rows}

    async def claim(self, row: JobRow, claim: Claim, *, from_status: str = "queued") -> JobRow | None:
        there = self.rows.get(row.job_id)
        if there is None or there.status != from_status or there.updated_at != row.updated_at:
            return None
        self.set(row.job_id, status="processing", error=None, metadata=stamped_metadata(row.metadata, claim))
        return self.rows[row.job_id]

    async def complete(self, job_id: UUID, token: str) -> bool:
        return self._end(job_id, token, RowStatus.COMPLETED, None)

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        return self._end(job_id, token, RowStatus.ERROR, sentence)

    async def claimed_by(self, installation: str, *, limit: int = 1000) -> list[JobRow]:
        return [
            row
            for row in self.rows.values()
            if row.status == RowStatus.PROCESSING and row.claim is not None and row.claim.by == installation
        ][:limit]

    def _end(self, job_id: UUID, token: str, status: RowStatus, error: str | None) -> bool:
        row = self.rows.get(job_id)
        if row is None or not row.is_held_by(token):
            return False
        self.set(job_id, status=status, error=error)
        return True

    def _tick(self) -> str:
        return (NOW + timedelta(seconds=next(self._counter))).isoformat()


class World:
    """An operator, complete but for kopf, in front of the cluster and the table."""

    def __init__(self, config: OperatorConfig = CONFIG) -> None:
        self.cluster = MemoryCluster()
        self.jobs = MemoryJobs()
        self.config = config
        self.start_operator()

    def start_operator(self) -> None:
        """Start a process with an empty memory, as after kill -9."""
        jobs: Any = self.jobs
        self.store, self.queue = Store(), WorkQueue(lambda: 0.5)
        shared: dict[str, Any] = {"cluster": self.cluster, "jobs": jobs, "store": self.store, "config": self.config}
        self.adopter = Adopter(queue=self.queue, **shared)
        self.resync = Resync(queue=self.queue, adopter=self.adopter, **shared)
        self.intake = Intake(
            jobs=jobs, adopter=self.adopter, store=self.store, config=self.config, recall=self.resync.rows_once
        )
        executor = Executor(queue=self.queue, on_movement=self.intake.movement, **shared)
        self.reconciler = Reconciler(queue=self.queue, executor=executor, now=lambda: NOW, **shared)

    async def settle(self, *, rounds: int = 20) -> None:
        """Deliver events and reconcile what they name, until nothing happens any more."""
        for _ in range(rounds):
            events, self.cluster.events = self.cluster.events, []
            for kind, word, body in events:
                see = self.store.see_videojob if word == "videojob" else self.store.see_job
                if see(body, deleted=kind == "DELETED"):
                    await self.queue.add(body["metadata"]["name"])
            if not len(self.queue) and not self.cluster.events:
                return
            while len(self.queue):
                name = await self.queue.get()
                try:
                    await self.reconciler.reconcile(name)
                except ClusterError:
                    await self.queue.failed(name)
                else:
                    await self.queue.done(name)
        raise AssertionError("the operator does not come to rest")

    def status(self, job_id: UUID) -> dict[str, Any]:
        """Status of a row's VideoJob."""
        status: dict[str, Any] = self.cluster.videojobs[videojob_name(job_id)].get("status", {})
        return status
