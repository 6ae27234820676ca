"""Whether what steps state literally was shown or said. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from runops.transcript import TranscriptItem, VisualItem
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.matching.steps import Step, steps_of
from runops_evaluation.text.literals import literals, states
from runops_evaluation.text.spoken_numbers import in_digits

__all__ = ["gold_texts", "grounding", "transcript_texts"]


def grounding(steps: Sequence[Step], texts: Sequence[str]) -> float | None:
    """Return the share of literals in steps that one of the texts has; None where the steps have no literals."""
    stated = [literal for step in steps for literal in literals(step.compared)]
    if not stated:
        return None
    return sum(any(states(text, literal) for text in texts) for literal in stated) / len(stated)


def gold_texts(gold: GoldRecording) -> list[str]:
    """Return everything that is truly shown or said, and the true SOP."""
    events = gold.events
    shown = [text for one in events.events for text in (one.application, one.target, one.value) if text]
    said = [one.text for one in events.speech]
    steps = [step.text for step in steps_of(gold.sop, gold.about.language)]
    read = [*(one.text for one in events.screen), *events.background]
    return _readable([*shown, *said, *read, *steps], gold.about.language)


def transcript_texts(transcript: Sequence[TranscriptItem], language: str) -> list[str]:
    """Return all texts of a transcript, one for each item."""
    return _readable([" \n".join(_texts(item)) for item in transcript], language)


def _readable(texts: Iterable[str], language: str) -> list[str]:
    """Return each text once, with numbers in digits."""
    return list(dict.fromkeys(in_digits(text, language) for text in texts))


def _texts(item: TranscriptItem) -> Iterator[str]:
    if not isinstance(item, VisualItem):
        yield item.verbatim_transcript_segment
        return
    yield item.application_in_focus
    yield item.screen_region_description_pre_action
    yield item.screen_region_description_post_action
    for part in (item.target_element_details, item.data_input_observed):
        if part is not None:
            yield from (value for value in part.model_dump().values() if isinstance(value, str))
