"""Edges and children that name no node: another spelling of a name is corrected, the rest is dropped. Pure."""

from runops.sop_structure import Arrow
from runops_worker.sop.fix.conditions import says
from runops_worker.sop.fix.draft import Draft

__all__ = ["Names", "resolve_names"]

_ENDS = {"end", "stop", "finish", "done", "exit", "final"}


class Names:
    """Finds a node by its id, by another spelling of it, or by its label.

    Parameters
    ----------
    draft
        Whose nodes are looked for.
    """

    def __init__(self, draft: Draft) -> None:
        self._nodes = draft.nodes
        self._spelled: dict[str, str | None] = {}
        for name, node in draft.nodes.items():
            for spelling in {_bare(name), _bare(str(node["label"]))} - {""}:
                # What two nodes could mean names neither.
                self._spelled[spelling] = None if spelling in self._spelled else name
        ends = [name for name in draft.nodes if draft.type(name) == "end"]
        self._end = ends[0] if len(ends) == 1 else None

    def find(self, name: str) -> str | None:
        """Return the id of the node that is meant, or None."""
        if name in self._nodes:
            return name
        bare = _bare(name)
        return self._spelled.get(bare) or (self._end if bare in _ENDS else None)


def _bare(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _without_steps_back(draft: Draft, arrows: list[Arrow]) -> list[Arrow]:
    """Leave out edges of a task to itself, and of anything to the start, beside another one that leads on.

    Nothing tells when the step would be over, and the procedure goes on without them.
    """
    on = [arrow for arrow in arrows if arrow.source != arrow.target and draft.type(arrow.target) != "trigger"]
    leading_on = {arrow.source for arrow in on}
    kept = [
        arrow
        for arrow in arrows
        if arrow in on
        or arrow.source not in leading_on
        or draft.type(arrow.source) not in {"task", "trigger"}
        or says(arrow.condition) in {"yes", "no"}
    ]
    draft.say("step_back", len(arrows) - len(kept))
    return kept


def resolve_names(draft: Draft) -> None:
    """Make every arrow and every child name a node."""
    names = Names(draft)
    arrows: list[Arrow] = []
    for arrow in draft.arrows:
        source, target = names.find(arrow.source), names.find(arrow.target)
        if (source, target) != (arrow.source, arrow.target):
            draft.say("edge_to_nowhere")
        if source is not None and target is not None:
            arrows.append(Arrow(source, target, arrow.condition))
    draft.arrows = _without_steps_back(draft, list(dict.fromkeys(arrows)))
    for node in draft.nodes.values():
        if "children" in node:
            found = list(dict.fromkeys(names.find(child) for child in node["children"]))
            children = [child for child in found if child is not None]
            if children != node["children"]:
                draft.say("child_is_not_a_node")
                node["children"] = children
