"""What the operator counts, for Prometheus. Every label has few values: never a job or a user."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

__all__ = ["Metrics"]


class Metrics:
    """The operator's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._claims = Counter("runops_claims", "Rows claimed.", ["from_status"], registry=self._registry)
        self._ended = Counter("runops_attempts_ended", "Attempts that ended.", ["reason"], registry=self._registry)
        self._finished = Counter("runops_videos_finished", "Videos that ended.", ["outcome"], registry=self._registry)
        self._drift = Counter(
            "runops_drift_repaired",
            "Differences between row, VideoJob, Job and pods that were put right.",
            ["kind"],
            registry=self._registry,
        )
        self._paused = Gauge(
            "runops_intake_paused", "Whether no rows are claimed, and why.", ["reason"], registry=self._registry
        )
        self._leads = Gauge("runops_leader", "Whether this replica leads.", registry=self._registry)
        self._unfinished = Gauge("runops_videos_unfinished", "VideoJobs that have not ended.", registry=self._registry)

    def claimed(self, from_status: str) -> None:
        """Count a claim of a row that had this status."""
        self._claims.labels(
            from_status if from_status in {"queued", "processing", "error", "completed"} else "other"
        ).inc()

    def attempt_ended(self, reason: str) -> None:
        """Count an attempt that ended without a result."""
        self._ended.labels(reason).inc()

    def finished(self, outcome: str) -> None:
        """Count a video that ended as Succeeded or Failed."""
        self._finished.labels(outcome).inc()

    def repaired(self, kind: str) -> None:
        """Count a difference that was found and put right."""
        self._drift.labels(kind).inc()

    def intake_paused(self, reason: str | None) -> None:
        """Show why no rows are claimed; None where they are."""
        self._paused.clear()
        if reason is not None:
            self._paused.labels(reason).set(1)

    def leads(self, leads: bool) -> None:
        """Show whether this replica leads."""
        self._leads.set(1 if leads else 0)

    def count_unfinished_by(self, count: Callable[[], int]) -> None:
        """Ask for the number of unfinished VideoJobs whenever the metrics are read."""
        self._unfinished.set_function(count)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
