"""Skills, steps and artifacts. Pure."""

from collections.abc import Mapping
from typing import Any

from runops_worker.sop.fix.text_of import first_text, has_content, text_of, texts_of

__all__ = ["settle_private"]

_FREE_FIELDS = ("viewport", "variables_in", "variables_out", "performance_hint")


def settle_private(private: Mapping[str, Any]) -> dict[str, Any]:
    """Return the private part. Skills have unique ids; which node a step belongs to is settled with the graph."""
    artifacts = private.get("artifacts")
    return {
        "skills": _skills(private.get("skills")),
        "steps": _steps(private.get("steps")),
        "artifacts": artifacts if isinstance(artifacts, list) else [artifacts] if has_content(artifacts) else [],
    }


def _skills(raw: Any) -> list[dict[str, Any]]:
    skills: list[dict[str, Any]] = []
    taken: set[str] = set()
    for item in raw if isinstance(raw, list) else []:
        if not isinstance(item, dict) or not item:
            continue
        app = first_text(item, ("app", "application", "name", "id")) or "unknown"
        base = text_of(item.get("id")) or app
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        kind = text_of(item.get("method_type")).strip().casefold()
        skill = {"id": name, "app": app, "method_type": kind if kind in {"api", "mcp"} else "ui"}
        free = {field: item[field] for field in _FREE_FIELDS if has_content(item.get(field))}
        skills.append(skill | free)
    return skills


def _steps(raw: Any) -> list[dict[str, Any]]:
    steps = []
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, dict):
            step: dict[str, Any] = {
                "node_id": first_text(item, ("node_id", "node", "id")),
                "primary_skill": first_text(item, ("primary_skill", "skill", "skill_id")),
            }
            others = texts_of(item.get("alt_skills"))
            steps.append(step | ({"alt_skills": others} if others else {}))
    return steps
