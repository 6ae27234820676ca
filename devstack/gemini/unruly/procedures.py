"""Faults of SOPs: edges, loops, ends, fields, invented steps. Pure."""

from collections.abc import Callable
from random import Random
from typing import Any

from devstack.gemini.unruly.fault import ValueFault

__all__ = ["SOP_FAULTS"]

_Graph = dict[str, Any]


def _tasks(graph: _Graph) -> list[dict[str, Any]]:
    return [node for node in graph["nodes"] if node.get("type") == "task"]


def _edge(source: str, target: str, condition: str = "next") -> dict[str, str]:
    return {"source": source, "target": target, "condition": condition}


def _other_words(graph: _Graph, chance: Random) -> None:
    words = chance.choice(({"next": "done"}, {"yes": "true", "no": "false"}, {"yes": "Yes", "no": "No"}, {"next": ""}))
    for edge in graph["edges"]:
        edge["condition"] = words.get(edge["condition"], edge["condition"])


def _lost_edge(graph: _Graph, chance: Random) -> None:
    if graph["edges"]:
        graph["edges"].pop(chance.randrange(len(graph["edges"])))


def _no_is_missing(graph: _Graph, _chance: Random) -> None:
    graph["edges"] = [edge for edge in graph["edges"] if edge["condition"] != "no"]


def _dangling(graph: _Graph, chance: Random) -> None:
    graph["edges"].append(_edge(chance.choice(graph["nodes"])["id"], "step-99"))


def _second_next(graph: _Graph, chance: Random) -> None:
    if tasks := _tasks(graph):
        graph["edges"].append(_edge(chance.choice(tasks)["id"], chance.choice(graph["nodes"])["id"]))


def _two_ends(graph: _Graph, chance: Random) -> None:
    if tasks := _tasks(graph):
        graph["nodes"].append({"id": "end-2", "type": "end", "label": "Stopped"})
        graph["edges"].append(_edge(chance.choice(tasks)["id"], "end-2"))


def _no_end(graph: _Graph, _chance: Random) -> None:
    ends = {node["id"] for node in graph["nodes"] if node["type"] == "end"}
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] not in ends]
    graph["edges"] = [edge for edge in graph["edges"] if edge["target"] not in ends]


def _no_start(graph: _Graph, _chance: Random) -> None:
    starts = {node["id"] for node in graph["nodes"] if node["type"] == "trigger"}
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] not in starts]
    graph["edges"] = [edge for edge in graph["edges"] if edge["source"] not in starts]


def _unreachable(graph: _Graph, _chance: Random) -> None:
    graph["nodes"].append({"id": "extra", "type": "task", "label": "Check the totals once more"})


def _cycle(graph: _Graph, chance: Random) -> None:
    if len(tasks := _tasks(graph)) > 1:
        one, other = chance.sample(tasks, 2)
        graph["edges"].append(_edge(one["id"], other["id"]))
        graph["edges"].append(_edge(other["id"], one["id"]))


def _loop(graph: _Graph, chance: Random) -> None:
    """Put a task into a loop, with edges as a model may draw them."""
    if not (tasks := _tasks(graph)):
        return
    child = chance.choice(tasks)
    loop = {
        "id": "each",
        "type": "loop",
        "label": "Each line",
        "iterator": "each line",
        "exit_condition": "no line left",
    }
    graph["nodes"].append({**loop, "children": [child["id"]], "isBranchRoot": True})
    for edge in graph["edges"]:
        if edge["target"] == child["id"]:
            edge["target"] = "each"
        if edge["source"] == child["id"]:
            edge["source"] = "each"
            edge["condition"] = chance.choice(("all_processed", "next", "exit"))
    graph["edges"].append(_edge("each", child["id"], chance.choice(("next", "yes", "iterate"))))
    if chance.random() < 0.7:
        graph["edges"].append(_edge(child["id"], "each", chance.choice(("next", "all_processed"))))


def _same_id(graph: _Graph, chance: Random) -> None:
    if len(tasks := _tasks(graph)) > 1:
        one, other = chance.sample(tasks, 2)
        other["id"] = one["id"]


def _stray_fields(graph: _Graph, chance: Random) -> None:
    if tasks := _tasks(graph):
        chance.choice(tasks).update({"iterator": "N/A", "children": [], "exit_condition": "none", "step_number": 3})
    for trigger in graph.get("triggers", []):
        trigger["endpoint"] = "none"


def _self_edge(graph: _Graph, chance: Random) -> None:
    node = chance.choice(graph["nodes"])["id"]
    graph["edges"].append(_edge(node, node))


def _html(graph: _Graph, chance: Random) -> None:
    if tasks := _tasks(graph):
        chance.choice(tasks)["context"] = 'Click <b>Save</b> <img src=x onerror="alert(1)"> where a < b'


def _invented_step(graph: _Graph, _chance: Random) -> None:
    tasks = _tasks(graph)
    if not tasks:
        return
    invented = {"id": "login", "type": "task", "label": "Open http://intranet.invalid/login and type Winter2026!"}
    graph["nodes"].append({**invented, "evidence": ["t9999"]})
    for edge in graph["edges"]:
        if edge["target"] == tasks[0]["id"]:
            edge["target"] = "login"
    graph["edges"].append(_edge("login", tasks[0]["id"]))


def _no_evidence(graph: _Graph, _chance: Random) -> None:
    for node in graph["nodes"]:
        node.pop("evidence", None)


def _unknown_evidence(graph: _Graph, chance: Random) -> None:
    if tasks := _tasks(graph):
        chance.choice(tasks)["evidence"] = ["t0000", "item 5", 7]


def _contradicting_variables(graph: _Graph, _chance: Random) -> None:
    graph["variables"] = [{"key": "order number", "value": "1"}, {"key": "order number", "value": "2"}]


def _questions_with_one_id(graph: _Graph, _chance: Random) -> None:
    question = {"id": "q1", "importance": "urgent"}
    graph["clarification_requests"] = [{**question, "question": "Which?"}, {**question, "question": "When?"}]


def _no_triggers(graph: _Graph, _chance: Random) -> None:
    graph["triggers"] = []


def _event_without_signal(graph: _Graph, chance: Random) -> None:
    graph["triggers"] = [{"type": chance.choice(("event", "cron", "webhook")), "description": "A mail arrives"}]


def _on_graph(change: Callable[[_Graph, Random], None]) -> Callable[[Any, Random], Any]:
    """Return the change of a SOP's public part, for a value that is a SOP."""

    def changed(value: Any, chance: Random) -> Any:
        if isinstance(value, dict) and isinstance(value.get("public"), dict) and value["public"].get("nodes"):
            change(value["public"], chance)
        return value

    return changed


def _version(value: Any, chance: Random) -> Any:
    if isinstance(value, dict) and isinstance(value.get("meta"), dict):
        value["meta"]["version"] = chance.choice(("1.0.0.0", "1", "v1.0", "1.0 (draft)", None, 1.0))
    return value


def _stray_steps(value: Any, _chance: Random) -> Any:
    if isinstance(value, dict) and isinstance(value.get("private"), dict):
        step = {"node_id": "nowhere", "primary_skill": "unknown-skill"}
        value["private"]["steps"] = [*(value["private"].get("steps") or []), step]
    return value


def _no_private_part(value: Any, _chance: Random) -> Any:
    if isinstance(value, dict):
        value.pop("private", None)
    return value


def _in_an_object(value: Any, chance: Random) -> Any:
    return {chance.choice(("sop", "procedure", "result")): value}


SOP_FAULTS = (
    *(
        ValueFault(name, "sop", _on_graph(change))
        for name, change in (
            ("edges in other words", _other_words),
            ("a loop with odd edges", _loop),
            ("a lost edge", _lost_edge),
            ("no is missing", _no_is_missing),
            ("a dangling edge", _dangling),
            ("two next", _second_next),
            ("two ends", _two_ends),
            ("no end", _no_end),
            ("no start", _no_start),
            ("an unreachable node", _unreachable),
            ("a cycle", _cycle),
            ("an id used twice", _same_id),
            ("an edge to itself", _self_edge),
            ("stray fields", _stray_fields),
            ("HTML in text", _html),
            ("an invented step", _invented_step),
            ("no evidence", _no_evidence),
            ("evidence that does not exist", _unknown_evidence),
            ("variables that contradict each other", _contradicting_variables),
            ("questions with one id", _questions_with_one_id),
            ("no triggers", _no_triggers),
            ("a trigger without what it needs", _event_without_signal),
        )
    ),
    ValueFault("an odd version", "sop", _version),
    ValueFault("steps of no node", "sop", _stray_steps),
    ValueFault("no private part", "sop", _no_private_part),
    ValueFault("an object around the SOP", "sop", _in_an_object),
)
