"""Reads the model's answer as a SOP. Pure.

What has only one possible meaning is corrected here: see `corrected`. Everything else is a fault that the model has to
repair.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops_worker.model.answer_json import faults_of, parse_json, without_nulls
from runops_worker.model.ask import Reading
from runops_worker.sop.evidence.take_evidence import Cited, take_evidence

__all__ = ["AnsweredSop", "corrected", "read_sop", "sop_id"]

_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_EMPTY: tuple[Any, ...] = ("", [], {})


def sop_id(job_id: UUID) -> str:
    """Return the id of a job's SOP: always the same, so that a second run replaces the first one's SOP.

    It has the form of a random UUID (version 4), which the viewer requires. The model is not asked for one: a "random"
    UUID of a model is mostly one that it has read, and the same for many recordings.
    """
    return str(UUID(bytes=hashlib.sha256(f"runops sop {job_id}".encode()).digest()[:16], version=4))


@dataclass(frozen=True, slots=True)
class AnsweredSop:
    """The SOP of an answer.

    Attributes
    ----------
    sop
        It has the agreed form.
    cited
        The items of the transcript that its nodes name as evidence, whether or not they exist.
    """

    sop: Sop
    cited: Cited


def read_sop(text: str, *, job_id: UUID, now: datetime) -> Reading[AnsweredSop]:
    """Read an answer.

    Parameters
    ----------
    text
        The answer.
    job_id
        The SOP's id is derived from it.
    now
        When the SOP was made, with its time zone.
    """
    try:
        value = without_nulls(parse_json(text))
    except ValueError as error:
        return Reading(None, (f"The answer is not JSON: {str(error)[:120]}",))
    if not isinstance(value, dict):
        return Reading(None, ("The answer must be one JSON object with meta, public and private.",))
    raw, cited = take_evidence(corrected(value, job_id=job_id, now=now))
    try:
        sop = Sop.model_validate(raw)
    except ValidationError as error:
        return Reading(None, tuple(faults_of(error)))
    return Reading(AnsweredSop(sop, cited), tuple(graph_faults(sop)))


def corrected(value: dict[str, Any], *, job_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the SOP with everything corrected that has only one possible meaning.

    The worker sets `meta.id` and `meta.created`. A version such as "1" becomes "1.0.0". The list of variables becomes
    the map. Empty optional values and exact repetitions are dropped, as is `isBranchRoot` of nodes that are not loops.
    Questions whose ids collide are numbered, since nothing refers to them.
    """
    sop = dict(value)
    meta = sop.get("meta")
    if isinstance(meta, dict):
        sop["meta"] = {**meta, "id": sop_id(job_id), "created": now.isoformat(timespec="seconds")}
        sop["meta"]["version"] = _version(meta.get("version"))
    if isinstance(public := sop.get("public"), dict):
        sop["public"] = _public(public)
    if isinstance(private := sop.get("private"), dict):
        sop["private"] = _private(private)
    return sop


def _version(raw: Any) -> Any:
    if raw is None:
        return "1.0.0"
    match = _SEMVER.fullmatch(raw.strip()) if isinstance(raw, str) else None
    return raw if match is None else ".".join(str(int(part or "0")) for part in match.groups())


def _public(public: dict[str, Any]) -> dict[str, Any]:
    result = dict(public)
    for name in ("nodes", "edges", "triggers"):
        if isinstance(items := public.get(name), list):
            result[name] = _once([_node(item) if name == "nodes" else _without_empty(item) for item in items])
    if isinstance(pairs := public.get("variables"), list):
        result["variables"] = _map(pairs)
    if isinstance(questions := public.get("clarification_requests"), list):
        result["clarification_requests"] = _numbered(_once(questions))
    return {key: item for key, item in result.items() if key in {"nodes", "edges", "triggers"} or item not in _EMPTY}


def _private(private: dict[str, Any]) -> dict[str, Any]:
    result = {"skills": [], "steps": [], "artifacts": [], **private}
    for name in ("skills", "steps"):
        if isinstance(items := private.get(name), list):
            result[name] = _once([_without_empty(item) for item in items])
    return result


def _node(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    node = _without_empty(raw)
    if node.get("type") == "loop":
        return {**node, "isBranchRoot": True}
    # Children of a task stay: they are a fault for the model to repair.
    return {key: item for key, item in node.items() if key != "isBranchRoot"}


def _without_empty(raw: Any) -> Any:
    """Return an object without its empty optional values."""
    if not isinstance(raw, dict):
        return raw
    return {key: item for key, item in raw.items() if item not in _EMPTY or key in {"id", "label", "source", "target"}}


def _once(items: list[Any]) -> list[Any]:
    """Return the items without exact repetitions."""
    seen: dict[str, Any] = {}
    for item in items:
        seen.setdefault(json.dumps(item, sort_keys=True), item)
    return list(seen.values())


def _map(pairs: list[Any]) -> Any:
    """Return key and value pairs as one object; unchanged where two pairs contradict each other."""
    variables: dict[str, Any] = {}
    for pair in pairs:
        if not isinstance(pair, dict) or not isinstance(pair.get("key"), str):
            return pairs
        if variables.setdefault(pair["key"], pair.get("value")) != pair.get("value"):
            return pairs
    return variables


def _numbered(questions: list[Any]) -> list[Any]:
    ids = [question.get("id") if isinstance(question, dict) else None for question in questions]
    if len(set(map(str, ids))) == len(ids):
        return questions
    return [
        {**question, "id": f"question-{number}"} if isinstance(question, dict) else question
        for number, question in enumerate(questions, start=1)
    ]
