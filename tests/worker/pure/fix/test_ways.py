"""Where each node leads: which edges are kept, which are found, and what is asked about them."""

from itertools import pairwise
from typing import Any

import pytest

from runops.sop_structure import Arrow
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft
from runops_worker.sop.fix.endless import add_ways_out
from runops_worker.sop.fix.find_ways import find_ways
from runops_worker.sop.fix.missing_ways import add_missing_ways
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.unreachable import join_unreachable
from tests.sop_graphs import loop, node

Ways = dict[str, dict[str, str]]


def found(nodes: list[dict[str, Any]], *arrows: str) -> Draft:
    """Return a draft after `find_ways`, from arrows written as `source target condition`."""
    one = Draft(
        {node["id"]: node for node in nodes},
        [Arrow(*[*arrow.split(" ", 2), ""][:3]) for arrow in arrows],
    )
    find_ways(one)
    return one


def of_ways(nodes: list[dict[str, Any]], ways: Ways) -> Draft:
    names = [node["id"] for node in nodes]
    return Draft({node["id"]: node for node in nodes}, [], ways={name: dict(ways.get(name, {})) for name in names})


TASKS = [node("a"), node("b"), node("c"), node("z", "end")]
DECISION = [node("d", "decision"), node("a"), node("b"), node("c"), node("z", "end")]


@pytest.mark.parametrize(
    ("arrows", "way", "fixes", "asked"),
    [
        ([], {}, [], []),
        (["a b next"], {"next": "b"}, [], []),
        (["a b approved"], {"next": "b"}, ["edge_relabelled"], []),
        (["a b next", "a b yes"], {"next": "b"}, [], []),
        # One of them leads to the other.
        (["a z next", "a b next", "b z next"], {"next": "b"}, ["several_next"], []),
        # The way there must not go through the node itself.
        (
            ["a b next", "a c next", "b a next", "c a next"],
            {"next": "b"},
            ["several_next"],
            [questions.parallel("[a]", ["[b]", "[c]"])],
        ),
        (
            ["a c next", "a b next", "b z next", "c z next"],
            {"next": "c"},
            ["several_next"],
            [questions.parallel("[a]", ["[c]", "[b]"])],
        ),
    ],
)
def test_a_task_has_one_way(arrows: list[str], way: dict[str, str], fixes: list[str], asked: list[Question]) -> None:
    one = found(TASKS, *arrows)
    assert (one.ways["a"], one.fixes, one.questions) == (way, fixes, asked)
    assert one.ways["z"] == {}


def test_nothing_follows_an_end() -> None:
    assert found(TASKS, "a z next", "z b next").ways["z"] == {}


def test_a_task_with_yes_and_no_is_a_decision() -> None:
    one = found([dict(node) for node in TASKS], "a b yes", "a c no")
    assert (one.type("a"), one.ways["a"], one.fixes) == ("decision", {"yes": "b", "no": "c"}, ["task_is_a_decision"])
    same = found([dict(node) for node in TASKS], "a b yes", "a b no")
    assert (same.type("a"), same.ways["a"]) == ("task", {"next": "b"})
    three = found([dict(node) for node in TASKS], "a b yes", "a c no", "a z next")
    assert three.type("a") == "task"


@pytest.mark.parametrize(
    ("arrows", "ways", "fixes", "asked"),
    [
        (["d a yes", "d b no"], {"yes": "a", "no": "b"}, [], []),
        (["d a no", "d b yes"], {"no": "a", "yes": "b"}, [], []),
        (["d a YES", "d b else"], {"yes": "a", "no": "b"}, ["edge_relabelled"] * 2, []),
        (["d a yes"], {"yes": "a"}, [], []),
        (["d a next"], {"yes": "a"}, ["edge_relabelled"], []),
        (["d a yes", "d a yes"], {"yes": "a"}, [], []),
        (["d a yes", "d b next"], {"yes": "a", "no": "b"}, ["edge_relabelled"], []),
        # Where both have the same answer, the second one is the other answer, and that is asked about.
        (
            ["d a yes", "d b yes"],
            {"yes": "a", "no": "b"},
            ["edge_relabelled"],
            [questions.answer_used_twice("[d]", "yes", ["[a]", "[b]"])],
        ),
        (
            ["d a no", "d b no"],
            {"no": "a", "yes": "b"},
            ["edge_relabelled"],
            [questions.answer_used_twice("[d]", "no", ["[a]", "[b]"])],
        ),
        # A third one is left out, and asked about where it cannot be reached otherwise.
        (
            ["d a yes", "d b no", "d c next"],
            {"yes": "a", "no": "b"},
            ["several_answers"],
            [questions.more_answers("[d]", ["[c]"])],
        ),
        (["d a yes", "d b no", "d c next", "a c next"], {"yes": "a", "no": "b"}, ["several_answers"], []),
        (["d a yes", "d b no", "d a next"], {"yes": "a", "no": "b"}, ["several_answers"], []),
        # The same answer twice, to the same step.
        (["d a yes", "d b no", "d b nein"], {"yes": "a", "no": "b"}, [], []),
        (["d a yes", "d a ja", "d b no"], {"yes": "a", "no": "b"}, [], []),
        (["d a yes", "d b no", "d a next", "d b next"], {"yes": "a", "no": "b"}, ["several_answers"] * 2, []),
        # What leads to a node without an answer yet comes first.
        (
            ["d a yes", "d a next", "d b next"],
            {"yes": "a", "no": "b"},
            ["edge_relabelled", "several_answers"][::-1],
            [],
        ),
    ],
)
def test_a_decision_has_yes_and_no(
    arrows: list[str], ways: dict[str, str], fixes: list[str], asked: list[Question]
) -> None:
    one = found([dict(node) for node in DECISION], *arrows)
    assert (one.ways["d"], one.questions) == (ways, asked)
    assert one.fixes == fixes


def test_an_answer_in_other_words_is_noted() -> None:
    one = found([dict(node) for node in DECISION], "d a approved by her", "d b rejected")
    assert one.ways["d"] == {"yes": "a", "no": "b"}
    assert one.nodes["d"]["context"] == "Yes: approved by her. No: rejected."
    assert one.questions == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("rejected", "approved"),
        ("not found", "found"),
        ("sonst", "wenn ja"),
        ("No (skip it)", "Yes - go on"),
        ("нет", "да"),
    ],
)
def test_an_answer_that_is_a_no_is_no_yes_because_it_comes_first(first: str, second: str) -> None:
    for no, yes in ("ab", "ba"):
        for arrows in ((f"d {no} {first}", f"d {yes} {second}"), (f"d {yes} {second}", f"d {no} {first}")):
            one = found([dict(node) for node in DECISION], *arrows)
            assert (one.ways["d"], one.questions) == ({"yes": yes, "no": no}, [])


def test_an_answer_beside_a_no_is_rather_a_yes_than_an_edge_without_an_answer() -> None:
    one = found([dict(node) for node in DECISION], "d a next", "d b approved", "d c rejected")
    assert one.ways["d"] == {"yes": "b", "no": "c"}


def test_more_than_two_answers_are_asked_for_one_after_the_other() -> None:
    nodes = [node("d", "decision", label="Which colour?"), *map(node, "abc"), node("e"), node("z", "end")]
    one = found(nodes, "d e otherwise", "d a red", "d b green", "d c blue")
    assert [one.ways[name] for name in ("d", "d-3", "d-2")] == [
        {"yes": "a", "no": "d-3"},
        {"yes": "b", "no": "d-2"},
        {"yes": "c", "no": "e"},
    ]
    assert [one.nodes[name]["label"] for name in ("d-3", "d-2")] == ["Which colour: green?", "Which colour: blue?"]
    assert (one.fixes.count("more_answers"), one.questions) == (2, [])
    assert [one.type(name) for name in ("d-3", "d-2")] == ["decision", "decision"]
    assert one.nodes["d"]["context"] == "Yes: red."


def test_a_third_answer_beside_yes_and_no_is_asked_for_before_the_no() -> None:
    one = found([dict(node) for node in DECISION], "d b no", "d c perhaps", "d a yes")
    assert [one.ways["d"], one.ways["d-2"]] == [{"yes": "a", "no": "d-2"}, {"yes": "c", "no": "b"}]
    assert "context" not in one.nodes["d"]


def test_a_further_question_inside_of_a_loop_is_a_child_of_it() -> None:
    nodes = [loop("l", ["d", "a", "b", "c"]), *(dict(node) for node in DECISION)]
    one = found(nodes, "l d next", "d a red", "d b green", "d c blue", "l z all_processed")
    assert one.nodes["l"]["children"] == ["d", "a", "b", "c", "d-2"]


@pytest.mark.parametrize(
    "arrows",
    [
        ["d a red", "d b green"],
        ["d a red", "d b green", "d b blue"],
        ["d a red", "d b green", "d c next"],
        ["d a red", "d b red", "d c blue"],
    ],
)
def test_answers_that_are_two_or_without_words_of_their_own_get_no_further_question(arrows: list[str]) -> None:
    assert "d-2" not in found([dict(node) for node in DECISION], *arrows).nodes


def loops(*children: str) -> list[dict[str, Any]]:
    kinds = {"z": "end"}
    return [loop("l", list(children)), *(node(name, kinds.get(name, "task")) for name in ("a", "b", "c", "y", "z"))]


@pytest.mark.parametrize(
    ("arrows", "ways", "children", "fixes", "asked"),
    [
        (["l a next", "l z all_processed"], {"next": "a", "all_processed": "z"}, "ab", [], []),
        (["l z all_processed"], {"next": "a", "all_processed": "z"}, "ab", ["loop_to_first_child"], []),
        (["l a next"], {"next": "a"}, "ab", [], []),
        (["l a next", "l a yes", "l b next"], {"next": "a"}, "ab", ["loop_to_first_child"], []),
        # Nothing inside leads to the child at which it begins: the edges tell the order.
        (["l b next"], {"next": "b"}, "ba", ["loop_begins_elsewhere"], []),
        (["l b next", "y b next"], {"next": "b"}, "ba", ["loop_begins_elsewhere"], []),
        (["l b next", "a b next"], {"next": "a"}, "ab", ["loop_to_first_child"], []),
        (["l a next", "l y next"], {"next": "a", "all_processed": "y"}, "ab", ["edge_relabelled"], []),
        # Of two exits the one that says so counts, then the one that leads to the other.
        (
            ["l a next", "l y next", "l z done"],
            {"next": "a", "all_processed": "z"},
            "ab",
            ["several_exits", "edge_relabelled"],
            [],
        ),
        (
            ["l a next", "l z next", "l y next", "y z next"],
            {"next": "a", "all_processed": "y"},
            "ab",
            ["several_exits", "edge_relabelled"],
            [],
        ),
        (
            ["l a next", "l z done", "l y done", "l c next"],
            {"next": "a", "all_processed": "z"},
            "ab",
            ["several_exits", "several_exits", "edge_relabelled"],
            [questions.parallel("[l]", ["[z]", "[y]"])],
        ),
        (
            ["l a next", "l y done", "l z next", "l c next"],
            {"next": "a", "all_processed": "y"},
            "ab",
            ["several_exits", "several_exits", "edge_relabelled"],
            [],
        ),
        (
            ["l a next", "l y done", "l z done", "l c done", "y c next", "c z next"],
            {"next": "a", "all_processed": "y"},
            "ab",
            ["several_exits", "several_exits", "edge_relabelled"],
            [],
        ),
    ],
)
def test_a_loop_leads_to_its_first_child_and_out(
    arrows: list[str], ways: dict[str, str], children: str, fixes: list[str], asked: list[Question]
) -> None:
    one = found(loops("a", "b"), *arrows)
    assert (one.ways["l"], "".join(one.children("l"))) == (ways, children)
    assert (one.fixes, one.questions) == (fixes, asked)


def test_a_child_that_leads_back_and_out_tells_what_follows_the_loop() -> None:
    one = found(loops("a", "b"), "l a next", "a b next", "b l next", "b y next", "b z next")
    assert (one.ways["b"], one.ways["l"]) == ({"next": "l"}, {"next": "a", "all_processed": "y"})
    assert one.fixes == ["child_leads_out_too"] * 2
    known = found(loops("a", "b"), "l a next", "l c all_processed", "a b next", "a y next", "b l next", "b z next")
    assert known.ways["l"]["all_processed"] == "c"
    assert (known.ways["a"], known.ways["b"]) == ({"next": "b"}, {"next": "l"})
    assert known.fixes == ["child_leads_out_too"] * 2
    outside = found(loops("a", "b"), "l a next", "b y next", "b z next", "y z next")
    assert (outside.ways["b"], outside.fixes) == ({"next": "y"}, ["several_next"])


def test_a_search_ends_after_two_hundred_nodes() -> None:
    def far(count: int) -> dict[str, str]:
        names = [f"n{number}" for number in range(count)]
        nodes = [node("a"), *map(node, names), node("z", "end")]
        chain = [f"{one} {other} next" for one, other in pairwise([*names, "z"])]
        return found(nodes, "a z next", "a n0 next", *chain).ways["a"]

    assert far(198) == {"next": "n0"}
    assert far(199) == {"next": "z"}


# What no edge tells.


def completed(nodes: list[dict[str, Any]], ways: Ways) -> Draft:
    one = of_ways(nodes, ways)
    add_missing_ways(one)
    return one


def test_a_step_without_a_way_goes_on_to_the_next_one_that_nothing_leads_to() -> None:
    one = completed([node("s", "trigger"), node("a"), node("b"), node("z", "end")], {})
    assert one.ways == {"s": {"next": "a"}, "a": {"next": "b"}, "b": {"next": "z"}, "z": {}}
    assert (one.fixes, one.questions) == (["dead_end"] * 3, [])


def test_a_trigger_leads_to_the_first_step_whatever_leads_there() -> None:
    nodes = [node("a"), node("b"), node("s", "trigger"), node("z", "end")]
    one = completed(nodes, {"a": {"next": "b"}, "b": {"next": "a"}})
    assert one.ways["s"] == {"next": "a"}
    only = completed([node("s", "trigger"), node("z", "end")], {})
    assert (only.ways["s"], only.questions) == ({"next": "z"}, [])


def test_a_step_before_one_that_something_leads_to_is_asked_about() -> None:
    one = completed([node("a"), node("b"), node("c"), node("z", "end")], {"b": {"next": "z"}, "c": {"next": "b"}})
    assert one.ways["a"] == {"next": "z"}
    assert one.questions == [questions.dead_end("[a]")]


def test_a_child_without_a_way_goes_on_to_the_next_child_or_back() -> None:
    ways: Ways = {"l": {"next": "a", "all_processed": "z"}}
    one = completed([loop("l", ["a", "b"]), node("a"), node("b"), node("z", "end")], ways)
    assert (one.ways["a"], one.ways["b"], one.questions) == ({"next": "b"}, {"next": "l"}, [])
    entered = completed(
        [loop("l", ["a", "b", "c"]), node("a"), node("b"), node("c"), node("z", "end")],
        {**ways, "c": {"next": "b"}, "b": {"next": "l"}},
    )
    assert (entered.ways["a"], entered.questions) == ({"next": "l"}, [])


def test_a_loop_without_an_exit_goes_on_to_the_next_step_or_the_end() -> None:
    nodes = [loop("l", ["a"]), node("a"), node("b"), node("z", "end")]
    one = completed(nodes, {"l": {"next": "a"}, "a": {"next": "l"}, "b": {"next": "z"}})
    assert (one.ways["l"]["all_processed"], one.fixes, one.questions) == ("b", ["loop_without_exit"], [])
    entered = completed([*nodes[:3], node("c"), nodes[3]], {"a": {"next": "l"}, "b": {"next": "z"}, "c": {"next": "b"}})
    assert entered.ways["l"]["all_processed"] == "z"
    assert entered.questions == [questions.loop_without_exit("[l]")]
    known = completed(nodes, {"l": {"next": "a", "all_processed": "z"}, "a": {"next": "l"}, "b": {"next": "z"}})
    assert (known.ways["l"]["all_processed"], known.fixes) == ("z", [])
    last = completed([nodes[0], nodes[1], nodes[3]], {"a": {"next": "l"}})
    assert (last.ways["l"]["all_processed"], last.questions) == ("z", [])


def test_the_answers_of_a_decision_go_on_where_the_other_one_does() -> None:
    nodes = [node("d", "decision"), node("a"), node("b"), node("c"), node("z", "end")]
    rest: Ways = {"a": {"next": "c"}, "b": {"next": "z"}, "c": {"next": "b"}}
    none = completed(nodes, {**rest, "c": {"next": "z"}})
    assert none.ways["d"] == {"yes": "a", "no": "c"}
    assert (none.fixes, none.questions) == (["missing_answer"] * 2, [questions.no_answers("[d]")])
    one = completed(nodes, {**rest, "d": {"no": "a"}})
    assert list(one.ways["d"].items()) == [("yes", "c"), ("no", "a")]
    assert one.questions == [questions.missing_answer("[d]", "yes")]
    after = completed(
        [nodes[0], loop("l", ["a"]), *nodes[1:]],
        {"d": {"yes": "l"}, "l": {"next": "a", "all_processed": "c"}, "a": {"next": "l"}, "b": {"next": "c"}},
    )
    assert after.ways["d"] == {"yes": "l", "no": "c"}
    back = completed(nodes, {**rest, "d": {"yes": "a"}, "a": {"next": "d"}})
    assert back.ways["d"] == {"yes": "a", "no": "z"}


def test_an_answer_within_a_loop_goes_back_to_it_by_a_step() -> None:
    nodes = [loop("l", ["d", "a"]), node("d", "decision"), node("a"), node("z", "end")]
    one = completed(nodes, {"l": {"next": "d", "all_processed": "z"}, "d": {"yes": "a"}, "a": {"next": "l"}})
    assert one.ways["d"] == {"yes": "a", "no": "next-l"}
    assert one.ways["next-l"] == {"next": "l"}


# Steps that repeat for ever, and steps that nothing leads to.


def test_a_ring_gets_a_decision_before_its_first_step() -> None:
    nodes = [node("s"), node("a"), node("b"), node("z", "end")]
    one = of_ways(nodes, {"s": {"next": "a"}, "a": {"next": "b"}, "b": {"next": "a"}})
    add_ways_out(one)
    assert one.nodes["repeat-a"] == {"id": "repeat-a", "type": "decision", "label": "Go back to this once more: [a]?"}
    assert one.ways["repeat-a"] == {"yes": "a", "no": "z"}
    assert (one.ways["b"], one.ways["a"]) == ({"next": "repeat-a"}, {"next": "b"})
    assert (one.fixes, one.questions) == (["endless"], [questions.endless("[a]")])


@pytest.mark.parametrize(
    ("ways", "opened"),
    [
        # Of the ways back that of the step that is written last.
        ({"y": {"next": "d"}, "d": {"yes": "c", "no": "c"}, "c": {"next": "y"}}, ("c", "next", "repeat-y")),
        # To itself is back, too; of two answers of one step, yes.
        ({"y": {"next": "d"}, "d": {"yes": "d", "no": "y"}}, ("d", "yes", "repeat-d")),
        ({"a": {"next": "y"}, "y": {"next": "d"}, "d": {"yes": "a", "no": "y"}}, ("d", "yes", "repeat-a")),
    ],
)
def test_a_ring_is_opened_where_it_leads_back_last(ways: Ways, opened: tuple[str, str, str]) -> None:
    nodes = [node("a"), node("y"), node("d", "decision"), node("c"), node("z", "end")]
    one = of_ways(nodes, {"a": {"next": "z"}, "c": {"next": "z"}, **ways})
    add_ways_out(one)
    name, word, target = opened
    assert (one.ways[name][word], one.inserted) == (target, [target])


def test_two_rings_get_one_decision_each_and_what_only_leads_to_them_none() -> None:
    nodes = [node("s", "decision"), node("a"), node("b"), node("c"), node("z", "end")]
    one = of_ways(nodes, {"s": {"yes": "a", "no": "b"}, "a": {"next": "a"}, "b": {"next": "c"}, "c": {"next": "b"}})
    add_ways_out(one)
    assert set(one.inserted) == {"repeat-a", "repeat-b"}
    assert (one.ways["a"], one.ways["c"]) == ({"next": "repeat-a"}, {"next": "repeat-b"})
    assert one.ways["s"] == {"yes": "a", "no": "b"}


def test_a_ring_of_children_goes_on_with_the_next_round() -> None:
    nodes = [loop("l", ["a", "b", "c"]), node("a"), node("b"), node("c"), node("z", "end")]
    ways: Ways = {"l": {"next": "a", "all_processed": "z"}, "a": {"next": "b"}, "b": {"next": "a"}, "c": {"next": "l"}}
    first = of_ways(nodes, ways)
    add_ways_out(first)
    assert (first.ways["b"], first.inserted, first.questions) == ({"next": "l"}, [], [])
    later = of_ways([dict(node) for node in nodes], {**ways, "b": {"next": "c"}, "c": {"next": "b"}})
    add_ways_out(later)
    assert later.ways["c"] == {"next": "repeat-b"}
    assert later.ways["repeat-b"] == {"yes": "b", "no": "next-l"}
    assert later.children("l") == ["a", "b", "c", "next-l", "repeat-b"]


def test_an_answer_back_to_the_first_child_goes_on_with_the_next_round_by_a_step() -> None:
    nodes = [loop("l", ["a", "b"]), node("a"), node("b", "decision"), node("z", "end")]
    one = of_ways(nodes, {"l": {"next": "a", "all_processed": "z"}, "a": {"next": "b"}, "b": {"yes": "a", "no": "a"}})
    add_ways_out(one)
    assert sorted(one.ways["b"].values()) == ["a", "next-l"]
    assert one.ways["next-l"] == {"next": "l"}


def joined(nodes: list[dict[str, Any]], ways: Ways) -> Draft:
    one = of_ways(nodes, ways)
    join_unreachable(one, start="s")
    return one


def test_a_step_whose_place_is_clear_is_joined_without_a_question() -> None:
    nodes = [node("s", "trigger"), node("a"), node("u"), node("b"), node("z", "end")]
    one = joined(nodes, {"s": {"next": "a"}, "a": {"next": "b"}, "u": {"next": "b"}, "b": {"next": "z"}})
    assert (one.ways["a"], one.ways["u"], one.fixes, one.questions) == (
        {"next": "u"},
        {"next": "b"},
        ["unreachable"],
        [],
    )


def test_a_step_whose_place_is_not_clear_comes_before_what_it_leads_to_and_is_asked_about() -> None:
    nodes = [node("s", "trigger"), node("u"), node("a"), node("b"), node("z", "end")]
    one = of_ways(nodes, {"s": {"next": "a"}, "u": {"next": "z"}, "a": {"next": "b"}, "b": {"next": "z"}})
    one.questions = [questions.dead_end("[u]"), questions.dead_end("[a]")]
    join_unreachable(one, start="s")
    assert (one.ways["b"], one.ways["u"]) == ({"next": "u"}, {"next": "z"})
    assert one.questions == [questions.dead_end("[a]"), questions.unplaced("[u]")]


def test_several_steps_that_lead_to_each_other_are_joined_by_their_first() -> None:
    nodes = [node("s", "trigger"), node("v"), node("u"), node("z", "end")]
    one = joined(nodes, {"s": {"next": "z"}, "u": {"next": "v"}, "v": {"next": "z"}})
    assert (one.ways["s"], one.ways["u"], one.ways["v"]) == ({"next": "u"}, {"next": "v"}, {"next": "z"})
    assert one.fixes == ["unreachable"]


def test_a_loop_that_nothing_leads_to_is_joined_as_a_whole() -> None:
    nodes = [node("s", "trigger"), node("a"), loop("l", ["u"]), node("u"), node("z", "end")]
    one = joined(
        nodes,
        {"s": {"next": "a"}, "a": {"next": "z"}, "l": {"next": "u", "all_processed": "z"}, "u": {"next": "l"}},
    )
    assert (one.ways["a"], one.fixes, one.questions) == ({"next": "l"}, ["unreachable"], [])


def test_a_child_that_nothing_leads_to_is_joined_within_its_loop() -> None:
    nodes = [node("s", "trigger"), loop("l", ["a", "u", "b"]), node("a"), node("u"), node("b"), node("z", "end")]
    one = joined(
        nodes,
        {
            "s": {"next": "l"},
            "l": {"next": "a", "all_processed": "z"},
            "a": {"next": "b"},
            "b": {"next": "l"},
            "u": {"next": "b"},
        },
    )
    assert (one.ways["a"], one.ways["u"], one.questions) == ({"next": "u"}, {"next": "b"}, [])


def test_a_child_that_leads_to_the_first_child_comes_last() -> None:
    nodes = [node("s", "trigger"), loop("l", ["a", "u"]), node("a"), node("u"), node("z", "end")]
    one = joined(
        nodes,
        {"s": {"next": "l"}, "l": {"next": "a", "all_processed": "z"}, "a": {"next": "l"}, "u": {"next": "a"}},
    )
    assert (one.ways["a"], one.ways["u"], one.ways["l"]["next"]) == ({"next": "u"}, {"next": "l"}, "a")
    assert one.questions == []


def test_an_answer_that_leads_to_the_first_child_leads_to_the_next_round_by_a_step() -> None:
    nodes = [node("s", "trigger"), loop("l", ["a", "u"]), node("a"), node("u", "decision"), node("z", "end")]
    one = joined(
        nodes,
        {
            "s": {"next": "l"},
            "l": {"next": "a", "all_processed": "z"},
            "a": {"next": "l"},
            "u": {"yes": "a", "no": "a"},
        },
    )
    assert one.ways["next-l"] == {"next": "l"}
    assert one.ways["a"] == {"next": "u"}
    assert one.ways["u"]["yes"] == "next-l"


def test_a_step_that_leads_to_the_start_comes_before_the_end() -> None:
    nodes = [node("s"), node("a"), node("u"), node("z", "end")]
    one = joined(nodes, {"s": {"next": "a"}, "a": {"next": "z"}, "u": {"next": "s"}})
    assert (one.ways["a"], one.ways["u"], one.questions) == ({"next": "u"}, {"next": "z"}, [])


def test_a_loop_that_only_its_child_leads_to_is_joined_before_what_it_leads_to() -> None:
    nodes = [node("s", "trigger"), node("x"), loop("l", ["u"]), node("u"), node("z", "end")]
    one = joined(
        nodes,
        {
            "s": {"next": "z"},
            "x": {"next": "z"},
            "l": {"next": "u", "all_processed": "x"},
            "u": {"next": "l"},
        },
    )
    assert (one.ways["s"], one.fixes) == ({"next": "l"}, ["unreachable"])
    ring = joined(
        [node("s", "trigger"), node("x"), node("w", "decision"), node("z", "end")],
        {"s": {"next": "z"}, "x": {"next": "z"}, "w": {"yes": "w", "no": "x"}},
    )
    assert (ring.ways["s"], ring.fixes) == ({"next": "w"}, ["unreachable"])


def test_of_several_ways_to_what_a_step_leads_to_the_last_one_that_is_written_before_it_is_taken() -> None:
    nodes = [node("s", "trigger"), node("e", "decision"), node("f", "decision"), *map(node, "gxv"), node("z", "end")]
    one = joined(
        nodes,
        {
            "s": {"next": "e"},
            "e": {"yes": "f", "no": "x"},
            "f": {"yes": "g", "no": "x"},
            "g": {"next": "x"},
            "x": {"next": "z"},
            "v": {"next": "x"},
        },
    )
    assert (one.ways["g"], one.ways["v"], one.questions) == ({"next": "v"}, {"next": "x"}, [questions.unplaced("[v]")])


def children_of(names: str) -> list[dict[str, Any]]:
    kinds = {"u": "decision", "d": "decision"}
    return [
        node("s", "trigger"),
        loop("l", list(names)),
        *(node(name, kinds.get(name, "task")) for name in names),
        node("z", "end"),
    ]


_AROUND: Ways = {"s": {"next": "l"}, "l": {"next": "a", "all_processed": "z"}}


def test_a_step_back_to_the_loop_that_was_inserted_is_a_way_to_it() -> None:
    one = joined(children_of("auv"), {**_AROUND, "a": {"next": "l"}, "u": {"yes": "a", "no": "a"}, "v": {"next": "l"}})
    assert (one.ways["a"], one.ways["u"]["yes"]) == ({"next": "u"}, "next-l")
    assert (one.ways["next-l"], one.ways["v"]) == ({"next": "v"}, {"next": "l"})


def test_a_way_that_is_written_counts_before_one_that_was_inserted() -> None:
    one = joined(
        children_of("abuv"),
        {**_AROUND, "a": {"next": "l"}, "b": {"next": "l"}, "u": {"yes": "a", "no": "b"}, "v": {"next": "l"}},
    )
    assert (one.ways["b"], one.ways["next-l"], one.ways["v"]) == ({"next": "v"}, {"next": "l"}, {"next": "l"})


def test_a_step_whose_answer_leads_to_the_first_child_comes_before_the_step_back_that_there_is() -> None:
    one = of_ways(
        children_of("du"),
        {
            **_AROUND,
            "l": {"next": "d", "all_processed": "z"},
            "d": {"yes": "d", "no": "d"},
            "u": {"yes": "d", "no": "d"},
        },
    )
    one.ways["d"] = dict.fromkeys(("yes", "no"), one.back_to("l"))
    join_unreachable(one, start="s")
    assert (one.ways["d"], one.ways["u"]) == ({"yes": "u", "no": "next-l"}, {"yes": "next-l", "no": "d"})
    assert one.ways["next-l"] == {"next": "l"}


def test_a_step_that_leads_nowhere_is_a_bug_of_the_caller() -> None:
    with pytest.raises(AssertionError, match="'u' leads to the end, which is reached"):
        joined([node("s", "trigger"), node("u"), node("z", "end")], {"s": {"next": "z"}, "u": {"next": "u"}})
