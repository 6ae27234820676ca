"""Whether steps rest on evidence, and on the right one. Pure."""

from collections.abc import Mapping, Sequence

from runops_evaluation.gold.events import Events
from runops_evaluation.matching.events import TOLERANCE_SECONDS
from runops_evaluation.matching.one_to_one import Pair
from runops_evaluation.matching.steps import Step
from runops_evaluation.results.result import Interval

__all__ = ["evidence_right", "evidence_share"]


def evidence_share(made: Sequence[Step], evidence: Mapping[str, Sequence[Interval]] | None) -> float | None:
    """Return the share of steps with evidence; None where no evidence was kept or there are no steps."""
    if evidence is None or not made:
        return None
    return sum(bool(evidence.get(step.node.id)) for step in made) / len(made)


def evidence_right(
    gold: Sequence[Step],
    made: Sequence[Step],
    pairs: Sequence[Pair],
    *,
    events: Events,
    evidence: Mapping[str, Sequence[Interval]] | None,
) -> float | None:
    """Return the share of matched steps whose evidence is from when the true step is done or spoken about.

    Only steps count that events or speech of the gold recording name. None where there are none of these, or no
    evidence was kept.
    """
    if evidence is None:
        return None
    times: dict[str, list[Interval]] = {}
    for event in events.events:
        if event.step is not None:
            times.setdefault(event.step, []).append((event.at, event.at if event.until is None else event.until))
    for speech in events.speech:
        if speech.step is not None:
            times.setdefault(speech.step, []).append((speech.start, speech.end))
    judged = [
        any(_meet(one, other) for one in times[gold[row].node.id] for other in evidence.get(made[column].node.id, ()))
        for row, column in pairs
        if gold[row].node.id in times
    ]
    return sum(judged) / len(judged) if judged else None


def _meet(one: Interval, other: Interval) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1]) + TOLERANCE_SECONDS
