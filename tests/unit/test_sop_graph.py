import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runops.sop import Sop
from runops.sop_graph import graph_faults

SOUND: dict[str, Any] = {
    "meta": {
        "id": "7b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10",
        "title": "Approve invoices",
        "version": "1.0.0",
        "goal": "Every invoice is approved or sent back.",
        "purpose": "Pay in time.",
        "owner": ["Accounting"],
    },
    "public": {
        "triggers": [{"type": "cron", "description": "Each morning", "config": "0 8 * * 1-5"}],
        "nodes": [
            {"id": "start", "type": "trigger", "label": "Morning"},
            {
                "id": "each",
                "type": "loop",
                "label": "For each invoice",
                "iterator": "invoice",
                "children": ["open", "large", "approve"],
                "exit_condition": "no invoice left",
                "isBranchRoot": True,
            },
            {"id": "open", "type": "task", "label": "Open the invoice"},
            {"id": "large", "type": "decision", "label": "Above 1,000?"},
            {"id": "approve", "type": "task", "label": "Ask for approval"},
            {"id": "done", "type": "end", "label": "Done"},
        ],
        "edges": [
            {"source": "start", "target": "each", "condition": "next"},
            {"source": "each", "target": "open", "condition": "next"},
            {"source": "open", "target": "large", "condition": "next"},
            {"source": "large", "target": "approve", "condition": "yes"},
            {"source": "large", "target": "approve", "condition": "no"},
            {"source": "approve", "target": "each", "condition": "next"},
            {"source": "each", "target": "done", "condition": "all_processed"},
        ],
    },
    "private": {
        "skills": [{"id": "ledger", "app": "Ledger", "method_type": "ui"}],
        "steps": [{"node_id": "open", "primary_skill": "ledger"}],
        "artifacts": [],
    },
}


def _changed(**public: Any) -> Sop:
    value = copy.deepcopy(SOUND)
    value["public"].update(public)
    return Sop.model_validate(value)


def _edges(*arrows: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"source": source, "target": target, "condition": word} for source, target, word in arrows]


def test_a_sound_graph_has_no_faults() -> None:
    assert graph_faults(Sop.model_validate(SOUND)) == []


@pytest.mark.parametrize(
    ("edge", "fault"),
    [
        (("open", "nowhere", "next"), "names 'nowhere', which is not a node"),
        (("open", "done", "all_processed"), "'open' is not a loop"),
        (("open", "done", "yes"), "'open' is not a decision"),
        (("each", "approve", "next"), "a child that is not its first"),
        (("each", "open", "all_processed"), "to its first child but is all_processed, not next"),
        (("large", "each", "no"), "goes back to its loop but is no, not next"),
        (("done", "start", "next"), "leaves an end"),
    ],
)
def test_an_edge_against_the_rules_is_named(edge: tuple[str, str, str], fault: str) -> None:
    sop = _changed(edges=[*SOUND["public"]["edges"], *_edges(edge)])
    assert any(fault in sentence for sentence in graph_faults(sop)), graph_faults(sop)


def test_a_decision_needs_yes_and_no() -> None:
    edges = [edge for edge in SOUND["public"]["edges"] if edge["condition"] != "no"]
    assert "decision 'large' has no no edge" in graph_faults(_changed(edges=edges))


def test_a_decision_has_one_yes_only() -> None:
    edges = [*SOUND["public"]["edges"], *_edges(("large", "open", "yes"))]
    assert "decision 'large' has 2 yes edges" in graph_faults(_changed(edges=edges))


def test_a_hole_makes_nodes_unreachable() -> None:
    edges = [edge for edge in SOUND["public"]["edges"] if edge["source"] != "start"]
    faults = graph_faults(_changed(edges=edges))
    assert "node 'each' cannot be reached" in faults
    assert any("exactly one end must be reached, but 0 are" in fault for fault in faults)


def test_two_ends_are_one_too_many() -> None:
    nodes = [*SOUND["public"]["nodes"], {"id": "stop", "type": "end", "label": "Stop"}]
    edges = [*SOUND["public"]["edges"], *_edges(("large", "stop", "no"))]
    assert any("but 2 are: 'done', 'stop'" in fault for fault in graph_faults(_changed(nodes=nodes, edges=edges)))


def test_an_id_used_twice_is_named() -> None:
    nodes = [*SOUND["public"]["nodes"], {"id": "open", "type": "task", "label": "Open again"}]
    assert "the node id 'open' is used 2 times" in graph_faults(_changed(nodes=nodes))


def test_a_step_of_an_unknown_node_is_named() -> None:
    value = copy.deepcopy(SOUND)
    value["private"]["steps"].append({"node_id": "ghost", "primary_skill": "magic"})
    faults = graph_faults(Sop.model_validate(value))
    assert "a step belongs to 'ghost', which is not a node" in faults
    assert "the step of 'ghost' uses 'magic', which is not a skill" in faults


def _graph(*nodes: str, edges: tuple[tuple[str, str, str], ...]) -> Sop:
    """Return a SOP of nodes written `type:id` or `loop:id:child,child`."""
    written = []
    for node in nodes:
        kind, name, *children = node.split(":")
        one: dict[str, Any] = {"id": name, "type": kind, "label": name}
        if kind == "loop":
            one |= {"children": children[0].split(","), "iterator": "x", "exit_condition": "y", "isBranchRoot": True}
        written.append(one)
    value = {"meta": SOUND["meta"], "public": {"triggers": SOUND["public"]["triggers"], "nodes": written}}
    value["public"]["edges"] = _edges(*edges)
    return Sop.model_validate(value)


@pytest.mark.parametrize(
    ("sop", "faults"),
    [
        pytest.param(
            _graph("task:a", "end:z", edges=(("a", "z", "next"),)),
            [],
            id="without a trigger the node that nothing leads to is the start",
        ),
        pytest.param(
            _graph(
                "loop:l:b",
                "task:b",
                "end:z",
                edges=(("l", "b", "next"), ("b", "l", "next"), ("l", "z", "all_processed")),
            ),
            [],
            id="a loop may be the start",
        ),
        pytest.param(
            _graph("task:a", "task:b", "end:z", edges=(("a", "z", "next"), ("b", "z", "next"))),
            ["exactly one node may be the start, but 2 are: 'a', 'b'"],
            id="two starts",
        ),
        pytest.param(
            _graph("decision:a", "task:b", "end:z", edges=(("a", "z", "yes"), ("a", "b", "no"), ("b", "a", "next"))),
            ["no node is the start: an edge leads to each of them"],
            id="no start",
        ),
        pytest.param(
            _graph("task:a", "trigger:t", "end:z", edges=(("t", "z", "next"), ("a", "z", "next"))),
            ["node 'a' cannot be reached"],
            id="beside a trigger nothing else is the start",
        ),
        pytest.param(
            _graph("trigger:s", "trigger:t", "end:z", edges=(("s", "z", "next"), ("t", "z", "next"))),
            ["exactly one node may be the start, but 2 are: 's', 't'"],
            id="two triggers",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "task:a",
                "decision:b",
                "end:z",
                edges=(("s", "a", "next"), ("a", "b", "next"), ("b", "a", "yes"), ("b", "z", "no")),
            ),
            [],
            id="a ring with a way out",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "decision:d",
                "task:a",
                "task:b",
                "end:z",
                edges=(("s", "d", "next"), ("d", "a", "yes"), ("d", "z", "no"), ("a", "b", "next"), ("b", "a", "next")),
            ),
            ["no way leads to the end from 'a', 'b'"],
            id="a ring without a way out",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "decision:d",
                "task:a",
                "end:z",
                edges=(("s", "d", "next"), ("d", "a", "yes"), ("d", "z", "no")),
            ),
            ["task 'a' leads nowhere"],
            id="a dead end",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "task:a",
                "task:b",
                "end:z",
                edges=(("s", "a", "next"), ("a", "b", "next"), ("a", "z", "next"), ("b", "z", "next")),
            ),
            ["task 'a' has 2 edges that leave it"],
            id="two next",
        ),
        pytest.param(
            _graph("trigger:s", "end:y", "end:z", edges=(("s", "y", "next"),)),
            ["node 'z' cannot be reached"],
            id="an end that is not reached does not count",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "decision:d",
                "end:y",
                "end:z",
                edges=(("s", "d", "next"), ("d", "y", "yes"), ("d", "z", "no")),
            ),
            ["exactly one end must be reached, but 2 are: 'y', 'z'"],
            id="two ends",
        ),
        pytest.param(
            _graph("trigger:s", "task:b", edges=(("s", "b", "next"),)),
            ["task 'b' leads nowhere", "exactly one end must be reached, but 0 are: none"],
            id="no end",
        ),
        pytest.param(
            _graph("trigger:s", "end:z", edges=(("s", "x", "next"), ("y", "s", "next"), ("s", "z", "next"))),
            ["edge 's' -> 'x' names 'x', which is not a node", "edge 'y' -> 's' names 'y', which is not a node"],
            id="an edge to or from nowhere",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "next"),
                    ("b", "c", "next"),
                    ("c", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            [],
            id="a loop",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(("s", "l", "next"), ("b", "c", "next"), ("c", "l", "next"), ("l", "z", "all_processed")),
            ),
            ["loop 'l' has no edge to its first child", "node 'b' cannot be reached", "node 'c' cannot be reached"],
            id="a loop that does not lead to its children",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "next"),
                    ("b", "l", "next"),
                    ("c", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            ["node 'c' cannot be reached"],
            id="children that are not connected",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(("s", "l", "next"), ("l", "b", "next"), ("b", "c", "next"), ("c", "l", "next")),
            ),
            [
                "loop 'l' has no all_processed edge",
                "exactly one end must be reached, but 0 are: none",
                "node 'z' cannot be reached",
            ],
            id="a loop without exit",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "next"),
                    ("l", "c", "next"),
                    ("b", "c", "next"),
                    ("c", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            ["edge 'l' -> 'c' goes from a loop to a child that is not its first"],
            id="an edge to another child",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b",
                "task:b",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "all_processed"),
                    ("b", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            [
                "edge 'l' -> 'b' goes from a loop to its first child but is all_processed, not next",
                "loop 'l' has 2 all_processed edges",
            ],
            id="an edge to the first child that is not next",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b",
                "task:b",
                "end:z",
                edges=(("s", "l", "next"), ("l", "b", "next"), ("b", "l", "next"), ("l", "z", "next")),
            ),
            ["edge 'l' -> 'z' leaves a loop but is next, not all_processed", "loop 'l' has no all_processed edge"],
            id="next out of a loop",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b",
                "decision:b",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "next"),
                    ("b", "l", "yes"),
                    ("b", "b", "no"),
                    ("l", "z", "all_processed"),
                ),
            ),
            ["edge 'b' -> 'l' goes back to its loop but is yes, not next"],
            id="an answer back to the loop",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "decision:d",
                "loop:l:b,c",
                "task:b",
                "task:c",
                "end:z",
                edges=(
                    ("s", "d", "next"),
                    ("d", "c", "yes"),
                    ("d", "l", "no"),
                    ("l", "b", "next"),
                    ("b", "c", "next"),
                    ("c", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            ["edge 'd' -> 'c' leads into loop 'l' from outside"],
            id="into a loop from outside",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,c",
                "decision:b",
                "task:c",
                "end:z",
                edges=(
                    ("s", "l", "next"),
                    ("l", "b", "next"),
                    ("b", "c", "yes"),
                    ("b", "z", "no"),
                    ("c", "l", "next"),
                    ("l", "z", "all_processed"),
                ),
            ),
            ["edge 'b' -> 'z' leaves loop 'l' from inside, which only its all_processed edge does"],
            id="out of the middle of a loop",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,x",
                "task:b",
                "end:z",
                edges=(("s", "l", "next"), ("l", "b", "next"), ("b", "l", "next"), ("l", "z", "all_processed")),
            ),
            ["loop 'l' has the child 'x', which is not a node"],
            id="a child that does not exist",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "loop:l:b,b",
                "task:b",
                "end:z",
                edges=(("s", "l", "next"), ("l", "b", "next"), ("b", "l", "next"), ("l", "z", "all_processed")),
            ),
            ["loop 'l' has the child 'b' 2 times"],
            id="a child twice",
        ),
        pytest.param(
            _graph("trigger:s", "decision:d", "end:z", edges=(("s", "d", "next"), ("d", "z", "yes"))),
            ["decision 'd' has no no edge"],
            id="a decision without no",
        ),
        pytest.param(
            _graph("trigger:s", "decision:d", "end:z", edges=(("s", "d", "next"), ("d", "z", "no"), ("d", "z", "no"))),
            ["decision 'd' has no yes edge", "decision 'd' has 2 no edges"],
            id="a decision with two nos",
        ),
        pytest.param(
            _graph(
                "trigger:s",
                "decision:d",
                "end:z",
                edges=(("s", "d", "next"), ("d", "z", "yes"), ("d", "z", "no"), ("d", "z", "next")),
            ),
            ["edge 'd' -> 'z' is next, but 'd' is a decision"],
            id="next from a decision",
        ),
        pytest.param(
            _graph("task:a", "end:z", edges=(("a", "z", "no"),)),
            ["edge 'a' -> 'z' is no, but 'a' is not a decision"],
            id="no from a task",
        ),
        pytest.param(
            _graph("trigger:s", "end:z", edges=(("s", "z", "next"), ("z", "s", "next"))),
            ["edge 'z' -> 's' leaves an end"],
            id="an edge from the end",
        ),
    ],
)
def test_the_faults_of_a_graph_are_exactly_these(sop: Sop, faults: list[str]) -> None:
    assert sorted(graph_faults(sop)) == sorted(faults)


@pytest.mark.parametrize(("count", "named"), [(5, "'a0', 'a1', 'a2', 'a3', 'a4'"), (7, "'a4' and 2 more")])
def test_of_many_nodes_five_are_named(count: int, named: str) -> None:
    names = [f"a{number}" for number in range(count)]
    sop = _graph(*(f"task:{name}" for name in names), "end:z", edges=tuple((name, "z", "next") for name in names))
    (fault,) = graph_faults(sop)
    assert fault.endswith(named)


def test_a_loop_is_not_its_own_child() -> None:
    sop = _graph("trigger:s", "loop:l:l", "end:z", edges=(("s", "l", "next"), ("l", "z", "all_processed")))
    assert "loop 'l' is its own child" in graph_faults(sop)


def test_a_child_belongs_to_one_loop() -> None:
    sop = _graph(
        "trigger:s",
        "loop:l:b",
        "loop:m:b",
        "task:b",
        "end:z",
        edges=(
            ("s", "l", "next"),
            ("l", "b", "next"),
            ("b", "l", "next"),
            ("m", "b", "next"),
            ("m", "z", "all_processed"),
        ),
    )
    assert "'b' is a child of 2 loops" in graph_faults(sop)


def test_a_loop_has_no_loop_as_a_child() -> None:
    sop = _graph("trigger:s", "loop:l:m", "loop:m:b", "task:b", "end:z", edges=(("s", "l", "next"),))
    assert "loop 'l' has the child 'm', which is a loop; only tasks and decisions are children" in graph_faults(sop)


def test_ids_used_twice_and_names_of_nothing_are_named_exactly() -> None:
    value = copy.deepcopy(SOUND)
    question = {"id": "q", "question": "Which?", "importance": "low"}
    value["public"]["clarification_requests"] = [question, question, {**question, "id": "other"}]
    skill = value["private"]["skills"][0]
    value["private"]["skills"] += [skill, {**skill, "id": "other"}]
    value["private"]["steps"] += [
        {"node_id": "ghost", "primary_skill": "ledger", "alt_skills": ["other", "magic"]},
        {"node_id": "done", "primary_skill": "spell"},
    ]
    assert graph_faults(Sop.model_validate(value)) == [
        "the clarification id 'q' is used 2 times",
        "the skill id 'ledger' is used 2 times",
        "a step belongs to 'ghost', which is not a node",
        "the step of 'ghost' uses 'magic', which is not a skill",
        "the step of 'done' uses 'spell', which is not a skill",
    ]


def test_a_sop_without_a_private_part_has_no_faults_in_it() -> None:
    value = {key: part for key, part in SOUND.items() if key != "private"}
    assert graph_faults(Sop.model_validate(value)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("meta", "id"), "7b0c3a52-3c3f-1c0e-9c58-3f8d8e2f9a10"),
        (("meta", "version"), "v1"),
        (("meta", "surprise"), 1),
        (("public", "triggers"), [{"type": "cron", "description": "x", "config": "daily"}]),
        (("public", "triggers"), [{"type": "webhook", "description": "x"}]),
        (("public", "triggers"), [{"type": "manual", "description": "x", "signal": "y"}]),
        (("public", "nodes"), [{"id": "a", "type": "loop", "label": "no children"}]),
        (("public", "nodes"), [{"id": "a", "type": "task", "label": "x", "children": ["b"]}]),
    ],
)
def test_an_object_of_the_wrong_form_is_refused(path: tuple[str, str], value: Any) -> None:
    sop = copy.deepcopy(SOUND)
    sop[path[0]][path[1]] = value
    with pytest.raises(ValidationError):
        Sop.model_validate(sop)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "loop", "end"]),
            st.sampled_from(["a", "b", "c", "loop", "end", "ghost"]),
            st.sampled_from(["next", "yes", "no", "all_processed"]),
        ),
        max_size=12,
    )
)
def test_any_graph_is_judged_without_an_exception(arrows: list[tuple[str, str, str]]) -> None:
    loop: dict[str, Any] = {"iterator": "i", "children": ["a", "loop"], "exit_condition": "x", "isBranchRoot": True}
    nodes: list[dict[str, Any]] = [{"id": name, "type": "task", "label": name} for name in ("a", "b", "c")]
    nodes += [{"id": "loop", "type": "loop", "label": "l", **loop}, {"id": "end", "type": "end", "label": "e"}]
    faults = graph_faults(_changed(nodes=nodes, edges=_edges(*arrows)))
    assert all(isinstance(fault, str) for fault in faults)
    assert "loop 'loop' is its own child" in faults
