"""A graph while it is being fixed, and the small steps that need no whole SOP."""

from typing import Any

import pytest

from runops.sop_structure import Arrow, Graph
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.draft import Draft
from runops_worker.sop.fix.duplicate_ids import unique_nodes
from runops_worker.sop.fix.ends import one_end
from runops_worker.sop.fix.loop_borders import keep_to_borders
from runops_worker.sop.fix.one_start import find_start
from runops_worker.sop.fix.stray_steps import settle_steps
from runops_worker.sop.fix.unknown_names import Names, resolve_names
from tests.sop_graphs import loop, node


def draft(nodes: list[dict[str, Any]], *arrows: str, **ways: dict[str, str]) -> Draft:
    """Return a draft with arrows written as `source target condition`."""
    return Draft(
        {one["id"]: one for one in nodes},
        [Arrow(*arrow.split()) for arrow in arrows],
        ways={**{one["id"]: {} for one in nodes}, **ways},
    )


def a_loop() -> Draft:
    return draft(
        [node("s", "trigger"), loop("l", ["a", "b"]), node("a"), node("b", children=["s"]), node("z", "end")],
        "s l next",
        "l a next",
        s={"next": "l"},
        l={"next": "a", "all_processed": "z"},
        a={"next": "b"},
        b={"next": "l"},
    )


def test_what_a_draft_tells_of_its_nodes() -> None:
    one = a_loop()
    assert (one.type("l"), one.label("a"), one.loops()) == ("loop", "[a]", ["l"])
    assert (one.children("l"), one.children("b"), one.children("a")) == (["a", "b"], [], [])
    assert one.loop_of() == {"a": "l", "b": "l"}
    assert one.graph() == Graph(
        types={"s": "trigger", "l": "loop", "a": "task", "b": "task", "z": "end"},
        children={"l": ("a", "b"), "b": ("s",)},
        arrows=(Arrow("s", "l", "next"), Arrow("l", "a", "next")),
    )
    assert one.leaving() == {
        "s": [Arrow("s", "l", "next")],
        "l": [Arrow("l", "a", "next")],
        "a": [],
        "b": [],
        "z": [],
    }
    assert list(one.joints()) == [
        ("s", "next", "l"),
        ("l", "next", "a"),
        ("l", "all_processed", "z"),
        ("a", "next", "b"),
        ("b", "next", "l"),
    ]
    assert one.entered() == {"s": 0, "l": 1, "a": 1, "b": 1, "z": 1}, "the way back to the loop is not counted"


def test_a_child_of_two_loops_belongs_to_the_first() -> None:
    two = draft([loop("l", ["a"]), loop("m", ["a", "b"]), node("a"), node("b")])
    assert two.loop_of() == {"a": "l", "b": "m"}


def test_an_inserted_node_gets_a_name_of_its_own_and_is_the_last_child_of_its_loop() -> None:
    one = a_loop()
    assert one.insert("a", kind="task", label="New", loop="l", ways={"next": "l"}) == "a-2"
    assert one.insert("a", kind="decision", label="Other", loop=None, ways={"yes": "a"}) == "a-3"
    assert one.nodes["a-2"] == {"id": "a-2", "type": "task", "label": "New"}
    assert (one.children("l"), one.ways["a-2"], one.ways["a-3"]) == (["a", "b", "a-2"], {"next": "l"}, {"yes": "a"})
    assert one.inserted == ["a-2", "a-3"]


def test_there_is_one_step_that_leads_back_to_a_loop() -> None:
    one = a_loop()
    one.inserted = ["a-node-without-ways"]
    assert one.back_to("l") == "next-l"
    assert one.nodes["next-l"] == {"id": "next-l", "type": "task", "label": "Go back to: [l]"}
    assert one.back_to("l") == "next-l"
    assert one.children("l") == ["a", "b", "next-l"]
    one.ways["next-l"] = {"next": "a"}
    assert one.back_to("l") == "next-l-2", "the first one leads elsewhere by now"


def test_notes_fixes_and_questions_are_collected() -> None:
    one = a_loop()
    one.add_note("a", "First.")
    one.add_note("a", "Second.")
    one.say("rule")
    one.say("other", 2)
    one.say("none", 0)
    one.ask(questions.dead_end("A"))
    one.ask([questions.unnamed("B"), questions.unnamed("C")])
    assert one.nodes["a"]["context"] == "First. Second."
    assert one.fixes == ["rule", "other", "other"]
    assert one.questions == [questions.dead_end("A"), questions.unnamed("B"), questions.unnamed("C")]


def test_the_same_step_written_twice_is_one_and_another_one_gets_a_name() -> None:
    first = node("a", label="Open it!", intent="I", evidence=["t1", "t2"])
    again = node("a", label="open IT", context="C", evidence=["t2", "t3"])
    nodes, changes = unique_nodes(
        [
            first,
            node("b"),
            again,
            node("a", "decision", "Open it"),
            node("a-2"),
            node("a", label="Close", evidence="odd"),
            node("b", evidence=[]),
            node("c"),
            node("c"),
        ]
    )
    assert changes == 5
    assert list(nodes) == ["a", "b", "a-3", "a-2", "a-4", "c"]
    assert nodes["c"] == node("c")
    assert nodes["a"] == {
        "id": "a",
        "type": "task",
        "label": "Open it!",
        "intent": "I",
        "context": "C",
        "evidence": ["t1", "t2", "t3"],
    }
    assert (nodes["a-3"]["id"], nodes["a-3"]["type"]) == ("a-3", "decision")
    assert nodes["a-4"] == {"id": "a-4", "type": "task", "label": "Close", "evidence": "odd"}
    assert nodes["b"] == {"id": "b", "type": "task", "label": "[b]", "evidence": []}


def test_a_missing_end_is_added_under_a_free_name() -> None:
    one = draft([node("s"), node("end"), node("end-2")], "s end next")
    one_end(one)
    assert one.nodes["end-3"] == {"id": "end-3", "type": "end", "label": "The procedure is finished"}
    assert (one.inserted, one.fixes) == (["end-3"], ["no_end"])
    two = draft([node("s"), node("end")], "s end next")
    one_end(two)
    assert two.inserted == ["end-2"]


def test_of_several_ends_the_one_that_most_edges_lead_to_is_kept() -> None:
    one = draft(
        [
            node("s"),
            loop("l", ["y", "s"]),
            node("x", "end", "X"),
            node("y", "end", "Y"),
            node("z", "end", "Y"),
        ],
        "s x yes",
        "s y yes",
        "l y all_processed",
        "y s next",
        "z l next",
        "s z no",
    )
    one_end(one)
    assert list(one.nodes) == ["s", "l", "y"]
    assert one.arrows == [Arrow("s", "y", "yes"), Arrow("l", "y", "all_processed"), Arrow("s", "y", "no")]
    assert one.nodes["y"]["context"] == "Also: X.", "the same label again says nothing new"
    assert one.children("l") == ["y", "s"]
    assert one.fixes == ["several_ends", "several_ends", "edge_leaves_end", "edge_leaves_end"]
    first = draft([node("x", "end"), node("y", "end"), loop("l", ["x", "y"])])
    one_end(first)
    assert (list(first.nodes), first.children("l"), first.fixes) == (["x", "l"], ["x"], ["several_ends"])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("openFile", "openFile"),
        ("Open-File", "openFile"),
        ("Read the mail", "mail"),
        ("read THE mail!", "mail"),
        ("twice", None),
        ("ghost", None),
        ("", None),
        *((word, "z") for word in ("end", "STOP", "finish", "Done", "exit", "final")),
    ],
)
def test_a_name_is_found_by_its_spelling_or_label(name: str, found: str | None) -> None:
    one = draft(
        [
            node("openFile"),
            node("mail", label="Read the mail"),
            node("p", label="Twice"),
            node("q", label="twice"),
            node("?", label="!"),
            node("z", "end", "It is over"),
        ]
    )
    assert Names(one).find(name) == found


def test_of_two_ends_none_is_meant_by_the_word() -> None:
    assert Names(draft([node("y", "end", "Y"), node("z", "end", "Z")])).find("end") is None


def test_edges_and_children_name_nodes() -> None:
    one = draft(
        [node("openFile"), loop("l", ["open-file", "ghost", "openFile", "b"]), loop("m", ["b"]), node("b")],
        "l open_file next",
        "l openFile next",
        "ghost b next",
        "b ghost next",
        "b l next",
    )
    resolve_names(one)
    assert one.arrows == [Arrow("l", "openFile", "next"), Arrow("b", "l", "next")]
    assert (one.children("l"), one.children("m")) == (["openFile", "b"], ["b"])
    assert one.fixes == ["edge_to_nowhere"] * 3 + ["child_is_not_a_node"]


@pytest.mark.parametrize(
    ("kind", "arrows", "kept"),
    [
        # A step back beside a way on says nothing, of a task or of the start.
        ("task", ["a a next", "a b next"], ["a b next"]),
        ("trigger", ["a a next", "a b next"], ["a b next"]),
        ("task", ["a s next", "a b next"], ["a b next"]),
        # It is all that there is, or an answer.
        ("task", ["a a next"], ["a a next"]),
        ("task", ["a a yes", "a b no"], ["a a yes", "a b no"]),
        ("task", ["a a no", "a b yes"], ["a a no", "a b yes"]),
        ("decision", ["a a next", "a b next"], ["a a next", "a b next"]),
    ],
)
def test_a_step_back_is_left_out_beside_a_way_on(kind: str, arrows: list[str], kept: list[str]) -> None:
    one = draft([node("s", "trigger"), node("a", kind), node("b")], *arrows)
    resolve_names(one)
    assert one.arrows == [Arrow(*arrow.split(" ")) for arrow in kept]
    assert one.fixes == ["step_back"] * (len(arrows) - len(kept))


def test_steps_belong_to_nodes_and_name_skills() -> None:
    one = draft([node("a"), node("b"), node("z", "end")])
    skills = [{"id": "s1", "app": "Mail"}, {"id": "s2", "app": "mail"}, {"id": "\u2603", "app": "\u2744"}]
    step = {"node_id": "a", "primary_skill": "s1"}
    private = {
        "skills": skills,
        "steps": [
            step,
            dict(step),
            {"node_id": "a", "primary_skill": "S-2", "alt_skills": ["s2", "Mail", "ghost"]},
            {"node_id": "[B]", "primary_skill": "\u2744"},
            {"node_id": "ghost", "primary_skill": "s1"},
            {"node_id": "b", "primary_skill": "ghost"},
        ],
        "artifacts": [1],
    }
    settled = settle_steps(one, private)
    assert settled == {
        "skills": skills,
        "artifacts": [1],
        "steps": [
            step,
            {"node_id": "a", "primary_skill": "s2", "alt_skills": ["s1"]},
            {"node_id": "b", "primary_skill": "\u2603"},
        ],
    }
    assert one.fixes == ["step_corrected", "step_corrected", "stray_step", "stray_step"]
    assert one.questions == [questions.no_skill("[b]")]


def test_the_only_skill_is_that_of_every_step() -> None:
    one = draft([node("a")])
    settled = settle_steps(
        one, {"skills": [{"id": "s", "app": "Mail"}], "steps": [{"node_id": "a", "primary_skill": ""}]}
    )
    assert settled["steps"] == [{"node_id": "a", "primary_skill": "s"}]
    assert settle_steps(one, {"skills": [], "steps": [{"node_id": "a", "primary_skill": ""}]})["steps"] == []


def test_the_start_is_the_first_trigger_that_nothing_leads_to() -> None:
    nodes = [node("s", "trigger"), node("t", "trigger"), node("a"), node("z", "end")]
    one = draft(nodes, s={"next": "a"}, t={"next": "a"}, a={"next": "s"})
    assert find_start(one) == "t"
    assert (one.type("s"), one.fixes, one.questions) == ("task", ["several_starts"], [])
    ring = draft([node("s", "trigger"), node("z", "end")], s={"next": "s"})
    assert (find_start(ring), ring.fixes) == ("s", [])


def test_a_second_trigger_of_the_same_step_becomes_a_note() -> None:
    nodes = [node("s", "trigger"), node("t", "trigger", "Or so"), node("u", "trigger", "[s]"), node("a")]
    one = draft(nodes, s={"next": "a"}, t={"next": "a"}, u={"next": "a"})
    assert find_start(one) == "s"
    assert one.nodes["s"]["context"] == "Also: Or so."
    assert (list(one.nodes), list(one.ways), one.questions) == (["s", "a"], ["s", "a"], [])


def test_a_second_trigger_of_another_step_becomes_a_decision() -> None:
    one = draft(
        [node("s", "trigger"), node("t", "trigger", "Or so"), node("a"), node("b")],
        s={"next": "a"},
        t={"next": "b"},
        a={"next": "b"},
    )
    assert find_start(one) == "s"
    assert one.nodes["t"] == {"id": "t", "type": "decision", "label": "Did it begin with this: Or so?"}
    assert (one.ways["s"], one.ways["t"]) == ({"next": "t"}, {"yes": "b", "no": "a"})
    assert one.questions == [questions.other_start("Or so", "[b]")]


def test_without_a_trigger_the_start_is_the_node_that_nothing_leads_to_or_one_is_added() -> None:
    nodes = [loop("l", ["a"]), node("a"), node("b"), node("z", "end")]
    one = draft(nodes, l={"next": "a", "all_processed": "b"}, a={"next": "l"}, b={"next": "z"})
    assert (find_start(one), one.fixes) == ("l", [])
    ring = draft(nodes, l={"next": "a", "all_processed": "b"}, a={"next": "l"}, b={"next": "l"})
    assert (find_start(ring), ring.fixes) == ("start", ["no_start"])
    assert ring.nodes["start"] == {"id": "start", "type": "trigger", "label": "Start"}
    assert ring.ways["start"] == {"next": "l"}
    only = draft([node("z", "end")])
    assert (find_start(only), only.fixes) == ("z", [])
    children = draft([loop("l", ["l"]), node("z", "end")], l={"next": "z"})
    assert (find_start(children), children.ways["start"]) == ("start", {"next": "z"})


def borders(**ways: dict[str, str]) -> Draft:
    nodes = [
        node("q", "decision"),
        loop("l", ["a", "b"]),
        node("a"),
        node("b", "decision"),
        node("c"),
        node("z", "end"),
    ]
    whole = {"q": {"yes": "l", "no": "z"}, "l": {"next": "a", "all_processed": "c"}, "a": {"next": "b"}}
    one = draft(nodes, **{**whole, "b": {"yes": "a", "no": "a"}, "c": {"next": "z"}, **ways})
    keep_to_borders(one)
    return one


def test_ways_within_a_loop_and_around_it_stay() -> None:
    one = borders()
    assert (one.fixes, one.ways["q"], one.ways["b"]) == ([], {"yes": "l", "no": "z"}, {"yes": "a", "no": "a"})


def test_a_way_into_the_middle_of_a_loop_leads_to_the_loop() -> None:
    one = borders(q={"yes": "b", "no": "z"})
    assert (one.ways["q"], one.fixes) == ({"yes": "l", "no": "z"}, ["into_a_loop"])


def test_an_answer_back_to_its_loop_gets_a_step_on_its_way() -> None:
    one = borders(b={"yes": "a", "no": "l"})
    assert (one.ways["b"], one.fixes) == ({"yes": "a", "no": "next-l"}, ["answer_back_to_loop"])
    assert borders(a={"next": "l"}).fixes == []


def test_a_way_out_of_the_middle_leads_back_and_ends_the_loop() -> None:
    one = borders(b={"yes": "a", "no": "c"})
    assert (one.ways["b"], one.ways["l"]["all_processed"]) == ({"yes": "a", "no": "next-l"}, "c")
    assert (one.fixes, one.questions) == (["out_of_a_loop"], [])
    assert one.nodes["l"]["exit_condition"] == "none left, or no at: [b]"


def test_a_way_out_to_another_step_than_the_next_one_is_asked_about() -> None:
    one = borders(b={"yes": "a", "no": "z"})
    assert one.ways["l"]["all_processed"] == "c"
    assert one.questions == [questions.leaves_loop_for("[b]", "[l]", "[z]")]


def test_the_last_child_that_leads_out_tells_what_follows_the_loop() -> None:
    one = borders(l={"next": "a"}, a={"next": "z"})
    assert (one.ways["l"], one.ways["a"]) == ({"next": "a", "all_processed": "z"}, {"next": "l"})
    assert (one.nodes["l"]["exit_condition"], one.questions) == ("none left", [])
    other = borders(a={"next": "z"}, b={"yes": "a", "no": "l"})
    assert other.nodes["l"]["exit_condition"] == "none left, or after: [a]", (
        "another child leads back, so this one ends it"
    )
