"""The table of all metrics: names, what they mean, which way is better, and what others have published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

__all__ = ["BY_NAME", "GROUPS", "METRICS", "PUBLISHED", "Metric"]

PUBLISHED: Final = MappingProxyType(
    {
        "WONDERBREAD, GPT-4": "key frames, trace of actions, task",
        "WONDERBREAD, GPT-4 without trace": "key frames, task",
        "In-Context Ensemble, GPT-4o mini": "video only",
        "In-Context Ensemble, Gemini 1.5 Flash": "video only",
    }
)
"""Whose figures are shown, and what the model gets there. Sources: docs/quality.md."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a recording.

    Attributes
    ----------
    name
        As in `scores.json`.
    title
        For a person.
    higher_is_better
        Whether more is better.
    decimals
        In which it is shown.
    published
        Figures of others, by `PUBLISHED`.
    """

    name: str
    title: str
    higher_is_better: bool = True
    decimals: int = 2
    published: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def group(self) -> str:
        """What it is a figure of."""
        return self.name.partition(".")[0]


def _published(*figures: float | None) -> Mapping[str, float]:
    return {name: figure for name, figure in zip(PUBLISHED, figures, strict=True) if figure is not None}


GROUPS: Final = {
    "events": "Actions in the transcript",
    "screen_changes": "Reactions of the screen",
    "speech": "Speech",
    "screen_text": "Texts on the screen",
    "steps": "Steps of the SOP, one to one",
    "wonderbread": "Steps of the SOP, by the formulas of WONDERBREAD",
    "decisions": "Decisions",
    "loops": "Loops",
    "grounding": "Grounding of literals",
    "evidence": "Evidence",
    "gaps": "Gaps",
    "cost": "Cost",
}
METRICS: Final = (
    Metric("events.precision", "Precision"),
    Metric("events.recall", "Recall"),
    Metric("events.f1", "F1"),
    Metric("screen_changes.recall", "Recall"),
    Metric("speech.wer", "Word error rate", higher_is_better=False),
    Metric("screen_text.cer", "Character error rate", higher_is_better=False),
    Metric("steps.precision", "Precision"),
    Metric("steps.recall", "Recall"),
    Metric("steps.f1", "F1"),
    Metric("steps.order", "Order"),
    Metric("steps.values", "Values named"),
    Metric("wonderbread.precision", "Precision", published=_published(0.80, 0.69, 0.44, 0.41)),
    Metric("wonderbread.recall", "Recall", published=_published(0.88, 0.79, 0.85, 0.54)),
    Metric("wonderbread.f1", "F1", published=_published(0.82, 0.71, None, None)),
    Metric("wonderbread.ordering", "Ordering", published=_published(0.77, 0.64, 0.37, 0.36)),
    Metric("decisions.right", "Both answers lead right"),
    Metric("loops.bodies", "Jaccard index of bodies"),
    Metric("grounding.gold", "Literals that were shown or said"),
    Metric("grounding.transcript", "Literals that are in the transcript"),
    Metric("evidence.share", "Steps with evidence"),
    Metric("evidence.right", "Evidence from the right time"),
    Metric("gaps.share", "Share of the recording", higher_is_better=False, decimals=3),
    Metric("cost.usd_per_minute", "US dollars by recorded minute", higher_is_better=False, decimals=4),
    Metric("cost.usd_per_matched_step", "US dollars by matched step", higher_is_better=False, decimals=4),
    Metric("cost.tokens_per_minute", "Tokens by recorded minute", higher_is_better=False, decimals=0),
)
BY_NAME: Final = {metric.name: metric for metric in METRICS}
