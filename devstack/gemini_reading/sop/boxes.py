"""Makes the boxes of a procedure of steps that were seen and of sentences that were said. Pure."""

from collections.abc import Sequence

from devstack.gemini_reading.sop.graph import Node
from devstack.gemini_reading.sop.narration import Sentence
from devstack.gemini_reading.sop.steps import Step

__all__ = ["clock", "names_of", "spoken_task", "task"]

_LONGEST_INTENT = 240
_MOST_SEEN = 3


def task(step: Step) -> Node:
    """Return the box of a step that was seen."""
    reason = " ".join(step.said)[:_LONGEST_INTENT]
    seen = "" if step.is_secret else " ".join(dict.fromkeys(step.seen[-_MOST_SEEN:]))
    return Node(
        "task",
        step.label,
        intent=reason,
        context=f"At {clock(step.start)} in {step.app}. {seen}".strip()[:500],
        evidence=step.evidence,
        app=step.app,
        at=step.start,
    )


def spoken_task(label: str, sentence: Sentence) -> Node:
    """Return the box of something that was only said."""
    return Node(
        "task",
        label,
        intent=f'Said: "{sentence.text}"',
        context=f"At {clock(sentence.start)}. It is said and not shown.",
        evidence=names_of([sentence]),
        at=sentence.start,
    )


def names_of(said: Sequence[Sentence]) -> list[str]:
    """Return the names of the items in which sentences are said."""
    return [str(one.item["id"]) for one in said if "id" in one.item]


def clock(at: float) -> str:
    """Return seconds as hours, minutes and seconds."""
    return f"{int(at) // 3600:02d}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"
