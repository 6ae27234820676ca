"""What a VideoJob adds to the metrics: durations and costs, read from its status when it starts and when it ends."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from runops.dollars import reported_microdollars
from runops.report import StageUsage, Usage
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.observability.snapshot_collector import Snapshot
from runops_operator.planning.status import Outcome
from runops_operator.times import moment

__all__ = ["Durations", "Figures", "durations", "snapshot"]

_MOST_LEDGERS = 1000
_NOTHING = Usage()
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Durations:
    """How long the parts of a video took, in seconds; None where a start or an end is not known.

    Attributes
    ----------
    start_wait
        From the claim to the first running worker.
    run
        From there to the end.
    whole
        From the time at which the row was queued to the end.
    """

    start_wait: float | None
    run: float | None
    whole: float | None


def durations(videojob: VideoJobView) -> Durations:
    """Return the durations that follow from a VideoJob's times. Pure."""
    made, began = moment(videojob.created), moment(videojob.status.start_time)
    ended, queued = moment(videojob.status.completion_time), moment(videojob.queued_at)
    return Durations(_between(made, began), _between(began, ended), _between(queued or made, ended))


def _between(first: datetime | None, last: datetime | None) -> float | None:
    return (last - first).total_seconds() if first is not None and last is not None else None


def snapshot(videojobs: Iterable[VideoJobView]) -> Snapshot:
    """Return how many VideoJobs there are by phase, stall reason, user and lane. Pure."""
    phases, stalled, users, lanes = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    cost = 0
    for view in videojobs:
        phases[view.status.phase or "Pending"] += 1
        if view.finished:
            continue
        users[view.user] += 1
        lanes[view.lane.value] += 1
        if view.status.usage is not None:
            cost += reported_microdollars(view.status.usage.cost_usd)
        for condition in view.status.conditions or ():
            if condition.type == Outcome.STALLED and condition.status == "True":
                stalled[condition.reason] += 1
    return Snapshot(phases, stalled, users, lanes, cost / _MICRO)


class Figures:
    """Counts what changes in VideoJobs.

    Parameters
    ----------
    metrics
        Receives the counts.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counted: dict[str, Usage] = {}
        """By ledger: a video that is run again after a failure reports what it cost before, too."""

    def see(self, before: VideoJobView | None, after: VideoJobView) -> None:
        """Count what changed between two views. A first view counts nothing: an earlier process did."""
        if before is None or before.finished:
            return
        took = durations(after)
        if after.started and not before.started and took.start_wait is not None:
            self._metrics.started(took.start_wait)
        if after.finished:
            self._count_end(after, took)

    def _count_end(self, videojob: VideoJobView, took: Durations) -> None:
        status = videojob.status
        outcome = "Succeeded" if videojob.holds(Outcome.COMPLETE) else "Failed"
        self._metrics.finished(outcome, run_seconds=took.run, whole_seconds=took.whole)
        if outcome == "Failed":
            self._metrics.failed(status.reason or "")
        for stage in status.stages or ():
            self._metrics.stage(stage.stage, stage.seconds)
        if status.usage is not None:
            former = self._former(status.usage)
            self._metrics.media(status.usage.media_seconds)
            self._count_cost(status.usage.transcribing, former.transcribing)
            self._count_cost(status.usage.parsing_sop, former.parsing_sop)

    def _former(self, usage: Usage) -> Usage:
        """Return what was counted of the same ledger before, and remember what is counted now."""
        if usage.ledger is None:
            return _NOTHING
        former = self._counted.pop(usage.ledger, _NOTHING)
        self._counted[usage.ledger] = usage
        if len(self._counted) > _MOST_LEDGERS:
            del self._counted[next(iter(self._counted))]
        return former

    def _count_cost(self, usage: StageUsage | None, former: StageUsage | None) -> None:
        if usage is None:
            return
        before = former or StageUsage()
        dollars = _dollars(usage.cost_usd)
        self._metrics.model(
            usage.model or "unknown",
            input_tokens=max(usage.input_tokens - before.input_tokens, 0),
            output_tokens=max(usage.output_tokens - before.output_tokens, 0),
            calls=max(usage.calls - before.calls, 0),
            cost_usd=None if dollars is None else max(dollars - (_dollars(before.cost_usd) or 0.0), 0.0),
            unpriced_calls=max(usage.unpriced_calls - before.unpriced_calls, 0),
        )


def _dollars(text: str | None) -> float | None:
    """Return an amount; None where it is unknown or outside what a worker can report."""
    try:
        amount = float(text) if text else None
    except ValueError:
        return None
    return amount if amount is not None and 0 <= amount < 1e6 else None
