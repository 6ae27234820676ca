"""The gold recordings of the tests, and results that repeat one without a fault."""

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import evaluation
from runops.quality import Quality, TranscriptQuality
from runops.report import Usage
from runops.sop import Sop
from runops.transcript import (
    AudioItem,
    DataInput,
    TargetElement,
    TranscriptItem,
    VisualItem,
    dump_transcript,
    ordered,
    timestamp,
)
from runops_evaluation.gold.events import Event
from runops_evaluation.gold.read import read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.matching.events import is_reaction
from runops_evaluation.results.result import Result

GOLD = Path(__file__).with_name("gold")
RECORDED = Path(evaluation.__file__).with_name("recorded")
"""Made by script, and committed with their films."""


def gold_named(name: str) -> GoldRecording:
    """Return one recording of the tests."""
    return next(recording for recording in all_gold() if recording.name == name)


@cache
def all_gold() -> tuple[GoldRecording, ...]:
    """Return all recordings of the tests."""
    found = read_gold(GOLD)
    assert not found.faults
    return found.recordings


def item_of(event: Event) -> VisualItem:
    """Return a transcript's item that tells all of an event."""
    value = event.value
    given = {"PASTE": "pasted_text_observed", "CLICK": "selected_value_observed"}.get(event.kind, "typed_characters")
    return VisualItem(
        timestamp_start_visual=timestamp(event.at),
        timestamp_end_visual=None if event.until is None else timestamp(event.until),
        application_in_focus=event.application,
        action_type_observed=event.kind,
        target_element_details=None
        if event.target is None
        else TargetElement(element_type_guess="element", element_visible_text=event.target),
        data_input_observed=None if value is None else DataInput(**{given: value}),
        screen_region_description_pre_action="",
        screen_region_description_post_action="",
    )


def perfect_items(gold: GoldRecording) -> list[TranscriptItem]:
    """Return a transcript without a fault."""
    said = [
        AudioItem(
            timestamp_start_audio=timestamp(one.start),
            timestamp_end_audio=timestamp(one.end),
            verbatim_transcript_segment=one.text,
        )
        for one in gold.events.speech
    ]
    read = [
        VisualItem(
            timestamp_start_visual=timestamp(one.at),
            application_in_focus="",
            action_type_observed="SCREEN_UPDATE",
            screen_region_description_pre_action="",
            screen_region_description_post_action=one.text,
        )
        for one in gold.events.screen
    ]
    return ordered([*map(item_of, gold.events.events), *said, *read])


def perfect(gold: GoldRecording) -> Result:
    """Return a result without a fault, for 0.06 US dollars by minute."""
    minutes = gold.about.duration / 60
    times: dict[str, list[tuple[float, float]]] = {}
    for one in gold.events.speech:
        if one.step is not None:
            times.setdefault(one.step, []).append((one.start, one.end))
    for event in gold.events.events:
        if event.step is not None:
            times.setdefault(event.step, []).append((event.at, event.until or event.at))
    every = [node.id for node in gold.sop.public.nodes if node.type in {"task", "decision", "loop"}]
    return Result(
        transcript=tuple(perfect_items(gold)),
        sop=gold.sop,
        usage=Usage(cost_usd=f"{0.06 * minutes:.6f}", total_tokens=round(20_000 * minutes)),
        quality=Quality(transcript=TranscriptQuality()),
        evidence={name: tuple(times.get(name, [(0.0, 1.0)])) for name in every},
    )


def changed_sop(sop: Sop, change: Any) -> Sop:
    """Return a SOP after a function has changed its JSON."""
    raw = copy.deepcopy(sop.dump())
    change(raw["public"])
    return Sop.model_validate(raw)


def actions(gold: GoldRecording) -> list[Event]:
    """Return the true actions, without what the screen does."""
    return [event for event in gold.events.events if not is_reaction(event.kind)]


def contents_of(result: Result) -> dict[str, Any]:
    """Return the contents of a result's files, by kind."""
    if result.failure is not None:
        return {"failed": {"message": result.failure}}
    assert result.sop is not None
    contents: dict[str, Any] = {"transcript": dump_transcript(result.transcript), "sop": result.sop.dump()}
    for kind in ("usage", "quality"):
        found = getattr(result, kind)
        if found is not None:
            contents[kind] = found.model_dump(mode="json", by_alias=True)
    if result.evidence is not None:
        nodes = {
            name: [{"id": "t0001", "kind": "visual", "start": timestamp(a), "end": timestamp(b)} for a, b in times]
            for name, times in result.evidence.items()
        }
        contents["evidence"] = {"format": 1, "nodes": nodes}
    return contents


def worse(gold: GoldRecording) -> Result:
    """Return a result with several faults: every third item is missing, a step is missing, one invented, one vague."""
    result = perfect(gold)
    assert result.sop is not None

    def change(public: Any) -> None:
        tasks = [node for node in public["nodes"] if node["type"] == "task"]
        tasks[0]["label"] = "Have a look around"
        tasks[0].pop("context", None)
        tasks[1]["context"] = 'Such as "Petra Klein"'
        end = next(node["id"] for node in public["nodes"] if node["type"] == "end")
        public["nodes"].append({"id": "invented", "type": "task", "label": "Pour a cup of tea"})
        for edge in public["edges"]:
            if edge["target"] == end:
                edge["target"] = "invented"
        public["edges"].append({"source": "invented", "target": end, "condition": "next"})

    kept = [item for at, item in enumerate(result.transcript) if at % 3]
    return replace(result, transcript=tuple(kept), sop=changed_sop(result.sop, change))
