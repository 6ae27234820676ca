"""As whom the operator speaks to the API server: its pod's service account, or the kubeconfig outside of a cluster."""

import os
from dataclasses import fields
from pathlib import Path

import kopf
import yaml

from runops_operator.kubernetes_api.cluster import ClusterError

__all__ = ["ApiLogin", "log_in"]

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ApiLogin(kopf.ConnectionInfo):
    """Address and credentials, for kopf and for ourselves alike.

    Answers are asked for uncompressed: to press and unpress pages of many objects takes both sides longer than the
    network of a cluster takes to carry them. Kubernetes' own controllers do without for the same reason:
    https://github.com/kubernetes/kubernetes/pull/80919
    """

    def as_http_headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        return {**super().as_http_headers(), "Accept-Encoding": "identity", "User-Agent": "runops-operator"}


def log_in() -> ApiLogin:
    """Return how the API server is reached now; the kubelet renews the token of a pod, so an older one may have ended.

    Raises
    ------
    ClusterError
        There is neither a service account nor a kubeconfig, or it cannot be read.
    """
    try:
        login = _by_service_account() or _by_kubeconfig()
    except (kopf.LoginError, yaml.YAMLError, OSError, LookupError, AttributeError, TypeError, ValueError) as error:
        # Others may quote the file, and with it a key.
        words = error if isinstance(error, kopf.LoginError | OSError | LookupError) else type(error).__name__
        raise ClusterError(f"The service account or the kubeconfig cannot be read: {words}.") from None
    if login is None:
        raise ClusterError("No way to a cluster: neither a service account nor a kubeconfig.")
    return login


def _by_service_account() -> ApiLogin | None:
    """Return what every pod is given.

    By address, so that a cluster without DNS will do: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = _SERVICE_ACCOUNT / "token"
    if not host or not token.exists():
        return None
    return ApiLogin(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        ca_path=str(_SERVICE_ACCOUNT / "ca.crt"),
        scheme="Bearer",
        token=token.read_text("utf-8").strip(),
    )


def _by_kubeconfig() -> ApiLogin | None:
    """Return what the current context of the kubeconfig says; plugins that fetch credentials are not run."""
    read = kopf.login_with_kubeconfig(settings=kopf.OperatorSettings())
    if read is None:
        return None
    return ApiLogin(**{field.name: getattr(read, field.name) for field in fields(read)})
