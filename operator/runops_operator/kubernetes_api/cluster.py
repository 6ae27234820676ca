"""The Kubernetes API as far as the operator needs it. Manifests go in and come out as plain JSON objects."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Protocol

__all__ = [
    "REFUSALS",
    "Cluster",
    "ClusterError",
    "Conflict",
    "Manifest",
    "NotFound",
]

REFUSALS = frozenset({400, 403, 422})
"""Statuses with which the API server rejects an object as it is; others may pass."""
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
    """The object exists already, or has another version or uid."""


class NotFound(ClusterError):  # noqa: N818 - Kubernetes' word
    """The object does not exist."""


class Cluster(Protocol):
    """What the operator needs of Kubernetes. Every method raises `ClusterError`."""

    def list_videojobs(self) -> AsyncIterator[Manifest]:
        """Yield every VideoJob of the namespace, read in chunks."""
        ...

    def list_jobs(self) -> AsyncIterator[Manifest]:
        """Yield every Job of ours in the namespace, read in chunks."""
        ...

    def list_all_pods(self) -> AsyncIterator[Manifest]:
        """Yield every worker pod in the namespace, read in chunks."""
        ...

    async def list_pods(self, jobs: Collection[str]) -> list[Manifest]:
        """Return the pods of some Jobs."""
        ...

    async def list_pod_refusals(self) -> list[Manifest]:
        """Return the events about Jobs whose pod could not be created."""
        ...

    async def serves_videojobs(self, name: str) -> bool:
        """Tell whether a VideoJob of this name could be made: not where their definition goes or is gone."""
        ...

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob; `NotFound` where it does not exist."""
        ...

    async def create_videojob(self, manifest: Manifest) -> Manifest:
        """Create a VideoJob and return it as stored; `Conflict` where one of this name exists."""
        ...

    async def annotate_videojob(
        self, name: str, annotations: Mapping[str, str], *, version: int | None = None
    ) -> Manifest:
        """Set annotations of a VideoJob, if it still has this resource version, and return it as stored.

        `Conflict` where it has another one.
        """
        ...

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any], *, version: int) -> Manifest:
        """Merge into a VideoJob's status, if it still has this resource version, and return it as stored.

        `Conflict` where it has another one.
        """
        ...

    async def delete_videojob(self, name: str, *, uid: str) -> None:
        """Delete a VideoJob if its uid is this one; one that is gone already is a success."""
        ...

    async def create_job(self, manifest: Manifest) -> Manifest:
        """Create a Job and return it as stored; `Conflict` where one of this name exists."""
        ...

    async def get_job(self, name: str) -> Manifest:
        """Return a Job; `NotFound` where it does not exist."""
        ...

    async def suspend_job(self, name: str, *, suspend: bool) -> Manifest:
        """Set `spec.suspend` of a Job and return it as stored."""
        ...

    async def delete_job(self, name: str, *, uid: str) -> None:
        """Delete a Job and its pods if its uid is this one; one that is gone already is a success."""
        ...

    async def delete_pod(self, name: str, *, uid: str, force: bool = False) -> None:
        """Ask a pod to stop if its uid is this one, or remove it at once; one that is gone is a success."""
        ...

    async def get_configmap(self, name: str) -> Manifest:
        """Return a ConfigMap; `NotFound` where it does not exist."""
        ...

    async def patch_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Merge into the data of a ConfigMap and return it as stored; `NotFound` where it does not exist."""
        ...

    async def create_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Create a ConfigMap and return it as stored; `Conflict` where one of this name exists."""
        ...

    async def replace_configmap(self, name: str, data: Mapping[str, str], *, version: str) -> Manifest:
        """Replace a ConfigMap's data, if it still has this resource version; `Conflict` where it has another one."""
        ...

    async def get_lease(self, name: str) -> Manifest:
        """Return a Lease; `NotFound` where it does not exist."""
        ...

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Manifest:
        """Create a Lease and return it as stored; `Conflict` where one of this name exists."""
        ...

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Manifest:
        """Replace a Lease's spec, if it still has this resource version; `Conflict` where it has another one."""
        ...
