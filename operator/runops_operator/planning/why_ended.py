"""Why an attempt ended without a result: from its Job and pods to a row of the reason table. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runops.failures import TABLE, Failure, Reason, by_exit_code
from runops.report import Report
from runops_operator.manifests.observed import JobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.times import moment

__all__ = ["Ended", "why_ended"]

_DISRUPTED = re.compile(r"has condition DisruptionTarget")
_EXIT_CODE = re.compile(r"failed with exit code (\d{1,3})\b")
_DISK = re.compile(r"ephemeral|emptyDir|EmptyDir|disk", re.ASCII)
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Ended:
    """Why an attempt ended.

    Attributes
    ----------
    failure
        The row of the reason table.
    sentence
        For a person; the worker's own, where it reported one.
    report
        What the worker reported at its end; None where it reported nothing.
    """

    failure: Failure
    sentence: str
    report: Report | None = None

    @property
    def asked_seconds(self) -> float | None:
        """How long the service that refused a request asked to wait; None where it did not."""
        return self.report.retry_after_seconds if self.report is not None else None


def why_ended(job: JobView, pods: Sequence[PodView], *, longest_seconds: float) -> Ended:
    """Return why an attempt failed, of which the Job or its worker has ended.

    A deadline counts first, then the worker's own report, then what the cluster did to the pod, then the exit code. The
    pod may be gone; then the Job's condition has the exit code or the disruption in its message.

    Parameters
    ----------
    job
        Its Job. It has not ended where another container of the pod outlives the worker.
    pods
        Its pods that still exist.
    longest_seconds
        How long a worker may run.
    """
    pod = max((pod for pod in pods if not pod.works and pod.exit_code != 0), key=lambda pod: pod.created, default=None)
    report = pod.report if pod is not None else None
    reported = report.reason if report is not None else None
    if job.failed_reason == "DeadlineExceeded":
        return _of(Reason.DEADLINE_EXCEEDED, report)
    if pod is not None and pod.ended_reason == "DeadlineExceeded":
        return _of(_after_the_pods_deadline(pod, longest_seconds), report)
    if report is not None and reported not in {None, Reason.TERMINATED}:
        failure = TABLE[Reason(reported)]
        return Ended(failure, report.message or failure.sentence, report)
    message = job.failed_message or ""
    if _DISRUPTED.search(message) or (pod is not None and pod.disrupted):
        return _of(Reason.EVICTED, report)
    if pod is not None and pod.ended_reason == "Evicted":
        # Without a disruption the pod exceeded a limit of its own.
        return _of(Reason.DISK_FULL if _DISK.search(pod.ended_message or "") else Reason.EVICTED, report)
    if pod is not None and (never_ran := _why_it_never_ran(pod)) is not None:
        return never_ran
    if pod is not None and pod.out_of_memory:
        return _of(Reason.OUT_OF_MEMORY, report)
    if reported is Reason.TERMINATED:
        return _of(Reason.TERMINATED, report)
    code = pod.exit_code if pod is not None else None
    if code is None and (named := _EXIT_CODE.search(message)):
        code = int(named[1])
    if code is None:
        return _of(Reason.POD_LOST, report)
    failure = by_exit_code(code) or TABLE[Reason.WORKER_CRASHED]
    if failure.reason is Reason.WORKER_CRASHED:
        how = "killed" if code == _KILLED else f"exit code {code}"
        return Ended(failure, f"{failure.sentence.removesuffix('.')} ({how}).", report)
    return Ended(failure, failure.sentence, report)


def _why_it_never_ran(pod: PodView) -> Ended | None:
    """Return why a worker never began; None where it did, or where nothing is known of that."""
    if pod.cannot_execute:
        failure = TABLE[Reason.WRONG_ARCHITECTURE]
        return Ended(failure, f"{failure.sentence} (node {pod.node}: exec format error)")
    if pod.hindrance is not None:
        failure = TABLE[Reason.SIDECAR_FAILED]
        return Ended(failure, f"{failure.sentence} {pod.hindrance}")
    return None


def _after_the_pods_deadline(pod: PodView, longest_seconds: float) -> Reason:
    """Return why a pod reached its deadline, which counts the time before its container ran, too."""
    began, ended = moment(pod.started), moment(pod.stopped)
    if began is None:
        return Reason.IMAGE_PULL_FAILED if pod.waits_for_its_image else Reason.POD_NOT_STARTING
    if ended is not None and (ended - began).total_seconds() < longest_seconds:
        return Reason.EVICTED
    return Reason.DEADLINE_EXCEEDED


def _of(reason: Reason, report: Report | None) -> Ended:
    return Ended(TABLE[reason], TABLE[reason].sentence, report)
