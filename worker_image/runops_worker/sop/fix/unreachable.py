"""Joins nodes that cannot be reached. No node is lost: where the place is not clear, it is asked for. Pure."""

from collections import deque

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft

__all__ = ["join_unreachable"]


def join_unreachable(draft: Draft, *, start: str) -> None:
    """Lead to every node from the start.

    A node leads, over others that cannot be reached, to one that can. It is put in front of that one. The place is
    clear where the node written just before it leads there too; else a question asks for it.

    Every node has all its ways and leads to the end when this begins.
    """
    joining = _Joining(draft, start)
    # Whole loops first: their children are reached by them then.
    for name in sorted(joining.missing(), key=lambda name: name in joining.loop):
        if name not in joining.reached:
            joining.join(name)
            draft.say("unreachable")


class _Joining:
    def __init__(self, draft: Draft, start: str) -> None:
        self._draft = draft
        self.loop = draft.loop_of()
        self._end = next(name for name in draft.nodes if draft.type(name) == "end")
        self.reached: set[str] = set()
        self._into: dict[str, dict[tuple[str, str], None]] = {}
        for name, word, target in draft.joints():
            self._into.setdefault(target, {})[name, word] = None
        self._place = {name: number for number, name in enumerate(draft.nodes)}
        self._before: dict[str, str] = {}
        outside = [name for name in draft.nodes if name not in self.loop]
        for names in (outside, *map(draft.children, draft.loops())):
            self._before |= zip(names[1:], names, strict=False)
        self._reach(start)

    def missing(self) -> list[str]:
        """Return what cannot be reached: nodes to which nothing leads but their own children first."""
        names = [name for name in self._draft.nodes if name not in self.reached]
        return sorted(names, key=self._is_entered)

    def _is_entered(self, name: str) -> bool:
        own = set(self._draft.children(name))
        return any(source not in own and source != name for source, _ in self._into.get(name, ()))

    def _reach(self, name: str) -> None:
        waiting = [name]
        while waiting:
            at = waiting.pop()
            if at not in self.reached:
                self.reached.add(at)
                waiting += self._draft.ways[at].values()

    def join(self, name: str) -> None:
        """Lead to one node."""
        last, word, target = self._way_to_reached(name)
        joints = self._joints(name, target)
        if not joints:
            # Only the loop, or nothing, leads there: the target comes first. So the node comes last.
            target = self._lead_on(last, word, self.loop.get(name))
            joints = self._joints(name, target)
        before = self._before.get(name)
        clear = [joint for joint in joints if joint[0] == before]
        if not clear:
            self._ask(self._draft.label(name))
        place = self._place[name]
        earlier = [joint for joint in joints if self._place.get(joint[0], place) < place]
        source, way = (clear or earlier[-1:] or joints)[0]
        self._lead(source, way, name)
        self._reach(name)

    def _ask(self, label: str) -> None:
        """Ask when a step is done; what follows it is answered with that."""
        after = questions.dead_end(label)
        self._draft.questions = [question for question in self._draft.questions if question != after]
        self._draft.ask(questions.unplaced(label))

    def _way_to_reached(self, name: str) -> tuple[str, str, str]:
        """Return the last step of the shortest way from a node to one that can be reached.

        It is on the node's own level: children lead to their loop only, and cannot be reached unless it can.
        """
        seen, waiting = {name}, deque([name])
        while waiting:
            at = waiting.popleft()
            for word, target in self._draft.ways[at].items():
                if target in self.reached:
                    return at, word, target
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        raise AssertionError(f"{name!r} leads to the end, which is reached")

    def _joints(self, name: str, target: str) -> list[tuple[str, str]]:
        """Return the ways by which the target is reached on the node's own level, in written order."""
        loop = self.loop.get(name)
        joints = [
            (source, word)
            for source, word in self._into.get(target, ())
            if source in self.reached and self.loop.get(source) == loop
        ]
        return sorted(joints, key=lambda joint: self._place.get(joint[0], len(self._place)))

    def _lead_on(self, last: str, word: str, loop: str | None) -> str:
        """Lead the last step to the end, or towards its loop; return the node in front of which there is a place."""
        if loop is None or word == "next":
            target = self._end if loop is None else loop
            self._lead(last, word, target)
            return target
        between = self._draft.back_to(loop)
        self._into.setdefault(loop, {})[between, "next"] = None
        self.loop[between] = loop
        self._lead(last, word, between)
        return between if between in self.reached else loop

    def _lead(self, source: str, word: str, target: str) -> None:
        self._into[self._draft.ways[source][word]].pop((source, word))
        self._into.setdefault(target, {})[source, word] = None
        self._draft.ways[source][word] = target
