"""Every part of a SOP in the form that the contract asks for, and how many changes that took."""

import copy
from typing import Any

import pytest

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.settle_fields import Settled
from runops_worker.sop.fix.settle_fields import settle_fields as settle_fields_in
from runops_worker.sop.wording.sentences import ENGLISH

META = {"title": "T", "version": "1.0.0", "goal": "G", "purpose": "P", "owner": ["A"]}
MANUAL = {"type": "manual", "description": "D"}
S, A, Z = (
    {"id": name, "type": kind, "label": name.upper()} for name, kind in (("s", "trigger"), ("a", "task"), ("z", "end"))
)
EDGES = [{"source": one, "target": other, "condition": "next"} for one, other in ("sa", "az")]
SOUND: dict[str, Any] = {
    "meta": META,
    "public": {
        "triggers": [MANUAL],
        "nodes": [S, A, Z],
        "edges": EDGES,
        "variables": {"v": "1"},
        "clarification_requests": [{"id": "q", "question": "Q?", "importance": "low"}],
    },
    "private": {
        "skills": [{"id": "k", "app": "Mail", "method_type": "ui"}],
        "steps": [{"node_id": "a", "primary_skill": "k"}],
        "artifacts": [],
    },
}


def settle_fields(raw: dict[str, Any]) -> Settled:
    return settle_fields_in(raw, wording=ENGLISH)


def with_part(part: str, **values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SOUND), part: {**copy.deepcopy(SOUND[part]), **values}}


def test_a_sound_sop_is_unchanged() -> None:
    given = copy.deepcopy(SOUND)
    assert settle_fields(given) == Settled(SOUND, (), ())
    assert given == SOUND


def test_the_order_of_fields_is_no_change() -> None:
    turned = {name: [dict(reversed(item.items())) for item in SOUND["public"][name]] for name in ("nodes", "edges")}
    settled = settle_fields(with_part("public", **turned))
    assert (settled.sop, settled.fixes) == (SOUND, ())


def test_the_parts_may_be_at_the_top() -> None:
    settled = settle_fields({"meta": META, **SOUND["public"]})
    assert (settled.sop["public"], settled.fixes) == (SOUND["public"], ())
    assert settle_fields({"public": None, "nodes": [A]}).sop["public"]["nodes"] == []
    assert settle_fields({"edges": EDGES}).sop["public"]["edges"] == [], "nodes tell that they are there"


def test_edges_inside_of_nodes_are_edges() -> None:
    settled = settle_fields({"public": {"nodes": [{**S, "next": "a"}, A]}})
    assert settled.sop["public"]["edges"] == [{"source": "s", "target": "a", "condition": "next"}]


def test_of_nothing_a_form_is_made() -> None:
    settled = settle_fields({})
    assert settled.sop == {
        "meta": {"title": "Procedure", "version": "1.0.0", "goal": "", "purpose": "", "owner": []},
        "public": {
            "triggers": [{"type": "manual", "description": "Somebody starts it."}],
            "nodes": [],
            "edges": [],
        },
    }
    assert (settled.fixes, settled.questions) == (("meta", "triggers"), ())


def test_the_first_trigger_node_tells_what_starts_it_and_the_first_task_is_the_title() -> None:
    settled = settle_fields({"public": {"nodes": [Z, A, {**A, "id": "b", "label": "B"}, S]}})
    assert settled.sop["meta"]["title"] == "A"
    assert settled.sop["public"]["triggers"] == [{"type": "manual", "description": "S"}]


@pytest.mark.parametrize("name", ["variables", "clarification_requests"])
def test_an_optional_part_that_is_empty_is_left_out(name: str) -> None:
    settled = settle_fields(with_part("public", **{name: [] if name != "variables" else {}}))
    assert name not in settled.sop["public"]
    assert settled.fixes == ()


@pytest.mark.parametrize(
    ("raw", "fixes"),
    [
        # What says nothing, the worker's own fields and exact repetitions do not count.
        (with_part("public", nodes=[S, A, A, Z, Z]), ()),
        (with_part("public", triggers=[MANUAL, MANUAL], edges=[*EDGES, *EDGES]), ()),
        (with_part("public", nodes=[S, {**A, "context": "", "intent": None, "isBranchRoot": False}, Z]), ()),
        (with_part("meta", id=7, created=None), ()),
        (with_part("meta", id=7, created=8), ()),
        (with_part("private", skills=SOUND["private"]["skills"] * 2, steps=SOUND["private"]["steps"] * 2), ()),
        # Each item that is changed, dropped or added counts once.
        (
            with_part("public", clarification_requests=[{"question": "Q?", "importance": "low"}]),
            ("clarification_requests",),
        ),
        (
            with_part(
                "public",
                nodes=[S, {"id": "l", "type": "loop", "label": "L", "exit_condition": "e", "children": [A]}, Z],
            ),
            ("nodes", "nodes"),
        ),
        (with_part("public", nodes=[S, {**A, "type": "job"}, {**Z, "type": "stop"}]), ("nodes", "nodes")),
        (with_part("public", nodes=[S, A, Z, "odd"]), ("nodes",)),
        (with_part("public", edges=[*EDGES, {"source": "a"}, {"from": "s", "to": "z"}]), ("edges", "edges")),
        (with_part("public", triggers=[MANUAL, {"type": "timer", "description": "E"}]), ("triggers",)),
        (with_part("public", triggers=[]), ("triggers",)),
        (with_part("public", clarification_requests=["Why?", "When?"]), ("clarification_requests",) * 2),
        (with_part("public", variables=[{"key": "v", "value": 1}, {"key": "v", "value": 2}]), ("variables",)),
        (with_part("meta", version="1"), ("meta",)),
        (with_part("meta", mood="good"), ("meta",)),
        (with_part("private", skills=[{"id": "k", "app": "Mail", "method_type": "robot"}]), ("skills",)),
        (with_part("private", steps=[{"node": "a", "skill": "k"}, "odd"]), ("steps", "steps")),
        (with_part("public", nodes=[S, {**A, "context": "<b>x</b>"}, Z]), ("text",)),
    ],
)
def test_each_change_is_counted_for_its_part(raw: dict[str, Any], fixes: tuple[str, ...]) -> None:
    settled = settle_fields(raw)
    assert settled.fixes == fixes
    again = settle_fields(settled.sop)
    assert (again.sop, again.fixes) == (settled.sop, ())


def test_the_order_of_what_is_kept_is_that_of_its_first_place() -> None:
    settled = settle_fields(with_part("public", nodes=[Z, S, Z, A, S]))
    assert [node["id"] for node in settled.sop["public"]["nodes"]] == ["z", "s", "a"]


def test_what_is_open_is_asked_in_the_order_of_the_parts() -> None:
    raw = with_part(
        "public",
        nodes=[{"id": "a", "type": "task"}],
        triggers=[{"type": "cron", "description": "D"}],
        variables=[{"key": "v", "value": "1"}, {"key": "v", "value": "2"}],
    )
    assert settle_fields(raw).questions == (
        questions.unnamed("a"),
        questions.no_detail("D", "time"),
        questions.value_of("v", ["1", "2"]),
    )


def test_a_private_part_that_is_no_object_is_left_out() -> None:
    settled = settle_fields({**SOUND, "private": ["x"]})
    assert "private" not in settled.sop
    assert settled.fixes == ()
