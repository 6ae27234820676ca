"""Takes a task out of a SOP where the graph stays whole without it. Pure."""

from runops.sop import Edge, Node, Sop
from runops.sop_graph import graph_faults

__all__ = ["without_task"]


def without_task(sop: Sop, node_id: str) -> Sop | None:
    """Return the SOP without a task: what led to it leads to what came after it.

    Returns
    -------
    Sop or None
        None where the node is not a task, is the only one, or leaves a graph that breaks a rule.
    """
    nodes = sop.public.nodes
    task = next((node for node in nodes if node.id == node_id), None)
    onward = [edge for edge in sop.public.edges if edge.source == node_id]
    if task is None or task.type != "task" or len(onward) != 1 or sum(node.type == "task" for node in nodes) < 2:
        return None
    after = onward[0].target
    if after == node_id:
        return None
    edges = [_redirected(edge, node_id, after) for edge in sop.public.edges if edge.source != node_id]
    left = [_without_child(node, node_id) for node in nodes if node.id != node_id]
    if any(node.type == "loop" and not node.children for node in left):
        return None
    update = {"nodes": left, "edges": list(dict.fromkeys(edges))}
    shorter = sop.model_copy(update={"public": sop.public.model_copy(update=update)})
    if sop.private is not None:
        steps = [step for step in sop.private.steps if step.node_id != node_id]
        shorter = shorter.model_copy(update={"private": sop.private.model_copy(update={"steps": steps})})
    try:
        shorter = Sop.model_validate(shorter.model_dump())
    except ValueError:
        return None
    return None if graph_faults(shorter) or _leads_to_itself(shorter) else shorter


def _redirected(edge: Edge, old: str, new: str) -> Edge:
    return edge.model_copy(update={"target": new}) if edge.target == old else edge


def _without_child(node: Node, child: str) -> Node:
    if not node.children or child not in node.children:
        return node
    return node.model_copy(update={"children": [name for name in node.children if name != child]})


def _leads_to_itself(sop: Sop) -> bool:
    """Tell whether an edge goes from a node to itself, or both ways out of a decision go to the same node."""
    decisions = {node.id for node in sop.public.nodes if node.type == "decision"}
    ways: dict[str, set[str]] = {}
    for edge in sop.public.edges:
        if edge.source == edge.target:
            return True
        if edge.source in decisions:
            ways.setdefault(edge.source, set()).add(edge.target)
    return any(len(targets) < 2 for targets in ways.values())
