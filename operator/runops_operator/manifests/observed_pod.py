"""Slim, typed views of worker pods, and of the events that explain a missing pod. Pure, as `observed.py` is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runops.report import Report, parse_report
from runops_operator.manifests.fields import object_of, text_of
from runops_operator.manifests.labels import LIMIT_RANGE_ANNOTATION
from runops_operator.manifests.other_containers import hindrance_of, running_beside

__all__ = ["PodRefusal", "PodView", "parse_pod", "parse_pod_refusal"]

_CANNOT_EXECUTE = re.compile(r"exec format error", re.IGNORECASE)
"""Container runtimes write it as the reason of a container that did not start, or as the only line of its log."""
_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})


@dataclass(frozen=True, slots=True)
class PodView:
    """One worker pod. Other containers may have been injected into it: only the one called `worker` tells how it ended.

    Attributes
    ----------
    waiting_reason, waiting_message
        Why the worker does not run yet, in the words of the kubelet or the scheduler.
    exit_code
        Of the worker; None while it has not exited.
    ended_reason, ended_message
        Why the kubelet ended the pod, such as DeadlineExceeded or Evicted.
    disrupted
        Whether the cluster removed it: an eviction, a drain, a preemption or a lost node.
    deleting
        Whether it is deleted: on a node that is down it goes on showing its last state.
    started, stopped
        When the worker began and ended, as Kubernetes writes times; None where it did not.
    beside
        The other containers that run.
    hindrance
        The other container that keeps the worker from starting, and what is wrong with it; None where none does.
    limit_range
        What a LimitRange of the namespace added to it; None where it added nothing.
    cannot_execute
        Whether the node cannot execute the worker's program, since it is for another architecture.
    report
        Its termination message; None where it left none.
    """

    name: str
    uid: str
    node: str | None
    created: str
    phase: str
    waiting_reason: str | None
    waiting_message: str | None
    exit_code: int | None
    out_of_memory: bool
    report: Report | None
    ended_reason: str | None = None
    ended_message: str | None = None
    disrupted: bool = False
    deleting: bool = False
    started: str | None = None
    stopped: str | None = None
    beside: tuple[str, ...] = ()
    hindrance: str | None = None
    cannot_execute: bool = False
    limit_range: str | None = None

    @property
    def works(self) -> bool:
        """Whether the worker runs."""
        return self.phase == "Running" and self.exit_code is None

    @property
    def waits_for_its_image(self) -> bool:
        """Whether its image cannot be pulled."""
        return self.waiting_reason in _IMAGE


@dataclass(frozen=True, slots=True)
class PodRefusal:
    """A pod of a Job that could not be created.

    Attributes
    ----------
    job_uid
        Of the Job.
    words
        The API server's message.
    at
        When it was refused, as Kubernetes writes times.
    """

    job_uid: str
    words: str
    at: str


def parse_pod(body: Mapping[str, Any]) -> PodView:
    """Return the view of a worker pod's manifest."""
    metadata, status = body["metadata"], body.get("status") or {}
    container: Mapping[str, Any] = next(
        (item for item in status.get("containerStatuses") or () if item.get("name") == "worker"),
        {},
    )
    state = container.get("state") or {}
    ended = state.get("terminated")
    waiting = state.get("waiting") or {}
    unscheduled: Mapping[str, Any] = next(
        (
            item
            for item in status.get("conditions") or ()
            if item.get("type") == "PodScheduled" and item.get("status") == "False"
        ),
        {},
    )
    report = parse_report(ended.get("message")) if ended else None
    return PodView(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        node=text_of((body.get("spec") or {}).get("nodeName")),
        created=text_of(metadata.get("creationTimestamp")) or "",
        phase=status.get("phase") or "Pending",
        waiting_reason=unscheduled.get("reason") or waiting.get("reason"),
        waiting_message=unscheduled.get("message") or waiting.get("message"),
        exit_code=ended.get("exitCode") if ended else None,
        out_of_memory=bool(ended and ended.get("reason") == "OOMKilled"),
        report=report,
        ended_reason=status.get("reason"),
        ended_message=status.get("message"),
        disrupted=any(
            item.get("type") == "DisruptionTarget" and item.get("status") == "True"
            for item in status.get("conditions") or ()
        ),
        deleting="deletionTimestamp" in metadata,
        started=text_of((ended or state.get("running") or {}).get("startedAt")),
        stopped=text_of((ended or {}).get("finishedAt")),
        beside=running_beside(status),
        hindrance=hindrance_of(status) if not ended and not state.get("running") else None,
        limit_range=text_of(object_of(metadata.get("annotations")).get(LIMIT_RANGE_ANNOTATION)),
        cannot_execute=bool(
            ended
            and ended.get("exitCode")
            and (report is None or report.reason is None)
            and _CANNOT_EXECUTE.search(ended.get("message") or "")
        ),
    )


def parse_pod_refusal(body: Mapping[str, Any]) -> PodRefusal:
    """Return the view of an event about a Job's pod that could not be created."""
    metadata = object_of(body.get("metadata"))
    at = body.get("lastTimestamp") or body.get("eventTime") or metadata.get("creationTimestamp")
    return PodRefusal(
        job_uid=str(object_of(body.get("involvedObject")).get("uid") or ""),
        words=str(body.get("message") or ""),
        at=str(at or ""),
    )
