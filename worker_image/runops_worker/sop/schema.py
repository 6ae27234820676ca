"""The schema in which the model answers with a SOP, made from the models that read it. Pure.

The Gemini API accepts a subset of JSON Schema: type, properties, required, items, enum and a few keywords more. It
refuses schemas with maps, free numbers, deep unions and long limits. So a map becomes a list of pairs, and what the
model does not have to give is left out. Properties are written in their order: a step's evidence before its label, so
that the model looks before it writes.

A change of the models changes the schema, and with it how an answer is read: it raises the answer version in
`checkpoint/keys.py`.
"""

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from runops.sop import Meta, Node, Position, Public, Skill, Sop

__all__ = ["asks_for_evidence", "sop_schema"]

_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_PAIRS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "object", "properties": {"key": _TEXT, "value": _TEXT}, "required": ["key", "value"]},
}
_SET_BY_THE_WORKER = {(Meta, "id"), (Meta, "created")}
_ASKED_FOR = {(Meta, "version"), (Public, "variables"), (Public, "clarification_requests"), (Sop, "private")}
"""Optional values that the model is to write all the same, if only as an empty list."""
_OF_ANY_FORM: dict[tuple[type[BaseModel], str], dict[str, Any]] = {
    (Skill, "viewport"): _TEXT_OR_NULL,
    (Skill, "variables_in"): _TEXTS,
    (Skill, "variables_out"): _TEXTS,
    (Skill, "performance_hint"): _TEXT_OR_NULL,
    (Position, "x"): {"type": "integer"},
    (Position, "y"): {"type": "integer"},
    (Public, "variables"): _PAIRS,
}
"""Values whose models allow more than the API's schemas can say, or less than a model writes."""


def asks_for_evidence(prompt: str) -> bool:
    """Tell whether a prompt explains the field `evidence`: then the schema has it."""
    return "`evidence`" in prompt


def sop_schema(*, with_evidence: bool) -> dict[str, Any]:
    """Return the schema.

    Parameters
    ----------
    with_evidence
        Whether each node names the items of the transcript that it rests on.
    """
    return _record(Sop, with_evidence=with_evidence)


def _record(model: type[BaseModel], *, with_evidence: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, info in model.model_fields.items():
        if (model, name) in _SET_BY_THE_WORKER:
            continue
        if model is Node and name == "label" and with_evidence:
            properties["evidence"] = _TEXTS
            required.append("evidence")
        properties[name] = _value(model, name, info, with_evidence=with_evidence)
        if info.is_required() or (model, name) in _ASKED_FOR:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}


def _value(model: type[BaseModel], name: str, info: FieldInfo, *, with_evidence: bool) -> dict[str, Any]:
    if (model, name) in _OF_ANY_FORM:
        return _OF_ANY_FORM[model, name]
    return _of_type(info.annotation, with_evidence=with_evidence)


def _of_type(annotation: Any, *, with_evidence: bool) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {UnionType, Union}:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        made = _of_type(inner, with_evidence=with_evidence)
        return _TEXT_OR_NULL if made == _TEXT else made
    if origin is list:
        return {
            "type": "array",
            "items": _TEXT if arguments == (Any,) else _of_type(*arguments, with_evidence=with_evidence),
        }
    if origin is Literal:
        return {"type": "boolean"} if arguments == (True,) else {"type": "string", "enum": list(arguments)}
    if annotation is str:
        return _TEXT
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _record(annotation, with_evidence=with_evidence)
    raise TypeError(f"{annotation} has no schema")
