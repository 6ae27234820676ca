"""Requests to a real API server with somebody's token, as the token's holder would send them."""

import base64
import ssl
from pathlib import Path

import httpx
import yaml

from devstack.cluster import ClusterInfo

__all__ = ["client_with"]


def client_with(token: str, cluster: ClusterInfo) -> httpx.Client:
    """Return a client that is the holder of a token, and nobody else.

    Parameters
    ----------
    token
        Sent with each request.
    cluster
        Whose API server is asked.
    """
    server = yaml.safe_load(cluster.kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]
    authority = (
        base64.b64decode(server["certificate-authority-data"]).decode()
        if "certificate-authority-data" in server
        else Path(server["certificate-authority"]).read_text("utf-8")
    )
    return httpx.Client(
        base_url=server["server"],
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cadata=authority),
        trust_env=False,
        timeout=60,
    )
