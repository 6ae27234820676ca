"""Gives each edge the condition that its source asks for, and each node one way for each condition. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping

from runops.sop_structure import Arrow
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.conditions import leans_to, leaves_a_loop, says
from runops_worker.sop.fix.draft import Draft

__all__ = ["find_ways"]

_LEANING: Mapping[str, tuple[str | None, ...]] = {"yes": ("yes", None, "no"), "no": ("no", None, "yes")}
"""Which arrows are taken first for an answer; of those that lean alike, the first one."""
_LOOKED_AT = 200
"""Nodes that a search goes through: with it 2,000 nodes with many edges each take seconds, not minutes."""


def find_ways(draft: Draft) -> None:
    """Fill `draft.ways` from the arrows. A way that no arrow gives stays open."""
    leaving = draft.leaving()
    search = _Search(leaving)
    owners = draft.loop_of()
    left: dict[str, str] = {}
    for name, arrows in leaving.items():
        if draft.type(name) == "task":
            words = {says(arrow.condition) for arrow in arrows}
            if words == {"yes", "no"} and len({arrow.target for arrow in arrows}) > 1:
                draft.nodes[name]["type"] = "decision"
                draft.say("task_is_a_decision")
    for name, arrows in leaving.items():
        match draft.type(name):
            case "decision":
                draft.ways[name] = _one_by_one(draft, name, arrows, owners=owners) or _answers(
                    draft, name, arrows, search
                )
            case "loop":
                draft.ways[name] = _loop_ways(draft, name, arrows, search)
            case "end":
                draft.ways[name] = {}
            case _:
                draft.ways[name] = _onward(draft, name, arrows, search, owners=owners, left=left)
        given = set(arrows)
        draft.say(
            "edge_relabelled",
            sum(
                Arrow(name, target, condition) not in given and any(arrow.target == target for arrow in arrows)
                for condition, target in draft.ways[name].items()
            ),
        )
    for loop, target in left.items():
        if "all_processed" not in draft.ways[loop]:
            draft.ways[loop]["all_processed"] = target


class _Search:
    """Tells which of several targets lead to the others."""

    def __init__(self, leaving: Mapping[str, list[Arrow]]) -> None:
        self._leaving = leaving

    def before_the_others(self, targets: list[str], *, source: str) -> str | None:
        """Return the one target from which all others are reached without the source; None if there is none."""
        found = [target for target in targets if self.reaches(target, set(targets) - {target}, without=source)]
        return found[0] if len(found) == 1 else None

    def reaches(self, start: str, wanted: set[str], *, without: str) -> bool:
        """Tell whether all wanted nodes are reached from the start, near it, without passing one node."""
        seen, waiting = {start, without}, deque([start])
        missing = wanted - seen
        while waiting and missing and len(seen) < _LOOKED_AT:
            for arrow in self._leaving[waiting.popleft()]:
                if arrow.target not in seen:
                    seen.add(arrow.target)
                    missing.discard(arrow.target)
                    waiting.append(arrow.target)
        return not missing


def _distinct(arrows: Iterable[Arrow]) -> list[str]:
    return list(dict.fromkeys(arrow.target for arrow in arrows))


def _onward(
    draft: Draft,
    name: str,
    arrows: list[Arrow],
    search: _Search,
    *,
    owners: Mapping[str, str],
    left: dict[str, str],
) -> dict[str, str]:
    """Return the one way of a task or trigger; note in `left` what a child leads to outside of its loop."""
    targets = _distinct(arrows)
    loop = owners.get(name)
    if loop is not None and len(targets) > 1:
        inside = [target for target in targets if target == loop or owners.get(target) == loop]
        outside = [target for target in targets if target not in inside]
        if inside and outside:
            # The last child leads back; what follows the loop is its loop's to say.
            draft.say("child_leads_out_too", len(outside))
            targets = inside
            left.setdefault(loop, outside[0])
    if not targets:
        return {}
    if len(targets) == 1:
        return {"next": targets[0]}
    draft.say("several_next")
    kept = search.before_the_others(targets, source=name)
    if kept is None:
        kept = targets[0]
        draft.ask(questions.parallel(draft.label(name), map(draft.label, targets)))
    return {"next": kept}


def _answers(draft: Draft, name: str, arrows: list[Arrow], search: _Search) -> dict[str, str]:
    """Return the ways of a decision."""
    ways: dict[str, str] = {}
    rest: list[Arrow] = []
    for arrow in arrows:
        word = says(arrow.condition)
        if word in {"yes", "no"} and word not in ways:
            ways[word] = arrow.target
        elif not (word in {"yes", "no"} and ways[word] == arrow.target):
            rest.append(arrow)
    spare = [arrow for arrow in rest if arrow.target not in ways.values()] or rest[:]
    leanings = _leanings(draft.label(name), spare)
    for free in [word for word in ("yes", "no") if word not in ways][: len(spare)]:
        arrow = min(spare, key=lambda arrow: _LEANING[free].index(leanings[arrow]))
        spare.remove(arrow)
        ways[free] = arrow.target
        rest.remove(arrow)
        word = says(arrow.condition)
        if word in ways and word != free:
            labels = [draft.label(ways[word]), draft.label(arrow.target)]
            draft.ask(questions.answer_used_twice(draft.label(name), word, labels))
        elif word is None:
            answer = draft.wording.say(free).capitalize()
            draft.add_note(name, draft.wording.say("answer_means", answer=answer, condition=arrow.condition))
    others = [target for target in _distinct(rest) if target not in ways.values()]
    if rest:
        draft.say("several_answers", len(rest))
    unknown = [
        target for target in others if not any(search.reaches(way, {target}, without=name) for way in ways.values())
    ]
    if unknown:
        draft.ask(questions.more_answers(draft.label(name), map(draft.label, unknown)))
    return ways


def _one_by_one(draft: Draft, name: str, arrows: list[Arrow], *, owners: Mapping[str, str]) -> dict[str, str] | None:
    """Ask for more than two answers one after the other; None where there are two, or some have no words of their own.

    "Which colour?" with the answers red, green and blue becomes "Which colour?", whose yes is red, and "Which colour:
    green?", whose no is blue.
    """
    targets = {arrow.condition: arrow.target for arrow in arrows}
    if len(set(targets.values())) < 3 or len(targets) < len(arrows) or any(says(word) == "next" for word in targets):
        return None
    # What is left over comes last, a plain yes first.
    words = sorted(targets, key=lambda word: {"yes": 0, "no": 2}.get(says(word) or "", 1))
    *asked, last = words
    onward = targets[last]
    question = draft.label(name).rstrip("?: ")
    for word in reversed(asked[1:]):
        ways = {"yes": targets[word], "no": onward}
        onward = draft.insert(name, kind="decision", label=f"{question}: {word}?", loop=owners.get(name), ways=ways)
    if says(asked[0]) is None:
        answer = draft.wording.say("yes").capitalize()
        draft.add_note(name, draft.wording.say("answer_means", answer=answer, condition=asked[0]))
    draft.say("more_answers", len(asked) - 1)
    return {"yes": targets[asked[0]], "no": onward}


def _leanings(question: str, arrows: list[Arrow]) -> dict[Arrow, str | None]:
    """Return for each arrow whether it is rather a yes or a no."""
    unknown = [arrow for arrow in arrows if says(arrow.condition) is None]
    return dict.fromkeys(arrows) | {
        arrow: leans_to(
            arrow.condition,
            question=question,
            others=[other.condition for other in unknown if other.condition != arrow.condition],
        )
        for arrow in unknown
    }


def _loop_ways(draft: Draft, name: str, arrows: list[Arrow], search: _Search) -> dict[str, str]:
    """Return the ways of a loop: to its first child, and out of it."""
    children = draft.children(name)
    entries = [target for target in _distinct(arrows) if target in children]
    exits = [arrow for arrow in arrows if arrow.target not in children]
    first = children[0]
    if entries and first not in entries and not _entered_from(draft, entries[0], set(children)):
        # The edges tell the order better than the list does.
        first = entries[0]
        draft.nodes[name]["children"] = [first, *(child for child in children if child != first)]
        draft.say("loop_begins_elsewhere")
    elif entries != [first]:
        draft.say("loop_to_first_child")
    ways = {"next": first}
    said = [arrow for arrow in exits if leaves_a_loop(arrow.condition)] or exits
    targets = _distinct(said)
    draft.say("several_exits", len(_distinct(exits)) - len(targets))
    if targets:
        way = search.before_the_others(targets, source=name)
        draft.say("several_exits", len(targets) - 1)
        if way is None:
            way = targets[0]
            draft.ask(questions.parallel(draft.label(name), map(draft.label, targets)))
        ways["all_processed"] = way
    return ways


def _entered_from(draft: Draft, name: str, sources: set[str]) -> bool:
    return any(arrow.target == name and arrow.source in sources for arrow in draft.arrows)
