"""The rules that a SOP's graph keeps. Pure: a SOP in, sentences out."""

from collections import Counter
from collections.abc import Iterator

from runops.sop import Edge, Node, Sop

__all__ = ["graph_faults"]


def graph_faults(sop: Sop) -> list[str]:
    """Return one sentence for every rule that the SOP's graph breaks; an empty list for a sound graph.

    The rules: ids are unique; edges, children and steps name what exists; a decision has a yes and a no edge; an
    `all_processed` edge leaves a loop; the only edges between a loop and its own child are the child's `next` back
    and the loop's to its first child; every node is reachable; exactly one end is reached.
    """
    return [*_identity_faults(sop), *_edge_faults(sop), *_reach_faults(sop)]


def _identity_faults(sop: Sop) -> Iterator[str]:
    nodes = Counter(node.id for node in sop.public.nodes)
    for name, count in nodes.items():
        if count > 1:
            yield f"the node id {name!r} is used {count} times"
    for node in sop.public.nodes:
        for child in node.children or ():
            if child not in nodes:
                yield f"loop {node.id!r} has the child {child!r}, which is not a node"
            elif child == node.id:
                yield f"loop {node.id!r} is its own child"
    questions = Counter(item.id for item in sop.public.clarification_requests or ())
    yield from (
        f"the clarification id {name!r} is used {count} times" for name, count in questions.items() if count > 1
    )
    if sop.private is None:
        return
    skills = Counter(skill.id for skill in sop.private.skills)
    yield from (f"the skill id {name!r} is used {count} times" for name, count in skills.items() if count > 1)
    for step in sop.private.steps:
        if step.node_id not in nodes:
            yield f"a step belongs to {step.node_id!r}, which is not a node"
        for skill in (step.primary_skill, *(step.alt_skills or ())):
            if skill not in skills:
                yield f"the step of {step.node_id!r} uses {skill!r}, which is not a skill"


def _edge_faults(sop: Sop) -> Iterator[str]:
    nodes = {node.id: node for node in sop.public.nodes}
    for edge in sop.public.edges:
        arrow = f"edge {edge.source!r} -> {edge.target!r}"
        yield from (
            f"{arrow} names {end!r}, which is not a node" for end in (edge.source, edge.target) if end not in nodes
        )
        if edge.source in nodes and edge.target in nodes:
            source, target = nodes[edge.source], nodes[edge.target]
            yield from (f"{arrow} {fault}" for fault in _condition_faults(edge, source))
            yield from (f"{arrow} {fault}" for fault in _loop_faults(edge, source, target))
    yield from _decision_faults(sop)


def _condition_faults(edge: Edge, source: Node) -> Iterator[str]:
    if edge.condition == "all_processed" and source.type != "loop":
        yield f"is all_processed, but {edge.source!r} is not a loop"
    if edge.condition in {"yes", "no"} and source.type != "decision":
        yield f"is {edge.condition}, but {edge.source!r} is not a decision"
    if source.type == "end":
        yield "leaves an end"


def _loop_faults(edge: Edge, source: Node, target: Node) -> Iterator[str]:
    if source.children and target.id in source.children:
        if target.id != source.children[0]:
            yield "goes from a loop to a child that is not its first"
        elif edge.condition != "next":
            yield f"goes from a loop to its first child but is {edge.condition}, not next"
    if target.children and source.id in target.children and edge.condition != "next":
        yield f"goes back to its loop but is {edge.condition}, not next"


def _decision_faults(sop: Sop) -> Iterator[str]:
    for node in sop.public.nodes:
        if node.type == "decision":
            leaving = Counter(edge.condition for edge in sop.public.edges if edge.source == node.id)
            for word in ("yes", "no"):
                if leaving[word] != 1:
                    many = f"{leaving[word]} {word} edges" if leaving[word] else f"no {word} edge"
                    yield f"decision {node.id!r} has {many}"


def _reach_faults(sop: Sop) -> Iterator[str]:
    nodes = {node.id: node for node in sop.public.nodes}
    reached = _reachable(sop, nodes)
    for name in nodes:
        if name not in reached:
            yield f"node {name!r} cannot be reached"
    ends = [name for name in nodes if nodes[name].type == "end" and name in reached]
    if len(ends) != 1:
        named = ", ".join(repr(end) for end in ends) or "none"
        yield f"exactly one end must be reached, but {len(ends)} are: {named}"


def _reachable(sop: Sop, nodes: dict[str, Node]) -> set[str]:
    """Walk from the trigger nodes, or from the first node where the graph has no trigger node."""
    starts = [node.id for node in sop.public.nodes if node.type == "trigger"] or [sop.public.nodes[0].id]
    onward: dict[str, list[str]] = {name: [] for name in nodes}
    for edge in sop.public.edges:
        if edge.source in nodes and edge.target in nodes:
            onward[edge.source].append(edge.target)
    for node in sop.public.nodes:
        onward[node.id].extend(child for child in node.children or () if child in nodes)
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(onward[name])
    return reached
