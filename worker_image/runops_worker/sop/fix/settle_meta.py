"""Title, version, goal, purpose and owner. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from runops.sop import is_semantic_version
from runops_worker.sop.fix.text_of import first_text, text_of, texts_of

__all__ = ["settle_meta"]

_NUMBERS = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?")
_LONGEST_TITLE = 120


def settle_meta(raw: Any, *, otherwise: str) -> dict[str, Any]:
    """Return the head of a SOP.

    Parameters
    ----------
    raw
        What the model gave.
    otherwise
        The title of a SOP that has neither title nor goal.
    """
    meta: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    title = first_text(meta, ("title", "name", "goal", "purpose")) or otherwise
    settled = {
        "title": title if isinstance(meta.get("title"), str) and meta["title"] else title[:_LONGEST_TITLE],
        "version": _version(meta.get("version")),
        "goal": text_of(meta.get("goal")),
        "purpose": text_of(meta.get("purpose")),
        "owner": texts_of(meta.get("owner")),
    }
    return {**{name: meta[name] for name in ("id", "created") if isinstance(meta.get(name), str)}, **settled}


def _version(raw: Any) -> str:
    """Return a semantic version: that of the model, its first three numbers, or 1.0.0."""
    text = text_of(raw).strip()
    if is_semantic_version(text):
        return text
    match = _NUMBERS.search(text)
    return "1.0.0" if match is None else ".".join(str(int(part or "0")) for part in match.groups())
