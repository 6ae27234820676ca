"""A step that is there again keeps its id, and no id passes to another step."""

from hypothesis import given
from hypothesis import strategies as st

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.sop_versions.align import aligned_ids, with_ids
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
