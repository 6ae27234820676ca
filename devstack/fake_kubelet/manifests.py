"""The documents that a kubelet writes: its node, its lease, the states of its pods. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from devstack.fake_kubelet.model import KILLED, Exit, Pod

LABEL = "devstack.runops.dev/fake-kubelet"
LEASE_SECONDS = 40


def timestamp() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(name: str) -> dict[str, Any]:
    """Return a node on which only pods land that ask for it by label and toleration."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                LABEL: name,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "spec": {"taints": [{"key": LABEL, "value": name, "effect": "NoSchedule"}]},
    }


def node_status() -> dict[str, Any]:
    """Return the state of a node with room for every pod of a test."""
    capacity = {"cpu": "2000", "memory": "8Ti", "pods": "5000", "ephemeral-storage": "200Ti"}
    now = timestamp()
    conditions = [
        {
            "type": kind,
            "status": "True" if kind == "Ready" else "False",
            "reason": "FakeKubelet",
            "message": "devstack.fake_kubelet plays this node",
            "lastHeartbeatTime": now,
        }
        for kind in ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
    ]
    return {"status": {"capacity": capacity, "allocatable": capacity, "conditions": conditions}}


def lease(name: str) -> dict[str, Any]:
    """Return the sign of life that the node controller looks at."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": moment},
    }


def running(pod: Pod, *, started: str) -> dict[str, Any]:
    """Return the state of a pod whose container runs."""
    return _status(
        pod,
        {
            "phase": "Running",
            "startTime": started,
            "conditions": _conditions(ready=True, reason=None),
            "containerStatuses": [_container(pod, {"running": {"startedAt": started}}, ready=True)],
        },
    )


def ended(pod: Pod, exit_: Exit, *, started: str, evicted: bool) -> dict[str, Any]:
    """Return the state of a pod whose container has ended.

    Parameters
    ----------
    pod, exit_, started
        Which, how, and since when it ran.
    evicted
        Whether the node threw it out, as under pressure.
    """
    succeeded = exit_.code == 0 and not evicted
    terminated: dict[str, Any] = {
        "exitCode": exit_.code,
        "reason": "Completed" if exit_.code == 0 else "Error",
        "startedAt": started,
        "finishedAt": timestamp(),
    }
    if exit_.message:
        terminated["message"] = exit_.message[:4096]
    status: dict[str, Any] = {
        "phase": "Succeeded" if succeeded else "Failed",
        "startTime": started,
        "conditions": _conditions(ready=False, reason="PodCompleted" if succeeded else "PodFailed"),
        "containerStatuses": [_container(pod, {"terminated": terminated}, ready=False)],
    }
    if evicted:
        status |= {"reason": "Evicted", "message": "The node was low on resource: memory."}
        status["conditions"].append(
            {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "TerminationByKubelet",
                "message": status["message"],
                "lastTransitionTime": timestamp(),
            }
        )
    return _status(pod, status)


def killed() -> Exit:
    """Return the end of a container by SIGKILL: it could say nothing."""
    return Exit(KILLED)


def _status(pod: Pod, status: dict[str, Any]) -> dict[str, Any]:
    # The uid makes it a conflict where another pod has the name by now.
    return {"metadata": {"uid": pod.uid}, "status": status}


def _conditions(*, ready: bool, reason: str | None) -> list[dict[str, Any]]:
    now = timestamp()
    states = {"PodReadyToStartContainers": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
    return [
        {"type": kind, "status": str(state), "lastTransitionTime": now} | ({} if state else {"reason": reason})
        for kind, state in states.items()
    ]


def _container(pod: Pod, state: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    return {
        "name": pod.container,
        "image": pod.image,
        "imageID": "",
        "containerID": f"fake://{pod.uid}",
        "restartCount": 0,
        "ready": ready,
        "started": ready,
        "state": state,
    }
