"""The replicas of a scenario, and how they are configured."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from devstack.fake_kubelet import FakeKubelet
from devstack.operator_runs.operator_process import Replica
from tests.forked_operator import forked_operator

__all__ = ["operator_settings", "running_replicas"]


@contextmanager
def running_replicas(
    count: int, *, settings: Mapping[str, Any], environment: Mapping[str, str], kubeconfig: Path, folder: Path
) -> Iterator[list[Replica]]:
    """Give running replicas for the time of the block. Parameters as for `Replica`."""
    replicas = [
        Replica(
            f"replica-{number}",
            settings=settings,
            environment=environment,
            kubeconfig=kubeconfig,
            folder=folder / f"replica-{number}",
            starts=forked_operator,
        )
        for number in range(count)
    ]
    with ExitStack() as stack:
        for replica in replicas:
            replica.start()
            stack.callback(replica.kill)
        yield replicas


def operator_settings(
    namespace: str,
    kubelet: FakeKubelet,
    *,
    replicas: int,
    max_concurrent: int,
    no_progress_seconds: float,
    stale_after_seconds: float,
) -> dict[str, Any]:
    """Return the configuration of an operator whose workers land on a stand-in kubelet.

    Everything that is waited for is short: what a crash left behind must show while the scenario looks on.
    """
    return {
        "installation": f"chaos/{namespace}",
        "namespace": namespace,
        "maxConcurrent": max_concurrent,
        "retryLimit": 10,
        "activeDeadlineSeconds": 900,
        "prompts": {"configMap": "prompts"},
        "poll": {"busySeconds": 0.5, "idleSeconds": 0.5},
        "resyncSeconds": 10,
        "rowsSeconds": 2,
        "staleAfterSeconds": stale_after_seconds,
        "deadlines": {"noProgressSeconds": no_progress_seconds, "cancellingSeconds": 20},
        "leaderElection": {"enabled": replicas > 1, "leaseSeconds": 4, "retrySeconds": 0.5},
        "worker": {
            "image": "runops.invalid/light-worker:1",
            "serviceAccountName": "default",
            "secretName": "keys",
            "nodeSelector": kubelet.node_selector,
            "tolerations": [kubelet.toleration],
        },
    }
