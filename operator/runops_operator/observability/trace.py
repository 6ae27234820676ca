"""The trace of one video, from its row to its SOP. Pure: a finished VideoJob in, spans out.

All of it comes from the VideoJob, so the trace is complete even if several replicas took part. Workers send nothing.
The trace's id is the VideoJob's uid.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from runops.progress import Stage
from runops.report import StageUsage
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.status import Outcome
from runops_operator.times import moment

__all__ = ["Span", "sampled", "spans", "trace_id"]

Value = str | int | float
_LARGEST = 2**63 - 1
_YEAR_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """One part of a video's processing.

    Attributes
    ----------
    span_id, parent_id
        64 bits each; the root has no parent.
    failure
        Why it failed; None where it succeeded.
    """

    name: str
    span_id: int
    parent_id: int | None
    start: datetime
    end: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict)
    failure: str | None = None


def trace_id(videojob: VideoJobView) -> int:
    """Return the 128 bits of a VideoJob's uid."""
    try:
        return UUID(videojob.uid).int
    except ValueError:
        return int.from_bytes(hashlib.sha256(videojob.uid.encode()).digest()[:16])


def sampled(trace: int, ratio: float) -> bool:
    """Return whether a trace is in the sampled share; the same for every replica, by OpenTelemetry's rule."""
    return (trace & (2**64 - 1)) < ratio * 2**64


def spans(videojob: VideoJobView, *, namespace: str) -> list[Span]:
    """Return the spans of a finished VideoJob, the root first; none where its times are not known.

    Parameters
    ----------
    videojob
        The finished VideoJob.
    namespace
        Of the VideoJob.
    """
    made, began = moment(videojob.created), moment(videojob.status.start_time)
    ended, queued = moment(videojob.status.completion_time), moment(videojob.queued_at)
    if ended is None or (first := queued or made) is None:
        return []
    trace = trace_id(videojob)
    root = Span(
        "video", _id(trace, "video"), None, first, max(first, ended), _about(videojob, namespace), _why(videojob)
    )

    def part(name: str, start: datetime, end: datetime, attributes: Mapping[str, Value] | None = None) -> Span:
        # Kubernetes cuts times to whole seconds: a VideoJob created in the second of its row would start before it.
        start = max(start, first)
        return Span(name, _id(trace, name), root.span_id, start, max(start, end), _sendable(attributes or {}))

    found = [root]
    if queued is not None and made is not None:
        found.append(part("queued", queued, made))
    if made is not None and began is not None:
        found.append(part("scheduled", made, began))
    stages = [(stage, at) for stage in videojob.status.stages or () if (at := moment(stage.start_time)) is not None]
    attempts = videojob.status.attempts or 1
    if began is not None and attempts > 1:
        found.append(
            part("earlier attempts", began, stages[0][1] if stages else ended, {"runops.attempts": attempts - 1})
        )
    usage = videojob.status.usage
    costs = {
        Stage.TRANSCRIBING: usage.transcribing if usage else None,
        Stage.PARSING_SOP: usage.parsing_sop if usage else None,
    }
    for stage, at in stages:
        found.append(part(stage.stage, at, _after(at, stage.seconds), _cost(costs.get(stage.stage))))
    return found


def _after(at: datetime, seconds: float) -> datetime:
    """Return a later time. A worker may report any number: one of more than a year counts as 0."""
    return at + timedelta(seconds=seconds) if 0 <= seconds <= _YEAR_SECONDS else at


def _about(videojob: VideoJobView, namespace: str) -> dict[str, Value]:
    status = videojob.status
    about: dict[str, Value | None] = {
        "k8s.namespace.name": namespace,
        "runops.videojob": videojob.name,
        "runops.job_id": videojob.spec.job_id if videojob.spec else None,
        "runops.outcome": "Succeeded" if videojob.holds(Outcome.COMPLETE) else "Failed",
        "runops.reason": status.reason,
        "runops.attempts": status.attempts,
        "runops.media_seconds": status.usage.media_seconds if status.usage else None,
        "runops.source_bytes": videojob.source_bytes,
        "runops.cost_usd": status.usage.cost_usd if status.usage else None,
        "k8s.node.name": status.worker_pod.node if status.worker_pod else None,
    }
    return _sendable({name: value for name, value in about.items() if value is not None})


def _why(videojob: VideoJobView) -> str | None:
    return None if videojob.holds(Outcome.COMPLETE) else videojob.status.reason or "Failed"


def _cost(usage: StageUsage | None) -> dict[str, Value]:
    """Return the attributes of a model's stage by OpenTelemetry's names for generative AI."""
    if usage is None:
        return {}
    cost: dict[str, Value] = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "runops.model_calls": usage.calls,
        "runops.model_unpriced_calls": usage.unpriced_calls,
    }
    return cost | ({"gen_ai.response.model": usage.model} if usage.model else {})


def _sendable(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Return attributes that fit into OTLP, whose integers have 64 bits: a larger one as the nearest that does."""
    return {
        name: max(-_LARGEST, min(value, _LARGEST)) if isinstance(value, int) else value
        for name, value in attributes.items()
    }


def _id(trace: int, name: str) -> int:
    """Return the id of a span, a hash of its name, so that a trace sent twice stays one trace."""
    return int.from_bytes(hashlib.sha256(f"{trace:032x}/{name}".encode()).digest()[:8]) or 1
