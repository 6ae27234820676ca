"""Steps of the private part: each belongs to a node and names skills that exist. Pure."""

from typing import Any

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft
from runops_worker.sop.fix.unknown_names import Names

__all__ = ["settle_steps"]


def settle_steps(draft: Draft, private: dict[str, Any]) -> dict[str, Any]:
    """Return the private part without steps of nodes that do not exist.

    A skill may be named by its application. A step whose skill is not known gets an alternative one, or the only one
    there is; else it is dropped, and a question asks for the application.
    """
    skills = _by_spelling(private["skills"])
    names = Names(draft)
    kept: list[dict[str, Any]] = []
    for step in private["steps"]:
        node = names.find(step["node_id"])
        named = (step["primary_skill"], *step.get("alt_skills", ()))
        found = [skills.get(name, skills.get(_bare(name))) for name in named]
        known = list(dict.fromkeys(skill for skill in found if skill is not None))
        if not known and len(private["skills"]) == 1:
            known = [private["skills"][0]["id"]]
        if node is None or not known:
            draft.say("stray_step")
            if node is not None:
                draft.ask(questions.no_skill(draft.label(node)))
            continue
        settled = {"node_id": node, "primary_skill": known[0]} | ({"alt_skills": known[1:]} if known[1:] else {})
        if settled != step:
            draft.say("step_corrected")
        if settled not in kept:
            kept.append(settled)
    return {**private, "steps": kept}


def _by_spelling(skills: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for skill in skills:
        found.setdefault(_bare(skill["app"]), skill["id"])
    return (
        found | {_bare(skill["id"]): skill["id"] for skill in skills} | {skill["id"]: skill["id"] for skill in skills}
    )


def _bare(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum()) or name
