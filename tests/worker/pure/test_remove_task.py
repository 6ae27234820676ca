"""A task is taken out only where the graph stays whole."""

import pytest

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops_worker.sop.evidence.remove_task import without_task
from tests.worker.pure.sops import a_sop, edge, line, loop, task

A, B, C = task("a", "A"), task("b", "B"), task("c", "C")
D = {"id": "d", "type": "decision", "label": "D?"}


def drawn(sop: Sop | None) -> set[str] | None:
    return (
        None
        if sop is None
        else {f"{one.source} {one.target} {one.condition}".removesuffix(" next") for one in sop.public.edges}
    )


def test_what_led_to_the_task_leads_to_what_came_after_it() -> None:
    shorter = without_task(line(A, B, C), "b")
    assert shorter is not None
    assert drawn(shorter) == {"start a", "a c", "c end"}
    assert [node.id for node in shorter.public.nodes] == ["start", "a", "c", "end"]
    assert shorter.private is not None
    assert [step.node_id for step in shorter.private.steps] == ["a", "c"]
    assert graph_faults(shorter) == []


def test_a_sop_may_have_no_private_part() -> None:
    sop = line(A, B).model_copy(update={"private": None})
    shorter = without_task(sop, "b")
    assert shorter is not None
    assert shorter.private is None


@pytest.mark.parametrize("name", ["ghost", "start", "end"])
def test_only_a_task_is_taken_out(name: str) -> None:
    assert without_task(line(A, B), name) is None


def test_the_only_task_stays() -> None:
    assert without_task(line(A), "a") is None


def test_a_child_is_taken_out_of_its_loop_unless_it_is_the_only_one() -> None:
    def looped(*children: str) -> Sop:
        ways = [edge(*pair) for pair in zip(("l", *children), (*children, "l"), strict=True)]
        return a_sop(
            [loop("l", "L", list(children)), *(task(name, name) for name in children), C],
            [edge("start", "l"), *ways, edge("l", "c", "all_processed"), edge("c", "end")],
        )

    shorter = without_task(looped("a", "b"), "a")
    assert shorter is not None
    assert drawn(shorter) == {"start l", "l b", "b l", "l c all_processed", "c end"}
    assert [node.children for node in shorter.public.nodes if node.type == "loop"] == [["b"]]
    assert without_task(looped("a"), "a") is None
    other = without_task(looped("a", "b"), "c")
    assert other is not None
    assert [node.children for node in other.public.nodes if node.type == "loop"] == [["a", "b"]]


def test_a_task_stays_where_both_answers_of_a_decision_would_lead_to_the_same_step() -> None:
    ways = [edge("start", "d"), edge("d", "a", "yes"), edge("d", "b", "no"), edge("a", "b"), edge("b", "end")]
    assert without_task(a_sop([D, A, B], ways), "a") is None
    ways = [
        edge("start", "d"),
        edge("d", "a", "yes"),
        edge("d", "b", "no"),
        edge("a", "c"),
        edge("b", "c"),
        edge("c", "end"),
    ]
    shorter = without_task(a_sop([D, A, B, C], ways), "a")
    assert drawn(shorter) == {"start d", "d c yes", "d b no", "b c", "c end"}


def test_a_task_stays_where_a_decision_would_lead_to_itself() -> None:
    ways = [
        edge("start", "c"),
        edge("c", "d"),
        edge("d", "a", "yes"),
        edge("d", "b", "no"),
        edge("a", "d"),
        edge("b", "end"),
    ]
    assert without_task(a_sop([C, D, A, B], ways), "a") is None
    back = [
        edge("start", "c"),
        edge("c", "d"),
        edge("d", "a", "yes"),
        edge("d", "b", "no"),
        edge("a", "c"),
        edge("b", "end"),
    ]
    assert drawn(without_task(a_sop([C, D, A, B], back), "a")) == {"start c", "c d", "d c yes", "d b no", "b end"}
