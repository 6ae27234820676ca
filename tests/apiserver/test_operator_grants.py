"""Grants of calls to the model, from the operator as a process to VideoJobs on a real API server."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.apiserver.operator_process import Start, Tables, queue
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow("two operator processes, one after the other; grants come at the pace of a quota"),
]

_MODEL = "gemini-3.8-flash"
_SETTINGS = {"maxConcurrent": 3, "paceConfigMap": "runops-pace"}


class Workers:
    """What the workers of some VideoJobs write, and read."""

    def __init__(self, kubectl: Kubectl, objects: ClusterObjects, namespace: str, names: list[str]) -> None:
        self._kubectl = kubectl
        self._objects = objects
        self._namespace = namespace
        self.names = names

    def write(self, name: str, status: dict[str, Any]) -> None:
        done = self._kubectl(
            *("-n", self._namespace, "patch", "videojob", name, "--subresource=status", "--type=merge"),
            *("--patch", json.dumps({"status": status})),
        )
        assert done.returncode == 0, done.stderr

    def want(self, calls: int) -> None:
        for name in self.names:
            wanted = {"model": _MODEL, "calls": calls, "tokens": [96_000] * calls}
            self.write(name, {"workerPod": {"name": name, "uid": name}, "pace": {"wanted": [wanted]}})

    def granted(self) -> list[dict[str, Any]]:
        """Return what each VideoJob was granted."""
        found: list[dict[str, Any]] = []
        for item in self._objects("videojobs"):
            found += item["status"].get("pace", {}).get("granted") or [{}]
        return found


def test_calls_are_granted_and_a_new_leader_goes_on_with_the_same_pace(
    start: Start, kubectl: Kubectl, objects: ClusterObjects, namespace: str, database: Tables
) -> None:
    kubectl("-n", namespace, "create", "configmap", "runops-pace")
    workers = Workers(kubectl, objects, namespace, [f"vj-{queue(database)}" for _ in range(3)])
    with start(_SETTINGS):
        eventually(lambda: len(objects("videojobs")) == 3, "the VideoJobs")
        workers.want(2)
        now = datetime.now(UTC).isoformat()
        limits = [{"counted": "requests", "perMinute": 60}, {"counted": "tokens", "perMinute": 20_000_000}]
        refused = {"model": _MODEL, "at": now, "retryAfterSeconds": 2, "limits": limits}
        workers.write(workers.names[0], {"pace": {"refused": [refused]}})
        two = {"model": _MODEL, "paced": True, "calls": 2}
        eventually(lambda: workers.granted() == [two] * 3, "two calls for each")

        def kept() -> dict[str, Any]:
            data = (objects.named("configmaps", "runops-pace") or {}).get("data", {})
            models: dict[str, Any] = json.loads(data.get("pace.json", "{}")).get("models", {})
            return models

        eventually(lambda: kept().get(_MODEL, {}).get("requests", {}).get("limit") == 60, "the limit is kept")
        assert kept()[_MODEL]["tokens"]["limit"] == 20_000_000
    # It was killed as by kill -9.
    with start(_SETTINGS) as operator:
        workers.want(3)
        eventually(lambda: workers.granted() == [two | {"calls": 3}] * 3, "one more for each, by the next leader")
        rate = f'runops_model_rate_per_minute{{model="{_MODEL}",unit="requests"}} 60.0'
        eventually(lambda: rate in operator.metrics(), "the metrics tell of the pace")
        assert "runops_model_calls_refused_total{" not in operator.metrics(), "the refusal is no news to it"
