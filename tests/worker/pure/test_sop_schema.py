"""The schema of a SOP's answer and the models that read it come from one source, and the prompt explains all of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from runops_worker.prompts import load_prompt
from runops_worker.sop.read_sop import read_sop
from runops_worker.sop.schema import asks_for_evidence, sop_schema

WITH, WITHOUT = sop_schema(with_evidence=True), sop_schema(with_evidence=False)
JOB, NOW = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11"), datetime(2026, 11, 24, tzinfo=UTC)


def node_of(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["public"]["properties"]["nodes"]["items"]
    return found


def names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield name
            yield from names_in(inner)
        yield from names_in(schema.get("items"))


def test_a_step_names_its_evidence_before_its_label() -> None:
    assert list(node_of(WITH)["properties"])[:4] == ["id", "type", "evidence", "label"]
    assert node_of(WITH)["required"] == ["id", "type", "evidence", "label"]
    with_ = sop_schema(with_evidence=True)
    assert node_of(with_)["properties"].pop("evidence") == {"type": "array", "items": {"type": "string"}}
    node_of(with_)["required"].remove("evidence")
    assert with_ == WITHOUT


def test_the_worker_sets_id_and_date() -> None:
    assert set(WITHOUT["properties"]["meta"]["properties"]) == {"title", "version", "goal", "purpose", "owner"}


@pytest.mark.parametrize(
    ("prompt", "schema", "asks"), [("sop_parser_v0.7.md", WITHOUT, False), ("sop_parser_v0.8.md", WITH, True)]
)
def test_the_prompt_explains_every_name_of_the_schema_and_every_word_of_its_enums(
    prompt: str, schema: dict[str, Any], *, asks: bool
) -> None:
    text = load_prompt(prompt).text
    assert asks_for_evidence(text) is asks
    words = {*names_in(schema), *(word for word in json.dumps(schema).split('"') if word in ENUMS)}
    assert {word for word in words if word not in text} == set()


ENUMS = {"task", "decision", "loop", "trigger", "end", "cron", "manual", "webhook", "event", "ui", "api", "mcp"} | {
    *("next", "yes", "no", "all_processed", "high", "medium", "low")
}


def filled(schema: dict[str, Any], *, nulls: bool, optional: bool) -> Any:
    """Return a value that satisfies the schema: with or without its optional properties, with nulls where allowed."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if nulls and "null" in kinds:
        return None
    match kinds[0]:
        case "object":
            names = schema["properties"] if optional else schema["required"]
            return {name: filled(schema["properties"][name], nulls=nulls, optional=optional) for name in names}
        case "array":
            return [filled(schema["items"], nulls=nulls, optional=optional)]
        case "integer":
            return 0
        case "boolean":
            return True
        case _:
            return schema.get("enum", ["text"])[0]


@pytest.mark.parametrize("schema", [WITH, WITHOUT])
def test_what_the_schema_requires_is_what_the_reader_requires(schema: dict[str, Any]) -> None:
    """The least that the schema allows has the form of a SOP; what is left to say about it is its graph."""
    raw = filled(schema, nulls=True, optional=False)
    raw["public"]["triggers"][0]["type"] = "manual"
    raw["public"]["nodes"] = [
        {"id": name, "type": kind, "label": name, "evidence": []}
        for name, kind in (("text", "trigger"), ("a", "task"), ("b", "end"))
    ]
    raw["public"]["edges"] = [
        {"source": "text", "target": "a", "condition": "next"},
        {"source": "a", "target": "b", "condition": "next"},
    ]
    raw["meta"]["version"] = "1.0.0"
    reading = read_sop(json.dumps(raw), job_id=JOB, now=NOW)
    assert reading.faults == ()
    assert reading.value is not None
