"""A run with its scores: what report, comparison and the table at a run's end are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runops_evaluation.gold.read import GoldSet
from runops_evaluation.results.files import ResultMissing, ResultUnreadable, read_result
from runops_evaluation.running.run_record import RunRecord, read_run
from runops_evaluation.scores.metrics import METRICS, Metric
from runops_evaluation.scores.score_recording import RecordingScore, score_recording
from runops_evaluation.statistics.bootstrap import Mean, mean_of

__all__ = ["ScoredRun", "score_run", "scores_as_json"]


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run with its scores.

    Attributes
    ----------
    label
        Name of its folder.
    record
        What it was made with.
    scores
        Of each recording that could be scored, by name.
    left_out
        A sentence for each recording that could not.
    """

    label: str
    record: RunRecord
    scores: tuple[RecordingScore, ...]
    left_out: tuple[str, ...]

    def values(self) -> dict[str, Mapping[str, float | None]]:
        """Return each metric by recording."""
        return {score.name: score.values for score in self.scores}

    def means(self) -> dict[Metric, Mean]:
        """Return the mean of each metric."""
        return {metric: mean_of([score.values[metric.name] for score in self.scores]) for metric in METRICS}


def score_run(gold: GoldSet, folder: Path) -> ScoredRun:
    """Score a run against gold recordings.

    Parameters
    ----------
    gold
        The recordings, with those that cannot be used.
    folder
        Of the run.

    Raises
    ------
    RunUnreadable
        The folder holds no run.
    """
    record = read_run(folder)
    scores: list[RecordingScore] = []
    left_out = [f"{fault.name}: {fault.message}" for fault in gold.faults]
    for one in gold.recordings:
        outcome = record.recordings.get(one.name)
        if outcome is None:
            left_out.append(f"{one.name}: it is not in this run.")
        elif outcome.state == "missing":
            left_out.append(f"{one.name}: {outcome.message}")
        elif outcome.sha256 != one.about.sha256:
            left_out.append(f"{one.name}: the result is about another recording than the gold now. Run it again.")
        else:
            try:
                scores.append(score_recording(one, read_result(folder, one.name)))
            except (ResultMissing, ResultUnreadable) as error:
                left_out.append(f"{one.name}: {error}")
    names = {one.name for one in gold.recordings} | {fault.name for fault in gold.faults}
    left_out += [f"{name}: there is no such gold recording." for name in record.recordings if name not in names]
    return ScoredRun(folder.resolve().name, record, tuple(scores), tuple(left_out))


def scores_as_json(run: ScoredRun) -> dict[str, Any]:
    """Return all figures for another program."""
    return {
        "format": 1,
        "means": {
            metric.name: {"mean": mean.value, "low": mean.low, "high": mean.high, "recordings": mean.count}
            for metric, mean in run.means().items()
        },
        "recordings": {name: dict(values) for name, values in run.values().items()},
        "failed": {score.name: score.failure for score in run.scores if score.failure is not None},
        "left_out": list(run.left_out),
    }
