"""The few calls that starting a cluster needs from its API server."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

_TIMEOUT = 10.0


class ApiServer:
    """A client with full rights.

    Parameters
    ----------
    address
        Where the server listens, on port 443.
    pki
        The folder with ca.crt, admin.crt and admin.key.
    """

    def __init__(self, address: str, pki: Path) -> None:
        self._address = address
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> dict[str, Any] | None:
        """Read an object; None when it is not there or the server does not answer (yet)."""
        status, body = self._call("GET", path)
        return body if status == 200 else None

    def create(self, path: str, document: dict[str, Any]) -> bool:
        """Create an object; an object that is there already is fine, too. False when it could not be created."""
        status, _ = self._call("POST", path, document)
        return status in {201, 409}

    def ready(self) -> bool:
        """Tell whether the server is ready."""
        return self._call("GET", "/readyz")[0] == 200

    def _call(self, method: str, path: str, document: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        connection = HTTPSConnection(self._address, 443, timeout=_TIMEOUT, context=self._context)
        try:
            payload = None if document is None else json.dumps(document)
            connection.request(method, path, body=payload, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            return 0, {}
        finally:
            connection.close()
        try:
            parsed = json.loads(body)
        except ValueError:
            return answer.status, {}
        return answer.status, parsed if isinstance(parsed, dict) else {}


def node_ready(node: dict[str, Any]) -> bool:
    """Tell whether pods can be scheduled to a node (an object of the core/v1 API)."""
    conditions = node.get("status", {}).get("conditions", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and not node.get("spec", {}).get("taints")


def simulated_node(name: str) -> dict[str, Any]:
    """Give a node for kwok to play: large, so that many pods fit."""
    capacity = {"cpu": "1000", "memory": "4Ti", "pods": "5000", "ephemeral-storage": "100Ti"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "type": "kwok",
            },
        },
        "status": {"capacity": capacity, "allocatable": capacity},
    }
