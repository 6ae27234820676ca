"""The JSON Schemas of transcript, SOP and evidence, made from the models. Pure."""

from typing import Any, Final

from pydantic import TypeAdapter

from runops.evidence import Evidence
from runops.sop import Sop
from runops.transcript import Transcript

__all__ = ["json_schemas"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PUBLISHED: Final = (
    (Transcript, "Transcript", "`transcripts.transcript`: what was seen and heard, ordered by its start."),
    (Sop, "Sop", "`sops.data`: a Standard Operating Procedure. docs/sop.md has the rules of its graph."),
    (Evidence, "Evidence", "`sops/{job_id}.evidence.json` in storage: what each step of the SOP rests on."),
)


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its title."""
    return {
        title: {"$schema": _DIALECT, "title": title, "description": description}
        | {key: value for key, value in _written_out(TypeAdapter(model).json_schema()).items() if key != "description"}
        for model, title, description in _PUBLISHED
    }


def _written_out(value: Any) -> Any:
    """Return a schema without the titles that repeat names of fields, and with whole alternatives, see `_whole`."""
    if isinstance(value, list):
        return [_written_out(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {
        key: {name: _written_out(field) for name, field in item.items()}
        if key in {"properties", "$defs"}
        else _written_out(item)
        for key, item in value.items()
        if key != "title" or not isinstance(item, str)
    }
    return _whole(plain) if "oneOf" in plain and "properties" in plain else plain


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """Return an object with alternatives as alternatives that are whole objects: types are made of them, too."""
    properties, required = schema.pop("properties"), schema.pop("required", [])
    schema["oneOf"] = [
        {
            "type": "object",
            "properties": {
                name: _narrowed(field, alternative["properties"].get(name)) for name, field in properties.items()
            },
            "required": [name for name in properties if name in {*required, *alternative["required"]}],
            "additionalProperties": schema["additionalProperties"],
        }
        for alternative in schema["oneOf"]
    ]
    return {key: value for key, value in schema.items() if key not in {"type", "additionalProperties"}}


def _narrowed(field: dict[str, Any], to: dict[str, Any] | None) -> dict[str, Any]:
    if to is None:
        return field
    if to.get("type") != "array":
        return to
    (array,) = (kind for kind in field["anyOf"] if kind.get("type") == "array")
    return {**array, **to}
