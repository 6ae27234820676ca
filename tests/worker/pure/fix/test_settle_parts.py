"""Each part of a SOP in the form that the contract asks for, whatever a model wrote."""

from typing import Any

import pytest

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.settle_meta import settle_meta
from runops_worker.sop.fix.settle_nodes import settle_nodes
from runops_worker.sop.fix.settle_private import settle_private
from runops_worker.sop.fix.settle_triggers import settle_triggers
from runops_worker.sop.fix.settle_values import settle_edges, settle_requests, settle_variables
from runops_worker.sop.wording.sentences import ENGLISH

EMPTY = {"title": "T", "version": "1.0.0", "goal": "", "purpose": "", "owner": []}


@pytest.mark.parametrize(
    ("raw", "settled"),
    [
        (None, EMPTY),
        ("odd", EMPTY),
        ({}, EMPTY),
        (
            {"title": "Book", "goal": "G", "purpose": "P", "owner": ["A", "", 2], "version": "1.2.3", "mood": "x"},
            {"title": "Book", "version": "1.2.3", "goal": "G", "purpose": "P", "owner": ["A", "2"]},
        ),
        ({"owner": "A", "goal": 7}, {**EMPTY, "title": "7", "goal": "7", "owner": ["A"]}),
        ({"name": "N", "goal": "G"}, {**EMPTY, "title": "N", "goal": "G"}),
        ({"title": "", "purpose": "P"}, {**EMPTY, "title": "P", "purpose": "P"}),
        # A title of the model is kept whole; what stands in for one is cut.
        ({"title": "t" * 200}, {**EMPTY, "title": "t" * 200}),
        ({"goal": "g" * 200}, {**EMPTY, "title": "g" * 120, "goal": "g" * 200}),
        ({"title": ["t" * 200]}, {**EMPTY, "title": "t" * 120}),
        ({"id": "x", "created": "c"}, {"id": "x", "created": "c", **EMPTY}),
        ({"id": 1, "created": None}, EMPTY),
        ({"version": "1.2.3.4"}, {**EMPTY, "version": "1.2.3"}),
        ({"version": "v007"}, {**EMPTY, "version": "7.0.0"}),
    ],
)
def test_the_head(raw: Any, settled: dict[str, Any]) -> None:
    assert settle_meta(raw, otherwise="T") == settled


def node_of(**raw: Any) -> tuple[dict[str, Any], list[str]]:
    (node,), asked = settle_nodes([raw], wording=ENGLISH)
    return node, [question.text(ENGLISH) for question in asked]


@pytest.mark.parametrize("raw", [None, "odd", 7, [], [None, "a", {}, 3]])
def test_what_is_no_node_is_left_out(raw: Any) -> None:
    assert settle_nodes(raw, wording=ENGLISH) == ([], [])


def test_nodes_behind_what_is_no_node_are_kept() -> None:
    nodes, _ = settle_nodes([None, {"id": "a", "label": "A"}, {}, {"id": "b", "label": "B"}], wording=ENGLISH)
    assert [node["id"] for node in nodes] == ["a", "b"]


def test_a_child_that_only_has_a_name_and_a_place_is_the_name_of_a_node() -> None:
    children = [
        {"id": "a"},
        {"node_id": "b"},
        {"id": "c", "position": {"x": 1, "y": 2}},
        {"id": "d", "order": 4},
        {"id": "e", "node_id": "e", "position": 5, "order": 5},
        {"id": "f", "label": "F"},
    ]
    nodes, _ = settle_nodes([{"id": "l", "type": "loop", "label": "L", "children": children}], wording=ENGLISH)
    assert [(node["id"], node.get("children")) for node in nodes] == [("l", list("abcdef")), ("f", None)]


def test_nodes_may_be_the_values_of_an_object() -> None:
    nodes, _ = settle_nodes({"a": {"label": "A"}, "b": {"id": "c", "label": "B"}, "d": "odd"}, wording=ENGLISH)
    assert nodes == [{"id": "a", "label": "A", "type": "task"}, {"id": "c", "label": "B", "type": "task"}]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *((word, "trigger") for word in ("trigger", "Start", "start_event")),
        *((word, "decision") for word in ("DECISION", "if", "exclusive-gateway")),
        *((word, "loop") for word in ("loop", "For each", "while")),
        *((word, "end") for word in ("end", "Stop", "final")),
        *((word, "task") for word in ("task", "robot", "", None, 7)),
    ],
)
def test_the_type_of_a_node_is_read_in_other_spellings(written: Any, kind: str) -> None:
    assert node_of(id="a", label="A", type=written)[0]["type"] == kind


@pytest.mark.parametrize(
    ("raw", "name", "label"),
    [
        ({"id": "a", "label": "A", "title": "T"}, "a", "A"),
        ({"node_id": "n", "id_path": "0", "title": "T"}, "n", "T"),
        ({"id_path": "0.1", "name": "N"}, "0.1", "N"),
        ({"name": "N", "text": "X"}, "N", "N"),
        ({"label": "L"}, "L", "L"),
        ({"id": "a", "description": "D", "intent": "I"}, "a", "D"),
        ({"id": "a", "intent": "I", "context": "C"}, "a", "I"),
        ({"id": "a", "context": "C"}, "a", "C"),
        ({"id": "x" * 300, "label": "A"}, "x" * 200, "A"),
        ({"id": 3, "label": "A"}, "3", "A"),
    ],
)
def test_the_id_and_the_label_of_a_node_are_the_first_that_there_are(
    raw: dict[str, Any], name: str, label: str
) -> None:
    node, asked = node_of(**raw)
    assert (node["id"], node["label"], asked) == (name, label, [])


@pytest.mark.parametrize(("kind", "asked"), [("task", True), ("decision", True), ("end", False), ("trigger", False)])
def test_a_node_without_a_label_is_asked_about_where_something_is_done(kind: str, asked: bool) -> None:
    node, texts = node_of(type=kind)
    assert node == {"type": kind, "id": "node-1", "label": "node-1"}
    assert texts == (["The step \u2039node-1\u203a has no label. What is done in it?"] if asked else [])


def test_nodes_without_ids_are_numbered_by_their_place() -> None:
    nodes, _ = settle_nodes(
        [{"type": "end"}, {"type": "loop", "children": [{"type": "end"}]}, {"type": "end"}], wording=ENGLISH
    )
    assert [node["id"] for node in nodes] == ["node-1", "node-2", "node-3", "node-4"]


def test_the_fields_of_a_task() -> None:
    node, asked = node_of(
        evidence=["t0001"],
        context="C",
        label="A",
        id="a",
        intent=["I", "J"],
        isBranchRoot=True,
        iterator="each",
        mood="good",
        position={"x": 1, "y": "2.5", "z": 3},
    )
    assert (list(node.items()), asked) == (
        [
            ("evidence", ["t0001"]),
            ("context", "C"),
            ("label", "A"),
            ("id", "a"),
            ("intent", "I; J"),
            ("position", {"x": 1, "y": 2.5}),
            ("type", "task"),
        ],
        [],
    )
    assert isinstance(node["position"]["x"], int), "a number stays as it is written"
    assert node_of(id="a", label="A", evidence=[], intent="", context=None)[0] == {
        "id": "a",
        "label": "A",
        "type": "task",
    }


@pytest.mark.parametrize(
    "position",
    [
        None,
        [1, 2],
        {},
        {"x": 1},
        {"x": "left", "y": 0},
        {"x": True, "y": 0},
        {"x": 0, "y": float("inf")},
        {"x": 10**400, "y": 0},
        {"x": None, "y": 0},
    ],
)
def test_a_position_that_is_none_is_left_out(position: Any) -> None:
    assert "position" not in node_of(id="a", label="A", position=position)[0]


def test_a_loop_has_every_field_of_a_loop() -> None:
    node, asked = node_of(id="l", type="loop", label="L", children=["a", 7, "", None, "b"])
    assert node == {
        "id": "l",
        "type": "loop",
        "label": "L",
        "children": ["a", "7", "b"],
        "iterator": "L",
        "exit_condition": "none is left",
        "isBranchRoot": True,
    }
    assert asked == ["Nothing says when \u2039L\u203a is over. When is it?"]
    node, asked = node_of(id="l", type="loop", label="L", children="a", iterator="one", exit_condition="done")
    assert (node["children"], node["iterator"], node["exit_condition"], asked) == (["a"], "one", "done", [])


def test_nodes_within_a_loop_are_its_children_by_their_names() -> None:
    raw = [{"id": "l", "type": "loop", "label": "L", "exit_condition": "e", "children": [{"label": "B"}, {"x": 1}]}]
    nodes, _ = settle_nodes(raw, wording=ENGLISH)
    assert [(node["id"], node.get("children")) for node in nodes] == [("l", ["B"]), ("B", None), ("node-3", None)]


def test_children_of_another_node_are_kept_with_what_a_loop_would_have() -> None:
    node, _ = node_of(id="a", label="A", children=["b"], iterator="one", exit_condition="done", isBranchRoot=True)
    assert node == {
        "id": "a",
        "type": "task",
        "label": "A",
        "children": ["b"],
        "iterator": "one",
        "exit_condition": "done",
    }
    assert "children" not in node_of(id="a", label="A", children=[])[0]


def test_nodes_within_children_follow_their_parent_five_levels_deep() -> None:
    nested: dict[str, Any] = {"id": "6", "label": "6"}
    for level in range(5, -1, -1):
        nested = {"id": str(level), "label": str(level), "type": "loop", "exit_condition": "e", "children": [nested]}
    nodes, _ = settle_nodes([nested, {"id": "z", "label": "Z"}], wording=ENGLISH)
    assert [(node["id"], node.get("children")) for node in nodes] == [
        ("0", ["1"]),
        ("1", ["2"]),
        ("2", ["3"]),
        ("3", ["4"]),
        ("4", []),
        ("z", None),
    ]


def test_the_private_part() -> None:
    private = settle_private(
        {
            "skills": [
                {"id": "s", "app": "Mail", "method_type": " API ", "viewport": "v", "variables_in": [], "mood": 1},
                {},
                "odd",
                {"application": "SAP", "method_type": "robot", "performance_hint": "p"},
                {"id": "s", "name": "N", "variables_out": ["o"]},
                {"id": "s"},
                {"method_type": "mcp"},
            ],
            "steps": [
                {"node_id": "a", "primary_skill": "s", "alt_skills": ["SAP", ""], "mood": 1},
                {"node": "b", "skill": "s", "alt_skills": []},
                {"id": "c", "skill_id": "s"},
                {},
                "odd",
            ],
            "artifacts": {"a": 1},
        }
    )
    assert private == {
        "skills": [
            {"id": "s", "app": "Mail", "method_type": "api", "viewport": "v"},
            {"id": "SAP", "app": "SAP", "method_type": "ui", "performance_hint": "p"},
            {"id": "s-2", "app": "N", "method_type": "ui", "variables_out": ["o"]},
            {"id": "s-3", "app": "s", "method_type": "ui"},
            {"id": "unknown", "app": "unknown", "method_type": "mcp"},
        ],
        "steps": [
            {"node_id": "a", "primary_skill": "s", "alt_skills": ["SAP"]},
            {"node_id": "b", "primary_skill": "s"},
            {"node_id": "c", "primary_skill": "s"},
            {"node_id": "", "primary_skill": ""},
        ],
        "artifacts": [{"a": 1}],
    }
    assert settle_private({"artifacts": ["x"]}) == {"skills": [], "steps": [], "artifacts": ["x"]}
    assert settle_private({"artifacts": "", "skills": "s", "steps": 1}) == {"skills": [], "steps": [], "artifacts": []}


def trigger_of(raw: Any) -> tuple[list[dict[str, Any]], list[str]]:
    triggers, asked = settle_triggers(raw, otherwise="Somebody starts it.")
    return triggers, [question.text(ENGLISH) for question in asked]


@pytest.mark.parametrize("raw", [None, [], {}, "", [""], [None, 3], [{}]])
def test_without_a_trigger_somebody_starts_it(raw: Any) -> None:
    assert trigger_of(raw) == ([{"type": "manual", "description": "Somebody starts it."}], [])


@pytest.mark.parametrize(
    ("raw", "trigger"),
    [
        ({"type": "manual", "description": "D", "config": "0 8 * * 1"}, {"type": "manual", "description": "D"}),
        ("It rains", {"type": "manual", "description": "It rains"}),
        (["It rains"], {"type": "manual", "description": "It rains"}),
        (
            {"type": "Webhook", "label": "L", "endpoint": "/x"},
            {"type": "webhook", "description": "L", "endpoint": "/x"},
        ),
        ({"type": "api", "endpoint": "/x"}, {"type": "webhook", "description": "/x", "endpoint": "/x"}),
        ({"type": "http", "name": "N", "endpoint": "/x"}, {"type": "webhook", "description": "N", "endpoint": "/x"}),
        ({"type": "event", "description": "D", "signal": "S"}, {"type": "event", "description": "D", "signal": "S"}),
        (
            {"type": "event", "description": "D", "signal": " N/A "},
            {"type": "event", "description": "D", "signal": "D"},
        ),
        *(
            (
                {"type": kind, "description": "D", "config": "0 8 * * 1"},
                {"type": "cron", "description": "D", "config": "0 8 * * 1"},
            )
            for kind in ("cron", " CRON ", "schedule", "scheduled", "time", "timer")
        ),
        *(
            ({"type": "cron", "description": "D", "config": name}, {"type": "cron", "description": "D", "config": cron})
            for name, cron in (
                ("@hourly", "0 * * * *"),
                (" @Daily ", "0 0 * * *"),
                ("@midnight", "0 0 * * *"),
                ("@weekly", "0 0 * * 0"),
                ("@monthly", "0 0 1 * *"),
                ("@yearly", "0 0 1 1 *"),
                ("@annually", "0 0 1 1 *"),
            )
        ),
    ],
)
def test_a_trigger_has_the_field_of_its_type(raw: Any, trigger: dict[str, str]) -> None:
    assert trigger_of(raw) == ([trigger], [])


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        ({"type": "cron", "description": "D"}, "time"),
        ({"type": "cron", "description": "D", "config": "each morning"}, "time"),
        ({"type": "webhook", "description": "D", "endpoint": "Unknown"}, "endpoint"),
        ({"type": "webhook", "description": "D", "endpoint": "-"}, "endpoint"),
    ],
)
def test_a_trigger_that_lacks_its_field_is_manual_and_asked_about(raw: Any, missing: str) -> None:
    assert trigger_of([raw]) == (
        [{"type": "manual", "description": "D"}],
        [f"The trigger \u2039D\u203a does not name its {missing}. What is it?"],
    )


def test_edges_need_a_source_and_a_target() -> None:
    assert settle_edges(
        [
            {"source": "a", "target": "b", "condition": "yes", "label": "L", "id": 1},
            {"from": "a", "to": "b", "label": "L"},
            {"src": 1, "dst": "x" * 300},
            {"src": "x" * 300, "dst": "b"},
            {"source": "a"},
            {"target": "b"},
            {},
            "a b",
        ]
    ) == [
        {"source": "a", "target": "b", "condition": "yes"},
        {"source": "a", "target": "b", "condition": "L"},
        {"source": "1", "target": "x" * 200, "condition": ""},
        {"source": "x" * 200, "target": "b", "condition": ""},
    ]
    assert settle_edges({"source": "a", "target": "b"}) == []


@pytest.mark.parametrize(
    ("raw", "variables"),
    [
        (None, {}),
        ("odd", {}),
        ({"a": 1, "": 2, "b": ["\u00e9"]}, {"a": 1, "b": '["\u00e9"]'}),
        (
            [{"key": "a", "value": "1"}, {"name": "b"}, {"id": "c", "value": {"d": 1}}, {"value": 1}, "e"],
            {"a": "1", "b": None, "c": '{"d": 1}'},
        ),
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "1"}], {"a": "1"}),
    ],
)
def test_variables_are_a_map_or_pairs(raw: Any, variables: dict[str, Any]) -> None:
    assert settle_variables(raw) == (variables, [])


def test_of_several_values_of_a_variable_the_first_counts_and_it_is_asked_about() -> None:
    variables, asked = settle_variables([{"key": "a", "value": value} for value in (1, 2, 1, "x")])
    assert variables == {"a": 1}
    assert asked == [questions.value_of("a", ["1", "2", "x"])]


def test_the_questions_of_the_model() -> None:
    raw = [
        {"id": "a", "question": "Q", "text": "T", "importance": " HIGH "},
        {"id": "b" * 300, "text": "T", "importance": "critical"},
        {"id": "c", "description": "D", "importance": "minor"},
        {"id": "d", "question": "Q", "importance": "odd"},
        {"id": "e", "question": ""},
    ]
    assert settle_requests(raw) == [
        {"id": "a", "question": "Q", "importance": "high"},
        {"id": "b" * 200, "question": "T", "importance": "high"},
        {"id": "c", "question": "D", "importance": "low"},
        {"id": "d", "question": "Q", "importance": "medium"},
    ]
    assert settle_requests("Why?") == []


@pytest.mark.parametrize("raw", [["Why?", {"question": "When?"}], [{"id": "a", "question": "Why?"}, "When?"]])
def test_questions_without_an_id_are_numbered_with_all_others(raw: Any) -> None:
    assert [(request["id"], request["question"]) for request in settle_requests(raw)] == [
        ("question-1", "Why?"),
        ("question-2", "When?"),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        {"source": "a", "target": "b", "condition": "yes"},
        {"source_id": "a", "target_id": "b", "label": "yes"},
        {"sourceNodeId": "a", "targetNodeId": "b", "type": "yes"},
        {"from_node": "a", "toNode": "b", "answer": "yes"},
        {"From": "a", "To": "b", "when": "yes"},
        {"src": "a", "destination": "b", "condition": "yes"},
        {"source": "a", "sourceId": "x", "target": "b", "targetId": "y", "condition": "yes"},
        ["a", "b", "yes"],
        "a -> b (yes)",
        "a \u2192 b: yes",
        "a --> b [yes]",
    ],
)
def test_an_edge_is_read_in_every_form(raw: Any) -> None:
    assert settle_edges([raw]) == [{"source": "a", "target": "b", "condition": "yes"}]


@pytest.mark.parametrize("raw", ["a to b", "->", ["a"], ["a", "b", "c", "d"], ["a", ""], {"source_id": "a"}, 7])
def test_what_names_no_two_nodes_is_no_edge(raw: Any) -> None:
    assert settle_edges([raw]) == []


def test_edges_inside_of_nodes_count_where_the_list_has_none_of_them() -> None:
    nodes = [
        {"id": "a", "next": "d"},
        {"id": "d", "yes": {"id": "b"}, "on_no": "c"},
        {"id": "b", "nextStep": ["c", "e"]},
        {"id": "c", "next": "wrong"},
        {"next": "b"},
        {"id": "l", "next": 7, "on_done": "z"},
        "text",
    ]
    told = settle_edges([["c", "z"]], nodes=nodes)
    assert [(edge["source"], edge["condition"], edge["target"]) for edge in told] == [
        ("c", "", "z"),
        ("a", "next", "d"),
        ("d", "yes", "b"),
        ("d", "no", "c"),
        ("b", "next", "c"),
        ("b", "next", "e"),
        ("l", "next", "7"),
        ("l", "all_processed", "z"),
    ]
    assert settle_edges(None, nodes={"a": {"next": "b" * 300}}) == [
        {"source": "a", "target": "b" * 200, "condition": "next"}
    ]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        *((name, "next") for name in ("next", "next_node", "next_step", "nextNode", "nextStep", "next_id")),
        *((name, "yes") for name in ("yes", "on_yes", "if_yes", "yes_next", "true", "then")),
        *((name, "no") for name in ("no", "on_no", "if_no", "no_next", "false", "else")),
        *((name, "all_processed") for name in ("all_processed", "on_all_processed", "on_done", "after")),
    ],
)
def test_every_name_of_an_edge_inside_of_a_node_is_read(name: str, condition: str) -> None:
    for node in ({"id": "a"}, {"node_id": "a"}, {"name": "a"}, {"label": "a"}):
        for target in ("b", {"id": "b"}, {"target": "b"}, {"to": "b"}, {"node_id": "b"}):
            assert settle_edges([], nodes=[{**node, name: target}]) == [
                {"source": "a", "target": "b", "condition": condition}
            ]
    assert settle_edges([], nodes=[{"id": "a", name: " "}, {"id": "x" * 300, name: "b"}]) == [
        {"source": "x" * 200, "target": "b", "condition": condition}
    ]
