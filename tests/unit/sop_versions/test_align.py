"""A step that is there again keeps its id, and no id passes to another step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.sop_versions.align import aligned_ids, likeness, with_ids
from tests.sop_graphs import as_sop, edge, loop, node, raw_sop, sound_sops

sound = sound_sops().map(as_sop)


def ids(new: list[dict[str, str]], earlier: list[dict[str, str]]) -> dict[str, str]:
    made = [as_sop(raw_sop(nodes, [])).public.nodes for nodes in (new, earlier)]
    return aligned_ids(*made)


@given(sop=sound)
def test_the_same_sop_keeps_its_ids(sop: Sop) -> None:
    assert with_ids(sop, aligned_ids(sop.public.nodes, sop.public.nodes)) == sop


@given(new=sound, earlier=sound, suffix=st.sampled_from(["", "-2", "x"]))
def test_ids_stay_apart_and_the_graph_stays_sound(new: Sop, earlier: Sop, suffix: str) -> None:
    renamed = with_ids(new, {one.id: f"{one.id}{suffix}" for one in new.public.nodes})
    found = aligned_ids(renamed.public.nodes, earlier.public.nodes)
    assert len(set(found.values())) == len(renamed.public.nodes)
    assert graph_faults(with_ids(renamed, found)) == []


@given(sop=sound)
def test_other_ids_of_the_same_steps_are_recognised(sop: Sop) -> None:
    renamed = with_ids(sop, {one.id: f"step-{index}" for index, one in enumerate(sop.public.nodes)})
    assert with_ids(renamed, aligned_ids(renamed.public.nodes, sop.public.nodes)) == sop


def test_numbers_that_move_on_do_not_move_the_steps() -> None:
    earlier = [node("s1", label="Open the list"), node("s2", label="Send the mail")]
    new = [node("s1", label="Log in"), node("s2", label="Open the list"), node("s3", label="Send the mail")]
    assert ids(new, earlier) == {"s1": "s1-2", "s2": "s1", "s3": "s2"}


def test_an_id_that_two_steps_had_is_given_to_neither() -> None:
    earlier = [node("n", label="Open the list"), node("n", label="Send the mail")]
    new = [node("a", label="Open the list"), node("b", label="Send the mail"), node("n", label="Log in")]
    assert ids(new, earlier) == {"a": "a", "b": "b", "n": "n-2"}


def test_another_wording_of_a_step_is_recognised_where_only_one_is_meant() -> None:
    earlier = [node("a", label="Open the list of orders"), node("b", label="Send the mail")]
    assert ids([node("x", label="Open the list of all orders")], earlier) == {"x": "a"}
    assert ids([node("a", label="Write a note")], earlier) == {"a": "a-2"}
    twice = [node("a", label="Open list one"), node("b", label="Open list two")]
    assert ids([node("x", label="Open list three")], twice) == {"x": "x"}


def test_children_edges_and_skills_follow() -> None:
    raw = raw_sop(
        [node("s", "trigger"), loop("l", ["c"]), node("c"), node("e", "end")],
        [edge("s", "l"), edge("l", "c"), edge("c", "l"), edge("l", "e", "all_processed")],
    )
    raw["private"] = {
        "skills": [{"id": "k", "app": "A", "method_type": "ui"}],
        "steps": [{"node_id": "c", "primary_skill": "k"}],
        "artifacts": [],
    }
    renamed = with_ids(as_sop(raw), {"c": "child", "l": "loop"})
    assert graph_faults(renamed) == []
    assert renamed.private is not None
    assert renamed.private.steps[0].node_id == "child"


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("Open the list", "open  THE list", 1.0),
        ("a b c", "a b d", 0.5),
        ("a b c", "a d e", 0.2),
        ("a", "b", 0.0),
        ("", "a", 0.0),
        ("a", None, 0.0),
        ("", "", 0.0),
    ],
)
def test_likeness_is_the_share_of_words_in_common(one: str, other: str | None, share: float) -> None:
    assert likeness(one, other) == share


def test_the_order_of_words_tells_steps_apart() -> None:
    earlier = [node("a", label="Copy A to B"), node("b", label="Copy B to A")]
    assert ids([node("x", label="copy b to a"), node("y", label="copy a to b")], earlier) == {"x": "b", "y": "a"}


def test_labels_are_alike_from_half_of_their_words_on() -> None:
    assert ids([node("x", label="a b c")], [node("a", label="a b d")]) == {"x": "a"}
    assert ids([node("x", label="a b c")], [node("a", label="a b d e")]) == {"x": "x"}


def test_the_same_id_and_one_word_in_common_are_enough() -> None:
    earlier = [node("a", label="Open the list"), node("b", label="Send it")]
    assert ids([node("a", label="Open them")], earlier) == {"a": "a"}
    assert ids([node("a", label="Close them")], earlier) == {"a": "a-2"}


def test_a_step_of_another_type_is_another_step() -> None:
    earlier = [node("a", "decision", label="Is it paid?")]
    assert ids([node("x", label="Is it paid?")], earlier) == {"x": "x"}
    assert ids([node("a", label="Is it paid?")], earlier) == {"a": "a-2"}


def test_labels_without_words_are_not_the_same() -> None:
    assert ids([node("x", label=" ")], [node("a", label=" ")]) == {"x": "x"}


def test_the_only_start_and_the_only_end_are_the_same_whatever_they_are_called() -> None:
    earlier = [node("start", "trigger", "A mail comes"), node("done", "end", "Finished")]
    new = [node("s1", "trigger", "Somebody calls"), node("s2", "end", "It is over")]
    assert ids(new, earlier) == {"s1": "start", "s2": "done"}
    assert ids([*new, node("s3", "end", "It failed")], earlier) == {"s1": "start", "s2": "s2", "s3": "s3"}
    assert ids(new, [*earlier, node("lost", "end", "It failed")]) == {"s1": "start", "s2": "s2"}


def test_an_id_that_another_step_had_is_counted_on_until_it_is_free() -> None:
    earlier = [node("a", label="One"), node("a-2", label="Two"), node("a-3", label="Three")]
    assert ids([node("a", label="Other")], earlier) == {"a": "a-4"}
