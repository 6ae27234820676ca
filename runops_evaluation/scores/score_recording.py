"""All scores of one recording, and what they rest on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from runops.transcript import VisualItem
from runops_evaluation.gold.events import Event
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.matching.events import is_reaction, match_actions, match_reactions
from runops_evaluation.matching.one_to_one import Pair
from runops_evaluation.matching.steps import Step, match_steps, similarities, steps_of
from runops_evaluation.results.result import Result
from runops_evaluation.scores.cost import costs
from runops_evaluation.scores.decisions import decision_score
from runops_evaluation.scores.evidence import evidence_right, evidence_share
from runops_evaluation.scores.gaps import gap_share
from runops_evaluation.scores.grounding import gold_texts, grounding, transcript_texts
from runops_evaluation.scores.loops import loop_score
from runops_evaluation.scores.metrics import METRICS
from runops_evaluation.scores.order import order
from runops_evaluation.scores.rates import rates
from runops_evaluation.scores.screen_text import character_error_rate
from runops_evaluation.scores.speech import word_error_rate
from runops_evaluation.scores.values import step_values
from runops_evaluation.scores.wonderbread import wonderbread

__all__ = ["RecordingScore", "score_recording"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingScore:
    """The scores of one recording.

    Attributes
    ----------
    name
        Of the recording.
    values
        Each metric by name; None where it does not apply.
    gold_actions, seen_actions, action_pairs
        The true actions, those of the transcript, and which are the same.
    gold_steps, made_steps, step_pairs
        The true steps, those of the SOP, and which are the same.
    failure
        Why the video failed; None for a success.
    """

    name: str
    values: Mapping[str, float | None]
    gold_actions: tuple[Event, ...]
    seen_actions: tuple[VisualItem, ...]
    action_pairs: tuple[Pair, ...]
    gold_steps: tuple[Step, ...]
    made_steps: tuple[Step, ...]
    step_pairs: tuple[Pair, ...]
    failure: str | None = None


def score_recording(gold: GoldRecording, result: Result) -> RecordingScore:
    """Return the scores of a result. A video that failed is scored as what it gave: nothing."""
    actions = [event for event in gold.events.events if not is_reaction(event.kind)]
    reactions = [event for event in gold.events.events if is_reaction(event.kind)]
    items = [item for item in result.transcript if isinstance(item, VisualItem)]
    seen = [item for item in items if not is_reaction(item.action_type_observed)]
    changes = [item for item in items if is_reaction(item.action_type_observed)]
    action_pairs = match_actions(actions, seen)
    language = gold.about.language
    gold_steps, made_steps = steps_of(gold.sop, language), steps_of(result.sop, language)
    step_pairs = match_steps(gold_steps, made_steps)
    values: dict[str, float | None] = {
        **_event_values(len(action_pairs), len(actions), len(seen)),
        "screen_changes.recall": len(match_reactions(reactions, changes)) / len(reactions) if reactions else None,
        "speech.wer": word_error_rate(gold.events.speech, result.transcript, language=language),
        "screen_text.cer": character_error_rate(gold.events, result.transcript),
        **_step_values(gold, result, gold_steps, made_steps, step_pairs),
        "gaps.share": 1.0 if result.failure else gap_share(result.quality, duration=gold.about.duration),
        **_costs(gold, result, len(step_pairs)),
    }
    assert set(values) == {metric.name for metric in METRICS}
    return RecordingScore(
        name=gold.name,
        values=values,
        gold_actions=tuple(actions),
        seen_actions=tuple(seen),
        action_pairs=tuple(action_pairs),
        gold_steps=tuple(gold_steps),
        made_steps=tuple(made_steps),
        step_pairs=tuple(step_pairs),
        failure=result.failure,
    )


def _event_values(matched: int, gold: int, made: int) -> dict[str, float | None]:
    found = rates(matched=matched, gold=gold, made=made)
    return {"events.precision": found.precision, "events.recall": found.recall, "events.f1": found.f1}


def _step_values(
    gold: GoldRecording, result: Result, gold_steps: list[Step], made_steps: list[Step], pairs: list[Pair]
) -> dict[str, float | None]:
    found = rates(matched=len(pairs), gold=len(gold_steps), made=len(made_steps))
    lines = wonderbread(similarities(gold_steps, made_steps), gold=len(gold_steps), made=len(made_steps))
    same = {made_steps[column].node.id: gold_steps[row].node.id for row, column in pairs}
    return {
        "steps.precision": found.precision,
        "steps.recall": found.recall,
        "steps.f1": found.f1,
        "steps.order": order([column for _, column in pairs]),
        "steps.values": step_values(gold_steps, made_steps, pairs),
        "wonderbread.precision": lines.precision,
        "wonderbread.recall": lines.recall,
        "wonderbread.f1": lines.f1,
        "wonderbread.ordering": lines.ordering,
        "decisions.right": decision_score(
            gold.sop, result.sop, gold_steps=gold_steps, made_steps=made_steps, same=same
        ),
        "loops.bodies": loop_score(gold_steps, made_steps, same=same),
        "grounding.gold": grounding(made_steps, gold_texts(gold)),
        "grounding.transcript": grounding(made_steps, transcript_texts(result.transcript, gold.about.language)),
        "evidence.share": evidence_share(made_steps, result.evidence),
        "evidence.right": evidence_right(gold_steps, made_steps, pairs, events=gold.events, evidence=result.evidence),
    }


def _costs(gold: GoldRecording, result: Result, matched: int) -> dict[str, float | None]:
    found = costs(result.usage, duration=gold.about.duration, matched=matched)
    return {
        "cost.usd_per_minute": found.usd_per_minute,
        "cost.usd_per_matched_step": found.usd_per_matched_step,
        "cost.tokens_per_minute": found.tokens_per_minute,
    }
