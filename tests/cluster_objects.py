"""Reads objects of a cluster over one connection: kubectl costs 0.1 s of CPU for each answer, and tests ask often."""

import base64
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

__all__ = ["ClusterObjects", "api_client"]

_GROUPS: Final = {
    "configmaps": "/api/v1",
    "deployments": "/apis/apps/v1",
    "events": "/api/v1",
    "jobs": "/apis/batch/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "pods": "/api/v1",
    "videojobs": "/apis/runops.dev/v1alpha1",
}
_ANSWER_SECONDS = 60.0
_TRIES = 10
_CONNECTIONS = 5
"""So often a connection that is refused is tried again: some tests have the API server restarted."""


def api_client(kubeconfig: Path) -> httpx.Client:
    """Return a client of an API server.

    Parameters
    ----------
    kubeconfig
        Leads to it; carries the certificates of server and user in itself or as files beside it, or the user's token.
    """
    document = yaml.safe_load(kubeconfig.read_text("utf-8"))
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    tls = ssl.create_default_context(cadata=_part(cluster, "certificate-authority", kubeconfig.parent).decode())
    if "token" not in user:
        # The ssl module reads a client's certificate from files only; this one is closed to others and gone at once.
        with tempfile.NamedTemporaryFile(suffix=".pem") as pair:
            for part in ("client-certificate", "client-key"):
                pair.write(_part(user, part, kubeconfig.parent).rstrip() + b"\n")
            pair.flush()
            tls.load_cert_chain(pair.name)
    return httpx.Client(
        base_url=cluster["server"],
        headers={"Authorization": f"Bearer {user['token']}"} if "token" in user else {},
        transport=httpx.HTTPTransport(verify=tls, trust_env=False, retries=_CONNECTIONS),
        timeout=_ANSWER_SECONDS,
        trust_env=False,
    )


class ClusterObjects:
    """What is in a namespace.

    Parameters
    ----------
    api
        Asks the API server.
    namespace
        Which.
    """

    def __init__(self, api: httpx.Client, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def __call__(self, kind: str, *, labels: str = "") -> list[dict[str, Any]]:
        """Return the objects of a kind.

        Parameters
        ----------
        kind
            Its name in the plural.
        labels
            Which of them, as a selector of labels; all where empty.

        Raises
        ------
        httpx.HTTPError
            The API server does not answer, or refuses.
        """
        answer = self._asked(self._path(kind), **({"labelSelector": labels} if labels else {})).raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def named(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object; None where it is not there.

        Parameters
        ----------
        kind
            Its kind's name in the plural.
        name
            Its own.

        Raises
        ------
        httpx.HTTPError
            The API server does not answer, or refuses.
        """
        answer = self._asked(f"{self._path(kind)}/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def log(self, pod: str) -> str:
        """Return what the only container of a pod has written; empty where the pod is gone, or was not started yet.

        Raises
        ------
        httpx.HTTPError
            The API server does not answer, or refuses.
        """
        answer = self._asked(f"{self._path('pods')}/{pod}/log")
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}:
            return ""
        return answer.raise_for_status().text

    def _asked(self, path: str, **parameters: str) -> httpx.Response:
        """Ask, and ask again when the server says so, as kubectl does: for a moment after a definition is created."""
        for _ in range(_TRIES):
            answer = self._api.get(path, params=parameters)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or "Retry-After" not in answer.headers:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        return answer

    def _path(self, kind: str) -> str:
        return f"{_GROUPS[kind]}/namespaces/{self._namespace}/{kind}"


def _part(section: dict[str, str], name: str, folder: Path) -> bytes:
    inline = section.get(f"{name}-data")
    return base64.b64decode(inline) if inline is not None else (folder / section[name]).read_bytes()
