"""Gives every part of a SOP the form that the contract asks for, whatever the model wrote. Pure."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.settle_meta import settle_meta
from runops_worker.sop.fix.settle_nodes import settle_nodes
from runops_worker.sop.fix.settle_private import settle_private
from runops_worker.sop.fix.settle_triggers import settle_triggers
from runops_worker.sop.fix.settle_values import settle_edges, settle_requests, settle_variables
from runops_worker.sop.fix.text_of import bounded, has_content
from runops_worker.sop.wording.sentences import Wording

__all__ = ["Settled", "settle_fields"]

_ALWAYS = {"triggers", "nodes", "edges"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A SOP whose parts have the right form; its graph may still break every rule.

    Attributes
    ----------
    sop
        The JSON object; `meta.id` is there if it was given.
    fixes
        The name of a rule for each change. Empty optional values and exact repetitions do not count.
    questions
        What the changes leave open.
    """

    sop: dict[str, Any]
    fixes: tuple[str, ...]
    questions: tuple[Question, ...]


def settle_fields(raw: dict[str, Any], *, wording: Wording) -> Settled:
    """Return the SOP in the right form: known keys only, text without HTML, each field of its type.

    Parameters
    ----------
    raw
        Any JSON object.
    wording
        What stands in for a missing title, trigger or exit condition.
    """
    whole: dict[str, Any] = bounded(raw)
    given = whole.get("public", whole if "nodes" in whole else {})
    public = {name: _once(part) for name, part in given.items()} if isinstance(given, dict) else {}
    nodes, asked = settle_nodes(public.get("nodes"), wording=wording)
    start = next((node["label"] for node in nodes if node["type"] == "trigger"), wording.say("somebody_starts_it"))
    triggers, about_triggers = settle_triggers(public.get("triggers"), otherwise=start)
    variables, about_values = settle_variables(public.get("variables"))
    settled: dict[str, Any] = {
        "triggers": _once(triggers),
        "nodes": nodes,
        "edges": settle_edges(public.get("edges"), nodes=public.get("nodes")),
        "variables": variables,
        "clarification_requests": settle_requests(public.get("clarification_requests")),
    }
    title = next((node["label"] for node in nodes if node["type"] == "task"), wording.say("procedure"))
    sop: dict[str, Any] = {
        "meta": settle_meta(whole.get("meta"), otherwise=title),
        "public": {name: part for name, part in settled.items() if part or name in _ALWAYS},
    }
    fixes = ["text"] if whole != raw else []
    fixes += ["variables"] * len(about_values)
    fixes += _changes("meta", [whole.get("meta")], [sop["meta"]])
    fixes += [] if public.get("triggers") else ["triggers"]
    for name in ("triggers", "nodes", "edges", "clarification_requests"):
        fixes += _changes(name, public.get(name), settled[name])
    if isinstance(given := whole.get("private"), dict):
        private = {name: _once(part) for name, part in given.items()}
        sop["private"] = settle_private(private)
        for name in ("skills", "steps"):
            fixes += _changes(name, private.get(name), sop["private"][name])
    return Settled(sop, tuple(fixes), (*asked, *about_triggers, *about_values))


def _once(items: Any) -> Any:
    """Return a list without exact repetitions; anything else as it is."""
    return list({_written(item): item for item in items}.values()) if isinstance(items, list) else items


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _changes(part: str, before: Any, after: list[Any]) -> list[str]:
    """Return the name of the part as often as one of its items was changed, dropped or added."""
    given = Counter(_written(_said(item)) for item in before) if isinstance(before, list) else Counter[str]()
    kept = Counter(_written(_said(item)) for item in after)
    return [part] * max((given - kept).total(), (kept - given).total() if given else 0)


def _said(item: Any) -> Any:
    """Return what an item says: without empty values, and without what the worker sets."""
    if not isinstance(item, dict):
        return item
    unsaid = {"id", "created"} if "title" in item else set[str]()
    return {
        key: value for key, value in item.items() if has_content(value) and value is not False and key not in unsaid
    }
