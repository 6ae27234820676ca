"""Steps that repeat for ever get a decision that asks whether they are repeated once more. Pure."""

from collections.abc import Mapping

from runops.sop_structure import followed
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft

__all__ = ["add_ways_out"]


def add_ways_out(draft: Draft) -> None:
    """Lead every node to the end.

    Nodes that do not lead there form rings that nothing leaves. Each ring gets a way out: to the end, or where all its
    nodes are children of one loop, to the next round of the loop. The loop itself may be part of a ring outside; so
    there are two passes at most, and a last one that finds nothing.
    """
    end = next(name for name in draft.nodes if draft.type(name) == "end")
    while stuck := _stuck(draft, end):
        place = {name: number for number, name in enumerate(draft.nodes)}
        owners = draft.loop_of()
        for ring in _rings(stuck):
            outside = [name for name in ring if name not in owners]
            _open(draft, set(outside or ring), end=end, loop=None if outside else owners[ring[0]], place=place)


def _stuck(draft: Draft, end: str) -> dict[str, list[str]]:
    """Return the nodes from which no way leads to the end, each with where it leads."""
    back: dict[str, list[str]] = {}
    for name, _, target in draft.joints():
        back.setdefault(target, []).append(name)
    leading = followed([end], back)
    return {name: list(ways.values()) for name, ways in draft.ways.items() if name not in leading}


def _open(draft: Draft, ring: set[str], *, end: str, loop: str | None, place: Mapping[str, int]) -> None:
    """Put a decision into the ring where it leads back."""
    joints = [(name, word, target) for name in ring for word, target in draft.ways[name].items() if target in ring]
    name, word, target = max(
        joints, key=lambda joint: (place[joint[2]] <= place[joint[0]], place[joint[0]], joint[1], joint[2])
    )
    draft.say("endless")
    if loop is not None and target == draft.children(loop)[0]:
        # A child that leads to its loop's first child means the next round.
        draft.ways[name][word] = loop if word == "next" else draft.back_to(loop)
        return
    label = draft.label(target)
    draft.ask(questions.endless(label))
    asked = draft.insert(
        f"repeat-{target}",
        kind="decision",
        label=draft.wording.say("once_more", step=label),
        loop=loop,
        ways={"yes": target, "no": end if loop is None else draft.back_to(loop)},
    )
    draft.ways[name][word] = asked


def _rings(ways: Mapping[str, list[str]]) -> list[list[str]]:
    """Return the strongly connected parts that nothing leaves (Tarjan's algorithm without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    done: set[str] = set()
    path: list[str] = []
    rings: list[list[str]] = []
    for root in ways:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        path.append(root)
        calls = [(root, iter(ways[root]))]
        while calls:
            name, targets = calls[-1]
            for target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    path.append(target)
                    calls.append((target, iter(ways[target])))
                    break
                if target not in done:
                    low[name] = min(low[name], number[target])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[name])
                if low[name] == number[name]:
                    part = path[path.index(name) :]
                    del path[-len(part) :]
                    done.update(part)
                    members = set(part)
                    if all(target in members for member in part for target in ways[member]):
                        rings.append(part)
    return rings
