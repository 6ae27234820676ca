"""The operator's `Cluster` on a real API server. It holds the path of every request."""

from collections.abc import AsyncIterator, Collection, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from runops.videojob import GROUP, KIND, PLURAL, VERSION
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import REFUSALS, ClusterError, Conflict, Manifest, NotFound
from runops_operator.manifests.labels import JOB_NAME_LABEL, MANAGED_BY, MANAGED_BY_LABEL

__all__ = ["KubernetesCluster"]

_CHUNK = 50
"""Objects in a page: five hundred decoded pods take 35 MB for a moment, and such moments add up."""
_POD_REFUSED = "involvedObject.kind=Job,reason=FailedCreate"
_CONFLICT = 409
_DRY_RUN = {"dryRun": "All", "fieldValidation": "Strict"}


class KubernetesCluster:
    """The objects of one namespace.

    Parameters
    ----------
    api
        The API server that has them.
    namespace
        The namespace of everything.
    labels, annotations
        Of the ConfigMaps and the Lease that it makes. Other objects come with theirs.
    """

    def __init__(
        self,
        api: ApiServer,
        namespace: str,
        *,
        labels: Mapping[str, str] = MappingProxyType({}),
        annotations: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._api = api
        self._labels = {**labels, MANAGED_BY_LABEL: MANAGED_BY}
        self._annotations = dict(annotations)
        self._videojobs = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}"
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._configmaps = f"/api/v1/namespaces/{namespace}/configmaps"
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._events = f"/api/v1/namespaces/{namespace}/events"
        self._namespace = f"/api/v1/namespaces/{namespace}"

    async def list_videojobs(self) -> AsyncIterator[Manifest]:
        """Yield every VideoJob of the namespace, read in chunks."""
        async for item in self._list(self._videojobs):
            yield item

    async def list_jobs(self) -> AsyncIterator[Manifest]:
        """Yield every Job of ours in the namespace, read in chunks."""
        async for item in self._list(self._jobs, labelSelector=f"{MANAGED_BY_LABEL}={MANAGED_BY}"):
            yield item

    async def list_all_pods(self) -> AsyncIterator[Manifest]:
        """Yield every worker pod in the namespace, read in chunks."""
        async for item in self._list(self._pods, labelSelector=f"{MANAGED_BY_LABEL}={MANAGED_BY},{JOB_NAME_LABEL}"):
            yield item

    async def list_pods(self, jobs: Collection[str]) -> list[Manifest]:
        """Return the pods of some Jobs."""
        selector = f"{JOB_NAME_LABEL} in ({','.join(sorted(jobs))})"
        return [item async for item in self._list(self._pods, labelSelector=selector)]

    async def list_pod_refusals(self) -> list[Manifest]:
        """Return the events about Jobs whose pod could not be created."""
        return [item async for item in self._list(self._events, fieldSelector=_POD_REFUSED)]

    async def serves_videojobs(self, name: str) -> bool:
        """Ask for a VideoJob of this name without making it: no right is needed to read the definition itself."""
        spec = {"jobId": name.removeprefix("vj-")}
        trial = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name}, "spec": spec}
        try:
            await self._api.call("POST", self._videojobs, query={"dryRun": "All"}, body=trial)
        except NotFound:
            return False
        except ClusterError as error:
            if error.status not in {*REFUSALS, _CONFLICT}:
                raise
        return True

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob."""
        return await self._api.call("GET", f"{self._videojobs}/{quote(name)}")

    async def create_videojob(self, manifest: Manifest) -> Manifest:
        """Create a VideoJob and return it as stored."""
        return await self._api.call("POST", self._videojobs, body=manifest)

    async def annotate_videojob(
        self, name: str, annotations: Mapping[str, str], *, version: int | None = None
    ) -> Manifest:
        """Set annotations of a VideoJob and return it as stored."""
        metadata: dict[str, Any] = {"annotations": dict(annotations)}
        if version is not None:
            metadata["resourceVersion"] = str(version)
        body = {"metadata": metadata}
        return await self._api.call("PATCH", f"{self._videojobs}/{quote(name)}", body=body)

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any], *, version: int) -> Manifest:
        """Merge into a VideoJob's status, if it still has this resource version, and return it as stored."""
        # The conditions are replaced as a whole: without the version an older replica could undo Finished.
        body = {"metadata": {"resourceVersion": str(version)}, "status": status}
        return await self._api.call("PATCH", f"{self._videojobs}/{quote(name)}/status", body=body)

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        """Delete a VideoJob if its uid is this one."""
        await self._delete(f"{self._videojobs}/{quote(name)}", uid)

    async def create_job(self, manifest: Manifest) -> Manifest:
        """Create a Job and return it as stored."""
        return await self._api.call("POST", self._jobs, body=manifest)

    async def get_job(self, name: str) -> Manifest:
        """Return a Job."""
        return await self._api.call("GET", f"{self._jobs}/{quote(name)}")

    async def suspend_job(self, name: str, *, suspend: bool) -> Manifest:
        """Set `spec.suspend` of a Job and return it as stored."""
        return await self._api.call("PATCH", f"{self._jobs}/{quote(name)}", body={"spec": {"suspend": suspend}})

    async def delete_job(self, name: str, *, uid: str) -> None:
        """Delete a Job and its pods if its uid is this one."""
        await self._delete(f"{self._jobs}/{quote(name)}", uid)

    async def delete_pod(self, name: str, *, uid: str, force: bool = False) -> None:
        """Ask a pod to stop if its uid is this one, or remove it at once."""
        await self._delete(f"{self._pods}/{quote(name)}", uid, grace_seconds=0 if force else None)

    async def get_namespace(self) -> Manifest:
        """Return the Namespace. A Role in it can allow this: the API server asks what is allowed in there."""
        return await self._api.call("GET", self._namespace)

    async def get_configmap(self, name: str) -> Manifest:
        """Return a ConfigMap."""
        return await self._api.call("GET", f"{self._configmaps}/{quote(name)}")

    async def patch_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Merge into the data of a ConfigMap and return it as stored."""
        return await self._api.call("PATCH", f"{self._configmaps}/{quote(name)}", body={"data": dict(data)})

    async def create_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Create a ConfigMap and return it as stored."""
        return await self._api.call("POST", self._configmaps, body=self._configmap(name, data))

    async def replace_configmap(self, name: str, data: Mapping[str, str], *, version: str) -> Manifest:
        """Replace a ConfigMap's data, if it still has this resource version."""
        body = self._configmap(name, data, version=version)
        return await self._api.call("PUT", f"{self._configmaps}/{quote(name)}", body=body)

    async def patch_pod_condition(self, pod: str, condition: Mapping[str, Any]) -> Manifest:
        """Set one condition of a pod and return the pod."""
        body = {"status": {"conditions": [dict(condition)]}}
        # A merge patch would replace the conditions of the kubelet.
        return await self._api.call("PATCH", f"{self._pods}/{quote(pod)}/status", body=body, is_strategic=True)

    async def get_lease(self, name: str) -> Manifest:
        """Return a Lease."""
        return await self._api.call("GET", f"{self._leases}/{quote(name)}")

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Manifest:
        """Create a Lease and return it as stored."""
        return await self._api.call("POST", self._leases, body=self._lease(name, spec))

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Manifest:
        """Replace a Lease's spec, if it still has this resource version."""
        body = self._lease(name, spec, version=version)
        return await self._api.call("PUT", f"{self._leases}/{quote(name)}", body=body)

    async def try_videojob(self, manifest: Manifest) -> None:
        """Validate a VideoJob as if it were created, with unknown fields as errors; nothing is stored."""
        await self._api.call("POST", self._videojobs, query=_DRY_RUN, body=manifest)

    async def list_pods_by(self, labels: str) -> list[Manifest]:
        """Return the pods that a label selector names."""
        return [item async for item in self._list(self._pods, labelSelector=labels)]

    async def create_event(self, manifest: Manifest) -> None:
        """Create an Event; `Conflict` where one of its name exists."""
        await self._api.call("POST", self._events, body=manifest)

    async def _delete(self, path: str, uid: str, *, grace_seconds: int | None = None) -> None:
        body: dict[str, Any] = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            await self._api.call("DELETE", path, body=body)
        except (NotFound, Conflict):
            return

    async def _list(self, path: str, **selectors: str) -> AsyncIterator[Manifest]:
        """Yield the items of a collection; a list that expired between two chunks is restarted once."""
        for last_try in (False, True):
            try:
                token = ""
                while True:
                    page = await self._page(path, {"limit": str(_CHUNK), "continue": token, **selectors})
                    token = (page.get("metadata") or {}).get("continue") or ""
                    # Each item is freed when it was used, so that the next page does not add to this one.
                    items = page.pop("items")[::-1]
                    while items:
                        yield items.pop()
                    if not token:
                        return
            except ClusterError as error:
                if error.status != 410 or last_try:
                    raise

    async def _page(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        page = await self._api.call("GET", path, query=query)
        if not isinstance(page.get("items"), list):
            # What is not listed counts as deleted, so an answer that is not a list must not count as an empty one.
            raise ClusterError(f"GET {path}: the answer is not a list.")
        return page

    def _configmap(self, name: str, data: Mapping[str, str], *, version: str | None = None) -> dict[str, Any]:
        metadata = self._metadata(name, version=version)
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}

    def _lease(self, name: str, spec: Mapping[str, Any], *, version: str | None = None) -> dict[str, Any]:
        metadata = self._metadata(name, version=version)
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": dict(spec)}

    def _metadata(self, name: str, *, version: str | None) -> dict[str, Any]:
        """Return the metadata of an object of the operator's own. A replaced object keeps only what is named here."""
        metadata: dict[str, Any] = {"name": name, "labels": self._labels}
        if self._annotations:
            metadata["annotations"] = self._annotations
        return metadata | ({"resourceVersion": version} if version else {})
