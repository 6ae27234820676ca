"""The least that each metric must reach: a change that makes results worse fails a test, even if nobody compares."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runops_evaluation.scores.metrics import BY_NAME, Metric
from runops_evaluation.statistics.bootstrap import Mean

__all__ = ["READING", "below_floor"]

READING: Final = MappingProxyType(
    {
        "events.precision": 0.90,
        "events.recall": 0.75,
        "events.f1": 0.83,
        "screen_changes.recall": 1.0,
        "speech.wer": 0.08,
        "screen_text.cer": 0.02,
        "steps.precision": 0.90,
        "steps.recall": 0.90,
        "steps.f1": 0.90,
        "steps.order": 1.0,
        "steps.values": 0.95,
        "wonderbread.precision": 0.90,
        "wonderbread.recall": 0.90,
        "wonderbread.f1": 0.90,
        "wonderbread.ordering": 0.90,
        "loops.bodies": 0.82,
        "grounding.gold": 0.95,
        "grounding.transcript": 0.95,
        "evidence.share": 1.0,
        "evidence.right": 0.95,
        "gaps.share": 0.0,
        "cost.tokens_per_minute": 33_000,
    }
)
"""Of the stand-in that reads, on the sample: one step below what it had when it was first scored."""


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
