"""Ids of items go from a long transcript through the notes about its sections to the evidence of the SOP."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runops_worker.sop.evidence.check_evidence import CheckedSop, check_evidence, evidence_object
from runops_worker.sop.evidence.item_ids import read_ids
from runops_worker.sop.evidence.number_items import item_id, numbered
from runops_worker.sop.evidence.take_evidence import take_evidence
from runops_worker.sop.long.compact import compact
from runops_worker.sop.long.long_request import notes_question
from runops_worker.sop.long.sections import divided, read_notes, section_question
from runops_worker.sop.wording.sentences import ENGLISH
from runops_worker.task import Prompt
from tests.worker.fakes import TASK
from tests.worker.pure.long.two_hours import transcript
from tests.worker.pure.sops import line, task

WITH_EVIDENCE = replace(TASK, sop_prompt=Prompt.of("p.md", "Name ids in `evidence`."))
SECONDS = 200
ITEMS = transcript(seconds=SECONDS)
ACTIONS = [index for index, item in enumerate(ITEMS) if "application_in_focus" in item]
INVENTED = st.one_of(st.integers(len(ITEMS), 9_000), st.integers(0, len(ITEMS) - 1)).map(item_id)


def shown_to_the_model(text: str, name: str) -> list[dict[str, Any]]:
    """Return the data of a question, as a model reads it."""
    data = text.partition(f"<{name}>\n")[2].partition(f"\n</{name}>")[0]
    found: list[dict[str, Any]] = json.loads(data)[name]
    return found


def noted(section: list[dict[str, Any]], wrong: list[str]) -> str:
    """Return what a model answers about a section: each of its actions is a step, and each second one invents ids."""
    items = shown_to_the_model(section_question(section, model="m", number=1, count=1).text, "transcript")
    steps = []
    for number, item in enumerate(item for item in items if "say" not in item):
        ids = [item["id"], *(wrong if number % 2 else [])]
        steps.append({"ids": ids, "at": item["at"], "app": item.get("app", ""), "text": item["on"]})
    return json.dumps({"summary": "s", "steps": steps})


def answered(wrong_in_notes: list[str], wrong_in_graph: list[str], most_tokens: int) -> tuple[CheckedSop, set[str]]:
    """Return the SOP that is made by sections, and the items that the question for its graph names."""
    notes = []
    for section in divided(numbered(ITEMS), most_tokens=most_tokens):
        reading = read_notes(noted(section, wrong_in_notes), section)
        assert reading.value is not None
        notes.append(reading.value)
    told = shown_to_the_model(notes_question(WITH_EVIDENCE, notes).text, "sections")
    steps = [step for section in told for step in section["steps"]]
    nodes = [
        {"id": f"n{number}", "type": "task", "label": step["text"], "evidence": [*step.get("ids", []), *wrong_in_graph]}
        for number, step in enumerate(steps)
    ]
    raw, cited = take_evidence({"public": {"nodes": nodes}})
    named = {name for step in steps for name in read_ids(step.get("ids", []), longest_range=10_000)}
    assert named == frozenset().union(*(section.items for section in notes))
    sop = line(*(task(node["id"], node["label"]) for node in raw["public"]["nodes"]))
    return check_evidence(sop, cited, ITEMS, named=named, wording=ENGLISH), named


@settings(deadline=None, max_examples=40)
@given(st.lists(INVENTED, max_size=4), st.lists(INVENTED, max_size=4), st.integers(300, 5_000))
def test_each_step_rests_on_its_items_and_nothing_invented_is_stored(
    wrong_in_notes: list[str], wrong_in_graph: list[str], most_tokens: int
) -> None:
    checked, named = answered(wrong_in_notes, wrong_in_graph, most_tokens)
    assert len(checked.evidence) == len(ACTIONS)
    for number, index in enumerate(ACTIONS):
        names = checked.evidence[f"n{number}"]
        assert item_id(index) in names
        assert set(names) <= named
    stored = evidence_object(checked.evidence, ITEMS)["nodes"]
    assert {entry["id"] for names in stored.values() for entry in names} <= {
        item_id(index) for index in range(len(ITEMS))
    }


def test_an_item_that_exists_and_is_in_no_note_is_invented_evidence() -> None:
    """A graph is made of notes: it can only have guessed a name that no note has, and most guesses exist."""
    spoken = item_id(1)
    assert ITEMS[1]["verbatim_transcript_segment"].startswith("So now I click on create purchase order")
    checked, named = answered([], [spoken], 9_000)
    assert spoken not in named
    assert all(spoken not in names for names in checked.evidence.values())


def test_short_keys_keep_the_ids_of_all_items() -> None:
    items = numbered(transcript())
    assert [item["id"] for item in compact(items)] == [item["id"] for item in items]
