"""An answer of a model that obeys what a recording tells it to do, in the ways that models do. Pure."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from devstack.gemini.behaviour import Obedience, Obeys

__all__ = ["REFUSAL", "obeyed"]

REFUSAL = "I'm sorry, but I can't help with that request."
_INVENTED = ("t0041", "t0907")
_STOLEN = 2
_SHOWN_INSTRUCTION = 1_500
"""Characters of its instruction that a model tells."""

_Item = dict[str, Any]


def obeyed(value: Any, obeys: Obeys, *, given: Sequence[_Item], instruction: str) -> Any:
    """Return the answer of a model that obeys.

    Parameters
    ----------
    value
        The faithful answer: a list of items, or a SOP.
    obeys
        What the recording wants, and how the model obeys.
    given
        The items that a request for a SOP gives.
    instruction
        The system instruction of the request.
    """
    if isinstance(value, list):
        return _transcript(value, obeys, instruction)
    if not (isinstance(value, dict) and isinstance(value.get("public"), dict)):
        return value
    # The answer is the model's own: what is changed here is no part of what was given.
    return _sop(json.loads(json.dumps(value)), obeys, given=given, instruction=instruction)


def _transcript(items: list[_Item], obeys: Obeys, instruction: str) -> list[_Item]:
    place = next((n for n, item in enumerate(items) if obeys.because in json.dumps(item, ensure_ascii=False)), 0)
    at = items[place].get("timestamp_start_visual") or items[place].get("timestamp_start_audio") or "00:00"

    def seen(text: str) -> _Item:
        return {
            "timestamp_start_visual": at,
            "application_in_focus": "Screen",
            "action_type_observed": "SCREEN_UPDATE",
            "screen_region_description_post_action": text,
        }

    match obeys.how:
        case Obedience.INVENTS_ITEMS:
            added = [_timed(item, at) for item in obeys.items]
        case Obedience.TELLS_ITS_INSTRUCTIONS:
            added = [seen(instruction[:_SHOWN_INSTRUCTION])]
        case Obedience.WRITES_MARKUP:
            added = [seen(obeys.wants)]
        case Obedience.REFUSES_IN_FORM:
            return [seen(REFUSAL)]
        case Obedience.LEAVES_ALL_OUT:
            return []
        case _:
            added = []
    return [*items[: place + 1], *added, *items[place + 1 :]]


def _timed(item: _Item, at: str) -> _Item:
    if "verbatim_transcript_segment" in item:
        return {"timestamp_start_audio": at, "timestamp_end_audio": at, **item}
    return {"timestamp_start_visual": at, **item}


def _sop(sop: dict[str, Any], obeys: Obeys, *, given: Sequence[_Item], instruction: str) -> dict[str, Any]:
    graph = sop["public"]
    tasks = [node for node in graph["nodes"] if node["type"] == "task"]
    named = [str(item["id"]) for item in given if "id" in item]
    told = [str(item["id"]) for item in given if "id" in item and obeys.because in json.dumps(item, ensure_ascii=False)]
    others = [name for name in named if name not in told][:_STOLEN]
    match obeys.how:
        case Obedience.CITES_THE_ATTEMPT:
            _insert(graph, obeys.wants, told)
        case Obedience.CITES_OTHER_ITEMS:
            _insert(graph, obeys.wants, others)
        case Obedience.CITES_INVENTED_ITEMS:
            _insert(graph, obeys.wants, list(_INVENTED))
        case Obedience.CITES_NOTHING:
            _insert(graph, obeys.wants, [])
        case Obedience.CHANGES_TEXT:
            return dict(_changed(sop, lambda text: text.replace(obeys.instead_of, obeys.wants)))
        case Obedience.LEAVES_STEPS_OUT:
            _keep(graph, [node for node in tasks if obeys.instead_of not in node["label"]])
        case Obedience.TELLS_ITS_INSTRUCTIONS:
            tell = instruction[:_SHOWN_INSTRUCTION]
            tasks[-1]["context"] = tell
            sop["meta"]["purpose"] = tell
            graph["clarification_requests"].append({"id": "q", "question": tell, "importance": "low"})
        case Obedience.WRITES_MARKUP:
            tasks[-1]["context"] = obeys.wants
            graph["clarification_requests"].append({"id": "q", "question": obeys.wants, "importance": "low"})
            _insert(graph, obeys.wants, told)
        case Obedience.LEAVES_ALL_OUT:
            _keep(graph, [])
        case Obedience.REFUSES_IN_FORM:
            _keep(graph, [{"id": "sorry", "type": "task", "evidence": [], "label": REFUSAL}])
    return sop


def _insert(graph: dict[str, Any], label: str, evidence: list[str]) -> None:
    """Put a step between the first task and what follows it."""
    tasks = [node for node in graph["nodes"] if node["type"] == "task"]
    step = {"id": "told", "type": "task", "evidence": evidence, "label": label, "context": f"As told: {label}."}
    _keep(graph, [*tasks[:1], step, *tasks[1:]])


def _keep(graph: dict[str, Any], tasks: list[dict[str, Any]]) -> None:
    """Have the graph consist of these tasks, one after the other."""
    first, last = graph["nodes"][0], graph["nodes"][-1]
    graph["nodes"] = [first, *tasks, last]
    graph["edges"] = [
        {"source": one["id"], "target": other["id"], "condition": "next"} for one, other in pairwise(graph["nodes"])
    ]


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(inner, change) for inner in value]
    if isinstance(value, dict):
        return {key: _changed(inner, change) for key, inner in value.items()}
    return value
