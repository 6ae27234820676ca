"""Runs the credential plugin of a kubeconfig and ends it, whatever happens.

The official client starts the plugin without a way to stop it: one that hangs would stay behind after each login, and
one that prints much to stderr would block.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.exec_provider import ExecProvider

__all__ = ["credentials_of_plugin"]


async def credentials_of_plugin(plugin: Any) -> Mapping[str, Any]:
    """Return the `status` of the ExecCredential that a plugin prints. A caller that is cancelled kills the plugin.

    Parameters
    ----------
    plugin
        The entry `exec` of a user in a kubeconfig.

    Raises
    ------
    ConfigException
        It is malformed, fails, or prints no ExecCredential of its own version. The message quotes nothing it printed.
    OSError
        It cannot be started.
    """
    provider = ExecProvider(plugin)
    info = {"apiVersion": provider.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    process = await asyncio.create_subprocess_exec(
        *provider.args,
        env={**provider.env, "KUBERNETES_EXEC_INFO": json.dumps(info)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    if process.returncode:
        raise ConfigException(f"exec: process returned {process.returncode}")
    return _status(printed, provider.api_version)


def _status(printed: bytes, version: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(printed)
    except ValueError:
        raise ConfigException("exec: the output is not JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("status"), dict):
        raise ConfigException("exec: the output is not an ExecCredential with a status")
    if answer.get("apiVersion") != version:
        raise ConfigException(f"exec: the output has another version than {version}")
    status: Mapping[str, Any] = answer["status"]
    return status
