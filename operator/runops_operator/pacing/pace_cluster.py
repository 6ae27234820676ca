"""What the pace needs of the API server: a part of `Cluster`."""

from collections.abc import Mapping
from typing import Any, Protocol

from runops_operator.kubernetes_api.cluster import Manifest

__all__ = ["PaceCluster"]


class PaceCluster(Protocol):
    """VideoJobs and one ConfigMap. Every method raises `ClusterError`; see `Cluster`."""

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob."""
        ...

    async def patch_videojob_status(self, name: str, status: Mapping[str, Any], *, version: int) -> Manifest:
        """Merge into a VideoJob's status, if it still has this resource version, and return it as stored."""
        ...

    async def get_configmap(self, name: str) -> Manifest:
        """Return a ConfigMap."""
        ...

    async def patch_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Merge into the data of a ConfigMap and return it as stored."""
        ...
