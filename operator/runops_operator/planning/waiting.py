"""What a VideoJob that does not run waits for, and the deadline of that wait. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from runops.failures import TABLE, Reason
from runops_operator.config import Deadlines
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.manifests.observed_pod import PodView

__all__ = ["PENDING", "SUSPENDED", "Wait", "deadline_of", "newest", "stalled_message", "wait_of"]

_CONTAINER = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for.

    Attributes
    ----------
    reason
        A CamelCase word: one of the reason table, or `Pending`, `Starting`, `Finishing`, `Suspended`, which are
        normal.
    message
        A sentence for a person.
    """

    reason: str
    message: str


PENDING = Wait("Pending", "The worker's pod is being created.")
SUSPENDED = Wait("Suspended", "Suspended. It continues when spec.suspend is false and the queue admits it.")


def newest(pods: Sequence[PodView]) -> PodView | None:
    """Return the pod created last; the name decides between pods of the same second."""
    return max(pods, key=lambda pod: (pod.created, pod.name), default=None)


def wait_of(
    videojob: VideoJobView, job: JobView | None, pods: Sequence[PodView], *, pod_refused: str | None = None
) -> Wait | None:
    """Return what an unfinished VideoJob waits for; None while its worker runs.

    Parameters
    ----------
    videojob, job, pods
        The VideoJob, its Job and the Job's pods.
    pod_refused
        The API server's message where it refuses to create the Job's pod; None where no refusal is known.
    """
    pod = newest(pods)
    if pod is not None and pod.works:
        return None
    if (videojob.spec is not None and videojob.spec.suspend) or (job is not None and job.suspended):
        return SUSPENDED
    if pod is None and pod_refused is not None:
        return Wait(Reason.JOB_REFUSED, f"Kubernetes refuses the worker's pod. ({pod_refused[:500]})")
    if job is None or pod is None:
        return PENDING
    detail = f" ({pod.waiting_message[:300]})" if pod.waiting_message else ""
    if pod.waiting_reason == "Unschedulable":
        return Wait(Reason.UNSCHEDULABLE, f"No node has room for the worker yet.{detail}")
    if pod.waits_for_its_image:
        return Wait(Reason.IMAGE_PULL_FAILED, f"The worker's image cannot be pulled.{detail}")
    if pod.waiting_reason in _CONTAINER:
        return Wait(Reason.POD_NOT_STARTING, f"The worker's container cannot be created.{detail}")
    if pod.hindrance is not None:
        return Wait(Reason.SIDECAR_FAILED, f"The worker's pod is starting. {pod.hindrance}")
    if pod.exit_code is not None:
        return Wait("Finishing", "The worker exited. Kubernetes is ending its Job.")
    return Wait("Starting", f"The worker's pod is starting.{detail}")


def deadline_of(reason: str, deadlines: Deadlines) -> tuple[float, Reason] | None:
    """Return after how many seconds a wait counts as stalled, and under which reason; None where it may last."""
    return {
        "Pending": (deadlines.claimed_seconds, Reason.JOB_REFUSED),
        Reason.JOB_REFUSED.value: (deadlines.claimed_seconds, Reason.JOB_REFUSED),
        Reason.UNSCHEDULABLE.value: (deadlines.unschedulable_seconds, Reason.UNSCHEDULABLE),
        Reason.IMAGE_PULL_FAILED.value: (deadlines.image_pull_seconds, Reason.IMAGE_PULL_FAILED),
        Reason.POD_NOT_STARTING.value: (deadlines.starting_seconds, Reason.POD_NOT_STARTING),
        "Starting": (deadlines.starting_seconds, Reason.POD_NOT_STARTING),
        Reason.SIDECAR_FAILED.value: (deadlines.starting_seconds, Reason.SIDECAR_FAILED),
    }.get(reason)


def stalled_message(wait: Wait, reason: Reason) -> str:
    """Return the sentence of a wait that lasts too long: what the VideoJob waits for, and what to do about it."""
    return f"{wait.message} {TABLE[reason].remedy}"
