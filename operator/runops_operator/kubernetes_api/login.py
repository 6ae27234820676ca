"""As whom the operator speaks to the API server: its pod's service account, or the kubeconfig outside of a cluster."""

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.incluster_config import InClusterConfigLoader
from kubernetes.aio.config.kube_config import FileOrData, KubeConfigLoader, KubeConfigMerger

from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.exec_plugin import credentials_of_plugin
from runops_operator.kubernetes_api.oidc import expires_at, refreshed
from runops_operator.kubernetes_api.proxy import proxy_to_cluster

__all__ = ["log_in"]

_log = logging.getLogger(__name__)
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOGIN_SECONDS = 60.0
_EXPIRES_SOON_SECONDS = 60.0


async def log_in() -> Configuration:
    """Return address and credentials of the API server as they are now.

    In a pod the token is read again every minute, by the official client; the kubelet replaces it before it expires.

    Raises
    ------
    ClusterError
        There is neither a service account nor a kubeconfig, it cannot be read, or its credential plugin or identity
        provider gives nothing within 60 s.
    """
    configuration = Configuration()
    try:
        async with asyncio.timeout(_LOGIN_SECONDS):
            if not (_by_service_account(configuration) or await _by_kubeconfig(configuration)):
                raise ClusterError("No way to a cluster: neither a service account nor a kubeconfig.")
    except TimeoutError:
        raise ClusterError(f"Logging in to the cluster took more than {_LOGIN_SECONDS:.0f} s.") from None
    except (ConfigException, yaml.YAMLError, OSError, LookupError, AttributeError, TypeError, ValueError) as error:
        # Others may quote the file, and with it a key.
        words = error if isinstance(error, ConfigException | OSError) else type(error).__name__
        raise ClusterError(f"The service account or the kubeconfig cannot be read: {words}.") from None
    configuration.proxy = configuration.proxy or proxy_to_cluster(configuration.host, os.environ)
    return configuration


def _by_service_account(configuration: Configuration) -> bool:
    """Take what every pod is given.

    By address, so that a cluster without DNS will do: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """
    token = _SERVICE_ACCOUNT / "token"
    if not os.environ.get("KUBERNETES_SERVICE_HOST") or not token.exists():
        return False
    environment = {"KUBERNETES_SERVICE_PORT": "443", **os.environ}
    InClusterConfigLoader(str(token), str(_SERVICE_ACCOUNT / "ca.crt"), environ=environment).load_and_set(configuration)
    return True


async def _by_kubeconfig(configuration: Configuration) -> bool:
    """Take what the current context of the kubeconfig says."""
    named = os.environ.get("KUBECONFIG")
    default = Path.home() / ".kube" / "config"
    if not named and not default.exists():
        return False
    files = KubeConfigMerger(named or str(default))
    if files.config is None:
        raise ConfigException(f"no such file: {named}")
    await _Kubeconfig(files).load_and_set(configuration)  # type: ignore[no-untyped-call]
    return True


class _Kubeconfig(KubeConfigLoader):
    """The official reader; it raises errors of plugins, which it would log, and its id tokens are ours (`oidc.py`)."""

    def __init__(self, files: KubeConfigMerger) -> None:
        super().__init__(config_dict=files.config, config_base_path=None)  # type: ignore[no-untyped-call]
        self._files = files

    async def load_from_exec_plugin(self) -> bool:
        """Run the credential plugin."""
        assert self._user is not None
        plugin = self._user["exec"]
        try:
            status = await credentials_of_plugin(plugin)
        except (ConfigException, OSError) as error:
            # What it printed may hold a key.
            why = str(error).partition(".")[0]
            raise ClusterError(f"The credential plugin {plugin['command']} of the kubeconfig failed: {why}.") from None
        if "token" in status:
            self.token = f"Bearer {status['token']}"
        if "clientCertificateData" in status and "clientKeyData" in status:
            self.cert_file = _file_of(status, "clientCertificateData")
            self.key_file = _file_of(status, "clientKeyData")
        if "token" not in status and "clientKeyData" not in status:
            raise ClusterError(f"The credential plugin {plugin['command']} of the kubeconfig gives no credentials.")
        return True

    async def _load_oid_token(self) -> str:
        assert self._user is not None
        provider = self._user["auth-provider"]["config"].value
        token = provider.get("id-token") or ""
        expiry = expires_at(token)
        if not token or (expiry is not None and expiry - time.time() < _EXPIRES_SOON_SECONDS):
            token, provider["refresh-token"] = await refreshed(provider)
            provider["id-token"] = token
            self._keep()
        self.token = f"Bearer {token}"
        return self.token

    def _keep(self) -> None:
        """Write new tokens back, as kubectl does: a provider may take each refresh token only once."""
        try:
            self._files.save_changes()
        except OSError as error:
            _log.warning("new tokens cannot be kept in the kubeconfig", extra={"error": type(error).__name__})


def _file_of(status: Mapping[str, Any], name: str) -> str:
    """Write PEM text of a credential plugin to a file, since Python's TLS takes nothing else."""
    return str(FileOrData(status, None, data_key_name=name, base64_file_content=False).as_file())
