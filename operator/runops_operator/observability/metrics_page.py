"""Writes docs/metrics.md from the metrics themselves: `python -m runops_operator.observability.metrics_page`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric

from runops_operator.observability.metrics import Metrics
from runops_operator.observability.snapshot_collector import Snapshot

__all__ = ["Description", "descriptions", "page"]

_HEAD = """\
# Metrics

Generated from the operator's code by `make metrics`. The operator serves `/metrics` on its health port (8080). The
chart creates a ServiceMonitor or a PodMonitor, alerts with [runbooks](runbooks), and a dashboard:
[install.md](install.md#5-watch-it). Workers are not scraped, since they may live for seconds. The operator reads what
they measured from the VideoJob's status.

- Gauges of queue and videos: only the leader's count, the other replicas show 0. Use `max`.
- Counters start at 0 with each process. Use `rate` or `increase`.
- No label names a job. One metric names users, the ten with most unfinished videos; `userMetrics: false` removes it.

| metric | type | labels | meaning |
|---|---|---|---|
"""
_SUFFIX = {"counter": "_total"}


@dataclass(frozen=True, slots=True)
class Description:
    """A metric.

    Attributes
    ----------
    name
        As it is exposed; a histogram's series add `_bucket`, `_sum` and `_count`.
    kind
        counter, gauge or histogram.
    labels
        Without `le`.
    text
        Its help text.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def descriptions() -> list[Description]:
    """Return the operator's metrics, in their order."""
    metrics = _with_every_series()
    return [_described(metric) for metric in metrics.registry.collect()]


def page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(_line(one) for one in descriptions())


def _with_every_series() -> Metrics:
    """Return metrics in which everything was counted once, since only an existing series shows its labels."""
    metrics = Metrics()
    metrics.rows("error", 0)
    seen = Snapshot({"Running": 1}, {"Unschedulable": 1}, {"user": 1}, {"fresh": 1})
    metrics.look_at(videojobs=lambda: seen, depth=lambda: 0)
    metrics.look_at_loops(lambda: {"rows": True})
    metrics.claimed("queued", waited_seconds=0.0)
    metrics.intake_paused("KeyRejected")
    metrics.finished("Succeeded", run_seconds=0.0, whole_seconds=0.0)
    metrics.failed("NotAVideo")
    metrics.stage("transcribing", 0.0)
    metrics.attempt_ended("ModelUnavailable")
    metrics.repaired("StaleRow")
    metrics.pace("gemini", requests=0.0, tokens=0.0, waiting=0, oldest_seconds=0.0)
    metrics.call_granted("gemini", 0)
    metrics.call_refused("gemini")
    metrics.model("gemini", input_tokens=0, output_tokens=0, calls=0, cost_usd=0.0, unpriced_calls=0)
    metrics.spending(month=0.0, day=0.0, capped_users=0)
    metrics.spending_cap("day", 0.0)
    metrics.reconciled("done", 0.0)
    metrics.cluster_error("get", "jobs", 500)
    metrics.supabase_error("timeout")
    metrics.watch_error("jobs")
    metrics.dropped("event")
    return metrics


def _described(metric: Metric) -> Description:
    names: dict[str, None] = {}
    for label in _labels(metric):
        names.setdefault(label)
    return Description(
        name=metric.name + _SUFFIX.get(metric.type, ""),
        kind=metric.type,
        labels=tuple(names),
        text=metric.documentation,
    )


def _labels(metric: Metric) -> Iterator[str]:
    if not metric.samples:
        raise ValueError(f"no series of {metric.name} was counted, so its labels are not known")
    for sample in metric.samples:
        yield from (label for label in sample.labels if label != "le")


def _line(one: Description) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels) or "-"
    return f"| `{one.name}` | {one.kind} | {labels} | {one.text} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
