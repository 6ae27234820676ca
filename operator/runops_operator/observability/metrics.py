"""The operator's Prometheus metrics. Every label has few values: no job ids, and only the busiest users.

`docs/metrics.md` is made from this module.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from runops.job_row import Lane
from runops_operator.observability.loop_collector import LoopCollector
from runops_operator.observability.snapshot_collector import Snapshot, SnapshotCollector

__all__ = ["Metrics"]

_WAITS = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400)
_RUNS = (5, 15, 30, 60, 120, 300, 600, 1200, 2400, 4800, 9600)
_STATUSES = frozenset({"queued", "processing", "error", "completed"})


class Metrics:
    """The operator's metrics, in their own registry.

    Parameters
    ----------
    by_user
        Whether metrics name users.
    """

    def __init__(self, *, by_user: bool = True) -> None:
        self.registry = CollectorRegistry()
        self._paced: set[tuple[str, str]] = set()
        self._videojobs = SnapshotCollector(by_user=by_user)
        self.registry.register(self._videojobs)
        self._loops = LoopCollector()
        self.registry.register(self._loops)
        self._count_the_operator()
        self._count_the_queue()
        self._count_videos()
        self._count_the_model()
        self._count_the_pace()
        self._count_troubles()

    def _count_the_operator(self) -> None:
        self._gauge("runops_build_info", "The operator's version; always 1.", "version").labels(
            version("runops-operator")
        ).set(1)
        self._leads = self._gauge(
            "runops_leader", "1 on the replica that leads and whose loops work, 0 on the others and where they do not."
        )
        self._reconciles = self._counter(
            "runops_reconciles",
            "Reconciliations of VideoJobs, by result: done, again (Kubernetes or Supabase refused a request or did not "
            "answer) or failed (an unexpected error).",
            "result",
        )
        self._reconcile_seconds = self._histogram(
            "runops_reconcile_seconds",
            "Duration of a reconciliation of a VideoJob.",
            (0.005, 0.02, 0.1, 0.5, 2, 10, 60),
        )
        self._depth = self._gauge("runops_workqueue_depth", "VideoJobs that wait to be reconciled.")

    def _count_the_queue(self) -> None:
        self._rows = {
            Lane.FRESH: self._gauge("runops_queue_rows", "Rows with status queued, without backfills."),
            Lane.BACKFILL: self._gauge("runops_backfill_rows", "Backfills with status queued."),
        }
        self._oldest = {
            Lane.FRESH: self._gauge(
                "runops_queue_oldest_seconds",
                "Age of the oldest queued row that is no backfill; 0 where there is none.",
            ),
            Lane.BACKFILL: self._gauge(
                "runops_backfill_oldest_seconds", "Age of the oldest queued backfill; 0 where there is none."
            ),
        }
        self._of_status = self._gauge(
            "runops_rows", "Rows by status, read every five minutes; of very many, PostgreSQL's estimate.", "status"
        )
        self._free = self._gauge(
            "runops_free_slots",
            "How many more rows that are no backfills may be claimed; 0 while nothing is claimed, no slot is free, or "
            "only rows of users at `maxConcurrentPerUser` wait.",
        )
        self._claims = self._counter("runops_claims", "Rows claimed, by their status before.", "from_status")
        self._claims_lost = self._counter(
            "runops_claims_lost", "Rows that another consumer of the table claimed after they were read and before us."
        )
        for status in ("queued", "processing"):
            # As for finished videos: the first claim of a new leader must show as an increase.
            self._claims.labels(status)
        self._paused = self._gauge("runops_intake_paused", "1 while no rows are claimed, by reason.", "reason")
        self._claims_refused = self._counter(
            "runops_claims_refused", "Claims that a constraint or a trigger of the table refused; the row waits alone."
        )
        self._claim_wait = self._histogram(
            "runops_claim_wait_seconds", "Time from queued to claimed, without backfills.", _WAITS
        )

    def _count_videos(self) -> None:
        self._start_wait = self._histogram(
            "runops_start_wait_seconds", "Time from claimed to a running worker.", _WAITS
        )
        self._run = self._histogram(
            "runops_run_seconds", "Time from the first worker's start to the end.", _RUNS, "outcome"
        )
        self._whole = self._histogram("runops_video_seconds", "Time from queued to the end.", _RUNS, "outcome")
        self._stage = self._histogram(
            "runops_stage_seconds", "Duration of each stage of the last attempt.", _RUNS, "stage"
        )
        self._finished = self._counter("runops_videos_finished", "Videos that ended, by outcome.", "outcome")
        for outcome in ("Succeeded", "Failed"):
            # Without a series at 0 the first video shows no increase, and the failure ratio of the alert misses it.
            self._finished.labels(outcome)
        self._failed = self._counter("runops_videos_failed", "Videos that ended without a SOP, by reason.", "reason")
        self._ended = self._counter(
            "runops_attempts_ended",
            "Attempts that ended without a result and are followed by another, by reason.",
            "reason",
        )
        self._drift = self._counter(
            "runops_drift_repaired", "Differences between row, VideoJob, Job and pods that were repaired.", "kind"
        )

    def _count_the_model(self) -> None:
        self._tokens = self._counter(
            "runops_model_tokens", "Tokens of finished videos, by model and direction.", "model", "direction"
        )
        self._calls = self._counter("runops_model_calls", "Billed calls of finished videos, by model.", "model")
        self._cost = self._counter(
            "runops_model_cost_usd", "Estimated cost of finished videos in US dollars, by model.", "model"
        )
        self._unpriced = self._counter(
            "runops_model_unpriced_calls",
            "Billed calls of finished videos to models whose price is not known; their cost is not in "
            "runops_model_cost_usd_total.",
            "model",
        )
        self._spent = self._gauge(
            "runops_spending_usd",
            "What videos cost at the model in the present day and month in UTC, in US dollars; only where a cap over "
            "several videos is set.",
            "window",
        )
        self._caps = self._gauge(
            "runops_spending_cap_usd",
            "Caps on spending in US dollars: month, day, user_day (one user on a day), video.",
            "window",
        )
        self._capped_users = self._gauge(
            "runops_spending_capped_users", "Users whose rows wait because they have spent what they may today."
        )
        self._media = self._counter("runops_media_seconds", "Length of the recordings of finished videos.")

    def _count_the_pace(self) -> None:
        self._pace_rate = self._gauge(
            "runops_model_rate_per_minute",
            "What calls may use in a minute while a model's quota per minute is used up, by unit: requests, tokens.",
            *("model", "unit"),
        )
        self._pace_waiting = self._gauge(
            "runops_model_calls_waiting", "Calls to a model that wait for their turn.", "model"
        )
        self._pace_oldest = self._gauge(
            "runops_model_call_wait_seconds", "How long the oldest call to a model waits for its turn.", "model"
        )
        self._pace_granted = self._counter(
            "runops_model_calls_granted", "Calls to a model that waited for their turn and may go.", "model"
        )
        self._pace_refused = self._counter(
            "runops_model_calls_refused", "Calls that a model refused for a quota per minute.", "model"
        )
        self._intake_waits = self._gauge(
            "runops_intake_waits_for_quota",
            "1 while slots stay free since a model's quota per minute could not feed more videos.",
        )

    def _count_troubles(self) -> None:
        self._cluster_errors = self._counter(
            "runops_kubernetes_errors",
            "Requests that the API server refused or did not answer; code is empty where there was no answer.",
            *("verb", "resource", "code"),
        )
        self._supabase_errors = self._counter(
            "runops_supabase_errors", "Requests to Supabase that failed after all retries, by kind of error.", "kind"
        )
        self._watch_errors = self._counter(
            "runops_watch_errors", "Watches that the API server refused or that broke.", "resource"
        )
        self._events_dropped = self._counter(
            "runops_events_dropped",
            "Kubernetes events that were not posted, and traces that were not sent, by kind.",
            "kind",
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def claimed(self, from_status: str, *, waited_seconds: float | None = None) -> None:
        """Count a claim of a row with this status, and how long it had waited where it was queued."""
        self._claims.labels(from_status if from_status in _STATUSES else "other").inc()
        if waited_seconds is not None:
            self._claim_wait.observe(max(waited_seconds, 0.0))

    def claim_lost(self) -> None:
        """Count a row that another consumer claimed between our read and our claim."""
        self._claims_lost.inc()

    def claim_refused(self) -> None:
        """Count a claim that a constraint or a trigger of the table refused."""
        self._claims_refused.inc()

    def queue(self, lane: Lane, *, rows: int, oldest_seconds: float) -> None:
        """Set the number of queued rows of a lane and the age of the oldest."""
        self._rows[lane].set(rows)
        self._oldest[lane].set(max(oldest_seconds, 0.0))

    def rows(self, status: str, count: int) -> None:
        """Set the number of rows of a status."""
        self._of_status.labels(status).set(count)

    def free_slots(self, slots: int) -> None:
        """Set how many more rows may be claimed."""
        self._free.set(slots)

    def started(self, seconds: float) -> None:
        """Count a video's first running worker, with its wait since the claim."""
        self._start_wait.observe(max(seconds, 0.0))

    def attempt_ended(self, reason: str) -> None:
        """Count an attempt that ended without a result."""
        self._ended.labels(reason).inc()

    def finished(self, outcome: str, *, run_seconds: float | None, whole_seconds: float | None) -> None:
        """Count a video that ended as Succeeded or Failed; None for an unknown duration."""
        self._finished.labels(outcome).inc()
        if run_seconds is not None:
            self._run.labels(outcome).observe(max(run_seconds, 0.0))
        if whole_seconds is not None:
            self._whole.labels(outcome).observe(max(whole_seconds, 0.0))

    def failed(self, reason: str) -> None:
        """Count a video that ended without a SOP."""
        self._failed.labels(reason).inc()

    def stage(self, stage: str, seconds: float) -> None:
        """Count a stage of a video that ended."""
        self._stage.labels(stage).observe(seconds)

    def media(self, seconds: float) -> None:
        """Count a recording's length."""
        self._media.inc(seconds)

    def model(
        self,
        model: str,
        *,
        input_tokens: int,
        output_tokens: int,
        calls: int,
        cost_usd: float | None,
        unpriced_calls: int,
    ) -> None:
        """Count what a stage of a finished video cost."""
        self._tokens.labels(model, "input").inc(input_tokens)
        self._tokens.labels(model, "output").inc(output_tokens)
        self._calls.labels(model).inc(calls)
        if cost_usd is not None:
            self._cost.labels(model).inc(cost_usd)
        self._unpriced.labels(model).inc(unpriced_calls)

    def pace(
        self, model: str, *, requests: float | None, tokens: float | None, waiting: int, oldest_seconds: float
    ) -> None:
        """Set what a model's calls may use in a minute, None where they go freely, and the calls that wait."""
        for unit, rate in (("requests", requests), ("tokens", tokens)):
            if rate is not None:
                self._pace_rate.labels(model, unit).set(rate)
            elif (model, unit) in self._paced:
                self._pace_rate.remove(model, unit)
            (self._paced.discard if rate is None else self._paced.add)((model, unit))
        self._pace_waiting.labels(model).set(waiting)
        self._pace_oldest.labels(model).set(max(oldest_seconds, 0.0))

    def call_granted(self, model: str, calls: int) -> None:
        """Count calls that waited and may go."""
        self._pace_granted.labels(model).inc(calls)

    def call_refused(self, model: str) -> None:
        """Count a call that was refused for a quota per minute."""
        self._pace_refused.labels(model).inc()

    def intake_waits_for_quota(self, waits: bool) -> None:
        """Set whether slots stay free for a quota per minute."""
        self._intake_waits.set(1 if waits else 0)

    def spending(self, *, month: float, day: float, capped_users: int) -> None:
        """Set what was spent, in US dollars, and how many users have reached their cap."""
        self._spent.labels("month").set(month)
        self._spent.labels("day").set(day)
        self._capped_users.set(capped_users)

    def spending_cap(self, window: str, dollars: float) -> None:
        """Set a cap."""
        self._caps.labels(window).set(dollars)

    def repaired(self, kind: str) -> None:
        """Count a difference that was found and repaired."""
        self._drift.labels(kind).inc()

    def reconciled(self, result: str, seconds: float) -> None:
        """Count a reconciliation: done, again (a service refused or did not answer) or failed (an unexpected error)."""
        self._reconciles.labels(result).inc()
        self._reconcile_seconds.observe(seconds)

    def cluster_error(self, verb: str, resource: str, status: int | None) -> None:
        """Count a request that the API server refused or did not answer."""
        self._cluster_errors.labels(verb, resource, "" if status is None else str(status)).inc()

    def supabase_error(self, kind: str) -> None:
        """Count a request that Supabase refused or did not answer."""
        self._supabase_errors.labels(kind).inc()

    def watch_error(self, resource: str) -> None:
        """Count a watch that the API server refused or that broke."""
        self._watch_errors.labels(resource).inc()

    def dropped(self, kind: str) -> None:
        """Count a dropped event or trace."""
        self._events_dropped.labels(kind).inc()

    def intake_paused(self, reason: str | None) -> None:
        """Set why no rows are claimed; None while they are."""
        self._paused.clear()
        if reason is not None:
            self._paused.labels(reason).set(1)

    def leads(self, works: Callable[[], bool]) -> None:
        """Note that this replica leads; whether it works is asked whenever the metrics are read."""
        self._leads.set_function(lambda: 1 if works() else 0)

    def stands_by(self) -> None:
        """Note that this replica does not lead: it reports 0 for the queue, no VideoJobs and no pauses."""
        self._leads.set_function(lambda: 0)
        self._videojobs.take = Snapshot
        self._depth.set_function(lambda: 0)
        self._spent.clear()
        self._capped_users.set(0)
        for lane in Lane:
            self.queue(lane, rows=0, oldest_seconds=0.0)
        self._of_status.clear()
        self.free_slots(0)
        self.intake_paused(None)
        self.intake_waits_for_quota(False)
        for gauge in (self._pace_rate, self._pace_waiting, self._pace_oldest):
            gauge.clear()

    def look_at_loops(self, working: Callable[[], Mapping[str, bool]]) -> None:
        """Set the function that tells which loops work whenever the metrics are read."""
        self._loops.look = working

    def look_at(self, *, videojobs: Callable[[], Snapshot], depth: Callable[[], int]) -> None:
        """Set the functions that count the VideoJobs and the work queue whenever the metrics are read."""
        self._videojobs.take = videojobs
        self._depth.set_function(depth)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)
