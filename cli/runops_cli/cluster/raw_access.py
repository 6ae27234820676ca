"""What `runops ui` needs of a cluster, through kubectl."""

import json
from typing import Any

from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.videojobs import RESOURCE
from runops_ui.cluster.access import ClusterUnavailable

__all__ = ["RawAccess", "find_access"]

_NOT_FOUND = "(NotFound)"


class RawAccess:
    """The namespace that kubectl would use.

    Parameters
    ----------
    kubectl
        For the cluster.
    """

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._namespace = kubectl.namespace

    async def namespace(self) -> str:
        """Return its name; kubectl's default where the context names none."""
        if self._namespace is None:
            found = await self._kubectl.run("config", "view", "--minify", "-o", "jsonpath={..namespace}")
            if found.code != 0:
                raise ClusterUnavailable(f"kubectl failed: {found.complaint or 'it gave no reason'}")
            self._namespace = found.output.split()[0] if found.output.split() else "default"
        return self._namespace

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return what the API server has at a path; None where nothing is there."""
        result = await self._kubectl.run("get", "--raw", path)
        if result.code != 0:
            if _NOT_FOUND in result.complaint:
                return None
            raise ClusterUnavailable(f"kubectl failed: {result.complaint or 'it gave no reason'}")
        try:
            found = json.loads(result.output)
        except ValueError:
            raise ClusterUnavailable("kubectl did not print JSON. Check which kubectl is first on PATH.") from None
        return found if isinstance(found, dict) else None

    async def set_suspended(self, name: str, *, suspended: bool) -> None:
        """Set `spec.suspend` of a VideoJob."""
        patch = json.dumps({"spec": {"suspend": suspended}})
        result = await self._kubectl.run("patch", RESOURCE, name, "--type=merge", f"--patch={patch}")
        if result.code != 0:
            raise ClusterUnavailable(f"The VideoJob could not be changed: {result.complaint or 'no reason given'}")


async def find_access(kubectl: Kubectl) -> RawAccess | None:
    """Return the cluster that kubectl has configured; None where there is none."""
    if not kubectl.installed or await kubectl.current_context() is None:
        return None
    return RawAccess(kubectl)
