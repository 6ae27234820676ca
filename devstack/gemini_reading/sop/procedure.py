"""Writes the SOP of a transcript. Pure and deterministic."""

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from devstack.gemini_reading.sop.graph import Node, Part, graph_of
from devstack.gemini_reading.sop.narration import Sentence
from devstack.gemini_reading.sop.outline import Outline, outline
from devstack.gemini_reading.sop.steps import Step, variable_of

__all__ = ["app_of", "read_procedure", "sop_of", "title_of"]

_MOST_WORDS = 10
_WORD = re.compile(r"[^\W\d_]+")


def read_procedure(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the SOP of a transcript, given as its items with or without names (`id`)."""
    made = outline(items)
    apps = _apps(made)
    title = title_of(made, items)
    return sop_of(
        made.parts,
        title=title,
        goal=_goal(made),
        purpose=_purpose(made, title),
        apps=apps,
        variables=_variables(made.steps),
        questions=made.questions,
    )


def sop_of(
    parts: Sequence[Part],
    *,
    title: str,
    goal: str,
    purpose: str,
    apps: Sequence[str],
    variables: dict[str, str],
    questions: Sequence[str],
) -> dict[str, Any]:
    """Return the SOP of a way through; where nothing was seen, one that asks what is to be done.

    Parameters
    ----------
    parts
        From the trigger to the end.
    apps
        The applications in which it is done, one at least.
    """
    if not parts:
        parts = [Part(Node("task", "Look at what the recording shows", context="No action was seen or told."))]
        questions = ["What is to be done? The recording shows and says nothing that can be followed."]
    nodes, edges, tasks = graph_of(parts)
    digest = hashlib.sha256(json.dumps([title, nodes], sort_keys=True).encode()).digest()
    public: dict[str, Any] = {
        "triggers": [{"type": "manual", "description": f"Somebody has to: {title[:1].lower()}{title[1:]}."}],
        "nodes": nodes,
        "edges": edges,
        "variables": variables,
        "clarification_requests": [
            {"id": f"question-{number}", "question": question, "importance": "medium"}
            for number, question in enumerate(dict.fromkeys(questions), 1)
        ],
    }
    return {
        "meta": {
            "id": str(uuid.UUID(bytes=digest[:16], version=4)),
            "title": title,
            "version": "1.0.0",
            "goal": goal,
            "purpose": purpose,
            "owner": [],
        },
        "public": public,
        "private": {
            "skills": [{"id": f"skill-{n}", "app": app, "method_type": "ui"} for n, app in enumerate(apps, 1)],
            "steps": [{"node_id": node.name, "primary_skill": _skill(node, apps)} for node in tasks],
            "artifacts": [],
        },
    }


def app_of(place: str) -> str:
    """Return the application of "application - page"."""
    return place.split(" - ", maxsplit=1)[0].strip() or "the screen"


def _skill(node: Node, apps: Sequence[str]) -> str:
    return f"skill-{list(apps).index(app_of(node.app)) + 1 if app_of(node.app) in apps else 1}"


def _variables(steps: Sequence[Step]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in steps:
        variable = variable_of(step)
        if variable is not None:
            found.setdefault(*variable)
    return found


def _apps(made: Outline) -> list[str]:
    return list(dict.fromkeys(app_of(step.app) for step in made.steps)) or ["the screen"]


def title_of(made: Outline, items: Sequence[dict[str, Any]]) -> str:
    """Return what a transcript is about, in a few words."""
    apps = _apps(made)
    topic = next((one.topic for one in made.said if one.topic), "")
    if topic:
        words = _with_known_place(topic, items, apps[0]).split()
        return _sentence_case(" ".join(words[:_MOST_WORDS]))
    named = [step.label for step in made.steps if step.kind in {"click", "enter", "choose"}]
    return " ".join(f"{named[-1] if named else 'Work'} in {apps[0]}".split()[:_MOST_WORDS])


def _with_known_place(topic: str, items: Sequence[dict[str, Any]], app: str) -> str:
    """Return the topic; a name after its last "in" that no screen shows was misheard: the application stands there."""
    before, found, place = topic.rpartition(" in ")
    shown = {
        word.casefold()
        for item in items
        if "verbatim_transcript_segment" not in item
        for word in _WORD.findall(json.dumps(item, ensure_ascii=False))
    }
    known = all(word.casefold() in shown or len(word) <= 3 for word in _WORD.findall(place))
    return f"{before} in {app}" if found and not known else topic


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _goal(made: Outline) -> str:
    shown = [told for step in made.steps for told in step.seen if "now shows" in told or told.startswith("The screen")]
    if shown:
        return shown[-1].removeprefix("The dialog is gone. ")[:300]
    return f"Done: {made.steps[-1].label}." if made.steps else "What the recording shows is done."


def _purpose(made: Outline, title: str) -> str:
    reasons: list[Sentence] = [one for one in made.said if one.is_reason]
    return " ".join(one.text for one in reasons[:2])[:300] or f"{title}, as it was recorded."
