"""SOPs of few lines, for tests of what a SOP rests on."""

from itertools import pairwise
from typing import Any

from runops.sop import Sop

__all__ = ["Graph", "a_sop", "edge", "line", "loop", "task"]

Node = dict[str, Any]
Graph = dict[str, Any]


def task(name: str, label: str, **more: Any) -> Node:
    """Return a task."""
    return {"id": name, "type": "task", "label": label, **more}


def loop(name: str, label: str, children: list[str]) -> Node:
    """Return a loop over children."""
    return {
        "id": name,
        "type": "loop",
        "label": label,
        "iterator": "each",
        "children": children,
        "exit_condition": "done",
        "isBranchRoot": True,
    }


def edge(source: str, target: str, condition: str = "next") -> dict[str, str]:
    """Return an edge."""
    return {"source": source, "target": target, "condition": condition}


def a_sop(nodes: list[Node], edges: list[dict[str, str]], **public: Any) -> Sop:
    """Return a SOP with these nodes between a trigger `start` and an end `end`."""
    return Sop.model_validate(
        {
            "meta": {
                "id": "4d8454d7-5f18-423c-b5b3-9840a9a9f300",
                "title": "Title",
                "version": "1.0.0",
                "goal": "",
                "purpose": "",
                "owner": [],
            },
            "public": {
                "triggers": [{"type": "manual", "description": "Somebody decides to."}],
                "nodes": [
                    {"id": "start", "type": "trigger", "label": "Begin"},
                    *nodes,
                    {"id": "end", "type": "end", "label": "Done"},
                ],
                "edges": edges,
                **public,
            },
            "private": {
                "skills": [{"id": "s", "app": "Web browser", "method_type": "ui"}],
                "steps": [{"node_id": node["id"], "primary_skill": "s"} for node in nodes if node["type"] == "task"],
                "artifacts": [],
            },
        }
    )


def line(*tasks: Node, **public: Any) -> Sop:
    """Return a SOP whose tasks follow each other."""
    names = ["start", *(one["id"] for one in tasks), "end"]
    return a_sop(list(tasks), [edge(*pair) for pair in pairwise(names)], **public)
