"""The API server as the operator's client reaches it: paths, selectors, chunks of lists, preconditions."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound
from tests.simulation.cluster import Manifest, MemoryCluster

__all__ = ["MemoryApi"]

_PATH = re.compile(r"/apis?/.+/namespaces/[^/]+/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+))?(?P<status>/status)?")
_CHUNK = 2
"""Objects in a page, however many are asked for: so even few come in several pages."""


class MemoryApi:
    """Requests to the objects of a cluster in memory.

    Attributes
    ----------
    expire_lists
        Whether the next pages of the lists under way are refused, as after a compaction of etcd.
    """

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self._snapshots: dict[str, list[Manifest]] = {}
        self.expire_lists = False
        self.forced = 0
        """How many pods were deleted by force."""
        self.on_delete: Callable[[Manifest], None] = lambda _: None
        """Receives each Job that is about to be deleted by request."""

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Carry out a request, as the operator's client sends it, and return its answer."""
        match = _PATH.fullmatch(path)
        assert match is not None, path
        kind, name = match["kind"], match["name"]
        match method, kind:
            case "GET", _ if name is None:
                return self._page(kind, query or {})
            case "GET", "videojobs":
                return dict(await self._cluster.get_videojob(name))
            case "GET", "jobs":
                return dict(await self._cluster.get_job(name))
            case "GET", "configmaps":
                return dict(await self._cluster.get_configmap(name))
            case "PATCH", "configmaps":
                return dict(await self._cluster.patch_configmap(name, (body or {})["data"]))
            case "POST", _:
                return await self._create(kind, body or {}, dry_run=bool((query or {}).get("dryRun")))
            case "PATCH", "videojobs" if match["status"]:
                status, version = (body or {})["status"], _version(body or {})
                return dict(await self._cluster.patch_videojob_status(name, status, version=version))
            case "PATCH", "videojobs":
                annotations, version = (body or {})["metadata"]["annotations"], _version(body or {})
                annotated = await self._cluster.annotate_videojob(name, annotations, version=version)
                return dict(annotated)
            case "PATCH", "jobs":
                return dict(await self._cluster.suspend_job(name, suspend=(body or {})["spec"]["suspend"]))
            case "DELETE", _:
                return await self._delete(kind, name, body or {})
        raise AssertionError(f"{method} {path}")

    async def _create(self, kind: str, body: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
        if kind == "jobs":
            return dict(await self._cluster.create_job(body))
        assert kind == "videojobs"
        if dry_run and self._cluster.defined:
            return dict(body)
        return dict(await self._cluster.create_videojob(body))

    async def _delete(self, kind: str, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        objects = {"videojobs": self._cluster.videojobs, "jobs": self._cluster.jobs, "pods": self._cluster.pods}[kind]
        if name not in objects:
            raise NotFound(name, status=404)
        uid = objects[name]["metadata"]["uid"]
        if body.get("preconditions", {}).get("uid", uid) != uid:
            raise Conflict(f"the uid of {name} is {uid}", status=409)
        if kind == "videojobs":
            await self._cluster.delete_videojob(name, uid=uid)
        elif kind == "jobs":
            self.on_delete(objects[name])
            await self._cluster.delete_job(name, uid=uid)
        else:
            force = body.get("gracePeriodSeconds") == 0
            self.forced += force
            await self._cluster.delete_pod(name, uid=uid, force=force)
        return {}

    def _page(self, kind: str, query: Mapping[str, str]) -> dict[str, Any]:
        token = query.get("continue") or ""
        if token and (self.expire_lists or token not in self._snapshots):
            self.expire_lists = False
            raise ClusterError("The provided continue parameter is too old.", status=410)
        items = self._snapshots.pop(token) if token else self._listed(kind, query.get("labelSelector") or "")
        page, rest = items[:_CHUNK], items[_CHUNK:]
        if not rest:
            return {"metadata": {}, "items": page}
        following = f"{kind}-{id(rest)}"
        self._snapshots[following] = rest
        return {"metadata": {"continue": following}, "items": page}

    def _listed(self, kind: str, selector: str) -> list[Manifest]:
        if kind == "events":
            return list(self._cluster.pod_refusals)
        if kind != "pods":
            return list({"videojobs": self._cluster.videojobs, "jobs": self._cluster.jobs}[kind].values())
        named = re.search(r"job-name in \(([^)]*)\)", selector)
        if named:
            return self._cluster.pods.of_jobs(named[1].split(","))
        return [pod for _, pod in sorted(self._cluster.pods.items())]


def _version(body: Mapping[str, Any]) -> int | None:
    version = (body.get("metadata") or {}).get("resourceVersion")
    return None if version is None else int(version)
