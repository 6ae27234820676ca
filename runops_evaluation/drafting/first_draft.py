"""The first draft of a gold recording's `events.json`, from a transcript. Pure.

It holds what the model wrote, mistakes included: a person has to correct it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from runops.transcript import AudioItem, TranscriptItem, VisualItem, ordered, seconds
from runops_evaluation.gold.events import Event, Events, Speech
from runops_evaluation.matching.events import is_reaction

__all__ = ["draft_events", "steps_of"]

Steps = Mapping[tuple[str, str], str]
"""The node of the SOP that an item belongs to, by its kind and its start."""


def draft_events(items: Sequence[TranscriptItem], steps: Steps, *, duration: float) -> tuple[Events, int]:
    """Return the draft, and how many reactions of the screen are left out since the transcript names no text of theirs.

    Parameters
    ----------
    items
        The transcript.
    steps
        See `steps_of`.
    duration
        Length of the recording in seconds; no time of the draft is later.
    """
    events: list[Event] = []
    speech: list[Speech] = []
    left_out = 0
    for item in ordered(items):
        if isinstance(item, AudioItem):
            speech += _speech(item, steps, duration=duration)
        elif is_reaction(item.action_type_observed) and _target(item) is None:
            left_out += 1
        else:
            events.append(_event(item, steps, duration=duration))
    return Events(format=1, events=tuple(events), speech=tuple(speech)), left_out


def steps_of(evidence: Any) -> dict[tuple[str, str], str]:
    """Return which step each item belongs to, by the object that the worker stores beside a SOP.

    An item that several steps name belongs to the first one. What is not in its form is left out: a draft without
    steps is a draft, too.
    """
    nodes = evidence.get("nodes") if isinstance(evidence, Mapping) else None
    found: dict[tuple[str, str], str] = {}
    for node, items in nodes.items() if isinstance(nodes, Mapping) else ():
        for item in items if isinstance(items, Sequence) else ():
            if isinstance(item, Mapping):
                found.setdefault((str(item.get("kind")), str(item.get("start"))), str(node))
    return found


def _event(item: VisualItem, steps: Steps, *, duration: float) -> Event:
    at = min(item.start, duration)
    end = None if item.timestamp_end_visual is None else min(seconds(item.timestamp_end_visual), duration)
    return Event(
        at=at,
        until=end if end is not None and end > at else None,
        kind=item.action_type_observed,
        application=item.application_in_focus.strip() or "unknown",
        target=_target(item),
        value=_value(item),
        step=steps.get(("visual", item.timestamp_start_visual)),
    )


def _target(item: VisualItem) -> str | None:
    element = item.target_element_details
    return None if element is None else (element.element_visible_text or "").strip() or None


def _value(item: VisualItem) -> str | None:
    given = item.data_input_observed
    if given is None:
        return None
    return given.typed_characters or given.pasted_text_observed or given.selected_value_observed or None


def _speech(item: AudioItem, steps: Steps, *, duration: float) -> list[Speech]:
    text = item.verbatim_transcript_segment.strip()
    start = min(item.start, duration)
    end = max(start, min(seconds(item.timestamp_end_audio), duration))
    step = steps.get(("audio", item.timestamp_start_audio))
    return [Speech(start=start, end=end, text=text, step=step)] if text else []
