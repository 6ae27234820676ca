"""How the page reaches a cluster. `runops ui` does it through kubectl, the Deployment through its service account."""

from typing import Any, Protocol

from runops.videojob import GROUP, PLURAL, VERSION

__all__ = ["ClusterAccess", "ClusterUnavailable", "core_path", "videojobs_path"]


class ClusterUnavailable(Exception):  # noqa: N818 - names the state
    """The cluster cannot be reached or refuses; the message is one sentence."""


class ClusterAccess(Protocol):
    """One namespace of a cluster."""

    async def namespace(self) -> str:
        """Return its name; ClusterUnavailable where it is not known."""
        ...

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return what the API server has at a path, None where nothing is there; ClusterUnavailable."""
        ...

    async def set_suspended(self, name: str, *, suspended: bool) -> None:
        """Set `spec.suspend` of a VideoJob; ClusterUnavailable where that is refused."""
        ...


def videojobs_path(namespace: str, name: str = "") -> str:
    """Return the path of the VideoJobs of a namespace, or of one of them."""
    return f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}{f'/{name}' if name else ''}"


def core_path(namespace: str, kind: str, name: str = "") -> str:
    """Return the path of pods, events or ConfigMaps of a namespace, or of one of them."""
    return f"/api/v1/namespaces/{namespace}/{kind}{f'/{name}' if name else ''}"
