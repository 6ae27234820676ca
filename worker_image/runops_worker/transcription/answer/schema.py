"""The JSON Schema of an answer, in the subset that the Gemini API accepts.

Accepted keywords: type, description, enum, items, properties, required, anyOf and a few more that are not needed here
(Gemini API, structured output). Long enums, limits on arrays and deep nesting make the API refuse a schema, so there
are none. Visual and audio items are two forms of which the first field differs, so the model is held to one of them
from its first word on.
"""

from typing import Any

from runops_worker.transcription.answer.actions import ASKED_ACTIONS
from runops_worker.transcription.answer.fields import KINDS, Field, Form

__all__ = ["transcript_schema"]


def transcript_schema() -> dict[str, Any]:
    """Return the schema: an array of visual and audio items."""
    return {"type": "array", "items": {"anyOf": [_record(fields) for fields in KINDS.values()]}}


def _type(kind: str, field: Field) -> dict[str, Any]:
    return {"type": [kind, "null"] if field.nullable else kind}


def _schema(field: Field) -> dict[str, Any]:
    match field.form:
        case Form.RECORD:
            value = {**_record(field.fields), **_type("object", field)}
        case Form.TEXTS:
            value = {**_type("array", field), "items": {"type": "string"}}
        case Form.ACTION:
            value = {**_type("string", field), "enum": list(ASKED_ACTIONS)}
        case _:
            value = _type("string", field)
    return value if field.about is None else {**value, "description": field.about}


def _record(fields: tuple[Field, ...]) -> dict[str, Any]:
    record = {"type": "object", "properties": {field.name: _schema(field) for field in fields}}
    required = [field.name for field in fields if field.required]
    return {**record, "required": required} if required else record
