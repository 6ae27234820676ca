"""A cluster in memory that behaves like the API server, its Job controller and its garbage collector."""

import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from runops.report import Report
from runops.timestamps import rfc3339
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

Manifest = dict[str, Any]
Event = tuple[str, str, Manifest]


def merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> Manifest:
    """Return the result of a JSON merge patch, RFC 7396; what does not change is shared."""
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            there = result.get(key)
            result[key] = merged(there if isinstance(there, Mapping) else {}, value)
        else:
            result[key] = value
    return result


class PodsByName(dict[str, Manifest]):
    """The pods, found by the name of their Job as well."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, set[str]] = {}

    def __setitem__(self, name: str, pod: Manifest) -> None:
        super().__setitem__(name, pod)
        self._names.setdefault(_job_of(pod), set()).add(name)

    def __delitem__(self, name: str) -> None:
        names = self._names[_job_of(self[name])]
        names.discard(name)
        if not names:
            del self._names[_job_of(self[name])]
        super().__delitem__(name)

    def clear(self) -> None:
        super().clear()
        self._names.clear()

    def of_jobs(self, jobs: Collection[str]) -> list[Manifest]:
        """Return the pods of these Jobs, by name."""
        return [self[name] for name in sorted(name for job in set(jobs) for name in self._names.get(job, ()))]


def _job_of(pod: Manifest) -> str:
    return str(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"])


class MemoryCluster:
    """The API server as far as `Cluster` goes.

    Every watcher of `watchers` gets what a watch would deliver. What is stored is never changed in place, so that views
    and events may share it.

    Parameters
    ----------
    now
        Its clock.
    first_uid
        No uid of it is lower; two clusters have none in common.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: START, *, first_uid: int = 1) -> None:
        self._now = now
        self.videojobs: dict[str, Manifest] = {}
        self.jobs: dict[str, Manifest] = {}
        self.pods = PodsByName()
        self.leases: dict[str, Manifest] = {}
        self.configmaps: dict[str, Manifest] = {}
        self.watchers: list[list[Event]] = []
        self.created_jobs: list[str] = []
        self.defined = True
        """Whether the API server knows VideoJobs."""
        self.refusal: str | None = None
        """Words with which the API server refuses to make Jobs."""
        self.refused: set[str] = set()
        """Names under which it makes no Job."""
        self.finalizers: set[str] = set()
        """VideoJobs that do not go away when they are deleted: somebody's finalizer keeps them."""
        self.stubborn: set[str] = set()
        """Pods that do not go away unless they are deleted by force, as on a node that is gone."""
        self.pod_refusals: list[Manifest] = []
        """Events of the Job controller about pods that it could not make."""
        self.event_reads = 0
        self.pod_listings: list[str] = []
        """Of which Job pods were listed, `*` where of all."""
        self.broken = 0
        """How many further calls fail."""
        self._counter = itertools.count(first_uid)

    # What the operator calls.

    async def list_videojobs(self) -> AsyncIterator[Manifest]:
        self._maybe_break()
        for item in list(self.videojobs.values()):
            yield item

    async def list_jobs(self) -> AsyncIterator[Manifest]:
        for item in list(self.jobs.values()):
            yield item

    async def list_all_pods(self) -> AsyncIterator[Manifest]:
        self.pod_listings.append("*")
        for item in list(self.pods.values()):
            yield item

    async def list_pods(self, jobs: Collection[str]) -> list[Mapping[str, Any]]:
        self.pod_listings.extend(jobs)
        return list(self.pods.of_jobs(jobs))

    async def list_pod_refusals(self) -> list[Mapping[str, Any]]:
        self.event_reads += 1
        return list(self.pod_refusals)

    async def serves_videojobs(self, name: str) -> bool:  # noqa: ARG002 - as the real one
        return self.defined

    async def get_videojob(self, name: str) -> Manifest:
        return self._get(self.videojobs, name)

    async def create_videojob(self, manifest: Mapping[str, Any]) -> Manifest:
        if not self.defined:
            raise NotFound("the server could not find the requested resource", status=404)
        return self._create("videojob", self.videojobs, manifest)

    async def annotate_videojob(
        self, name: str, annotations: Mapping[str, str], *, version: int | None = None
    ) -> Manifest:
        self._maybe_break()
        there = self._get(self.videojobs, name)
        if version is not None and there["metadata"]["resourceVersion"] != str(version):
            raise Conflict(name, status=409)
        return self.write("videojob", self.videojobs, name, {"metadata": {"annotations": dict(annotations)}})

    async def patch_videojob_status(
        self, name: str, status: Mapping[str, Any], *, version: int | None = None
    ) -> Manifest:
        self._maybe_break()
        there = self._get(self.videojobs, name)
        if version is not None and there["metadata"]["resourceVersion"] != str(version):
            raise Conflict(name, status=409)
        return self.write("videojob", self.videojobs, name, {"status": status})

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        self._maybe_break()
        self.remove_videojob(name, uid=uid)

    async def create_job(self, manifest: Mapping[str, Any]) -> Manifest:
        if self.refusal is not None or manifest["metadata"]["name"] in self.refused:
            raise ClusterError(self.refusal or "exceeded quota", status=403)
        created = self._create("job", self.jobs, manifest)
        self.created_jobs.append(created["metadata"]["name"])
        return created

    async def get_job(self, name: str) -> Manifest:
        return self._get(self.jobs, name)

    async def suspend_job(self, name: str, *, suspend: bool) -> Manifest:
        self._maybe_break()
        self._get(self.jobs, name)
        if suspend:
            for pod in await self.list_pods([name]):
                del self.pods[pod["metadata"]["name"]]
        return self.write("job", self.jobs, name, {"spec": {"suspend": suspend}})

    async def delete_job(self, name: str, *, uid: str) -> None:
        self._maybe_break()
        self._delete("job", self.jobs, name, uid)

    async def delete_pod(self, name: str, *, uid: str, force: bool = False) -> None:
        pod = self.pods.get(name)
        if pod is not None and pod["metadata"]["uid"] == uid:
            self._stop(name, force=force)

    async def get_configmap(self, name: str) -> Manifest:
        if name not in self.configmaps:
            raise NotFound(name, status=404)
        return self.configmaps[name]

    async def patch_configmap(self, name: str, data: Mapping[str, str | None]) -> Manifest:
        self.configmaps[name] = merged(await self.get_configmap(name), {"data": dict(data)})
        return self.configmaps[name]

    async def create_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        self._maybe_break()
        if name in self.configmaps:
            raise Conflict(name, status=409)
        return self._keep_configmap(name, data)

    async def replace_configmap(self, name: str, data: Mapping[str, str], *, version: str) -> Manifest:
        if self._get(self.configmaps, name)["metadata"]["resourceVersion"] != version:
            raise Conflict(name, status=409)
        return self._keep_configmap(name, data)

    def _keep_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        # Nobody watches it.
        metadata = {"name": name, "resourceVersion": str(next(self._counter))}
        stored = self.configmaps[name] = {"metadata": metadata, "data": dict(data)}
        return stored

    async def get_lease(self, name: str) -> Manifest:
        return self._get(self.leases, name)

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Manifest:
        return self._create("lease", self.leases, {"metadata": {"name": name}, "spec": dict(spec)})

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Manifest:
        self._maybe_break()
        if self._get(self.leases, name)["metadata"]["resourceVersion"] != version:
            raise Conflict(name, status=409)
        return self.write("lease", self.leases, name, {"spec": dict(spec)})

    # What happens without the operator.

    def edit_videojob(self, name: str, **spec: Any) -> None:
        """Somebody changes a VideoJob's spec by kubectl."""
        generation = self.videojobs[name]["metadata"]["generation"] + 1
        self.write("videojob", self.videojobs, name, {"spec": spec, "metadata": {"generation": generation}})

    def remove_videojob(self, name: str, *, uid: str) -> None:
        """Delete a VideoJob, or mark it as being deleted where a finalizer keeps it."""
        there = self.videojobs.get(name)
        if there is not None and there["metadata"]["uid"] == uid and name in self.finalizers:
            if "deletionTimestamp" not in there["metadata"]:
                self.write("videojob", self.videojobs, name, {"metadata": {"deletionTimestamp": rfc3339(self._now())}})
            return
        self._delete("videojob", self.videojobs, name, uid)

    def delete_definition(self) -> None:
        """Somebody deletes the definition of VideoJobs, and Kubernetes all VideoJobs with it."""
        self.defined = False
        for name, body in list(self.videojobs.items()):
            self._delete("videojob", self.videojobs, name, body["metadata"]["uid"])

    def remove_job(self, name: str) -> None:
        """Somebody deletes a Job by kubectl."""
        self._delete("job", self.jobs, name, self.jobs[name]["metadata"]["uid"])

    def collect_garbage(self) -> None:
        """Delete what has no owner any more."""
        owners = {item["metadata"]["uid"] for kind in (self.videojobs, self.jobs) for item in kind.values()}
        for name, job in list(self.jobs.items()):
            if job["metadata"]["ownerReferences"][0]["uid"] not in owners:
                self._delete("job", self.jobs, name, job["metadata"]["uid"])
                owners.discard(job["metadata"]["uid"])
        for name, pod in list(self.pods.items()):
            if pod["metadata"]["ownerReferences"][0]["uid"] not in owners:
                self._stop(name)

    def wait_pod(self, pod: str, reason: str) -> None:
        """A pod does not start."""
        waiting = {"name": "worker", "state": {"waiting": {"reason": reason, "message": "not today"}}}
        self.pods[pod] = {**self.pods[pod], "status": {"phase": "Pending", "containerStatuses": [waiting]}}

    def start_pod(self, pod: str) -> None:
        """A pod that waited starts."""
        running = {"name": "worker", "state": {"running": {"startedAt": rfc3339(self._now())}}}
        self.pods[pod] = {**self.pods[pod], "status": {"phase": "Running", "containerStatuses": [running]}}

    def run_pod(self, name: str, *, node: str = "node-1") -> Manifest:
        """A pod of the Job runs."""
        job, number = self.jobs[name], next(self._counter)
        pod = {
            "metadata": {
                "name": f"{name}-{number}",
                "uid": f"pod-{number}",
                "creationTimestamp": f"2026-11-24T12:00:00.{number:09d}Z",
                "labels": {"batch.kubernetes.io/job-name": name},
                "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
            },
            "spec": {"nodeName": node},
            "status": {
                "phase": "Running",
                "containerStatuses": [{"name": "worker", "state": {"running": {"startedAt": rfc3339(self._now())}}}],
            },
        }
        self.pods[f"{name}-{number}"] = pod
        self.write("job", self.jobs, name, {"status": {"active": 1, "ready": 1, "startTime": rfc3339(self._now())}})
        return pod

    def end_pod(
        self,
        name: str,
        exit_code: int,
        report: Report | None = None,
        *,
        pod: str | None = None,
        disrupted: bool = False,
        reason: str | None = None,
        container_reason: str | None = None,
        gone: bool = False,
    ) -> None:
        """A pod of the Job ends (the newest where none is named), and with it the Job, as its policy says."""
        pod = pod or max(key for key in self.pods if key.startswith(f"{name}-"))
        (container,) = self.pods[pod]["status"]["containerStatuses"]
        ended = {
            "exitCode": exit_code,
            "reason": container_reason,
            "message": report.encode().decode() if report else None,
            "startedAt": container["state"].get("running", {}).get("startedAt"),
            "finishedAt": rfc3339(self._now()),
        }
        pod_status = {
            "phase": "Failed" if exit_code else "Succeeded",
            "reason": reason,
            "containerStatuses": [{"name": "worker", "state": {"terminated": ended}}],
            "conditions": [{"type": "DisruptionTarget", "status": "True"}] if disrupted else [],
        }
        body = self.pods[pod] = {**self.pods[pod], "status": pod_status}
        if gone:
            del self.pods[pod]
        job = self.jobs.get(name)
        if job is None or job["metadata"]["uid"] != body["metadata"]["ownerReferences"][0]["uid"]:
            return
        if (job.get("status") or {}).get("conditions"):
            return
        status: dict[str, Any] = {"active": 0, "ready": 0}
        if exit_code == 0:
            status |= {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
        else:
            message = f"Container worker for pod runops/{pod} failed with exit code {exit_code} matching FailJob rule"
            if disrupted:
                message = f"Pod runops/{pod} has condition DisruptionTarget matching FailJob rule at index 0"
            status["failed"] = 1
            status["conditions"] = [
                {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": message}
            ]
        self.write("job", self.jobs, name, {"status": status})

    def write(self, word: str, kind: dict[str, Manifest], name: str, patch: Mapping[str, Any]) -> Manifest:
        """Merge into an object and tell the watchers."""
        stored = merged(kind[name], {**patch, "metadata": patch.get("metadata") or {}})
        stored["metadata"]["resourceVersion"] = str(next(self._counter))
        kind[name] = stored
        self._tell("MODIFIED", word, stored)
        return stored

    def _stop(self, name: str, *, force: bool = False) -> None:
        if force or name not in self.stubborn:
            del self.pods[name]
            return
        pod = self.pods[name]
        self.pods[name] = {**pod, "metadata": {"deletionTimestamp": rfc3339(self._now()), **pod["metadata"]}}

    def _maybe_break(self) -> None:
        if self.broken:
            self.broken -= 1
            raise ClusterError("the API server is away")

    def _get(self, kind: dict[str, Manifest], name: str) -> Manifest:
        self._maybe_break()
        if name not in kind:
            raise NotFound(name, status=404)
        return kind[name]

    def _create(self, word: str, kind: dict[str, Manifest], manifest: Mapping[str, Any]) -> Manifest:
        self._maybe_break()
        name = manifest["metadata"]["name"]
        if name in kind:
            raise Conflict(name, status=409)
        number = next(self._counter)
        metadata = {
            **manifest["metadata"],
            "uid": f"{word}-{number}",
            "generation": 1,
            "creationTimestamp": rfc3339(self._now()),
            "resourceVersion": str(number),
        }
        stored = kind[name] = {**manifest, "metadata": metadata}
        self._tell("ADDED", word, stored)
        return stored

    def _delete(self, word: str, kind: dict[str, Manifest], name: str, uid: str) -> None:
        there = kind.get(name)
        if there is not None and there["metadata"]["uid"] == uid:
            del kind[name]
            self._tell("DELETED", word, there)

    def _tell(self, kind: str, word: str, body: Manifest) -> None:
        for events in self.watchers:
            events.append((kind, word, body))
