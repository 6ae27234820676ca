"""A long recording: the stand-in that reads writes one SOP of the notes about its sections.

Its transcript is made of the true events of recordings, so nothing is read wrongly: what is lost here is lost between
the transcript and the SOP.
"""

import json
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest

from devstack.gemini_reading.sop.of_notes import read_sections
from devstack.gemini_reading.sop.section_notes import read_notes
from evaluation.recorder.catalogue import RECORDED as TASKS
from evaluation.recorder.join import joined_outline
from evaluation.recorder.outline import sop_of
from evaluation.recorder.recorded_task import JoinedTask
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.transcript import TranscriptItem, VisualItem, dump_transcript, seconds, timestamp
from runops_evaluation.gold.read import read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.matching.steps import match_steps, steps_of
from runops_evaluation.scores.loops import loop_score
from runops_evaluation.scores.order import order
from runops_evaluation.scores.rates import rates
from runops_worker.sop.long.long_request import SECTION_TOKENS
from runops_worker.sop.long.sections import divided
from runops_worker.sop.long.sections import read_notes as read_answer
from tests.evaluation.gold_set import RECORDED, perfect_items

TIMES = 7
"""So often each procedure is carried out, one after the other: two hours in all."""
PARTS = ("supplier-form", "orders-shipped", "supplier-error", "spoken-condition", "idle-export", "board-drag")


@pytest.fixture(scope="module")
def recordings() -> list[GoldRecording]:
    by_name = {recording.name: recording for recording in read_gold(RECORDED).recordings}
    return [by_name[name] for name in PARTS]


def later(item: TranscriptItem, by: float) -> TranscriptItem:
    """Return an item that comes so many seconds later."""
    names = [name for name in type(item).model_fields if name.startswith("timestamp")]
    moved = {name: timestamp(seconds(stamp) + by) for name in names if (stamp := getattr(item, name)) is not None}
    return item.model_copy(update=moved)


def day(recordings: list[GoldRecording]) -> list[dict[str, Any]]:
    """Return the transcript of a day on which each procedure is carried out several times."""
    every = [recording for recording in recordings for _ in range(TIMES)]
    begins = [0.0, *accumulate(recording.about.duration for recording in every)]
    items = [
        later(item, begin)
        for recording, begin in zip(every, begins, strict=False)
        for item in perfect_items(recording)
        if not isinstance(item, VisualItem) or item.application_in_focus
    ]
    return [{"id": f"t{number:04d}", **item} for number, item in enumerate(dump_transcript(items))]


def answered(items: list[dict[str, Any]], *, most_tokens: int) -> Iterator[dict[str, Any]]:
    """Yield the notes about each section, after the worker has read them."""
    for section in divided(items, most_tokens=most_tokens):
        read = read_answer(json.dumps(read_notes(section)), section).value
        assert read is not None
        assert all(step.ids for step in read.steps), "a step without evidence"
        yield read.as_data()


def stored(made: dict[str, Any]) -> Sop:
    nodes = [{name: value for name, value in node.items() if name != "evidence"} for node in made["public"]["nodes"]]
    return Sop.model_validate({**made, "public": {**made["public"], "nodes": nodes}})


@pytest.mark.parametrize(
    ("most_tokens", "sections"), [(SECTION_TOKENS, 1), (SECTION_TOKENS // 4, 3), (SECTION_TOKENS // 9, 6)]
)
def test_a_day_of_procedures_is_one_sop_with_a_loop_for_each(
    recordings: list[GoldRecording], most_tokens: int, sections: int
) -> None:
    notes = list(answered(day(recordings), most_tokens=most_tokens))
    made = stored(read_sections([{"section": number, **one} for number, one in enumerate(notes, 1)]))
    assert graph_faults(made) == []
    outlines = {task.name: task.outline for task in TASKS}
    task = JoinedTask(name="day", task="A day.", parts=PARTS, seconds=0)
    true = sop_of(joined_outline(task, [outlines[name] for name in PARTS]), "day")
    gold_steps, made_steps = steps_of(true, "en"), steps_of(made, "en")
    pairs = match_steps(gold_steps, made_steps)
    found = rates(matched=len(pairs), gold=len(gold_steps), made=len(made_steps))
    same = {made_steps[column].node.id: gold_steps[row].node.id for row, column in pairs}
    loops = loop_score(gold_steps, made_steps, same=same)
    assert len(notes) == sections
    assert found.recall >= 0.75
    assert found.precision >= 0.62
    assert order([column for _, column in pairs]) >= 0.9
    assert loops is not None
    assert loops >= 0.6
    iterators = [node.iterator for node in made.public.nodes if node.type == "loop"]
    assert len(iterators) == len(PARTS)
    # It is said of one of them, and of no other.
    assert iterators.count("every new order in the list") == 1
