"""SOPs for property tests: sound ones, sound ones with faults put in, and anything that JSON allows."""

import copy
from typing import Any

from hypothesis import strategies as st

from runops.sop import Sop

__all__ = ["any_sops", "as_sop", "damaged_sops", "edge", "hostile_sops", "loop", "node", "raw_sop", "sound_sops"]

_META = {
    "id": "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11",
    "title": "Book supplier invoices",
    "version": "1.0.0",
    "goal": "Every invoice is booked.",
    "purpose": "Suppliers are paid on time.",
    "owner": ["Accounting"],
}


def node(name: str, kind: str = "task", label: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "label": label or f"[{name}]", **more}


def loop(name: str, children: list[str], label: str | None = None) -> dict[str, Any]:
    more = {"iterator": "one of many", "children": children, "exit_condition": "none left", "isBranchRoot": True}
    return node(name, "loop", label, **more)


def edge(source: str, target: str, condition: str = "next") -> dict[str, str]:
    return {"source": source, "target": target, "condition": condition}


def raw_sop(nodes: list[Any], edges: list[Any], **public: Any) -> dict[str, Any]:
    """Return a SOP with these nodes and edges as the model would give it."""
    triggers = [{"type": "manual", "description": "Somebody decides to."}]
    return {"meta": dict(_META), "public": {"triggers": triggers, "nodes": nodes, "edges": edges, **public}}


def as_sop(raw: dict[str, Any]) -> Sop:
    """Return the SOP in strict form, with the id that the worker would give it."""
    return Sop.model_validate({**raw, "meta": {**raw["meta"], "id": _META["id"]}})


@st.composite
def sound_sops(draw: st.DrawFn) -> dict[str, Any]:
    """A SOP that keeps all rules: a chain of tasks, decisions and loops, some of them going back."""
    nodes: list[dict[str, Any]] = [node("start", "trigger")] if draw(st.booleans()) else [node("start")]
    edges: list[dict[str, str]] = []

    def new(kind: str, body: list[str]) -> str:
        name = f"n{len(nodes)}"
        nodes.append(node(name, kind))
        body.append(name)
        return name

    def chain(entry: list[tuple[str, str]], body: list[str], *, depth: int, in_loop: bool) -> list[tuple[str, str]]:
        """Hang a few blocks on loose ends; return the loose ends after them."""
        shapes = ["task", "decision", "back", *([] if in_loop else ["loop"])]
        for _ in range(draw(st.integers(1, 3))):
            shape = draw(st.sampled_from(shapes if depth < 3 else ["task"]))
            if shape == "loop":
                name = f"n{len(nodes)}"
                nodes.append(loop(name, []))
                body.append(name)
                edges.extend(edge(source, name, word) for source, word in entry)
                inside: list[str] = []
                loose = chain([(name, "next")], inside, depth=depth + 1, in_loop=True)
                last = new("task", inside)
                edges.extend([*(edge(source, last, word) for source, word in loose), edge(last, name)])
                next(one for one in nodes if one["id"] == name)["children"] = inside
                entry = [(name, "all_processed")]
                continue
            name = new("task" if shape == "task" else "decision", body)
            edges.extend(edge(source, name, word) for source, word in entry)
            if shape == "task":
                entry = [(name, "next")]
            elif shape == "back":
                edges.append(edge(name, draw(st.sampled_from(body)), "no"))
                entry = [(name, "yes")]
            else:
                entry = [*chain([(name, "yes")], body, depth=depth + 1, in_loop=in_loop), (name, "no")]
        return entry

    loose = chain([("start", "next")], [], depth=0, in_loop=False)
    nodes.append(node("end", "end"))
    edges.extend(edge(source, "end", word) for source, word in loose)
    return raw_sop(nodes, edges)


@st.composite
def damaged_sops(draw: st.DrawFn) -> dict[str, Any]:
    """A sound SOP with a few faults as models make them."""
    raw = copy.deepcopy(draw(sound_sops()))
    nodes, edges = raw["public"]["nodes"], raw["public"]["edges"]
    names = st.sampled_from([*(one["id"] for one in nodes), "ghost"])
    words = st.sampled_from(["next", "yes", "no", "all_processed", "Yes", "true", "done", "approved", ""])
    for fault in draw(
        st.lists(
            st.sampled_from(["drop", "relabel", "retarget", "add", "node", "copy", "child", "type", "edge_of_node"]),
            max_size=6,
        )
    ):
        at = draw(st.integers(0, 10_000))
        one, arrow = nodes[at % len(nodes)], edges[at % len(edges)] if edges else {}
        match fault:
            case "drop":
                edges.remove(arrow) if arrow else None
            case "relabel":
                arrow["condition"] = draw(words)
            case "retarget":
                arrow["target"] = draw(names)
            case "add":
                edges.append(edge(draw(names), draw(names), draw(words)))
            case "node":
                nodes.append(node(f"extra{len(nodes)}", draw(st.sampled_from(["task", "decision", "end", "trigger"]))))
            case "copy":
                nodes.append({**one, "label": f"[other {len(nodes)}]"})
            case "child":
                one["children"] = [*one.get("children", []), draw(names)]
            case "type":
                one["type"] = draw(st.sampled_from(["task", "decision", "loop", "trigger", "end", "Start", "robot"]))
            case "edge_of_node":
                raw["public"]["edges"] = edges = [other for other in edges if other["source"] != one["id"]]
    return raw


@st.composite
def any_sops(draw: st.DrawFn) -> dict[str, Any]:
    """Any graph: mostly unsound ones, with cycles, crossing branches, shared children and nested loops."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    kinds = {name: draw(st.sampled_from(["task", "decision", "loop", "trigger", "end"])) for name in names}
    nodes = [
        loop(name, draw(st.lists(st.sampled_from(names), max_size=4)))
        if kinds[name] == "loop"
        else node(name, kinds[name])
        for name in names
    ]
    conditions = st.sampled_from(["next", "yes", "no", "all_processed"])
    ends = st.sampled_from(names)
    return raw_sop(nodes, draw(st.lists(st.builds(edge, ends, ends, conditions), max_size=24)))


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
_NAMES = st.sampled_from(["a", "b", "c", "A", " a", "end", "ghost", "<b>", "é"])


def _object(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object that has some of these keys, with what they hold normally or anything else; or no object at all."""
    fields = {name: value | _VALUES for name, value in known.items()}
    extra = {"surprise": _VALUES}
    return st.fixed_dictionaries({}, optional={**fields, **extra}) | _VALUES


_TYPES = st.sampled_from(["task", "decision", "loop", "trigger", "end", "START", "robot"])
_NODES = _object(
    id=_NAMES,
    type=_TYPES,
    label=st.text(max_size=8),
    children=st.lists(_NAMES | st.just({"id": "c", "type": "task"}), max_size=3),
    iterator=st.text(max_size=4),
    exit_condition=st.text(max_size=4),
    position=st.fixed_dictionaries({"x": _SCALARS, "y": _SCALARS}),
    evidence=st.lists(st.text(max_size=4), max_size=2),
    context=st.text(max_size=8),
)
_EDGES = _object(source=_NAMES, target=_NAMES, condition=st.sampled_from(["next", "yes", "no", "done", "Else"]))
_PUBLIC = _object(
    triggers=st.lists(
        _object(
            type=st.sampled_from(["cron", "manual", "webhook", "event", "@"]),
            description=st.text(max_size=4),
            config=st.sampled_from(["@daily", "0 8 * * 1", "x"]),
            endpoint=st.sampled_from(["none", "/x"]),
            signal=st.text(max_size=4),
        ),
        max_size=3,
    ),
    nodes=st.lists(_NODES, max_size=6),
    edges=st.lists(_EDGES, max_size=8),
    variables=st.lists(_object(key=_NAMES, value=_SCALARS), max_size=3) | st.dictionaries(_NAMES, _VALUES, max_size=3),
    clarification_requests=st.lists(_object(id=_NAMES, question=st.text(max_size=4), importance=_NAMES), max_size=3),
)
_PRIVATE = _object(
    skills=st.lists(
        _object(id=_NAMES, app=st.text(max_size=4), method_type=st.sampled_from(["ui", "UI", "x"])), max_size=3
    ),
    steps=st.lists(_object(node_id=_NAMES, primary_skill=_NAMES, alt_skills=st.lists(_NAMES, max_size=2)), max_size=3),
    artifacts=_VALUES,
)
_META_PARTS = _object(
    title=st.text(max_size=6), version=st.sampled_from(["1", "1.0 (draft)", "v2.1", "x", 3, 1.5]), owner=_VALUES
)


def hostile_sops() -> st.SearchStrategy[dict[str, Any]]:
    """An object of any content, often with the parts of a SOP."""
    parts = {"meta": _META_PARTS, "public": _PUBLIC, "private": _PRIVATE, "nodes": st.lists(_NODES, max_size=3)}
    return st.fixed_dictionaries({}, optional={**parts, "surprise": _VALUES})
