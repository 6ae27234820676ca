"""One start: the trigger node, or without one the only node to which nothing leads. Pure.

Whether the app's viewer wants a trigger node is not known. So none is added where one node is the start without it.
"""

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft

__all__ = ["find_start"]


def find_start(draft: Draft) -> str:
    """Return the start. What cannot be reached from it is joined later."""
    triggers = [name for name in draft.nodes if draft.type(name) == "trigger"]
    entered = draft.entered()
    if triggers:
        start = next((name for name in triggers if not entered[name]), triggers[0])
        for other in triggers:
            if other != start:
                _settle_other_trigger(draft, other, start=start, is_entered=bool(entered[other]))
        return start
    owners = draft.loop_of()
    outside = [name for name in draft.nodes if name not in owners and draft.type(name) != "end"]
    start_node = next((name for name in outside if not entered[name]), None)
    if start_node is not None:
        return start_node
    first = outside[0] if outside else next(name for name in draft.nodes if draft.type(name) == "end")
    if not outside and not entered[first]:
        return first
    draft.say("no_start")
    return draft.insert("start", kind="trigger", label=draft.wording.say("start"), loop=None, ways={"next": first})


def _settle_other_trigger(draft: Draft, other: str, *, start: str, is_entered: bool) -> None:
    """Merge a second trigger into the start, or make it a step of its own."""
    draft.say("several_starts")
    node, target = draft.nodes[other], draft.ways[other]["next"]
    first = draft.ways[start]["next"]
    if is_entered:
        node["type"] = "task"
    elif target == first:
        if node["label"] != draft.label(start):
            draft.add_note(start, draft.wording.say("also", step=node["label"]))
        del draft.nodes[other], draft.ways[other]
    else:
        draft.ask(questions.other_start(node["label"], draft.label(target)))
        node |= {"type": "decision", "label": draft.wording.say("began_with", step=node["label"])}
        draft.ways[other] = {"yes": target, "no": first}
        draft.ways[start]["next"] = other
