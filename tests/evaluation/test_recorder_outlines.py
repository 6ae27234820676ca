"""The true SOPs of the recorder: each keeps the rules of its graph, whatever is nested in what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.recorder.catalogue import JOINED, RECORDED
from evaluation.recorder.join import joined_outline, order_of
from evaluation.recorder.outline import Decision, Loop, Outline, Part, Task, ids_of, sop_of
from evaluation.recorder.recorded_task import RecordedTask
from runops.sop_graph import graph_faults
from runops_worker.media.limits import Limits

TASKS = {task.name: task for task in RECORDED}


def outline_of(*parts: Part) -> Outline:
    return Outline("Title", "Goal", "Purpose", "Owner", "It begins", "It is done", tuple(parts))


def edges_of(*parts: Part) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.condition, edge.target) for edge in sop_of(outline_of(*parts), "one").public.edges}


@pytest.mark.parametrize("task", RECORDED, ids=lambda task: task.name)
def test_the_sop_of_a_task_is_a_valid_graph(task: RecordedTask) -> None:
    sop = sop_of(task.outline, task.name)
    assert graph_faults(sop) == []
    assert [node.id for node in sop.public.nodes[1:-1]] == ids_of(task.outline.parts)


def test_a_joined_sop_repeats_each_procedure() -> None:
    for task in JOINED:
        sop = sop_of(joined_outline(task, [TASKS[name].outline for name in task.parts]), task.name)
        assert graph_faults(sop) == []
        assert sum(node.type == "loop" for node in sop.public.nodes) == len(task.parts)


def test_there_are_more_than_twelve_tasks_in_two_languages() -> None:
    assert len(TASKS) == len(RECORDED) >= 12
    assert {task.language for task in RECORDED} == {"en", "de"}
    # Not all pages are ours, and one program is none of the browser.
    assert {task.site.partition("/")[0] for task in RECORDED} >= {"office"}
    assert any(task.window is not None for task in RECORDED)


def test_both_ways_of_a_decision_meet_in_what_follows() -> None:
    parts = (Decision("asked", "Is it?", yes=(Task("a", "A"), Task("b", "B"))), Task("after", "After"))
    assert edges_of(*parts) == {
        ("start", "next", "asked"),
        ("asked", "yes", "a"),
        ("a", "next", "b"),
        ("b", "next", "after"),
        ("asked", "no", "after"),
        ("after", "next", "done"),
    }


def test_a_loop_is_left_when_all_is_processed() -> None:
    assert edges_of(Loop("each", "Each", "things", "none left", (Task("a", "A"),)), Task("after", "After")) == {
        ("start", "next", "each"),
        ("each", "next", "a"),
        ("a", "next", "each"),
        ("each", "all_processed", "after"),
        ("after", "next", "done"),
    }


def _numbered(parts: tuple[Any, ...], ids: Any) -> tuple[Part, ...]:
    made: list[Part] = []
    for part in parts:
        name = f"n{next(ids)}"
        if part is None:
            made.append(Task(name, name))
        elif part[0] == "decision":
            made.append(Decision(name, name, yes=_numbered(part[1], ids), no=_numbered(part[2], ids)))
        else:
            # What a loop repeats ends with a task: a decision without steps for one answer cannot go back to it.
            inner = [one for one in _numbered(part[1], ids) if not isinstance(one, Loop)]
            made.append(Loop(name, name, "things", "none left", (*inner, Task(f"n{next(ids)}", "last"))))
    return tuple(made)


DECISIONS = st.recursive(
    st.none(),
    lambda inner: st.tuples(
        st.just("decision"), st.lists(inner, max_size=2).map(tuple), st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=8,
)
SHAPES = DECISIONS | st.tuples(st.just("loop"), st.lists(DECISIONS, max_size=3).map(tuple))


@given(st.lists(SHAPES, min_size=1, max_size=4).map(tuple))
def test_whatever_is_decided_and_repeated_keeps_the_rules(shape: tuple[Any, ...]) -> None:
    parts = (*_numbered(shape, iter(range(1000))), Task("last", "last"))
    sop = sop_of(outline_of(*parts), "one")
    # Where both answers lead to the same step there are two edges between them, which the rules allow.
    assert graph_faults(sop) == []


def test_the_same_name_gives_the_same_id() -> None:
    assert sop_of(outline_of(Task("a", "A")), "one").meta.id == sop_of(outline_of(Task("b", "B")), "one").meta.id
    assert sop_of(outline_of(Task("a", "A")), "one").meta.id != sop_of(outline_of(Task("a", "A")), "two").meta.id


def test_a_long_recording_repeats_each_part_as_often_as_there_is_room() -> None:
    assert order_of({"a": 30.0, "b": 60.0}, 180) == ["a", "a", "b", "b"]
    assert order_of({"a": 30.0, "b": 60.0}, 209) == ["a", "a", "b", "b"]
    assert order_of({"a": 30.0, "b": 60.0}, 210) == ["a", "a", "a", "b", "b"]
    assert order_of({"a": 30.0, "b": 60.0}, 240) == ["a", "a", "a", "b", "b"]
    assert order_of({"a": 30.0, "b": 60.0}, 10) == ["a", "b"]


def test_two_hours_are_nearly_two_hours_and_no_longer_than_the_worker_takes() -> None:
    (task,) = [one for one in JOINED if one.name == "two-hours"]
    lengths = {name: 720.0 if name == "twelve-minutes" else 35.0 for name in task.parts}
    assert 7_000 <= sum(lengths[name] for name in order_of(lengths, task.seconds)) <= Limits().max_duration_seconds
