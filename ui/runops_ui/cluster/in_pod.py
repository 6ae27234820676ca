"""Reaches the API server from a pod, by the token of its service account."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from runops_ui.cluster.access import ClusterUnavailable, videojobs_path

__all__ = ["InPod"]

_MOUNTED = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS = 10.0


class InPod:
    """The namespace of the pod.

    Parameters
    ----------
    mounted
        Where the kubelet puts the token, which it renews, and the authority.
    server
        Address of the API server; by the pod's environment where None.
    """

    def __init__(self, mounted: Path = _MOUNTED, *, server: str | None = None) -> None:
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        self._mounted = mounted
        # The service's address is the cluster's own: no proxy of the environment leads there.
        self._http = httpx.AsyncClient(
            base_url=server or f"https://{f'[{host}]' if ':' in host else host}:{port}",
            verify=_authority(mounted),
            timeout=_SECONDS,
            trust_env=False,
        )

    @staticmethod
    def is_here(mounted: Path = _MOUNTED) -> bool:
        """Whether this is a pod with a service account."""
        return (mounted / "token").exists()

    async def namespace(self) -> str:
        """Return the pod's own."""
        return self._read("namespace")

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return what is at a path; None where nothing is there."""
        return await self._send("GET", path)

    async def set_suspended(self, name: str, *, suspended: bool) -> None:
        """Set `spec.suspend` of a VideoJob."""
        path = videojobs_path(await self.namespace(), name)
        found = await self._send(
            "PATCH", path, {"spec": {"suspend": suspended}}, {"Content-Type": "application/merge-patch+json"}
        )
        if found is None:
            raise ClusterUnavailable(f"There is no VideoJob {name}.")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def _read(self, name: str) -> str:
        try:
            return (self._mounted / name).read_text().strip()
        except OSError as error:
            raise ClusterUnavailable(f"The pod's service account has no {name}: {error.strerror}.") from None

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        authorised = {"Authorization": f"Bearer {self._read('token')}", **(headers or {})}
        try:
            answer = await self._http.request(method, path, json=body, headers=authorised)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            found: Any = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ClusterUnavailable(f"The API server does not answer ({type(error).__name__}).") from None
        if answer.is_error or not isinstance(found, dict):
            said = found.get("message") if isinstance(found, dict) else None
            raise ClusterUnavailable(f"The API server refuses (HTTP {answer.status_code}): {said or 'no reason given'}")
        return found


def _authority(mounted: Path) -> Any:
    import ssl  # noqa: PLC0415 - only where there is an authority to read

    bundle = mounted / "ca.crt"
    return ssl.create_default_context(cafile=str(bundle)) if bundle.exists() else True
