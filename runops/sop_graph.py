"""The rules that a SOP keeps beyond the form of its parts. Pure: a SOP in, sentences out."""

from collections import Counter
from collections.abc import Iterator

from runops.sop import Sop
from runops.sop_structure import Arrow, Graph, structure_faults

__all__ = ["graph_faults", "graph_of"]


def graph_of(sop: Sop) -> Graph:
    """Return the graph of a SOP. Of two nodes with one id the last one counts."""
    return Graph(
        types={node.id: node.type for node in sop.public.nodes},
        children={node.id: tuple(node.children or ()) for node in sop.public.nodes if node.type == "loop"},
        arrows=tuple(Arrow(edge.source, edge.target, edge.condition) for edge in sop.public.edges),
    )


def graph_faults(sop: Sop) -> list[str]:
    """Return one sentence for every rule that the SOP breaks; an empty list for a sound SOP.

    Ids are unique, and steps name what exists. The graph keeps the rules of `runops.sop_structure`.
    """
    return [*_identity_faults(sop), *structure_faults(graph_of(sop)), *_step_faults(sop)]


def _identity_faults(sop: Sop) -> Iterator[str]:
    skills = () if sop.private is None else sop.private.skills
    for kind, ids in (
        ("node", [node.id for node in sop.public.nodes]),
        ("clarification", [item.id for item in sop.public.clarification_requests or ()]),
        ("skill", [skill.id for skill in skills]),
    ):
        yield from (
            f"the {kind} id {name!r} is used {count} times" for name, count in Counter(ids).items() if count > 1
        )


def _step_faults(sop: Sop) -> Iterator[str]:
    if sop.private is None:
        return
    nodes = {node.id for node in sop.public.nodes}
    skills = {skill.id for skill in sop.private.skills}
    for step in sop.private.steps:
        if step.node_id not in nodes:
            yield f"a step belongs to {step.node_id!r}, which is not a node"
        for skill in (step.primary_skill, *(step.alt_skills or ())):
            if skill not in skills:
                yield f"the step of {step.node_id!r} uses {skill!r}, which is not a skill"
