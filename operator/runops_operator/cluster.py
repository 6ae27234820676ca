"""The Kubernetes API as far as the operator needs it: a small protocol, and its implementation by kubernetes.aio.

Manifests go in and come out as plain JSON objects. The typed models of the client are not used: parsing a Job with
them costs more than everything the operator then does with it.
"""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self
from urllib.parse import quote

import aiohttp
from kubernetes.aio import client, config

from runops.videojob import GROUP, PLURAL, VERSION
from runops_operator.observed import JOB_NAME_LABEL, MANAGED_BY, MANAGED_BY_LABEL

__all__ = [
    "REFUSALS",
    "Cluster",
    "ClusterError",
    "Conflict",
    "KubernetesCluster",
    "NotFound",
    "ServiceAccount",
    "service_account",
]

_EXPECTED = frozenset({404, 409})
"""Answers that say how things are; a request for which they come did not fail."""
_REQUEST_SECONDS = 30.0
_CHUNK = 100
"""Objects in a page: read, five hundred pods take 15 MB for a moment, and such moments add up."""
REFUSALS = frozenset({400, 403, 422})
"""Statuses with which the API server will not have an object as it is; anything else may be another time's."""
_POD_REFUSED = "involvedObject.kind=Job,reason=FailedCreate"
_DRY_RUN = {"dryRun": "All", "fieldValidation": "Strict"}
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Manifest = Mapping[str, Any]


class ClusterError(Exception):
    """The API server refused a request or could not be reached.

    Attributes
    ----------
    status
        HTTP status; None where there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class Conflict(ClusterError):  # noqa: N818 - Kubernetes' word
    """The object exists already, or is not the one that was meant."""


class NotFound(ClusterError):  # noqa: N818 - Kubernetes' word
    """There is no such object."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """How a pod reaches its API server.

    Attributes
    ----------
    server
        By address, so that a cluster without DNS will do.
    ca_path
        File with the certificate authority.
    token
        Bound token as it is now; the kubelet renews it.
    """

    server: str
    ca_path: str
    token: str = field(repr=False)


def service_account() -> ServiceAccount | None:
    """Return the service account of the pod this runs in, or None outside a cluster."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = _SERVICE_ACCOUNT / "token"
    if not host or not token.exists():
        return None
    shown = f"[{host}]" if ":" in host else host
    return ServiceAccount(f"https://{shown}:{port}", str(_SERVICE_ACCOUNT / "ca.crt"), token.read_text("utf-8").strip())


class Cluster(Protocol):
    """What the operator asks of Kubernetes. Every method raises `ClusterError`."""

    def list_videojobs(self) -> AsyncIterator[Manifest]:
        """Yield every VideoJob of the namespace, read in chunks."""
        ...

    def list_jobs(self) -> AsyncIterator[Manifest]:
        """Yield every Job of ours in the namespace, read in chunks."""
        ...

    def list_all_pods(self) -> AsyncIterator[Manifest]:
        """Yield every worker pod in the namespace, read in chunks."""
        ...

    async def list_pods(self, job: str) -> list[Manifest]:
        """Return the pods of a Job."""
        ...

    async def list_pod_refusals(self) -> list[Manifest]:
        """Return the events that tell of Jobs whose pod could not be made."""
        ...

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob; `NotFound` where there is none."""
        ...

    async def create_videojob(self, manifest: Manifest) -> Manifest:
        """Create a VideoJob and return it as stored; `Conflict` where one of its name exists."""
        ...

    async def annotate_videojob(
        self, name: str, annotations: Mapping[str, str], *, version: int | None = None
    ) -> Manifest:
        """Set annotations of a VideoJob, if it still has this resource version, and return it as stored.

        `Conflict` where it has another one.
        """
        ...

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any]) -> Manifest:
        """Merge into a VideoJob's status and return it as stored."""
        ...

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        """Delete a VideoJob if it is this very one; that it is gone already is success."""
        ...

    async def create_job(self, manifest: Manifest) -> Manifest:
        """Create a Job and return it as stored; `Conflict` where one of its name exists."""
        ...

    async def get_job(self, name: str) -> Manifest:
        """Return a Job; `NotFound` where there is none."""
        ...

    async def suspend_job(self, name: str, *, suspend: bool) -> Manifest:
        """Set `spec.suspend` of a Job and return it as stored."""
        ...

    async def delete_job(self, name: str, *, uid: str) -> None:
        """Delete a Job and its pods if it is this very one; that it is gone already is success."""
        ...

    async def delete_pod(self, name: str, *, uid: str, force: bool = False) -> None:
        """Ask a pod to stop if it is this very one, or remove it without asking; that it is gone is success."""
        ...

    async def get_lease(self, name: str) -> Manifest:
        """Return a Lease; `NotFound` where there is none."""
        ...

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Manifest:
        """Create a Lease and return it as stored; `Conflict` where one of its name exists."""
        ...

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Manifest:
        """Replace a Lease's spec, if it still has this resource version; `Conflict` where it has another one."""
        ...


def _ignore(_verb: str, _resource: str, _status: int | None) -> None:
    return


class KubernetesCluster:
    """`Cluster` by the official asynchronous client.

    Parameters
    ----------
    api
        A configured API client.
    namespace
        The namespace of everything.
    failed
        Told verb, resource and status of every request that failed; the status is None where there was no answer.
    """

    def __init__(
        self, api: client.ApiClient, namespace: str, *, failed: Callable[[str, str, int | None], None] = _ignore
    ) -> None:
        self._api = api
        self._failed = failed
        self._videojobs = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}"
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._events = f"/api/v1/namespaces/{namespace}/events"

    @classmethod
    async def connect(cls, namespace: str, *, failed: Callable[[str, str, int | None], None] = _ignore) -> Self:
        """Connect by the pod's service account, or by the kubeconfig where there is none.

        Raises
        ------
        ClusterError
            There is neither, or it cannot be read.
        """
        configuration = client.Configuration()
        try:
            if service_account() is not None:
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (config.ConfigException, OSError) as error:
            raise ClusterError(f"No way to a cluster: neither a service account nor a kubeconfig ({error}).") from error
        configuration.connection_pool_maxsize = 50
        return cls(client.ApiClient(configuration), namespace, failed=failed)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]

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

    async def list_pods(self, job: str) -> list[Manifest]:
        """Return the pods of a Job."""
        return [item async for item in self._list(self._pods, labelSelector=f"{JOB_NAME_LABEL}={job}")]

    async def list_pod_refusals(self) -> list[Manifest]:
        """Return the events that tell of Jobs whose pod could not be made."""
        return [item async for item in self._list(self._events, fieldSelector=_POD_REFUSED)]

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob."""
        return await self._call("GET", f"{self._videojobs}/{quote(name)}")

    async def create_videojob(self, manifest: Manifest) -> Manifest:
        """Create a VideoJob and return it as stored."""
        return await self._call("POST", self._videojobs, body=manifest)

    async def annotate_videojob(
        self, name: str, annotations: Mapping[str, str], *, version: int | None = None
    ) -> Manifest:
        """Set annotations of a VideoJob and return it as stored."""
        metadata: dict[str, Any] = {"annotations": dict(annotations)}
        if version is not None:
            metadata["resourceVersion"] = str(version)
        body = {"metadata": metadata}
        return await self._call("PATCH", f"{self._videojobs}/{quote(name)}", body=body)

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any]) -> Manifest:
        """Merge into a VideoJob's status and return it as stored."""
        return await self._call("PATCH", f"{self._videojobs}/{quote(name)}/status", body={"status": status})

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        """Delete a VideoJob if it is this very one."""
        await self._delete(f"{self._videojobs}/{quote(name)}", uid)

    async def create_job(self, manifest: Manifest) -> Manifest:
        """Create a Job and return it as stored."""
        return await self._call("POST", self._jobs, body=manifest)

    async def get_job(self, name: str) -> Manifest:
        """Return a Job."""
        return await self._call("GET", f"{self._jobs}/{quote(name)}")

    async def suspend_job(self, name: str, *, suspend: bool) -> Manifest:
        """Set `spec.suspend` of a Job and return it as stored."""
        return await self._call("PATCH", f"{self._jobs}/{quote(name)}", body={"spec": {"suspend": suspend}})

    async def delete_job(self, name: str, *, uid: str) -> None:
        """Delete a Job and its pods if it is this very one."""
        await self._delete(f"{self._jobs}/{quote(name)}", uid)

    async def delete_pod(self, name: str, *, uid: str, force: bool = False) -> None:
        """Ask a pod to stop if it is this very one, or remove it without asking."""
        await self._delete(f"{self._pods}/{quote(name)}", uid, grace_seconds=0 if force else None)

    async def get_lease(self, name: str) -> Manifest:
        """Return a Lease."""
        return await self._call("GET", f"{self._leases}/{quote(name)}")

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Manifest:
        """Create a Lease and return it as stored."""
        return await self._call("POST", self._leases, body=_lease(name, spec))

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Manifest:
        """Replace a Lease's spec, if it still has this resource version."""
        return await self._call("PUT", f"{self._leases}/{quote(name)}", body=_lease(name, spec, version=version))

    async def try_videojob(self, manifest: Manifest) -> None:
        """Have a VideoJob judged as if it were created, an unknown field being an error; nothing is stored."""
        await self._call("POST", self._videojobs, query=_DRY_RUN, body=manifest)

    async def list_pods_by(self, labels: str) -> list[Manifest]:
        """Return the pods that a label selector names."""
        return [item async for item in self._list(self._pods, labelSelector=labels)]

    async def create_event(self, manifest: Manifest) -> None:
        """Create an Event; `Conflict` where one of its name exists."""
        await self._call("POST", self._events, body=manifest)

    async def _delete(self, path: str, uid: str, *, grace_seconds: int | None = None) -> None:
        body: dict[str, Any] = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            await self._call("DELETE", path, body=body)
        except (NotFound, Conflict):
            return

    async def _list(self, path: str, **selectors: str) -> AsyncIterator[Manifest]:
        """Yield the items of a collection; a list that expired between two chunks is begun anew, once."""
        for last_try in (False, True):
            try:
                token = ""
                while True:
                    page = await self._page(path, {"limit": str(_CHUNK), "continue": token, **selectors})
                    token = (page.get("metadata") or {}).get("continue") or ""
                    # Each goes as soon as it was looked at: the next page is not read on top of this one.
                    items = page.pop("items")[::-1]
                    while items:
                        yield items.pop()
                    if not token:
                        return
            except ClusterError as error:
                if error.status != 410 or last_try:
                    raise

    async def _page(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        page = await self._call("GET", path, query=query)
        if not isinstance(page.get("items"), list):
            # What is not listed counts as deleted, so an answer that is no list must not pass for one.
            raise ClusterError(f"GET {path}: the answer is no list.")
        return page

    async def _call(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
    ) -> dict[str, Any]:
        what = f"{method} {path}"
        try:
            return await self._answered(what, method, path, query=query, body=body)
        except ClusterError as error:
            if error.status not in _EXPECTED:
                self._failed(method, _resource_of(path), error.status)
            raise

    async def _answered(
        self, what: str, method: str, path: str, *, query: Mapping[str, str] | None, body: Manifest | None
    ) -> dict[str, Any]:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            request = await self._api.param_serialize(
                method=method,
                resource_path=path,
                query_params=[(key, value) for key, value in (query or {}).items() if value],
                header_params={"Accept": "application/json", "Content-Type": content},
                body=body,
                auth_settings=["BearerToken"],
            )
            async with asyncio.timeout(_REQUEST_SECONDS):
                answer = await self._api.call_api(*request)
                data = await answer.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
            raise ClusterError(f"{what}: the API server cannot be reached ({type(error).__name__}).") from error
        return _decoded(what, answer.status, data)


def _resource_of(path: str) -> str:
    """Return the resource of a path, and its subresource where there is one."""
    parts = path.partition("/namespaces/")[2].split("/")[1:]
    return "/".join((parts[0], *parts[2:]))


def _decoded(what: str, status: int, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if 200 <= status < 300 and isinstance(value, dict):
        return value
    words = str(value.get("message", ""))[:300] if isinstance(value, dict) else "the answer is no JSON object"
    message = f"{what}: {status} {words}"
    kind = {404: NotFound, 409: Conflict}.get(status, ClusterError)
    raise kind(message, status=status)


def _lease(name: str, spec: Mapping[str, Any], *, version: str | None = None) -> dict[str, Any]:
    metadata = {"name": name} | ({"resourceVersion": version} if version else {})
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": dict(spec)}
