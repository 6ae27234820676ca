"""A loop within a loop becomes a decision that its steps come back to: the app's viewer shows one level. Pure."""

from collections import Counter
from itertools import zip_longest

from runops.sop_structure import Arrow
from runops_worker.sop.fix.draft import Draft

__all__ = ["connect_children", "flatten_loops"]


def connect_children(draft: Draft) -> None:
    """Join children that nothing leaves: with the next one if nothing leads to it, else with their loop."""
    arrows = set(draft.arrows)
    entered = {arrow.target for arrow in arrows}
    leaving = {arrow.source for arrow in arrows if arrow.target not in draft.children(arrow.source)}
    claims = Counter(child for loop in draft.loops() for child in draft.children(loop))
    for loop in draft.loops():
        children = draft.children(loop)
        for child, later in zip_longest(children, children[1:]):
            if child not in leaving and draft.type(child) != "decision" and claims[child] == 1:
                target = loop if later is None or later in entered else later
                condition = "all_processed" if draft.type(child) == "loop" else "next"
                draft.arrows.append(Arrow(child, target, condition))
                entered.add(target)
                leaving.add(child)
                draft.say("children_not_connected")


def flatten_loops(draft: Draft) -> None:
    """Turn each loop that is a child into a decision: yes leads to its first child, no to what comes after it.

    Its children become children of the outermost loop, in their order.
    """
    inner_loops = _inner_loops(draft)
    outermost = set(draft.loops()) - inner_loops
    for loop in outermost:
        draft.nodes[loop]["children"] = _with_grandchildren(draft, loop, without=outermost)
    inside = {loop: set(draft.children(loop)) for loop in draft.loops() if loop in inner_loops}
    arrows = [
        arrow if children is None else Arrow(arrow.source, arrow.target, "yes" if arrow.target in children else "no")
        for arrow in draft.arrows
        for children in [inside.get(arrow.source)]
    ]
    arrows += [Arrow(inner, children[0], "yes") for inner in inside if (children := draft.children(inner))]
    draft.arrows = list(dict.fromkeys(arrows))
    for inner in inside:
        node = draft.nodes[inner]
        draft.add_note(
            inner, draft.wording.say("repeat_until", each=node["iterator"], condition=node["exit_condition"])
        )
        for field in ("iterator", "children", "exit_condition", "isBranchRoot"):
            node.pop(field, None)
        node |= {"type": "decision", "label": draft.wording.say("another_one", step=node["label"])}
        draft.say("nested_loop")


def _inner_loops(draft: Draft) -> set[str]:
    """Return the loops within others. Where loops contain each other, the first one is the outermost."""
    loops = set(draft.loops())
    outer = {name: loop for name, loop in draft.loop_of().items() if name in loops}
    for loop in draft.loops():
        seen = {loop}
        at = outer.get(loop)
        while at is not None and at not in seen:
            seen.add(at)
            at = outer.get(at)
        if at == loop:
            del outer[loop]
    return set(outer)


def _with_grandchildren(draft: Draft, loop: str, *, without: set[str]) -> list[str]:
    found: dict[str, None] = {}
    waiting = list(reversed(draft.children(loop)))
    while waiting:
        name = waiting.pop()
        if name not in found and name not in without:
            found[name] = None
            waiting += reversed(draft.children(name))
    return list(found)
