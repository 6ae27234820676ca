"""Figures as a person reads them. Pure."""

from collections.abc import Sequence

from runops_evaluation.scores.metrics import METRICS, Metric
from runops_evaluation.statistics.bootstrap import LEVEL, Mean
from runops_evaluation.statistics.compare import ALPHA, Difference, least_p

__all__ = ["NOTHING", "chances", "change", "figure", "range_of", "table_of_differences", "table_of_means"]

NOTHING = "-"
"""Where there is no figure."""


def figure(value: float | None, metric: Metric) -> str:
    """Return a figure in its decimals."""
    return NOTHING if value is None else f"{value:,.{metric.decimals}f}"


def change(value: float | None, metric: Metric) -> str:
    """Return a difference with its sign."""
    return NOTHING if value is None else f"{value:+,.{metric.decimals}f}"


def range_of(low: float | None, high: float | None, metric: Metric) -> str:
    """Return an interval."""
    return "" if low is None or high is None else f"{figure(low, metric)} to {figure(high, metric)}"


def table_of_means(means: dict[Metric, Mean]) -> str:
    """Return the metrics of a run as a table for a terminal."""
    rows = [("METRIC", "MEAN", f"{LEVEL:.0%} INTERVAL", "RECORDINGS")]
    for metric in METRICS:
        mean = means[metric]
        rows.append((metric.name, figure(mean.value, metric), range_of(mean.low, mean.high, metric), str(mean.count)))
    return _aligned(rows)


def chances(count: int) -> str:
    """Return what so many recordings can show, in a sentence or two."""
    least = least_p(count) * len(METRICS)
    if least < ALPHA:
        return f"Corrected for {len(METRICS)} metrics (Holm), a difference is significant below p = {ALPHA}."
    return (
        f"With {count} recordings no difference can be significant after correction for {len(METRICS)} metrics (Holm): "
        "at least 10 are needed. The intervals still tell its size."
    )


def table_of_differences(differences: list[Difference]) -> str:
    """Return the differences of two runs as a table for a terminal."""
    rows = [("METRIC", "FIRST", "SECOND", "CHANGE", f"{LEVEL:.0%} INTERVAL", "P", "SIGNIFICANT")]
    for one in differences:
        verdict = NOTHING
        if one.count:
            better = {True: "better", False: "worse", None: "the same"}[one.is_better]
            verdict = better if one.is_significant else "no"
        rows.append(
            (
                one.metric.name,
                figure(one.first, one.metric),
                figure(one.second, one.metric),
                change(one.change, one.metric),
                range_of(one.low, one.high, one.metric),
                NOTHING if one.adjusted is None else f"{one.adjusted:.3f}",
                verdict,
            )
        )
    return _aligned(rows)


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
