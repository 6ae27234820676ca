"""Writes kubeconfig files."""

from __future__ import annotations

import base64
import json

from devstack.cluster.configuration.certificates import Pair


def render_kubeconfig(*, cluster: str, server: str, authority: bytes, user: str, pair: Pair) -> str:
    """Give a kubeconfig that carries everything it needs in itself.

    Parameters
    ----------
    cluster
        The name of cluster and context.
    server
        The API server's URL.
    authority
        The certificate, in PEM, that the server's certificate is checked against.
    user
        A name for the user entry.
    pair
        What the user proves themselves with.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": cluster, "cluster": {"server": server, "certificate-authority-data": _base64(authority)}}
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(pair.certificate),
                    "client-key-data": _base64(pair.key),
                },
            }
        ],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user}}],
        "current-context": cluster,
    }
    # JSON is YAML, too, and needs no library to write.
    return json.dumps(document, indent=2) + "\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
