"""Who is a child of which loop. Pure."""

from collections.abc import Iterable

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.conditions import leaves_a_loop
from runops_worker.sop.fix.draft import Draft

__all__ = ["drop_empty_loops", "find_forgotten_children", "give_each_child_one_loop", "settle_children"]

_LOOP_FIELDS = ("iterator", "children", "exit_condition", "isBranchRoot")


def settle_children(draft: Draft) -> None:
    """Leave children to loops only, and only tasks, decisions and other loops to them.

    A task or decision with children to which one of them leads back is a loop in truth.
    """
    back = {(arrow.target, arrow.source) for arrow in draft.arrows}
    for name, node in draft.nodes.items():
        children = node.get("children")
        if children is None:
            continue
        if node["type"] != "loop":
            if node["type"] == "task" and any((name, child) in back for child in children if child != name):
                node |= {"type": "loop", "isBranchRoot": True}
                node.setdefault("iterator", node["label"])
                if "exit_condition" not in node:
                    node["exit_condition"] = draft.wording.say("none_is_left")
                    draft.ask(questions.until_when(node["label"]))
                draft.say("task_is_a_loop")
            else:
                for field in _LOOP_FIELDS:
                    node.pop(field, None)
                draft.say("children_of_no_loop")
                continue
        kept = [child for child in children if child != name and draft.type(child) not in {"trigger", "end"}]
        if kept != children:
            draft.say("child_of_wrong_type")
            node["children"] = kept


def give_each_child_one_loop(draft: Draft) -> None:
    """Leave a child that several loops claim to the one with which its edges join it, else to the first."""
    claims: dict[str, list[str]] = {}
    for loop in draft.loops():
        for child in draft.children(loop):
            claims.setdefault(child, []).append(loop)
    claimed = {child: loops for child, loops in claims.items() if len(loops) > 1}
    if not claimed:
        return
    joined: dict[str, list[str]] = {}
    for arrow in draft.arrows:
        joined.setdefault(arrow.source, []).append(arrow.target)
        joined.setdefault(arrow.target, []).append(arrow.source)
    for child, loops in claimed.items():
        neighbours = joined.get(child, [])
        scores = [sum(other == loop or claims.get(other) == [loop] for other in neighbours) for loop in loops]
        kept = loops[scores.index(max(scores))]
        if scores.count(max(scores)) > 1:
            draft.ask(questions.child_of_two_loops(draft.label(child), map(draft.label, loops)))
        for loop in loops:
            if loop != kept:
                draft.nodes[loop]["children"] = [one for one in draft.children(loop) if one != child]
                draft.say("child_of_two_loops")


def find_forgotten_children(draft: Draft) -> None:
    """Make a node a child of a loop where only the loop's children lead to it and it leads back to the loop."""
    owners = draft.loop_of()
    onward: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for arrow in draft.arrows:
        if not leaves_a_loop(arrow.condition):
            onward.setdefault(arrow.source, []).append(arrow.target)
        before.setdefault(arrow.target, []).append(arrow.source)
    for loop in draft.loops():
        inside = set(draft.children(loop)) or {loop}
        free = {
            name
            for name in draft.nodes
            if name not in owners and name != loop and draft.type(name) not in {"trigger", "end"}
        }
        # Where the model listed no child, they are what the loop leads to and what leads back to it.
        ahead = _within(free, (target for child in inside for target in onward.get(child, ())), onward)
        found = _within(ahead, before.get(loop, ()), before)
        while strays := {name for name in found if not _entered_from(name, inside | found, before, draft)}:
            found -= strays
        if found:
            draft.nodes[loop]["children"] = [*draft.children(loop), *(name for name in draft.nodes if name in found)]
            owners |= dict.fromkeys(found, loop)
            draft.say("forgotten_child", len(found))


def _within(allowed: set[str], starts: Iterable[str], ways: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in allowed and name not in found:
            found.add(name)
            waiting += ways.get(name, ())
    return found


def _entered_from(name: str, allowed: set[str], before: dict[str, list[str]], draft: Draft) -> bool:
    return allowed.union(draft.children(name)).issuperset(before.get(name, ()))


def drop_empty_loops(draft: Draft) -> None:
    """Make a loop without children a task, and ask what is repeated."""
    for name in draft.loops():
        if not draft.children(name):
            node = draft.nodes[name]
            iterator = node.get("iterator")
            for field in _LOOP_FIELDS:
                node.pop(field, None)
            node["type"] = "task"
            if iterator and iterator != node["label"]:
                draft.add_note(name, draft.wording.say("repeat", each=iterator))
            draft.ask(questions.loop_without_children(node["label"]))
            draft.say("loop_without_children")
