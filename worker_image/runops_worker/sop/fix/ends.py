"""Several ends become one, a missing end is added, and nothing leaves it. Pure."""

from collections import Counter

from runops.sop_structure import Arrow
from runops_worker.sop.fix.draft import Draft

__all__ = ["one_end"]


def one_end(draft: Draft) -> None:
    """Keep the end to which most edges lead, the first of them; another end's label becomes a note on it."""
    ends = [name for name in draft.nodes if draft.type(name) == "end"]
    if not ends:
        name, number = "end", 2
        while name in draft.nodes:
            name, number = f"end-{number}", number + 1
        draft.nodes[name] = {"id": name, "type": "end", "label": draft.wording.say("end")}
        draft.inserted.append(name)
        draft.say("no_end")
        return
    entered = Counter(arrow.target for arrow in draft.arrows)
    kept = max(ends, key=lambda name: entered[name])
    for name in ends:
        if name != kept:
            node = draft.nodes.pop(name)
            if node["label"] != draft.label(kept):
                draft.add_note(kept, draft.wording.say("also", step=node["label"]))
            draft.say("several_ends")
    merged = [
        Arrow(arrow.source, kept if arrow.target in ends else arrow.target, arrow.condition)
        for arrow in draft.arrows
        if arrow.source not in ends
    ]
    draft.say("edge_leaves_end", sum(arrow.source in ends for arrow in draft.arrows))
    draft.arrows = list(dict.fromkeys(merged))
    for node in draft.nodes.values():
        if "children" in node:
            node["children"] = [child for child in node["children"] if child in draft.nodes]
