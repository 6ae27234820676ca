"""Whatever the schema of a SOP allows, the reader makes a SOP of it that keeps the rules, or says what is wrong."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops_worker.sop.read_sop import AnsweredSop, read_sop
from runops_worker.sop.schema import sop_schema
from tests.json_schema import allowed_by

JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
IDS = ("a", "b", "c", "d", "start", "end", "t0001", "t0002-t0004", "")
SOPS = allowed_by(sop_schema(with_evidence=True), texts=IDS, most_items=3)
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def read(value: Any) -> AnsweredSop | None:
    reading = read_sop(json.dumps(value), job_id=JOB, now=NOW)
    if reading.value is None or not reading.is_usable:
        assert reading.faults
        assert all(fault.strip() for fault in reading.faults)
        return None
    assert graph_faults(reading.value.sop) == []
    return reading.value


@MANY
@given(SOPS)
def test_a_sop_that_the_schema_allows_is_settled_or_refused_by_named_faults(value: dict[str, Any]) -> None:
    answered = read(value)
    if answered is None:
        assert value["public"]["nodes"] == []
        return
    assert Sop.model_validate(answered.sop.dump()) == answered.sop
    # Not those of the answer: where it gives one id twice, the second node has a new one.
    assert set(answered.cited) <= {node.id for node in answered.sop.public.nodes}


def test_the_evidence_of_a_node_follows_its_new_id() -> None:
    nodes = [{"id": "a", "type": "task", "evidence": [name], "label": name} for name in ("t0001", "t0002")]
    answered = read({"meta": {}, "public": {"nodes": nodes, "edges": []}})
    assert answered is not None
    by_label = {node.id: node.label for node in answered.sop.public.nodes}
    assert {by_label[node]: cited for node, cited in answered.cited.items()} == {
        "t0001": ("t0001",),
        "t0002": ("t0002",),
    }


@MANY
@given(SOPS)
def test_a_sop_that_was_read_is_read_again_as_it_is(value: dict[str, Any]) -> None:
    first = read(value)
    if first is None:
        return
    second = read(first.sop.dump())
    assert second is not None
    assert second.sop == first.sop
    assert second.fixes == second.inserted == ()


@pytest.mark.parametrize(
    "schema", [{"type": "string", "format": "date"}, {"type": "number"}, {"type": "array", "items": {"anyOf": []}}]
)
def test_a_keyword_that_is_unknown_here_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="unknown"):
        allowed_by(schema)


@given(st.data())
def test_drawn_values_are_those_of_the_schema(data: st.DataObject) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "b": {"enum": [1]}},
        "required": ["a"],
    }
    value = data.draw(allowed_by(schema))
    assert set(value) in ({"a"}, {"a", "b"})
    assert value["a"] is None or isinstance(value["a"], str)
    assert value.get("b", 1) == 1
