"""The sample recording as a finished job: its SOP, a transcript, and the evidence, all from the gold of the tests."""

import json
from pathlib import Path
from typing import Any, Final

from runops.transcript import timestamp

__all__ = ["RECORDING", "evidence", "sop", "transcript"]

_GOLD: Final = Path(__file__).parent / "evaluation/gold/ledgerline-invoice"
RECORDING: Final = Path(__file__).parents[1] / "devstack/sample/recording.mp4"
_FIELDS: Final = {"CLICK": "button", "TYPE": "text field", "MODAL_OPEN": "dialog"}


def sop() -> dict[str, Any]:
    """Return the SOP."""
    found: dict[str, Any] = json.loads((_GOLD / "sop.json").read_text("utf-8"))
    found["public"]["variables"] = {"supplier": "Helios", "manager": None}
    found["public"]["clarification_requests"] = [
        {"id": "q1", "question": "Which cost centre is right for services?", "importance": "medium"},
        {"id": "q2", "question": "Who approves when Jonas Weber is away?", "importance": "high"},
    ]
    return found


def transcript() -> list[dict[str, Any]]:
    """Return the transcript: what was done and said, by its times."""
    return [item for item, _ in _items()]


def evidence() -> dict[str, Any]:
    """Return the object beside the SOP."""
    nodes: dict[str, list[dict[str, Any]]] = {}
    for number, (item, step) in enumerate(_items(), start=1):
        kind = "audio" if "timestamp_start_audio" in item else "visual"
        times = {"start": item[f"timestamp_start_{kind}"], "end": item.get(f"timestamp_end_{kind}")}
        entry = {"id": f"t{number:04d}", "kind": kind, **{name: time for name, time in times.items() if time}}
        if step is not None:
            nodes.setdefault(step, []).append(entry)
    return {"format": 1, "nodes": nodes}


def _items() -> list[tuple[dict[str, Any], str | None]]:
    events = json.loads((_GOLD / "events.json").read_text("utf-8"))
    items = [(_seen(event), event.get("step")) for event in events["events"]]
    items += [(_said(sentence), sentence.get("step")) for sentence in events["speech"]]
    return sorted(items, key=lambda pair: next(value for name, value in pair[0].items() if "start" in name))


def _seen(event: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"timestamp_start_visual": timestamp(event["at"])}
    if "until" in event:
        item["timestamp_end_visual"] = timestamp(event["until"])
    item |= {"application_in_focus": event["application"], "action_type_observed": event["kind"]}
    if "target" in event:
        item["target_element_details"] = {
            "element_type_guess": _FIELDS.get(event["kind"], "element"),
            "element_visible_text": event["target"],
        }
    if "value" in event:
        item["data_input_observed"] = {"typed_characters": event["value"]}
    return item | {"screen_region_description_pre_action": "", "screen_region_description_post_action": ""}


def _said(sentence: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp_start_audio": timestamp(sentence["start"]),
        "timestamp_end_audio": timestamp(sentence["end"]),
        "verbatim_transcript_segment": sentence["text"],
    }
