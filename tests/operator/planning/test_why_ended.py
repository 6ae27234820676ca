"""Why an attempt ended, by precedence: deadline, the worker's report, what the cluster did, the exit code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runops.failures import TABLE, Reason
from runops_operator.manifests.observed import JobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.why_ended import Ended, why_ended
from tests.operator.planning.observations import ended_pod, job, pod, report

LONG = report(Reason.MEDIA_TOO_LONG, message="2 h 10 min; the limit is 2 h.")
TERMINATED = report(Reason.TERMINATED)
DISRUPTED = "Pod runops/x has condition DisruptionTarget matching FailJob rule at index 0"
INIT = "Container vault-agent-init, which starts before the worker, ended with exit code 1."
EXITED = "Container worker for pod runops/x failed with exit code {} matching FailJob rule at index 1"


def _why(its_job: JobView, pods: Sequence[PodView]) -> Ended:
    return why_ended(its_job, pods, longest_seconds=3600.0)


def overdue(started: str | None = None, stopped: str | None = None, **given: Any) -> PodView:
    """Return a pod that the kubelet ended at the pod's deadline."""
    return replace(ended_pod(137, ended_reason="DeadlineExceeded"), started=started, stopped=stopped, **given)


def failed(message: str | None = None, reason: str = "PodFailurePolicy") -> Any:
    return job(failed_reason=reason, failed_message=message)


@pytest.mark.parametrize(
    ("its_job", "pods", "reason"),
    [
        pytest.param(failed(reason="DeadlineExceeded"), [ended_pod(70, LONG)], "DeadlineExceeded", id="Job's deadline"),
        pytest.param(
            failed(), [overdue("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")], "DeadlineExceeded", id="pod's deadline"
        ),
        pytest.param(
            failed(),
            [overdue("2026-01-01T00:00:00Z", "2026-01-01T00:59:59Z")],
            "Evicted",
            id="the pod's deadline, most of which passed before the worker ran",
        ),
        pytest.param(failed(), [overdue("2026-01-01T00:00:00Z")], "DeadlineExceeded", id="an end without a time"),
        pytest.param(
            failed(),
            [overdue(exit_code=None, waiting_reason="ImagePullBackOff")],
            "ImagePullFailed",
            id="the pod's deadline while its image could not be pulled",
        ),
        pytest.param(
            failed(), [overdue(exit_code=None)], "PodNotStarting", id="the pod's deadline before its container ran"
        ),
        pytest.param(failed(DISRUPTED), [ended_pod(70, LONG)], "MediaTooLong", id="a report before a disruption"),
        pytest.param(failed(DISRUPTED), [ended_pod(143, TERMINATED)], "Evicted", id="disrupted, and told to stop"),
        pytest.param(failed(DISRUPTED), [], "Evicted", id="disrupted, pod gone"),
        pytest.param(failed(), [ended_pod(143, disrupted=True)], "Evicted", id="disrupted, by the pod's condition"),
        pytest.param(
            failed(), [ended_pod(137, disrupted=True, out_of_memory=True)], "Evicted", id="disruption before memory"
        ),
        pytest.param(
            failed(),
            [ended_pod(137, ended_reason="Evicted", ended_message="exceeds its local ephemeral storage limit")],
            "DiskFull",
            id="evicted for its disk",
        ),
        *(
            pytest.param(
                failed(), [ended_pod(137, ended_reason="Evicted", ended_message=words)], "DiskFull", id=f"disk: {words}"
            )
            for words in ("ephemeral-storage", "emptyDir volume", "EmptyDir volume", "low on disk")
        ),
        pytest.param(
            failed(), [ended_pod(137, ended_reason="Evicted", ended_message="low on memory")], "Evicted", id="evicted"
        ),
        pytest.param(failed(), [ended_pod(137, ended_reason="Evicted")], "Evicted", id="evicted without words"),
        pytest.param(failed(), [ended_pod(137, out_of_memory=True)], "OutOfMemory", id="out of memory"),
        pytest.param(
            failed(), [ended_pod(137, TERMINATED, out_of_memory=True)], "OutOfMemory", id="memory before a stop signal"
        ),
        pytest.param(failed(), [ended_pod(143, TERMINATED)], "Terminated", id="told to stop"),
        pytest.param(failed(), [ended_pod(137, TERMINATED)], "Terminated", id="told to stop, and killed after it"),
        pytest.param(failed(), [ended_pod(66)], "NotAVideo", id="the pod's exit code"),
        pytest.param(failed(EXITED.format(66)), [], "NotAVideo", id="the exit code in the Job's condition"),
        pytest.param(failed(EXITED.format(66)), [ended_pod(70)], "MediaTooLong", id="the pod before the condition"),
        pytest.param(failed("failed with exit code 1234 matching"), [], "PodLost", id="no exit code at all"),
        pytest.param(failed("Job has reached the specified backoff limit"), [], "PodLost", id="no pod, no words"),
        pytest.param(failed(None), [], "PodLost", id="no message"),
        pytest.param(failed(), [pod()], "PodLost", id="a pod that still runs says nothing"),
        pytest.param(failed(), [ended_pod(0)], "PodLost", id="a pod that succeeded says nothing"),
        pytest.param(failed(), [pod(phase="Failed")], "PodLost", id="a pod without an exit code"),
        pytest.param(failed(), [ended_pod(99)], "WorkerCrashed", id="an unknown exit code"),
        pytest.param(job(), [pod(exit_code=104, beside=("proxy",))], "ModelUnavailable", id="beside a sidecar"),
        pytest.param(failed(), [pod(phase="Failed", hindrance=INIT)], "SidecarFailed", id="an init container failed"),
        pytest.param(
            failed(DISRUPTED), [pod(phase="Failed", hindrance=INIT)], "Evicted", id="evicted during an init container"
        ),
        *(
            pytest.param(failed(), [ended_pod(code, cannot_execute=True)], "WrongArchitecture", id=f"arm64, {code}")
            for code in (1, 128, 255)
        ),
    ],
)
def test_why_an_attempt_ended(its_job: Any, pods: list[Any], reason: str) -> None:
    assert _why(its_job, pods).failure.reason == reason


def test_the_pod_created_last_says_why() -> None:
    pods = [ended_pod(70, created="2026-01-01T00:00:09Z"), ended_pod(66, created="2026-01-01T00:00:01Z")]
    assert _why(failed(), pods).failure.reason == "MediaTooLong"
    assert _why(failed(), pods[::-1]).failure.reason == "MediaTooLong"


def test_a_pod_that_still_runs_hides_no_pod_that_ended() -> None:
    pods = [ended_pod(66, created="2026-01-01T00:00:01Z"), pod(created="2026-01-01T00:00:09Z")]
    assert _why(failed(), pods).failure.reason == "NotAVideo"


def test_the_workers_own_sentence_and_report_are_kept() -> None:
    ended = _why(failed(), [ended_pod(70, LONG)])
    assert (ended.sentence, ended.report) == ("2 h 10 min; the limit is 2 h.", LONG)


def test_a_report_without_a_sentence_gets_the_tables() -> None:
    ended = _why(failed(), [ended_pod(70, report(Reason.MEDIA_TOO_LONG))])
    assert ended.sentence == TABLE[Reason.MEDIA_TOO_LONG].sentence


@pytest.mark.parametrize(
    ("its_job", "pods"),
    [
        (failed(reason="DeadlineExceeded"), [ended_pod(143, TERMINATED)]),
        (failed(), [overdue("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", report=TERMINATED)]),
        (failed(DISRUPTED), [ended_pod(143, TERMINATED)]),
        (failed(), [ended_pod(143, TERMINATED, ended_reason="Evicted")]),
        (failed(), [ended_pod(143, TERMINATED, out_of_memory=True)]),
        (failed(), [ended_pod(143, TERMINATED)]),
    ],
)
def test_what_the_cluster_did_is_said_by_the_table_and_the_report_is_kept(its_job: Any, pods: list[Any]) -> None:
    ended = _why(its_job, pods)
    assert ended.sentence == ended.failure.sentence
    assert ended.report is TERMINATED


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (137, "The worker exited without reporting a result (killed)."),
        (99, "The worker exited without reporting a result (exit code 99)."),
        (66, TABLE[Reason.NOT_A_VIDEO].sentence),
    ],
)
def test_an_exit_code_is_said_where_nothing_else_is_known(code: int, sentence: str) -> None:
    silent = report()
    ended = _why(failed(), [ended_pod(code, silent)])
    assert (ended.sentence, ended.report) == (sentence, silent)


def test_the_report_of_a_lost_pod_is_kept() -> None:
    usage_only = report()
    assert _why(failed(), [pod(phase="Failed", report=usage_only)]).report is usage_only


@pytest.mark.parametrize(
    ("pods", "seconds"), [([], None), ([ended_pod(1, report(Reason.QUOTA_EXCEEDED, retry_after_seconds=30))], 30.0)]
)
def test_how_long_a_service_asked_to_wait(pods: list[Any], seconds: float | None) -> None:
    assert _why(failed(), pods).asked_seconds == seconds


def test_a_container_that_failed_is_told_by_its_name() -> None:
    ended = _why(failed(), [pod(phase="Failed", hindrance=INIT)])
    assert ended.sentence == f"{TABLE[Reason.SIDECAR_FAILED].sentence} {INIT}"


def test_a_node_of_another_architecture_is_told_by_its_name() -> None:
    ended = _why(failed(), [ended_pod(255, cannot_execute=True, node="arm-1")])
    sentence = TABLE[Reason.WRONG_ARCHITECTURE].sentence
    assert ended.sentence == f"{sentence} (node arm-1: exec format error)"
