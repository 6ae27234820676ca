"""Adds a step to a procedure for each answer that a person gave to a question, as a model does. Pure."""

import json
import re
from typing import Any

__all__ = ["answers_in", "with_answers"]

_BLOCK = re.compile(r"^<answers>\n(.*)\n</answers>$", re.MULTILINE)


def answers_in(text: str) -> list[dict[str, Any]]:
    """Return the answers in a request; none where it has no block of them."""
    found = _BLOCK.search(text)
    return [] if found is None else list(json.loads(found[1])["answers"])


def with_answers(sop: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the procedure with a task before its end for each answer: its words, resting on it."""
    public = sop["public"]
    end = next((node["id"] for node in public["nodes"] if node["type"] == "end"), None)
    if not answers or end is None:
        return sop
    names = [f"answer-{number}" for number in range(1, len(answers) + 1)]
    tasks = [
        {"id": name, "type": "task", "evidence": [one["id"]], "label": one["answer"]}
        for name, one in zip(names, answers, strict=True)
    ]
    edges = [{**edge, "target": names[0]} if edge["target"] == end else edge for edge in public["edges"]]
    edges += [
        {"source": name, "target": after, "condition": "next"}
        for name, after in zip(names, [*names[1:], end], strict=True)
    ]
    return {**sop, "public": {**public, "nodes": [*public["nodes"], *tasks], "edges": edges}}
