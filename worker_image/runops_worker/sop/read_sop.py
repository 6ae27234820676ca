"""Reads the model's answer as a SOP. Pure.

What a rule can settle is settled without asking the model: `runops_worker.sop.fix`. Where a rule has to guess what only
the recording tells, the guess is a fault for the repair turn; the SOP is usable all the same, with a question about it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.sop_outline import in_outline_order
from runops_worker.model.answer_json import faults_of
from runops_worker.model.ask import Reading
from runops_worker.model.find_object import find_object
from runops_worker.sop.evidence.step_support import STEPS
from runops_worker.sop.evidence.take_evidence import Cited, take_evidence
from runops_worker.sop.fix.fix_graph import fix_graph
from runops_worker.sop.wording.choose import wording_for
from runops_worker.sop.wording.sentences import Wording

__all__ = ["AnsweredSop", "read_sop", "sop_id"]

_PARTS = ("meta", "public", "private")
_DEEPEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredSop:
    """The SOP of an answer.

    Attributes
    ----------
    sop
        It keeps the rules; its nodes are in reading order.
    cited
        The items of the transcript that its nodes name as evidence, whether or not they exist.
    fixes
        The name of a rule for each change that was made to the answer.
    inserted
        Ids of nodes that a fix added; they rest on nothing in the recording.
    wording
        The sentences of its language.
    """

    sop: Sop
    cited: Cited
    wording: Wording
    fixes: tuple[str, ...] = ()
    inserted: tuple[str, ...] = ()


def sop_id(job_id: UUID) -> str:
    """Return the id of a job's SOP: always the same, so that a second run replaces the first one's SOP.

    It has the form of a random UUID (version 4), which the viewer requires. The model is not asked for one: a "random"
    UUID of a model is mostly one that it has read, and the same for many recordings.
    """
    return str(UUID(bytes=hashlib.sha256(f"runops sop {job_id}".encode()).digest()[:16], version=4))


def read_sop(text: str, *, job_id: UUID, now: datetime, language: str | None = None) -> Reading[AnsweredSop]:
    """Read an answer. It is unusable only where it is not a JSON object or has no node.

    Parameters
    ----------
    text
        The answer.
    job_id
        The SOP's id is derived from it.
    now
        When the SOP was made, with its time zone.
    language
        The one that was chosen for it, see `Task.sop_language`.
    """
    try:
        raw, is_plain = find_object(text, _object)
    except ValueError as error:
        return Reading(None, (f"The answer is not JSON: {str(error)[:120]}",))
    if raw is None:
        return Reading(None, ("The answer must be one JSON object with meta, public and private.",))
    wording = wording_for(language, raw)
    fixed = fix_graph(raw, wording=wording)
    if not fixed.sop["public"]["nodes"]:
        return Reading(None, ("The SOP has no node: public.nodes must list the steps.",))
    meta = {**fixed.sop["meta"], "id": sop_id(job_id), "created": now.isoformat(timespec="seconds")}
    whole, cited = take_evidence({**fixed.sop, "meta": meta})
    try:
        sop = Sop.model_validate(whole)
    except ValidationError as error:
        return Reading(None, tuple(faults_of(error)))
    broken = graph_faults(sop)
    answer = AnsweredSop(
        sop=in_outline_order(sop),
        cited=cited,
        wording=wording,
        fixes=fixed.fixes if is_plain else ("loose_json", *fixed.fixes),
        inserted=fixed.inserted,
    )
    is_empty = not any(node.type in STEPS for node in sop.public.nodes)
    empty = ("The SOP has no step: public.nodes must list what is done.",) if is_empty else ()
    return Reading(answer, (*broken, *empty, *fixed.guesses), is_usable=not broken)


def _object(value: Any, depth: int = 0) -> dict[str, Any] | None:
    """Return the SOP in a value: itself, or the only one inside of it.

    A list of its three parts is one, too, and a part may be JSON in a text.
    """
    if isinstance(value, list):
        parts = [item for item in value if isinstance(item, dict)]
        names = [name for item in parts for name in item]
        if "public" in names and len(set(names)) == len(names) and set(names) <= set(_PARTS):
            value = {name: part for item in parts for name, part in item.items()}
    if isinstance(value, dict) and ("public" in value or "nodes" in value):
        return {name: _part(part) if name in _PARTS else part for name, part in value.items()}
    if not isinstance(value, list | dict) or depth >= _DEEPEST:
        return None
    inner = value if isinstance(value, list) else value.values()
    found = [one for item in inner if (one := _object(item, depth + 1)) is not None]
    if found and all(one == found[0] for one in found):
        return found[0]
    return None


def _part(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
