"""Gives the items of a transcript the names by which a SOP refers to them. Pure."""

from collections.abc import Sequence
from typing import Any, Literal

__all__ = ["answer_id", "item_id", "kind_of", "numbered"]


def item_id(index: int) -> str:
    """Return the name of the item at an index of the transcript: `t0001` for the first one."""
    return f"t{index + 1:04d}"


def answer_id(index: int) -> str:
    """Return the name of the answer at an index of those that people gave: `a0001` for the first one."""
    return f"a{index + 1:04d}"


def numbered(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items, each with its name in front."""
    return [{"id": item_id(index), **item} for index, item in enumerate(items)]


def kind_of(item: dict[str, Any]) -> Literal["audio", "visual"]:
    """Return whether an item was said or seen."""
    return "audio" if "verbatim_transcript_segment" in item else "visual"
