"""Installs the chart on a cluster the way a platform engineer would: namespace, Secret, images, `helm install`."""

import base64
import json
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack.cluster import ClusterInfo, ensure, load_image
from devstack.images import build
from devstack.stack import StackInfo

__all__ = ["Installation", "InstallationFailed", "install"]

_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_SECRET = "runops-keys"  # noqa: S105 - the name of a Secret
_HELM_SECONDS = 600
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Kubernetes calls this machine's architecture, for which the images are built."""
_REPLACE_APPLIED_BY_KUBECTL = ("--take-ownership", "--force-conflicts")
"""kubectl may have applied the definition of VideoJob before."""


class InstallationFailed(Exception):  # noqa: N818 - says what is the case
    """kubectl or helm failed; the message has its output."""


@dataclass(frozen=True)
class Installation:
    """A release of the chart.

    Attributes
    ----------
    cluster
        Where it runs.
    namespace, release
        Its names.
    """

    cluster: ClusterInfo
    namespace: str
    release: str = "runops-operator"
    _environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def kubectl(self, *arguments: str, given: str | None = None, seconds: float = 240) -> str:
        """Run kubectl in the namespace and return what it printed.

        Raises
        ------
        InstallationFailed
            It ended with an error or took longer.
        """
        command = [str(self.cluster.kubectl), "--kubeconfig", str(self.cluster.kubeconfig), "-n", self.namespace]
        return run([*command, *arguments], given=given, seconds=seconds)

    def json(self, *arguments: str) -> Any:
        """Run kubectl with `-o json` and return the value."""
        return json.loads(self.kubectl(*arguments, "-o", "json"))

    def helm(self, *arguments: str, given: str | None = None) -> str:
        """Run helm in the namespace and return what it printed."""
        command = [str(ensure("helm")), "--kubeconfig", str(self.cluster.kubeconfig), "-n", self.namespace]
        return run([*command, *arguments], given=given, seconds=_HELM_SECONDS + 30)

    def uninstall(self, *, wait: bool = True) -> None:
        """Remove the release and its namespace with everything in it.

        Parameters
        ----------
        wait
            Return only when all of it is gone. Needed where the namespace is used again.
        """
        self.helm("uninstall", self.release, "--ignore-not-found", *(("--wait",) if wait else ()))
        waiting = f"--wait={str(wait).lower()}"
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", waiting, seconds=480)


def run(command: list[str], *, given: str | None = None, seconds: float = 240) -> str:
    """Run a command and return what it printed.

    Raises
    ------
    InstallationFailed
        It ended with an error or took longer than `seconds`.
    """
    shown = " ".join(command[:1] + [word for word in command[1:] if not word.startswith("/")])
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise InstallationFailed(f"{shown} took longer than {seconds:.0f} s") from error
    if done.returncode:
        raise InstallationFailed(f"{shown} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def install(
    cluster: ClusterInfo,
    stack: StackInfo,
    *,
    namespace: str = "runops",
    environment: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] = print,
) -> Installation:
    """Build and load both images, then install the chart into a namespace that enforces the restricted pod level.

    Parameters
    ----------
    cluster, stack
        Where to install, and the Supabase and Gemini to use.
    namespace
        Created if it does not exist.
    environment
        What goes into the Secret; the stack's, as pods reach it, where None.
    values
        Chart values that win over those for a development cluster.
    progress
        Receives each long step.

    Raises
    ------
    InstallationFailed
        kubectl or helm refused.
    """
    operator, worker = build("operator", progress=progress), build("worker", progress=progress)
    for image in (operator, worker):
        progress(f"loading image {image.name} ({image.size_bytes / 1e6:.0f} MB) into the cluster")
        load_image(cluster, image.archive)
    installation = Installation(cluster, namespace)
    installation.kubectl("apply", "-f", "-", given=json.dumps(_namespace(namespace)))
    secret = environment if environment is not None else stack.environment(cluster.host_address)
    installation.kubectl("apply", "-f", "-", given=json.dumps(_secret(secret)))
    given = json.dumps(_merged(_values(operator.name, worker.name), values or {}))
    progress("helm upgrade --install runops-operator")
    installation.helm(
        "upgrade", "--install", installation.release, str(_CHART), "--values", "-", "--wait", "--timeout",
        f"{_HELM_SECONDS}s", *_REPLACE_APPLIED_BY_KUBECTL, given=given,
    )  # fmt: skip
    return installation


def _namespace(name: str) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _secret(environment: Mapping[str, str]) -> dict[str, Any]:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in environment.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": _SECRET}, "data": data}


def _values(operator: str, worker: str) -> dict[str, Any]:
    def image(name: str) -> dict[str, str]:
        repository, tag = name.rsplit(":", 1)
        return {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"}

    return {
        "existingSecret": _SECRET,
        "architectures": [_ARCHITECTURES.get(platform.machine(), platform.machine())],
        "image": image(operator),
        "worker": {
            "image": image(worker),
            "resources": {"requests": {"cpu": "250m", "memory": "256Mi", "ephemeral-storage": "512Mi"}},
        },
    }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], Mapping) and isinstance(over[key], Mapping):
            both[key] = _merged(base[key], over[key])
    return both
