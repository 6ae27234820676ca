"""The report as one HTML page. Whatever recordings show or say is escaped."""

from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from runops_evaluation.gold.read import GoldSet
from runops_evaluation.report.figures import NOTHING, chances, change, figure, range_of
from runops_evaluation.report.rows import Row, action_rows, step_rows
from runops_evaluation.report.scored_run import ScoredRun
from runops_evaluation.scores.metrics import GROUPS, METRICS, PUBLISHED, Metric
from runops_evaluation.scores.score_recording import RecordingScore
from runops_evaluation.statistics.bootstrap import LEVEL, Mean
from runops_evaluation.statistics.compare import Difference, compare

__all__ = ["page"]

_SHOWN_FOR_EACH: Final = (
    "events.f1",
    "speech.wer",
    "screen_text.cer",
    "steps.f1",
    "steps.order",
    "steps.values",
    "decisions.right",
    "loops.bodies",
    "grounding.gold",
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One metric in the table."""

    metric: Metric
    value: str
    interval: str
    count: int
    bar: "_Bar | None"
    earlier: str
    change: str
    verdict: str


@dataclass(frozen=True, slots=True)
class _Bar:
    """A mean from 0 to 1 with its interval, in percent of the width."""

    mean: float
    low: float
    width: float


def page(gold: GoldSet, run: ScoredRun, earlier: ScoredRun | None) -> str:
    """Return the report of a run.

    Parameters
    ----------
    gold
        The recordings.
    run
        The run.
    earlier
        A run to compare it with; None for none.
    """
    environment = Environment(
        loader=PackageLoader("runops_evaluation.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    differences = {} if earlier is None else _differences(earlier, run)
    both = 0 if earlier is None else len(earlier.values().keys() & run.values().keys())
    known = {one.name: one for one in gold.recordings}
    return str(
        environment.get_template("page.html.j2").render(
            run=run,
            made=run.record.made,
            earlier=earlier,
            groups=_groups(run.means(), differences),
            published_metrics=[metric.title for metric in _published()],
            published=_beside(run.means()),
            level=f"{LEVEL:.0%}",
            chances=chances(both),
            recordings=[_recording(score, known[score.name]) for score in run.scores],
            left_out=run.left_out,
            synthetic=sum(one.about.synthetic_narration for one in gold.recordings if one.name in run.values()),
        )
    )


def _differences(earlier: ScoredRun, run: ScoredRun) -> dict[str, Difference]:
    return {one.metric.name: one for one in compare(earlier.values(), run.values())}


def _groups(means: dict[Metric, Mean], differences: dict[str, Difference]) -> list[tuple[str, list[_Line]]]:
    return [
        (
            title,
            [
                _line(metric, means[metric], differences.get(metric.name))
                for metric in METRICS
                if metric.group == group and (means[metric].count or metric.name in differences)
            ],
        )
        for group, title in GROUPS.items()
    ]


def _line(metric: Metric, mean: Mean, difference: Difference | None) -> _Line:
    verdict = ""
    if difference is not None and difference.is_better is not None:
        verdict = ("better" if difference.is_better else "worse") if difference.is_significant else "not significant"
    return _Line(
        metric=metric,
        value=figure(mean.value, metric),
        interval=range_of(mean.low, mean.high, metric),
        count=mean.count,
        bar=_bar(metric, mean),
        earlier=NOTHING if difference is None else figure(difference.first, metric),
        change=NOTHING if difference is None else change(difference.change, metric),
        verdict=verdict,
    )


def _published() -> list[Metric]:
    return [metric for metric in METRICS if metric.published]


def _beside(means: dict[Metric, Mean]) -> list[tuple[str, str, list[str]]]:
    """Return the figures of this run and of others, one line each."""
    own = ("This run", "", [figure(means[metric].value, metric) for metric in _published()])
    others = [
        (name, what, [figure(metric.published.get(name), metric) for metric in _published()])
        for name, what in PUBLISHED.items()
    ]
    return [own, *others]


def _bar(metric: Metric, mean: Mean) -> _Bar | None:
    if metric.group == "cost" or mean.value is None:
        return None
    low = mean.value if mean.low is None else mean.low
    high = mean.value if mean.high is None else mean.high
    left, right = (100 * min(max(one, 0.0), 1.0) for one in (low, high))
    return _Bar(mean=100 * min(mean.value, 1.0), low=left, width=right - left)


def _recording(score: RecordingScore, gold: Any) -> dict[str, Any]:
    shown = {metric.name: metric for metric in METRICS}
    return {
        "name": score.name,
        "about": gold.about,
        "failure": score.failure,
        "figures": [
            (f"{GROUPS[shown[name].group]}: {shown[name].title}", figure(score.values[name], shown[name]))
            for name in _SHOWN_FOR_EACH
            if score.values[name] is not None
        ],
        "tables": [
            ("Actions", "True actions", "Actions in the transcript", *_counted(action_rows(score))),
            ("Steps", "True SOP", "SOP that was made", *_counted(step_rows(score))),
        ],
    }


def _counted(rows: list[Row]) -> tuple[list[Row], dict[str, int]]:
    return rows, {state: sum(row.state == state for row in rows) for state in ("matched", "missed", "invented")}
