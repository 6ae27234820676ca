"""How an answer is read as a SOP."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from runops.sop_graph import graph_faults
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


def test_what_has_two_possible_meanings_becomes_a_question() -> None:
    raw = a_sop(variables=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}])
    sop = dumped(raw)
    assert sop["public"]["variables"] == {"k": "1"}
    (request,) = sop["public"]["clarification_requests"]
    assert (
        request["question"]
        == "The variable \u2039k\u203a has the values \u20391\u203a and \u20392\u203a. Which one is right?"
    )
    assert request["importance"] == "medium"


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


def test_a_sop_without_nodes_is_unusable() -> None:
    reading = read({**a_sop(), "public": {"nodes": [], "edges": []}})
    assert (reading.value, reading.is_usable) == (None, False)
    assert reading.faults == ("The SOP has no node: public.nodes must list the steps.",)


def test_a_sop_without_steps_is_usable_once_the_model_was_asked_again() -> None:
    raw = a_sop()
    raw["public"] |= {
        "nodes": [raw["public"]["nodes"][0], raw["public"]["nodes"][2]],
        "edges": [{"source": "a", "target": "c", "condition": "next"}],
    }
    reading = read(raw)
    assert reading.faults == ("The SOP has no step: public.nodes must list what is done.",)
    assert reading.is_usable
    assert reading.value is not None


def test_what_only_the_recording_tells_is_a_fault_of_a_usable_sop() -> None:
    raw = a_sop()
    raw["public"]["nodes"].insert(0, {"id": "u", "type": "task", "label": "Undo all"})
    reading = read(raw)
    assert reading.faults == ("No step leads to \u2039Undo all\u203a. When is it done?",)
    assert reading.is_usable
    assert reading.value is not None
    assert reading.value.fixes
    sop = reading.value.sop
    assert graph_faults(sop) == []
    assert [node.id for node in sop.public.nodes] == ["a", "b", "u", "c"]
    assert [(item.question, item.importance) for item in sop.public.clarification_requests or ()] == [
        ("No step leads to \u2039Undo all\u203a. When is it done?", "high")
    ]


def test_what_a_rule_settles_is_no_fault_and_is_counted() -> None:
    raw = a_sop()
    raw["public"]["edges"][1]["target"] = "nowhere"
    reading = read(raw)
    assert reading.faults == ()
    assert reading.value is not None
    assert {"edge_to_nowhere", "dead_end"} <= set(reading.value.fixes)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: f"```json\n{text}\n```",
        lambda text: f"\n```\n{text}\n```\n",
        lambda text: f"[{text}]",
        lambda text: f'{{"sop": {text}}}',
    ],
)
def test_what_stands_around_the_sop_is_taken_off(wrapped: Callable[[str], str]) -> None:
    reading = read_sop(wrapped(json.dumps(a_sop())), job_id=JOB, now=NOW)
    assert reading.faults == ()
    assert reading.value is not None


def test_nodes_are_written_in_reading_order() -> None:
    raw = a_sop()
    raw["public"]["nodes"].reverse()
    assert [node["id"] for node in dumped(raw)["public"]["nodes"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("version", "read_as"),
    [
        (None, "1.0.0"),
        ("1", "1.0.0"),
        ("v1.2", "1.2.0"),
        (" 3.4.5 ", "3.4.5"),
        ("01.02.03", "1.2.3"),
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("1.0 (draft)", "1.0.0"),
        ("1.0.0.0", "1.0.0"),
        ("draft", "1.0.0"),
        (2, "2.0.0"),
        (1.5, "1.5.0"),
    ],
)
def test_versions(version: object, read_as: str) -> None:
    raw = a_sop()
    raw["meta"]["version"] = version
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


def test_a_step_without_label_is_named_by_what_it_says_or_asked_for() -> None:
    raw = a_sop()
    raw["public"]["nodes"][1] |= {"label": "", "intent": "Open the list"}
    assert dumped(raw)["public"]["nodes"][1]["label"] == "Open the list"
    del raw["public"]["nodes"][1]["intent"]
    assert read(raw).faults == ("The step \u2039b\u203a has no label. What is done in it?",)


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
        ([{"key": "a", "value": "1"}, {"value": "1"}, "b"], {"a": "1"}),
        ({"a": "1", "b": {"c": 2}}, {"a": "1", "b": '{"c": 2}'}),
    ],
)
def test_pairs_become_the_map_of_variables(pairs: list[Any], variables: dict[str, str]) -> None:
    assert dumped(a_sop(variables=pairs))["public"]["variables"] == variables


def question_ids(ids: str) -> list[str]:
    questions = [{"id": name, "question": f"{number}?", "importance": "low"} for number, name in enumerate(ids)]
    return [item["id"] for item in dumped(a_sop(clarification_requests=questions))["public"]["clarification_requests"]]


def test_questions_keep_ids_that_differ_and_are_numbered_where_two_are_the_same() -> None:
    assert question_ids("xyz") == ["x", "y", "z"]
    assert question_ids("xyx") == ["question-1", "question-2", "question-3"]


def test_parts_of_a_wrong_type_are_replaced() -> None:
    assert dumped({**a_sop(), "meta": ["x"]})["meta"]["title"] == "b"
    assert "private" not in dumped({**a_sop(), "private": ["x"]})
    assert dumped(a_sop(variables="v", triggers="When it rains"))["public"]["triggers"] == [
        {"type": "manual", "description": "When it rains"}
    ]
    assert read({**a_sop(), "public": ["x"]}).value is None


def test_evidence_is_read_beside_the_sop_and_is_no_part_of_it() -> None:
    raw = a_sop()
    raw["public"]["nodes"][1]["evidence"] = ["t0001", "t7"]
    reading = read(raw)
    assert reading.value is not None
    assert reading.value.cited == {"b": ("t0001", "t0007")}
    assert "evidence" not in json.dumps(reading.value.sop.dump())


def test_nodes_that_a_fix_inserted_are_told() -> None:
    raw = a_sop()
    raw["public"]["nodes"].pop()
    raw["public"]["edges"].pop()
    reading = read(raw)
    assert reading.value is not None
    assert reading.value.inserted == ("end",)
    assert "no_end" in reading.value.fixes


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ({"sop": "not public"}, "The answer must be one JSON object with meta, public and private."),
        ({"sop": ["public"]}, "The answer must be one JSON object with meta, public and private."),
        ({"sop": {"nodes": []}}, "The SOP has no node: public.nodes must list the steps."),
        ([a_sop(), a_sop(triggers=[])], "The answer must be one JSON object with meta, public and private."),
        ([{"public": 1}, {"public": 2}], "The answer must be one JSON object with meta, public and private."),
        ([[[[[[a_sop()]]]]]], "The answer must be one JSON object with meta, public and private."),
    ],
)
def test_what_is_not_clearly_one_sop_is_none(raw: Any, fault: str) -> None:
    reading = read(raw)
    assert (reading.value, reading.faults) == (None, (fault,))


@pytest.mark.parametrize(
    "raw",
    [
        [a_sop()],
        [a_sop(), a_sop()],
        {"sop": a_sop()},
        {"version": "1", "result": {"sop": [a_sop()]}},
        [[[[[a_sop()]]]]],
        [{name: part} for name, part in a_sop().items()],
        {**a_sop(), "public": json.dumps(a_sop()["public"])},
        a_sop()["public"] | {"meta": a_sop()["meta"], "private": a_sop()["private"]},
    ],
)
def test_a_sop_is_found_inside_of_other_values(raw: Any) -> None:
    assert dumped(raw) == dumped(a_sop())


@pytest.mark.parametrize(
    "around", ["```json\n{}\n```", "Here is the SOP:\n```json\n{}\n```\nAnything else?", "\ufeff{}"]
)
def test_what_is_around_a_sop_costs_no_repair_and_is_counted(around: str) -> None:
    reading = read_sop(around.replace("{}", json.dumps(a_sop())), job_id=JOB, now=NOW)
    assert reading.faults == ()
    plain = read(a_sop())
    assert reading.value is not None
    assert plain.value is not None
    assert reading.value.sop == plain.value.sop
    assert reading.value.fixes == ("loose_json", *plain.value.fixes)


def test_a_question_is_in_the_language_of_the_sop_and_english_for_the_repair_turn() -> None:
    raw = a_sop()
    raw["public"]["nodes"].append({"id": "extra", "type": "task", "label": "Undo all"})
    reading = read_sop(json.dumps(raw), job_id=JOB, now=NOW, language="German")
    assert reading.value is not None
    (request,) = reading.value.sop.public.clarification_requests or []
    assert request.question == "Kein Schritt führt zu \u2039Undo all\u203a. Wann wird dieser Schritt ausgeführt?"
    assert reading.faults == ("No step leads to \u2039Undo all\u203a. When is it done?",)
