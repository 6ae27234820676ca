"""Hides secrets and the model's instructions in a SOP before it is stored. Pure.

The transcript was masked before the model saw it. This is for what a SOP puts together, makes up or tells.
"""

from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.texts import change_texts
from runops.sop import Sop
from runops_worker.model.told_instruction import HIDDEN, without_instruction
from runops_worker.sop.wording.sentences import Wording

__all__ = ["NAMES_AND_KINDS", "mask_sop", "without_told_instruction"]

NAMES_AND_KINDS = frozenset(
    {"id", "type", "source", "target", "condition", "children", "node_id", "primary_skill", "alt_skills"}
    | {"method_type", "importance", "version", "created", "config"}
)
"""Keys of a SOP under which no prose is: ids, which other parts refer to, and words of a fixed set."""


def mask_sop(sop: Sop) -> tuple[Sop, int]:
    """Return a SOP without its secrets, and how many were hidden."""
    count = 0

    def hide(text: str) -> str:
        nonlocal count
        masked = mask(text)
        count += masked.count
        return masked.text

    masked = change_texts(sop.model_dump(), hide, keep=NAMES_AND_KINDS)
    return (Sop.model_validate(masked), count) if count else (sop, 0)


def without_told_instruction(sop: Sop, instruction: str, wording: Wording) -> tuple[Sop, list[str]]:
    """Return a SOP in which the model does not tell its instruction, and what to ask the owner where it did."""
    hidden, count = without_instruction(sop.model_dump(), instruction, keep=NAMES_AND_KINDS)
    return (Sop.model_validate(hidden), [wording.say("told_instruction", hidden=HIDDEN)]) if count else (sop, [])
