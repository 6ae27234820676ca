"""How an answer is read as a SOP."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from runops_worker.model.ask import Reading
from runops_worker.sop.read_sop import AnsweredSop, read_sop, sop_id

JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def a_sop(**public: Any) -> dict[str, Any]:
    nodes = [
        {"id": name, "type": kind, "label": name} for name, kind in (("a", "trigger"), ("b", "task"), ("c", "end"))
    ]
    return {
        "meta": {"id": "x", "title": "T", "version": "1", "goal": "g", "purpose": "p", "owner": [], "created": None},
        "public": {
            "triggers": [{"type": "manual", "description": "d", "config": None, "endpoint": ""}],
            "nodes": nodes,
            "edges": [
                {"source": "a", "target": "b", "condition": "next"},
                {"source": "b", "target": "c", "condition": "next"},
            ],
            **public,
        },
        "private": {"skills": [], "steps": []},
    }


def test_what_has_one_possible_meaning_is_corrected_without_asking() -> None:
    raw = a_sop(
        variables=[{"key": "order", "value": "7"}],
        clarification_requests=[{"id": "q", "question": word, "importance": "low"} for word in ("A?", "B?")],
    )
    raw["public"]["nodes"][1] |= {"isBranchRoot": False, "children": [], "iterator": ""}
    raw["public"]["edges"] *= 2
    reading = read_sop(json.dumps(raw), job_id=JOB, now=NOW)
    assert reading.faults == ()
    assert reading.value is not None
    sop = reading.value.sop
    assert (sop.meta.version, sop.meta.created) == ("1.0.0", "2026-11-24T12:00:00+00:00")
    assert UUID(sop.meta.id).version == 4
    assert sop.public.variables == {"order": "7"}
    assert len(sop.public.edges) == 2
    assert [item.id for item in sop.public.clarification_requests or ()] == ["question-1", "question-2"]


def test_what_has_two_possible_meanings_is_a_fault() -> None:
    raw = a_sop(variables=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}])
    assert "variables" in read_sop(json.dumps(raw), job_id=JOB, now=NOW).faults[0]
    raw = a_sop()
    raw["public"]["nodes"][1]["children"] = ["c"]
    assert "only a loop has" in read_sop(json.dumps(raw), job_id=JOB, now=NOW).faults[0]


def read(raw: object) -> Reading[AnsweredSop]:
    return read_sop(json.dumps(raw), job_id=JOB, now=NOW)


def dumped(raw: object) -> dict[str, Any]:
    reading = read(raw)
    assert reading.faults == ()
    assert reading.value is not None
    return reading.value.sop.dump()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "The answer is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "The answer must be one JSON object with meta, public and private."),
        ("null", "The answer must be one JSON object with meta, public and private."),
    ],
)
def test_an_answer_that_is_not_an_object_has_one_fault_and_no_value(text: str, fault: str) -> None:
    reading = read_sop(text, job_id=JOB, now=NOW)
    assert (reading.value, reading.faults) == (None, (fault,))


def test_a_fault_names_its_place_and_leaves_no_value() -> None:
    raw = a_sop()
    raw["meta"]["owner"] = "me"
    del raw["public"]["nodes"][1]["label"]
    reading = read(raw)
    assert reading.value is None
    assert [fault.split(":")[0] for fault in reading.faults] == ["meta.owner", "public.nodes[1].label"]


def test_a_graph_that_breaks_the_rules_is_a_fault() -> None:
    raw = a_sop()
    raw["public"]["edges"][1]["target"] = "nowhere"
    assert any("nowhere" in fault for fault in read(raw).faults)


@pytest.mark.parametrize(
    ("version", "read_as"),
    [
        (None, "1.0.0"),
        ("1", "1.0.0"),
        ("v1.2", "1.2.0"),
        (" 3.4.5 ", "3.4.5"),
        ("01.02.03", "1.2.3"),
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("draft", None),
        (2, None),
    ],
)
def test_versions(version: object, read_as: str | None) -> None:
    raw = a_sop()
    raw["meta"]["version"] = version
    if read_as is None:
        assert read(raw).faults[0].startswith("meta.version: ")
    else:
        assert dumped(raw)["meta"]["version"] == read_as


def test_the_id_of_a_sop_is_that_of_its_job_whatever_the_model_says() -> None:
    assert sop_id(JOB) == "4d8454d7-5f18-423c-b5b3-9840a9a9f300"
    assert sop_id(JOB) != sop_id(UUID(int=1))
    assert dumped(a_sop())["meta"]["id"] == sop_id(JOB)


def test_empty_optional_values_and_repetitions_are_dropped_and_nothing_else() -> None:
    raw = a_sop(variables=[], clarification_requests=[])
    raw["public"]["nodes"][1] |= {"intent": "", "context": None, "position": {"x": 0, "y": 0}}
    raw["public"]["nodes"].append(dict(raw["public"]["nodes"][1]))
    raw["public"]["triggers"] *= 3
    skill = {"id": "s", "app": "Mail", "method_type": "ui", "viewport": "", "variables_in": []}
    raw["private"] = {"skills": [skill, skill], "steps": [{"node_id": "b", "primary_skill": "s", "alt_skills": []}] * 2}
    sop = dumped(raw)
    assert sop["public"]["triggers"] == [{"type": "manual", "description": "d"}]
    assert sop["public"]["nodes"][1] == {"id": "b", "type": "task", "label": "b", "position": {"x": 0, "y": 0}}
    assert len(sop["public"]["nodes"]) == 3
    assert not {"variables", "clarification_requests"} & set(sop["public"])
    assert sop["private"] == {
        "skills": [{"id": "s", "app": "Mail", "method_type": "ui"}],
        "steps": [{"node_id": "b", "primary_skill": "s"}],
        "artifacts": [],
    }


def test_an_empty_value_of_a_required_field_stays() -> None:
    raw = a_sop()
    raw["public"]["nodes"][1]["label"] = ""
    assert dumped(raw)["public"]["nodes"][1] == {"id": "b", "type": "task", "label": ""}


def test_a_loop_is_a_branch_root_and_no_other_node_is() -> None:
    raw = a_sop()
    raw["public"]["nodes"][1] |= {"isBranchRoot": True}
    raw["public"]["nodes"].insert(
        2, {"id": "l", "type": "loop", "label": "l", "iterator": "i", "children": ["k"], "exit_condition": "e"}
    )
    raw["public"]["nodes"].insert(3, {"id": "k", "type": "task", "label": "k"})
    raw["public"]["edges"] = [
        {"source": source, "target": target, "condition": condition}
        for source, target, condition in (
            ("a", "b", "next"),
            ("b", "l", "next"),
            ("l", "k", "next"),
            ("k", "l", "next"),
            ("l", "c", "all_processed"),
        )
    ]
    nodes = {node["id"]: node for node in dumped(raw)["public"]["nodes"]}
    assert nodes["l"]["isBranchRoot"] is True
    assert all("isBranchRoot" not in node for name, node in nodes.items() if name != "l")


@pytest.mark.parametrize(
    ("pairs", "variables"),
    [
        ([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}], {"a": "1", "b": "2"}),
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "1"}], {"a": "1"}),
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], None),
        ([{"value": "1"}], None),
        (["a"], None),
    ],
)
def test_pairs_become_the_map_of_variables(pairs: list[Any], variables: dict[str, str] | None) -> None:
    raw = a_sop(variables=pairs)
    if variables is None:
        assert read(raw).faults[0].startswith("public.variables: ")
    else:
        assert dumped(raw)["public"]["variables"] == variables


def question_ids(ids: str) -> list[str]:
    questions = [{"id": name, "question": f"{number}?", "importance": "low"} for number, name in enumerate(ids)]
    return [item["id"] for item in dumped(a_sop(clarification_requests=questions))["public"]["clarification_requests"]]


def test_questions_keep_ids_that_differ_and_are_numbered_where_two_are_the_same() -> None:
    assert question_ids("xyz") == ["x", "y", "z"]
    assert question_ids("xyx") == ["question-1", "question-2", "question-3"]


def test_parts_of_a_wrong_type_are_faults() -> None:
    for part in ("meta", "public", "private"):
        assert read({**a_sop(), part: ["x"]}).faults[0].startswith(part)
    assert read(a_sop(nodes=["x"], variables="v")).faults


def test_evidence_is_read_beside_the_sop_and_is_no_part_of_it() -> None:
    raw = a_sop()
    raw["public"]["nodes"][1]["evidence"] = ["t0001", "t7"]
    reading = read(raw)
    assert reading.value is not None
    assert reading.value.cited == {"b": ("t0001", "t0007")}
    assert "evidence" not in json.dumps(reading.value.sop.dump())
