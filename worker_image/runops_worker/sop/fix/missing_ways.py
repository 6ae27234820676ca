"""Finds where a node leads for which the model gave no edge. Pure.

The written order counts: a node that nothing leads to follows the one written before it. Else a child goes back to its
loop, and a node outside of loops to the end.
"""

from itertools import pairwise

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft

__all__ = ["add_missing_ways"]


def add_missing_ways(draft: Draft) -> None:
    """Give every node all its ways."""
    order = _Order(draft)
    for name in list(draft.nodes):
        match draft.type(name):
            case "end":
                pass
            case "decision":
                _add_answers(draft, name, order)
            case "loop":
                _add_exit(draft, name, order)
            case _:
                _add_next(draft, name, order)


class _Order:
    """What is written after each node, within its loop or outside of all loops."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self.loop = draft.loop_of()
        self.end = next(name for name in draft.nodes if draft.type(name) == "end")
        outside = [name for name in draft.nodes if name not in self.loop and draft.type(name) != "trigger"]
        self._outside = [name for name in outside if name != self.end]
        self._later: dict[str, str] = {}
        for names in (outside, *map(draft.children, draft.loops())):
            self._later |= pairwise(names)
        self._entered = draft.entered()

    def written_next(self, name: str) -> str | None:
        """Return the node that is written next."""
        if self._draft.type(name) == "trigger":
            return self._outside[0] if self._outside else self.end
        return self._later.get(name)

    def take_next(self, name: str) -> str | None:
        """Return the node that is written next if nothing leads to it; something does then."""
        later = self.written_next(name)
        if later is None or self._entered.get(later) or later == name:
            return None
        self._entered[later] = 1
        return later

    def outlet(self, name: str) -> str:
        """Return the node's loop, or the end."""
        return self.loop.get(name, self.end)


def _add_next(draft: Draft, name: str, order: _Order) -> None:
    if "next" in draft.ways[name]:
        return
    later = order.written_next(name) if draft.type(name) == "trigger" else order.take_next(name)
    target = later or order.outlet(name)
    if later is None and name not in order.loop and order.written_next(name) not in {None, order.end}:
        draft.ask(questions.dead_end(draft.label(name)))
    draft.ways[name]["next"] = target
    draft.say("dead_end")


def _add_exit(draft: Draft, name: str, order: _Order) -> None:
    if "all_processed" in draft.ways[name]:
        return
    target = order.take_next(name)
    if target is None:
        target = order.end
        if order.written_next(name) not in {None, order.end}:
            draft.ask(questions.loop_without_exit(draft.label(name)))
    draft.ways[name]["all_processed"] = target
    draft.say("loop_without_exit")


def _add_answers(draft: Draft, name: str, order: _Order) -> None:
    ways = draft.ways[name]
    missing = [word for word in ("yes", "no") if word not in ways]
    if len(missing) == 2:
        draft.ask(questions.no_answers(draft.label(name)))
    elif missing:
        draft.ask(questions.missing_answer(draft.label(name), missing[0]))
    for word in missing:
        target = order.take_next(name) or _goes_on(draft, name, order)
        # An answer may not lead straight back to its loop.
        ways[word] = draft.back_to(target) if order.loop.get(name) == target else target
        draft.say("missing_answer")
    draft.ways[name] = {"yes": ways["yes"], "no": ways["no"]}


def _goes_on(draft: Draft, name: str, order: _Order) -> str:
    """Return where the procedure goes on in any case: after the one step to which the other answer leads."""
    for shown in draft.ways[name].values():
        following = draft.ways[shown].get("all_processed" if draft.type(shown) == "loop" else "next")
        if following is not None and following not in {name, shown}:
            return following
    return order.outlet(name)
