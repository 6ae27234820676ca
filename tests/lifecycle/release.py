"""A release as whoever installs it handles it: with one of the two Helms, and kubectl."""

import base64
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from devstack.cluster import ClusterInfo, ensure
from devstack.fake_kubelet import manifests
from tests.cluster_objects import ClusterObjects

__all__ = ["CHART", "PREVIOUS", "SECRET", "Release", "places", "values_of"]

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
PREVIOUS = Path(__file__).parent / "previous"
SECRET = "runops-keys"
_SECONDS = 600

Done = subprocess.CompletedProcess[str]


def values_of(image: str, *, node: str) -> dict[str, Any]:
    """Return the values of a release whose operator is a real pod and whose workers are light, on a stand-in node."""
    repository, tag = image.rsplit(":", 1)
    toleration = {"key": manifests.LABEL, "operator": "Equal", "value": node, "effect": "NoSchedule"}
    return {
        "existingSecret": SECRET,
        "image": {"repository": repository, "tag": tag},
        "maxConcurrent": 25,
        "poll": {"idleSeconds": 1},
        "worker": {
            "nodeSelector": {manifests.LABEL: node},
            "tolerations": [toleration],
            "image": {"repository": "runops.invalid/light", "tag": "none"},
        },
    }


@dataclass(frozen=True)
class Release:
    """A release that is there or not.

    Attributes
    ----------
    api
        Asks the cluster's API server.
    program
        `helm` (version 4) or `helm3`.
    user
        On whose behalf Helm works; the cluster's admin where None.
    """

    cluster: ClusterInfo
    api: httpx.Client
    namespace: str
    program: str = "helm"
    name: str = "runops-operator"
    user: str | None = None

    def helm(self, *arguments: str, values: Mapping[str, Any] | None = None) -> Done:
        """Run Helm, whatever comes of it."""
        whole = [str(ensure(self.program)), *arguments, "--namespace", self.namespace]
        whole += ["--kubeconfig", str(self.cluster.kubeconfig)]
        whole += ["--kube-as-user", self.user] if self.user else []
        whole += ["--values", "-"] if values is not None else []
        given = None if values is None else json.dumps(values)
        return subprocess.run(whole, input=given, capture_output=True, text=True, timeout=_SECONDS, check=False)

    def helmed(self, *arguments: str, values: Mapping[str, Any] | None = None) -> str:
        """Run Helm, and return what it printed."""
        done = self.helm(*arguments, values=values)
        assert done.returncode == 0, f"{self.program} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def kubectl(self, *arguments: str, given: str | None = None) -> Done:
        """Run kubectl in the namespace, whatever comes of it."""
        whole = [str(self.cluster.kubectl), "--kubeconfig", str(self.cluster.kubeconfig), "-n", self.namespace]
        return subprocess.run(
            [*whole, *arguments], input=given, capture_output=True, text=True, timeout=240, check=False
        )

    def told(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, and return what it printed."""
        done = self.kubectl(*arguments, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    @property
    def objects(self) -> ClusterObjects:
        """What is in the namespace."""
        return ClusterObjects(self.api, self.namespace)

    def phases(self) -> Counter[str]:
        """Return how many VideoJobs are in each phase."""
        return Counter(item.get("status", {}).get("phase", "") for item in self.objects("videojobs"))

    def make_place(self, keys: Mapping[str, str]) -> None:
        """Make the namespace, at the restricted level, and the Secret."""
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}
        self.told("apply", "-f", "-", given=json.dumps(place))
        self.put_keys(keys)

    def put_keys(self, keys: Mapping[str, str]) -> None:
        """Write the Secret."""
        data = {name: base64.b64encode(value.encode()).decode() for name, value in keys.items()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "data": data}
        self.told("apply", "-f", "-", given=json.dumps(secret))

    def remove(self) -> None:
        """Remove release and namespace, also what is left of a failed test."""
        self.helm("uninstall", self.name, "--ignore-not-found", "--wait")
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")


@contextmanager
def places(cluster: ClusterInfo, api: httpx.Client, keys: Mapping[str, str]) -> Iterator[Callable[..., Release]]:
    """Give what makes a namespace with the keys in it, for a release of which nothing is installed yet."""
    made: list[Release] = []

    def make(program: str = "helm", *, user: str | None = None) -> Release:
        release = Release(cluster, api, f"l-{uuid4().hex[:8]}", program, user=user)
        release.make_place(keys)
        made.append(release)
        return release

    yield make
    for release in made:
        release.remove()
