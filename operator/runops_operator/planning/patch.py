"""A status patch as an action, where it would change anything. Pure."""

from typing import Any

from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.actions import Action, PatchStatus

__all__ = ["patch_if_it_changes"]


def patch_if_it_changes(videojob: VideoJobView, patch: dict[str, Any]) -> list[Action]:
    """Return the patch as an action; nothing where the status says all of it already."""
    current = videojob.status.model_dump(by_alias=True, exclude_none=True)
    return [PatchStatus(patch)] if _differs(current, patch) else []


def _differs(current: dict[str, Any], patch: dict[str, Any]) -> bool:
    for key, value in patch.items():
        there = current.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            if _differs(there, value):
                return True
        elif key == "conditions":
            if sorted(value, key=_kind) != sorted(there or (), key=_kind):
                return True
        elif value != there:
            return True
    return False


def _kind(condition: dict[str, Any]) -> str:
    return str(condition["type"])
