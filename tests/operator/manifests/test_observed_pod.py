"""Views of worker pods, and of the events that explain a missing pod."""

from typing import Any

import pytest

from runops.failures import Reason
from runops.report import Report
from runops_operator.manifests.observed_pod import PodRefusal, parse_pod, parse_pod_refusal

AT, LATER, LATEST = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"
METADATA = {"name": "pod-1", "uid": "pod-uid", "creationTimestamp": AT}


def pod(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    statuses = [{"name": "sidecar", "state": {"terminated": {"exitCode": 9}}}, {"name": "worker", "state": state}]
    return {
        "metadata": METADATA,
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "containerStatuses": statuses} | status,
    }


def test_a_running_pod() -> None:
    view = parse_pod(pod({"running": {}}))
    assert (view.name, view.uid, view.node, view.created, view.phase) == ("pod-1", "pod-uid", "node-1", AT, "Running")
    assert (view.works, view.exit_code, view.out_of_memory, view.report) == (True, None, False, None)
    assert (view.waiting_reason, view.waiting_message, view.ended_reason, view.ended_message) == (None,) * 4
    assert not view.disrupted


def test_a_pod_with_nothing_but_a_name() -> None:
    view = parse_pod({"metadata": {"name": "pod-1"}})
    assert (view.uid, view.node, view.created, view.phase, view.works) == ("", None, "", "Pending", False)
    assert (view.exit_code, view.out_of_memory, view.report, view.disrupted) == (None, False, None, False)


@pytest.mark.parametrize(
    ("phase", "state", "works"),
    [
        ("Running", {"running": {}}, True),
        ("Running", {"terminated": {"exitCode": 0}}, False),
        ("Pending", {"waiting": {}}, False),
        ("Failed", {}, False),
    ],
)
def test_a_pod_works_while_its_container_runs(phase: str, state: dict[str, Any], works: bool) -> None:
    assert parse_pod(pod(state, phase=phase)).works is works


def test_what_a_limit_range_added_is_read() -> None:
    words = "LimitRanger plugin set: cpu limit for container worker"
    annotated = pod({"running": {}}) | {
        "metadata": METADATA | {"annotations": {"kubernetes.io/limit-ranger": words, "other": "x"}}
    }
    assert parse_pod(annotated).limit_range == words
    assert parse_pod(pod({"running": {}})).limit_range is None


def test_a_pod_that_waits_for_its_image() -> None:
    view = parse_pod(pod({"waiting": {"reason": "ErrImagePull", "message": "no such image"}}, phase="Pending"))
    assert (view.waiting_reason, view.waiting_message) == ("ErrImagePull", "no such image")


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"type": "PodScheduled", "status": "False"}, "Unschedulable"),
        ({"type": "PodScheduled", "status": "True"}, None),
        ({"type": "Ready", "status": "False"}, None),
    ],
)
def test_a_pod_that_no_node_has_room_for(condition: dict[str, str], reason: str | None) -> None:
    said = condition | {"reason": "Unschedulable", "message": "0/3 nodes"}
    view = parse_pod(pod({}, conditions=[{"type": "Other", "status": "False"}, said]))
    assert view.waiting_reason == reason
    assert view.waiting_message == ("0/3 nodes" if reason is not None else None)


@pytest.mark.parametrize(
    ("ended", "code", "out_of_memory"),
    [
        ({"exitCode": 0, "reason": "Completed"}, 0, False),
        ({"exitCode": 137, "reason": "OOMKilled"}, 137, True),
        ({"exitCode": 137, "reason": "Error"}, 137, False),
    ],
)
def test_a_pod_whose_worker_exited(ended: dict[str, Any], code: int, out_of_memory: bool) -> None:
    view = parse_pod(pod({"terminated": ended}))
    assert (view.exit_code, view.out_of_memory) == (code, out_of_memory)


def test_the_report_of_a_worker() -> None:
    report = Report(reason=Reason.NOT_A_VIDEO, message="No video.")
    view = parse_pod(pod({"terminated": {"exitCode": 66, "message": report.encode().decode()}}))
    assert view.report == report


def test_a_pod_that_the_kubelet_ended() -> None:
    view = parse_pod(pod({}, phase="Failed", reason="Evicted", message="The node was low on memory."))
    assert (view.ended_reason, view.ended_message) == ("Evicted", "The node was low on memory.")


@pytest.mark.parametrize(
    ("condition", "disrupted"),
    [
        ({"type": "DisruptionTarget", "status": "True"}, True),
        ({"type": "DisruptionTarget", "status": "False"}, False),
        ({"type": "Ready", "status": "True"}, False),
    ],
)
def test_a_pod_that_the_cluster_removes(condition: dict[str, str], disrupted: bool) -> None:
    assert parse_pod(pod({}, conditions=[condition])).disrupted is disrupted


@pytest.mark.parametrize(
    ("times", "at"),
    [
        ({"lastTimestamp": LATEST, "eventTime": LATER, "metadata": {"creationTimestamp": AT}}, LATEST),
        ({"eventTime": LATER, "metadata": {"creationTimestamp": AT}}, LATER),
        ({"metadata": {"creationTimestamp": AT}}, AT),
        ({}, ""),
    ],
)
def test_an_event_about_a_refused_pod(times: dict[str, Any], at: str) -> None:
    event = {"involvedObject": {"uid": "job-1"}, "message": "exceeded quota"} | times
    assert parse_pod_refusal(event) == PodRefusal(job_uid="job-1", words="exceeded quota", at=at)


def test_an_event_that_says_nothing() -> None:
    assert parse_pod_refusal({}) == PodRefusal(job_uid="", words="", at="")


@pytest.mark.parametrize(
    ("state", "started", "stopped"),
    [
        (None, None, None),
        ({"waiting": {"reason": "ContainerCreating"}}, None, None),
        ({"running": {"startedAt": LATER}}, LATER, None),
        ({"terminated": {"exitCode": 0, "startedAt": LATER, "finishedAt": LATEST}}, LATER, LATEST),
        ({"terminated": {"exitCode": 0}}, None, None),
        ({"running": {"startedAt": 17}}, None, None),
    ],
)
def test_when_the_worker_ran(state: dict[str, Any] | None, started: str | None, stopped: str | None) -> None:
    view = parse_pod(pod(state))
    assert (view.started, view.stopped) == (started, stopped)


def test_a_pod_that_kubernetes_deletes() -> None:
    deleted = pod({"running": {}})
    deleted["metadata"] = METADATA | {"deletionTimestamp": LATER}
    assert parse_pod(deleted).deleting
    assert not parse_pod(pod({"running": {}})).deleting


@pytest.mark.parametrize(
    ("state", "hinders"),
    [(None, True), ({"running": {"startedAt": LATER}}, False), ({"terminated": {"exitCode": 0}}, False)],
)
def test_another_container_hinders_only_a_worker_that_has_not_begun(
    state: dict[str, Any] | None, hinders: bool
) -> None:
    failed = {"name": "wait-for-mesh", "state": {"terminated": {"exitCode": 1}}}
    assert (parse_pod(pod(state, initContainerStatuses=[failed])).hindrance is not None) is hinders
