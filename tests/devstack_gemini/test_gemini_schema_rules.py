"""Which schemas are served."""

from typing import Any

import pytest
from pydantic import BaseModel

from devstack.gemini.requests.schema_rules import accepted_schema
from devstack.gemini.wire.api_error import ApiError

STRINGS = {"type": "array", "items": {"type": "string"}}
TREE = {
    "$defs": {
        "Node": {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}
    },
    "$ref": "#/$defs/Node",
}


def config(schema: Any, key: str = "responseJsonSchema") -> dict[str, Any]:
    return {"responseMimeType": "application/json", key: schema}


class Inner(BaseModel):
    name: str
    size: int | None


class Outer(BaseModel):
    inner: list[Inner]
    kind: str


@pytest.mark.parametrize(
    "schema",
    [
        STRINGS,
        TREE,
        {**STRINGS, "maxItems": 960},
        {"type": ["string", "null"]},
        {"enum": ["a", 1]},
        {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}, STRINGS]}}, "propertyOrdering": ["a"]},
        Outer.model_json_schema(),
    ],
)
def test_schemas_of_the_subset_are_accepted(schema: dict[str, Any]) -> None:
    assert accepted_schema(config(schema)) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "x"},
        {"type": "string", "minLength": 1},
        {"const": 1},
        {"allOf": [STRINGS]},
        {"type": "array", "items": {"not": {}}},
        {"type": "array", "uniqueItems": True},
        {"type": "object", "properties": {"a": {"default": 1}}},
        {"type": "text"},
        {"enum": [True]},
        {"enum": []},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"$ref": "#/$defs/Nothing"},
        {"type": "object", "properties": []},
        {"items": "x"},
        "object",
        {"type": "array", "maxItems": -1},
    ],
)
def test_schemas_outside_the_subset_are_refused(schema: Any) -> None:
    with pytest.raises(ApiError) as refused:
        accepted_schema(config(schema))
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]},
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    ],
)
def test_a_cycle_that_no_value_can_end_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="cycle"):
        accepted_schema(config(schema))


def nested(depth: int) -> dict[str, Any]:
    return {"type": "array", "items": nested(depth - 1)} if depth else {"type": "string"}


def optional(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(count)}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {**STRINGS, "maxItems": 500}, "b": {**STRINGS, "maxItems": 461}}},
        {"enum": [f"four quite ordinary words {n}" for n in range(120)]},
        # Short words, but in many enumerations.
        {"type": "object", "properties": {f"p{n}": {"enum": [f"word{m}" for m in range(200)]} for n in range(3)}},
        # Arrays in arrays: 31 lists of 31 texts.
        {"type": "array", "maxItems": 31, "items": {**STRINGS, "maxItems": 31}},
        optional(63),
        {"type": "array", "maxItems": 30, "items": optional(12)},
        nested(30),
    ],
)
def test_schemas_with_too_many_states_are_refused_as_such(schema: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="too many states"):
        accepted_schema(config(schema))


@pytest.mark.parametrize("schema", [optional(62), {"type": "array", "maxItems": 25, "items": optional(12)}])
def test_some_optional_properties_are_served(schema: dict[str, Any]) -> None:
    assert accepted_schema(config(schema)) == schema


def test_properties_that_are_required_are_no_choice() -> None:
    schema = optional(200)
    assert accepted_schema(config({**schema, "required": list(schema["properties"])}))


def test_many_short_enum_values_are_served() -> None:
    schema = {"enum": [f"word{n}" for n in range(400)]}
    assert accepted_schema(config(schema)) == schema


def test_the_other_kind_of_schema_is_read_in_both_spellings() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING", "nullable": True}, "max_items": "3"}},
        "property_ordering": ["a"],
    }
    assert accepted_schema(config(schema, "responseSchema")) == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "maxItems": 3}
        },
    }


@pytest.mark.parametrize("schema", [{"type": "OBJECT", "$defs": {}}, {"properties": 3}, {"type": "TEXT"}, 5])
def test_malformed_schemas_of_the_other_kind_are_refused(schema: Any) -> None:
    with pytest.raises(ApiError):
        accepted_schema(config(schema, "responseSchema"))
