"""What a VideoJob that does not run waits for, and the deadline of that wait."""

import pytest

from runops.failures import TABLE, Reason
from runops_operator.config import Deadlines
from runops_operator.planning.waiting import PENDING, SUSPENDED, Wait, deadline_of, newest, stalled_message, wait_of
from tests.operator.planning.observations import ended_pod, job, pod, spec, videojob

DEADLINES = Deadlines(
    claimed_seconds=1.0, unschedulable_seconds=2.0, image_pull_seconds=3.0, starting_seconds=4.0, waiting_seconds=5.0
)


def pending(reason: str | None = None, message: str | None = None) -> object:
    return pod(phase="Pending", waiting_reason=reason, waiting_message=message)


@pytest.mark.parametrize(
    ("pods", "reason", "message"),
    [
        ([], "Pending", "The worker's pod is being created."),
        ([pending()], "Starting", "The worker's pod is starting."),
        ([pending("ContainerCreating", "soon")], "Starting", "The worker's pod is starting. (soon)"),
        ([pending("Unschedulable")], "Unschedulable", "No node has room for the worker yet."),
        ([pending("Unschedulable", "0/3")], "Unschedulable", "No node has room for the worker yet. (0/3)"),
        ([pending("Unschedulable", "x" * 400)], "Unschedulable", f"No node has room for the worker yet. ({'x' * 300})"),
        *(
            ([pending(reason, "no")], "ImagePullFailed", "The worker's image cannot be pulled. (no)")
            for reason in (
                "ErrImagePull",
                "ImagePullBackOff",
                "InvalidImageName",
                "ErrImageNeverPull",
                "ImageInspectError",
            )
        ),
        *(
            ([pending(reason, "no")], "PodNotStarting", "The worker's container cannot be created. (no)")
            for reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
        ),
        (
            [pod(phase="Pending", waiting_reason="PodInitializing", hindrance="Container proxy is not ready.")],
            "SidecarFailed",
            "The worker's pod is starting. Container proxy is not ready.",
        ),
        (
            [pod(phase="Pending", waiting_reason="ErrImagePull", hindrance="Container proxy is not ready.")],
            "ImagePullFailed",
            "The worker's image cannot be pulled.",
        ),
        ([ended_pod(1)], "Finishing", "The worker exited. Kubernetes is ending its Job."),
    ],
)
def test_what_a_videojob_with_a_job_waits_for(pods: list[object], reason: str, message: str) -> None:
    assert wait_of(videojob(), job(), pods) == Wait(reason, message)  # type: ignore[arg-type]  # pods


def test_a_running_worker_waits_for_nothing_even_while_it_is_suspended() -> None:
    assert wait_of(videojob(), job(), [pod()]) is None
    assert wait_of(videojob(spec=spec(suspend=True)), job(suspended=True), [pod()]) is None


def test_the_pod_created_last_counts() -> None:
    early, late = pod(created="2026-01-01T00:00:00Z"), pod(created="2026-01-01T00:00:01Z", phase="Pending")
    assert newest([late, early]) is late
    assert newest([early, late]) is late
    assert newest([]) is None
    first, second = pod(name="a"), pod(name="b")
    assert newest([second, first]) is second, "the name decides between pods of the same second"


@pytest.mark.parametrize(
    ("view", "its_job"),
    [
        (videojob(spec=spec(suspend=True)), job()),
        (videojob(spec=spec(suspend=True)), None),
        (videojob(), job(suspended=True)),
        (videojob(spec=None), job(suspended=True)),
    ],
)
def test_a_suspended_videojob_waits_to_be_resumed(view: object, its_job: object) -> None:
    assert wait_of(view, its_job, []) is SUSPENDED  # type: ignore[arg-type]  # parameters


def test_a_videojob_without_a_job_waits_for_its_pod() -> None:
    assert wait_of(videojob(), None, []) is PENDING
    assert wait_of(videojob(), None, [pod(phase="Pending")]) is PENDING
    assert wait_of(videojob(spec=None), None, []) is PENDING


def test_a_refused_pod_is_shown_with_the_api_servers_words() -> None:
    expected = Wait("JobRefused", f"Kubernetes refuses the worker's pod. ({'x' * 500})")
    assert wait_of(videojob(), job(), [], pod_refused="x" * 600) == expected


def test_a_refusal_counts_no_more_when_there_is_a_pod() -> None:
    wait = wait_of(videojob(), job(), [pod(phase="Pending")], pod_refused="no")
    assert wait is not None
    assert wait.reason == "Starting"


@pytest.mark.parametrize(
    ("reason", "deadline"),
    [
        ("Pending", (1.0, Reason.JOB_REFUSED)),
        ("JobRefused", (1.0, Reason.JOB_REFUSED)),
        ("Unschedulable", (2.0, Reason.UNSCHEDULABLE)),
        ("ImagePullFailed", (3.0, Reason.IMAGE_PULL_FAILED)),
        ("PodNotStarting", (4.0, Reason.POD_NOT_STARTING)),
        ("Starting", (4.0, Reason.POD_NOT_STARTING)),
        ("SidecarFailed", (4.0, Reason.SIDECAR_FAILED)),
        ("Finishing", None),
        ("Suspended", None),
        ("Running", None),
    ],
)
def test_each_wait_has_its_deadline(reason: str, deadline: tuple[float, Reason] | None) -> None:
    assert deadline_of(reason, DEADLINES) == deadline


def test_a_stalled_wait_says_what_to_do_about_it() -> None:
    remedy = TABLE[Reason.JOB_REFUSED].remedy
    assert stalled_message(Wait("Pending", "It waits."), Reason.JOB_REFUSED) == f"It waits. {remedy}"
