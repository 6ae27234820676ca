"""The least that each metric must reach: a change that makes results worse fails a test, even if nobody compares."""

from collections.abc import Mapping

from evaluation.scores.metrics import BY_NAME, Metric
from evaluation.statistics.bootstrap import Mean

__all__ = ["below_floor"]


def below_floor(means: Mapping[Metric, Mean], floors: Mapping[str, float]) -> list[str]:
    """Return a sentence for each metric that does not reach its floor, or has no figure.

    Parameters
    ----------
    means
        Of a run.
    floors
        By name of the metric, the least mean; the largest one where less is better.
    """
    sentences = []
    for name, floor in floors.items():
        metric = BY_NAME[name]
        value = means[metric].value
        if value is None:
            sentences.append(f"{name} has no figure; its floor is {floor}.")
        elif value < floor if metric.higher_is_better else value > floor:
            side = "below" if metric.higher_is_better else "above"
            sentences.append(f"{name} is {value:.{metric.decimals + 1}f}, {side} {floor}.")
    return sentences
