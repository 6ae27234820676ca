"""Who is a child of which loop, and what becomes of loops within loops."""

from typing import Any

import pytest

from runops.sop_structure import Arrow
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft
from runops_worker.sop.fix.loop_children import (
    drop_empty_loops,
    find_forgotten_children,
    give_each_child_one_loop,
    settle_children,
)
from runops_worker.sop.fix.nested_loops import connect_children, flatten_loops
from tests.sop_graphs import loop, node


def draft(nodes: list[dict[str, Any]], *arrows: str) -> Draft:
    """Return a draft with arrows written as `source target condition`; `next` may be left out."""
    return Draft(
        {one["id"]: one for one in nodes},
        [Arrow(*[*arrow.split(" ", 2), "next"][:3]) for arrow in arrows],
    )


def children_of(one: Draft) -> dict[str, list[str]]:
    return {name: one.children(name) for name in one.loops()}


def test_only_loops_have_children_and_only_steps_are_some() -> None:
    one = draft(
        [
            node("s", "trigger"),
            loop("l", ["a", "l", "s", "z", "d", "m"]),
            node("a", children=["d"], iterator="i", exit_condition="e", isBranchRoot=True),
            node("d", "decision", children=["a"]),
            loop("m", ["a"]),
            node("z", "end"),
        ],
        "a d next",
        "a d yes",
    )
    settle_children(one)
    assert children_of(one) == {"l": ["a", "d", "m"], "m": ["a"]}
    assert one.nodes["a"] == node("a")
    assert one.nodes["d"] == node("d", "decision")
    assert one.fixes == ["child_of_wrong_type", "children_of_no_loop", "children_of_no_loop"]
    assert one.questions == []


def test_a_task_to_which_a_child_leads_back_is_a_loop() -> None:
    one = draft([node("a", children=["b", "a"]), node("b"), node("z", "end")], "b a next")
    settle_children(one)
    assert one.nodes["a"] == {
        **node("a", "loop"),
        "children": ["b"],
        "iterator": "[a]",
        "exit_condition": "none is left",
        "isBranchRoot": True,
    }
    assert (one.fixes, one.questions) == (["task_is_a_loop", "child_of_wrong_type"], [questions.until_when("[a]")])
    told = draft([node("a", children=["b"], iterator="i", exit_condition="e"), node("b")], "b a next")
    settle_children(told)
    assert (told.nodes["a"]["iterator"], told.nodes["a"]["exit_condition"], told.questions) == ("i", "e", [])
    itself = draft([node("a", children=["a"])], "a a next")
    settle_children(itself)
    assert (itself.type("a"), itself.fixes) == ("task", ["children_of_no_loop"])
    forward = draft([node("a", children=["b"]), node("b")], "a b next")
    settle_children(forward)
    assert forward.type("a") == "task"


def claimed(*arrows: str) -> Draft:
    nodes = [loop("l", ["a", "x"]), loop("m", ["x", "b"]), loop("n", ["x"]), *map(node, "abx")]
    one = draft(nodes, *arrows)
    give_each_child_one_loop(one)
    return one


@pytest.mark.parametrize(
    ("arrows", "owner", "asked"),
    [
        ([], "l", True),
        (["x m"], "m", False),
        (["m x"], "m", False),
        (["b x"], "m", False),
        (["a x", "x b"], "l", True),
        (["a x", "x b", "x m"], "m", False),
        (["x n", "x n yes", "x m"], "n", False),
    ],
)
def test_a_child_of_several_loops_belongs_to_the_one_that_its_edges_join_it_with(
    arrows: list[str], owner: str, asked: bool
) -> None:
    one = claimed(*arrows)
    kept = {name: [child for child in children if child == "x"] for name, children in children_of(one).items()}
    assert kept == {name: ["x"] if name == owner else [] for name in ("l", "m", "n")}
    assert (one.children("l")[0], one.children("m")[-1]) == ("a", "b")
    assert one.fixes == ["child_of_two_loops"] * 2
    assert one.questions == ([questions.child_of_two_loops("[x]", ["[l]", "[m]", "[n]"])] if asked else [])


def test_children_of_one_loop_each_stay() -> None:
    one = draft([loop("l", ["a"]), loop("m", ["b"]), node("a"), node("b")])
    give_each_child_one_loop(one)
    assert (children_of(one), one.fixes) == ({"l": ["a"], "m": ["b"]}, [])


def remembered(nodes: list[dict[str, Any]], *arrows: str) -> Draft:
    one = draft(nodes, *arrows)
    find_forgotten_children(one)
    return one


def test_what_only_children_lead_to_and_what_leads_back_is_a_child() -> None:
    nodes = [node("s", "trigger"), loop("l", ["a"]), *map(node, "cba"), node("z", "end")]
    one = remembered(nodes, "s l", "l a", "a b", "b c", "c l", "l z done")
    assert (one.children("l"), one.fixes) == (["a", "c", "b"], ["forgotten_child"] * 2)


@pytest.mark.parametrize(
    "arrows",
    [
        pytest.param(["s l", "l a", "a b", "b z"], id="it does not lead back"),
        pytest.param(["s l", "l a", "a b", "b l", "s b"], id="something else leads there"),
        pytest.param(["s l", "l a", "a b done", "b l"], id="it comes after the loop"),
        pytest.param(["s l", "l a", "b l"], id="no child leads there"),
    ],
)
def test_what_is_outside_of_a_loop_stays_there(arrows: list[str]) -> None:
    nodes = [node("s", "trigger"), loop("l", ["a"]), *map(node, "ab"), node("z", "end")]
    one = remembered(nodes, *arrows)
    assert (one.children("l"), one.fixes) == (["a"], [])


def test_a_loop_without_children_has_what_it_leads_to_and_what_leads_back() -> None:
    nodes = [node("s", "trigger"), loop("l", []), *map(node, "abc"), node("z", "end")]
    one = remembered(nodes, "s l", "l a", "a b", "b l")
    assert one.children("l") == ["a", "b"]
    trigger = remembered([loop("l", []), node("t", "trigger"), node("z", "end")], "l t", "t l", "l z", "z l")
    assert trigger.children("l") == []


def test_a_forgotten_child_belongs_to_one_loop_only() -> None:
    nodes = [loop("l", ["a"]), loop("m", ["b"]), *map(node, "abx")]
    one = remembered(nodes, "a x", "x l", "b x", "x m")
    assert children_of(one) == {"l": ["a"], "m": ["b"]}, "each loop's child leads there, so neither has it alone"
    two = remembered([loop("l", ["a"]), loop("m", []), *map(node, "ax")], "a x", "x l", "m x", "x m")
    assert children_of(two)["m"] == []
    first = remembered([loop("l", ["a"]), loop("m", ["a"]), *map(node, "ax")], "a x", "x l", "x m")
    assert children_of(first) == {"l": ["a", "x"], "m": ["a"]}


def test_an_inner_loop_that_was_forgotten_may_be_entered_from_its_own_children() -> None:
    nodes = [loop("o", ["a"]), node("a"), loop("i", ["y"]), node("y")]
    one = remembered(nodes, "a i", "i y", "y i", "i o")
    assert one.children("o") == ["a", "i"]


def test_a_loop_without_children_is_a_task_and_is_asked_about() -> None:
    one = draft([loop("l", []), loop("m", ["a"]), node("a"), {**loop("n", []), "iterator": "[n]"}])
    drop_empty_loops(one)
    assert one.nodes["l"] == {**node("l"), "context": "Repeat: one of many."}
    assert one.nodes["n"] == node("n")
    assert one.nodes["m"] == loop("m", ["a"])
    assert one.fixes == ["loop_without_children"] * 2
    assert one.questions == [questions.loop_without_children("[l]"), questions.loop_without_children("[n]")]


def connected(nodes: list[dict[str, Any]], *arrows: str) -> list[str]:
    one = draft(nodes, *arrows)
    connect_children(one)
    assert one.fixes == ["children_not_connected"] * (len(one.arrows) - len(arrows))
    return [" ".join(arrow) for arrow in one.arrows[len(arrows) :]]


def test_children_that_nothing_leaves_lead_to_the_next_one_or_back() -> None:
    nodes = [loop("l", ["a", "b", "c"]), *map(node, "abc")]
    assert connected(nodes) == ["a b next", "b c next", "c l next"]
    assert connected(nodes, "a c") == ["b l next", "c l next"], "something leads to c already"
    assert connected(nodes, "a b", "b c", "c l") == []
    decision = [loop("l", ["d", "a"]), node("d", "decision"), node("a")]
    assert connected(decision) == ["a l next"]


def test_an_inner_loop_that_leads_only_to_its_children_leads_on_when_all_are_processed() -> None:
    nodes = [loop("o", ["i", "b"]), loop("i", ["y"]), node("y"), node("b")]
    assert connected(nodes, "i y") == ["i b all_processed", "b o next", "y i next"]
    assert connected(nodes, "i y", "i b done") == ["b o next", "y i next"]


def test_a_child_of_two_loops_is_not_connected() -> None:
    assert connected([loop("l", ["a"]), loop("m", ["a"]), node("a")]) == []


def test_a_loop_within_a_loop_becomes_a_decision() -> None:
    nodes = [loop("o", ["x", "i"]), node("x"), loop("i", ["y", "w"]), *map(node, "yw"), node("z", "end")]
    one = draft(nodes, "o x", "x i", "i y", "y w", "w i", "i o done", "o z done")
    flatten_loops(one)
    assert children_of(one) == {"o": ["x", "i", "y", "w"]}
    assert one.nodes["i"] == {
        "id": "i",
        "type": "decision",
        "label": "[i]: is there another one?",
        "context": "Repeat: one of many. Until: none left.",
    }
    assert [" ".join(arrow) for arrow in one.arrows] == [
        "o x next",
        "x i next",
        "i y yes",
        "y w next",
        "w i next",
        "i o no",
        "o z done",
    ]
    assert one.fixes == ["nested_loop"]


def test_an_inner_loop_without_an_edge_to_its_first_child_gets_one() -> None:
    one = draft([loop("o", ["i"]), loop("i", ["y"]), node("y")], "i o")
    flatten_loops(one)
    assert [" ".join(arrow) for arrow in one.arrows] == ["i o no", "i y yes"]


def test_of_loops_that_contain_each_other_the_first_is_the_outermost() -> None:
    one = draft([loop("l", ["m"]), loop("m", ["l", "a"]), loop("n", ["b"]), *map(node, "ab")])
    flatten_loops(one)
    assert children_of(one) == {"l": ["m", "a"], "n": ["b"]}
    assert one.type("m") == "decision"


def test_loops_three_deep_become_one() -> None:
    one = draft([loop("l", ["m"]), loop("m", ["n", "a"]), loop("n", ["b", "m"]), *map(node, "ab")])
    flatten_loops(one)
    assert children_of(one) == {"l": ["m", "n", "b", "a"]}
    assert one.fixes == ["nested_loop"] * 2
