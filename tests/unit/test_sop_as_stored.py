"""SOPs that the app or another worker wrote are shown.

The app's own files are not at hand: those in `stored_sops` are made up from keys that it is known to write.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from runops.sop import Meta, Node, Sop
from runops.sop_as_stored import sop_as_stored
from runops.sop_text import sop_text
from tests.sop_graphs import as_sop, hostile_sops, sound_sops

FOLDER = Path(__file__).parent / "stored_sops"

STEPS = {
    "grouped_by_parent": """\
Steps
  1. Start: Start
  2. Repeat: Each invoice
     over: invoice
     until: none left
     each time:
         3. Open it
            note: <b>Inbox</b>
         4. Book it
  5. End: Done
""",
    "bare_nodes": """\
Steps
  1. Begin
  2. Write the report
  3. End: 3
""",
    "nested_children": """\
Steps
  1. Repeat: Each file
     each time:
         2. Rename it
         3. Decision: Is it large?
            yes: -> the next one
            no:
                4. End: Done
""",
}


def shown(data: dict[str, Any]) -> str:
    sop = sop_as_stored(data)
    assert sop is not None
    return sop_text(sop)


@pytest.mark.parametrize("name", STEPS)
def test_the_steps_of_a_stored_sop_are_shown(name: str) -> None:
    assert STEPS[name] in shown(json.loads((FOLDER / f"{name}.json").read_text("utf-8"))) + "\n"


def test_every_file_is_tested() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(STEPS)


def test_other_parts_are_shown_as_far_as_they_are_there() -> None:
    text = shown(json.loads((FOLDER / "nested_children.json").read_text("utf-8")))
    for line in (
        "Version: 2",
        "  - size = 10",
        "[medium] Which folder?",
        "[medium] How large?",
        "Files (ui)",
        "step 2",
    ):
        assert line in text
    text = shown(json.loads((FOLDER / "grouped_by_parent.json").read_text("utf-8")))
    for line in ("Version: 1.0 (draft)", "Owner:   Accounting", "On Mondays (manual)"):
        assert line in text
    assert shown(json.loads((FOLDER / "bare_nodes.json").read_text("utf-8"))).startswith("Untitled procedure")


@given(sound_sops())
def test_a_strict_sop_is_shown_the_same(raw: dict[str, Any]) -> None:
    assert shown(as_sop(raw).dump()) == sop_text(as_sop(raw))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(hostile_sops())
def test_whatever_is_in_the_table_is_no_exception(raw: dict[str, Any]) -> None:
    sop = sop_as_stored(raw)
    if sop is not None:
        assert "Steps" in sop_text(sop)


def read(**data: Any) -> Sop:
    sop = sop_as_stored({"nodes": [{"id": "a"}], **data})
    assert sop is not None
    return sop


def node_of(**fields: Any) -> Node:
    return read(nodes=[{"id": "a", **fields}]).public.nodes[0]


@pytest.mark.parametrize("nodes", [None, [], "none", [1, "a", None]])
def test_a_sop_without_a_node_is_none(nodes: Any) -> None:
    assert sop_as_stored({"public": {"nodes": nodes}}) is None


def test_a_sop_of_one_bare_node_has_empty_parts() -> None:
    sop = read()
    assert sop.private is None
    assert sop.meta == Meta.model_construct(
        id="", title="Untitled procedure", version="", goal="", purpose="", owner=[], created=None
    )
    public = sop.public
    assert (public.triggers, public.edges, public.variables, public.clarification_requests) == ([], [], {}, [])
    assert [vars(one) for one in public.nodes] == [
        {
            "id": "a",
            "type": "task",
            "label": "a",
            "intent": None,
            "context": None,
            "position": None,
            "iterator": None,
            "children": None,
            "exit_condition": None,
            "isBranchRoot": None,
        }
    ]


def test_the_parts_may_be_in_public_or_beside_it() -> None:
    inside = read(public={"nodes": [{"id": "b"}], "variables": {"x": 1}}, variables={"y": 2})
    assert ([one.id for one in inside.public.nodes], inside.public.variables) == (["b"], {"x": "1"})
    beside = read(public={}, variables={"y": 2})
    assert ([one.id for one in beside.public.nodes], beside.public.variables) == (["a"], {"y": "2"})
    assert [one.id for one in read(nodes={"id": "only"}).public.nodes] == ["only"], "one node need not be in a list"


def test_every_field_of_a_node_is_read() -> None:
    found = node_of(
        type="Loop", label="Each", intent="why", context="note", iterator="one", exit_condition="none left", children=[]
    )
    assert (found.type, found.label, found.intent, found.context) == ("loop", "Each", "why", "note")
    assert (found.iterator, found.exit_condition, found.children) == ("one", "none left", None)


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"label": "L", "title": "T", "name": "N"}, "L"),
        ({"label": "", "title": "T", "name": "N"}, "T"),
        ({"name": "N", "data": {"label": "D"}}, "N"),
        ({"data": {"label": "D"}}, "D"),
        ({"label": {"text": "odd"}, "data": "odd"}, "a"),
        ({"label": ["one", None, "two", ["deep"], {"x": 1}, 3]}, "one, two, 3"),
    ],
)
def test_the_label_of_a_node_is_the_first_text_that_it_has(fields: dict[str, Any], label: str) -> None:
    assert node_of(**fields).label == label


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [(kind, kind) for kind in ("task", "decision", "loop", "trigger", "end")]
    + [("DECISION", "decision"), ("start", "task"), (None, "task"), (7, "task")],
)
def test_a_node_of_another_type_is_a_task(kind: Any, becomes: str) -> None:
    assert node_of(type=kind).type == becomes


def test_a_node_with_children_and_no_known_type_is_a_loop() -> None:
    found = read(nodes=[{"id": "l", "type": "group", "children": ["b"]}, {"id": "b"}]).public.nodes
    assert [(one.type, one.children) for one in found] == [("loop", ["b"]), ("task", None)]


def test_a_node_without_an_id_is_called_by_its_path_or_its_place() -> None:
    nodes = [{"id_path": "0"}, {}, {"id": "l", "children": [{}, {"type": "end"}]}]
    assert [one.id for one in read(nodes=nodes).public.nodes] == ["0", "node-2", "l", "l-1", "l-2"]


def test_children_are_named_by_id_or_path_or_stand_in_the_loop_or_name_their_parent() -> None:
    nodes = [
        {"id": "l", "id_path": "1", "children": ["b", "1.1", {"id": "d", "id_path": "1.2"}, "ghost", "l", "b"]},
        {"id": "b"},
        {"id": "c", "id_path": "1.1"},
        {"id": "e", "parentId": "1"},
        {"id": "f", "parentId": "ghost"},
        {"id": "g", "parentId": "g"},
    ]
    found = {one.id: one.children for one in read(nodes=nodes).public.nodes}
    assert found == {"l": ["b", "c", "d", "e"], "d": None, "b": None, "c": None, "e": None, "f": None, "g": None}


def test_a_child_in_a_loop_is_found_by_its_id_before_its_path() -> None:
    nodes = [{"id": "l", "children": [{"id": "b", "id_path": "a"}]}, {"id": "a"}]
    assert {one.id: one.children for one in read(nodes=nodes).public.nodes}["l"] == ["b"]
    # Deeper than it is read, an object still names a node that is written elsewhere.
    deep: dict[str, Any] = {"id": "4", "children": [{"id": "x", "id_path": "y"}, {"id_path": "z"}]}
    for level in range(3, -1, -1):
        deep = {"id": str(level), "children": [deep]}
    found = {one.id: one.children for one in read(nodes=[deep, {"id": "x"}, {"id": "z"}, {"id": "y"}]).public.nodes}
    assert found["4"] == ["x", "z"]


def test_a_child_in_a_loop_without_an_id_belongs_to_it_by_its_path() -> None:
    found = read(nodes=[{"id": "l", "children": [{"id_path": "l/a"}, {"type": "end"}]}]).public.nodes
    assert [(one.id, one.children) for one in found] == [("l", ["l/a", "l-2"]), ("l/a", None), ("l-2", None)]


def test_children_within_children_are_read_five_levels_deep() -> None:
    nested: dict[str, Any] = {"id": "6"}
    for level in range(5, -1, -1):
        nested = {"id": str(level), "children": [nested]}
    assert [one.id for one in read(nodes=[nested]).public.nodes] == ["0", "1", "2", "3", "4"]


def test_edges_are_read_by_id_or_path_and_those_from_or_to_nothing_are_left_out() -> None:
    nodes = [{"id": "a", "id_path": "0"}, {"id": "b", "id_path": "1"}]
    edges = [
        {"source": "a", "target": "1", "condition": "YES"},
        {"source": "0", "target": "b", "label": "no"},
        {"source": "a", "target": "b", "data": {"condition": "all_processed"}},
        {"source": "a", "target": "b", "condition": "next", "label": "yes"},
        {"source": "a", "target": "b", "condition": "approved"},
        {"source": "a", "target": "b"},
        {"source": "a", "target": "ghost"},
        {"source": "ghost", "target": "a"},
        "a -> b",
    ]
    found = read(nodes=nodes, edges=edges).public.edges
    assert {(edge.source, edge.target) for edge in found} == {("a", "b")}
    assert [edge.condition for edge in found] == ["yes", "no", "all_processed", "next", "next", "next"]


def test_every_field_of_the_head_is_read() -> None:
    meta = {
        "id": 7,
        "title": "Book",
        "version": 2,
        "goal": "g",
        "purpose": "p",
        "owner": ["A", None, {"x": 1}, "B"],
        "created": "2026-01-01",
    }
    assert read(meta=meta).meta == Meta.model_construct(
        id="7", title="Book", version="2", goal="g", purpose="p", owner=["A", "B"], created="2026-01-01"
    )


@pytest.mark.parametrize(
    ("meta", "title", "owner"),
    [
        ({"name": "N", "goal": "G", "owner": "A"}, "N", ["A"]),
        ({"goal": "G", "owner": None}, "G", []),
        ("odd", "Untitled procedure", []),
    ],
)
def test_the_title_and_the_owner_may_be_written_differently(meta: Any, title: str, owner: list[str]) -> None:
    found = read(meta=meta).meta
    assert (found.title, found.owner) == (title, owner)


def test_every_field_of_a_trigger_is_read() -> None:
    triggers = [
        {"type": "cron", "description": "D", "label": "L", "config": "0 8 * * 1"},
        {"type": "webhook", "label": "L", "name": "N", "endpoint": "/x"},
        {"type": "event", "name": "N", "signal": "s"},
        {},
        "odd",
    ]
    found = read(triggers=triggers).public.triggers
    assert [(one.type, one.description, one.config, one.endpoint, one.signal) for one in found] == [
        ("cron", "D", "0 8 * * 1", None, None),
        ("webhook", "L", None, "/x", None),
        ("event", "N", None, None, "s"),
        ("manual", "", None, None, None),
    ]


@pytest.mark.parametrize(
    ("given", "variables"),
    [
        ({"size": 10, "none": None}, {"size": "10", "none": ""}),
        (
            [{"key": "size", "value": 10}, {"name": "n", "value": "v"}, {"key": "k", "name": "n2"}, {"value": 1}, 3],
            {"size": "10", "n": "v", "k": ""},
        ),
        (None, {}),
        ("odd", {}),
    ],
)
def test_variables_are_an_object_or_a_list(given: Any, variables: dict[str, str]) -> None:
    assert read(variables=given).public.variables == variables


def test_questions_are_objects_or_texts() -> None:
    requests = [
        "Which folder?",
        {"id": "q", "question": "How large?", "importance": "HIGH"},
        {"text": "Why?", "importance": "urgent"},
        {"question": ""},
        None,
        {"question": "When?", "importance": "low"},
    ]
    found = read(clarification_requests=requests).public.clarification_requests or []
    assert [(one.id, one.question, one.importance) for one in found] == [
        ("1", "Which folder?", "medium"),
        ("q", "How large?", "high"),
        ("3", "Why?", "medium"),
        ("6", "When?", "low"),
    ]
    assert read(clarification_requests="Which?").public.clarification_requests == []


def test_the_private_part_is_read() -> None:
    private = {
        "skills": [{"id": "s", "app": "SAP", "method_type": "api"}, {"app": "Mail"}, {"id": "x"}, {"name": "N"}, 1],
        "steps": [
            {"node_id": "0", "primary_skill": "s", "alt_skills": ["Mail", 7]},
            {"node_id": "ghost", "primary_skill": 3, "alt_skills": "Mail"},
        ],
    }
    found = read(nodes=[{"id": "a", "id_path": "0"}], private=private).private
    assert found is not None
    assert [(skill.id, skill.app, skill.method_type) for skill in found.skills] == [
        ("s", "SAP", "api"),
        ("Mail", "Mail", "ui"),
        ("x", "x", "ui"),
        ("", "N", "ui"),
    ]
    assert [(step.node_id, step.primary_skill, step.alt_skills) for step in found.steps] == [
        ("a", "s", ["Mail", "7"]),
        ("", "3", None),
    ]
    assert found.artifacts == []
