"""Ways that cross the border of a loop: in by the loop itself, out by the loop's exit. Pure."""

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft

__all__ = ["keep_to_borders"]


def keep_to_borders(draft: Draft) -> None:
    """Lead ways into a loop's middle to the loop, and ways out of its middle back to it.

    A way out of the middle becomes part of the exit condition: the loop is over then, too. An answer that leads
    straight back to its loop, which no edge may, gets a node on its way.
    """
    owners = draft.loop_of()
    back: dict[str, set[str]] = {}
    for name, _, target in draft.joints():
        if owners.get(name) == target:
            back.setdefault(target, set()).add(name)
    for name, condition, given in list(draft.joints()):
        target = given
        loop, other = owners.get(name), owners.get(given)
        if draft.type(name) == "loop" and condition == "next":
            continue
        if other is not None and other != loop:
            draft.ways[name][condition] = target = other
            draft.say("into_a_loop")
        if loop is None or (owners.get(target) == loop):
            continue
        if target != loop:
            _leave(draft, name, condition, target, loop, is_break=condition != "next" or loop in back)
        elif condition != "next":
            draft.ways[name][condition] = draft.back_to(loop)
            draft.say("answer_back_to_loop")


def _leave(draft: Draft, name: str, condition: str, target: str, loop: str, *, is_break: bool) -> None:
    after = draft.ways[loop].setdefault("all_processed", target)
    if after != target:
        draft.ask(questions.leaves_loop_for(draft.label(name), draft.label(loop), draft.label(target)))
    draft.ways[name][condition] = loop if condition == "next" else draft.back_to(loop)
    if is_break:
        node, step = draft.nodes[loop], draft.label(name)
        given, wording = node["exit_condition"], draft.wording
        node["exit_condition"] = (
            wording.say("or_after", condition=given, step=step)
            if condition == "next"
            else wording.say("or_answer_at", condition=given, step=step, answer=wording.say(condition))
        )
    draft.say("out_of_a_loop")
