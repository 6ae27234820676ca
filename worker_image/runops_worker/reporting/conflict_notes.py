"""What the row says about a SOP that was edited and cannot be merged with the new one. Pure."""

from collections.abc import Sequence
from typing import Any

from runops.sop_versions.conflict import CONFLICT_NOTE, MOST_CONFLICTS, Conflict, conflict_sentence

__all__ = ["conflict_notes"]


def conflict_notes(conflicts: Sequence[Conflict]) -> list[dict[str, Any]]:
    """Return one note about all conflicts, for the app developer; none where there are none."""
    if not conflicts:
        return []
    listed = [{"place": one.place[:200], "why": one.why[:200]} for one in conflicts[:MOST_CONFLICTS]]
    return [{"kind": CONFLICT_NOTE, "sentence": conflict_sentence(conflicts), "conflicts": listed}]
