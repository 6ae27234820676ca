"""The least that each metric must reach: a change that makes results worse fails a test, even if nobody compares."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runops_evaluation.scores.metrics import BY_NAME, Metric
from runops_evaluation.statistics.bootstrap import Mean

__all__ = ["READING", "READING_RECORDED", "below_floor"]

READING: Final = MappingProxyType(
    {
        "events.precision": 0.90,
        "events.recall": 0.90,
        "events.f1": 0.92,
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
        "decisions.right": 1.0,
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
READING_RECORDED: Final = MappingProxyType(
    {
        # A form in Chromium's window, whose fields glow with the focus.
        "supplier-form": MappingProxyType(
            {
                "events.precision": 0.90,
                "events.recall": 0.85,
                "speech.wer": 0.15,
                "screen_text.cer": 0.05,
                "steps.precision": 0.90,
                "steps.recall": 0.80,
                "steps.order": 1.0,
                "grounding.gold": 0.85,
                "evidence.right": 0.95,
            }
        ),
        # A condition that is only spoken, with both ways.
        "spoken-condition": MappingProxyType(
            {
                "events.precision": 0.90,
                "events.recall": 0.90,
                "speech.wer": 0.22,
                "screen_text.cer": 0.02,
                "steps.precision": 0.90,
                "steps.recall": 0.90,
                "steps.order": 1.0,
                "decisions.right": 1.0,
                "grounding.gold": 0.85,
                "evidence.right": 0.95,
            }
        ),
        # German, which the speech model does not know: what it would invent lowers the grounding.
        "umzug-melden": MappingProxyType(
            {
                "events.f1": 0.92,
                "speech.wer": 1.0,
                "screen_text.cer": 0.05,
                "steps.precision": 0.95,
                "steps.recall": 0.55,
                "grounding.gold": 0.98,
                "evidence.right": 0.95,
            }
        ),
    }
)
"""Of the same on recordings that a script made, for which no rules were written at first. By their name."""


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
