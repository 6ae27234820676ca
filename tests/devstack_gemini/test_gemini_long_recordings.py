"""A long recording over the wire: notes about each section, then one SOP of them, by the model that reads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google import genai
from google.genai import types

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment
from runops.sop_graph import graph_faults
from runops_worker.model.protocol import Question
from runops_worker.sop.long.long_request import notes_question
from runops_worker.sop.long.sections import SectionNotes, read_notes, section_question
from runops_worker.sop.read_sop import read_sop
from tests.worker.fakes import TASK

MODEL = "gemini-3.8-flash"


@pytest.fixture
def reading(control: GeminiControl) -> Iterator[GeminiControl]:
    environment.install(print)
    control.behave(Behaviour(reading=True))
    yield control
    control.reset()


async def answered(client: genai.Client, question: Question) -> str:
    config = types.GenerateContentConfig(
        system_instruction=question.instruction,
        response_mime_type="application/json",
        response_json_schema=question.schema,
    )
    answer = await client.aio.models.generate_content(model=MODEL, contents=question.text, config=config)
    assert answer.text is not None
    return answer.text


def section(first: int, numbers: range) -> list[dict[str, Any]]:
    """Return the items in which orders are opened, filled in and saved, one after the other."""
    items: list[dict[str, Any]] = []
    for number in numbers:
        for kind, target, typed in (
            ("table row", f"Order {number}", None),
            ("text field", "Weight", f"{number} kg"),
            ("button", "Save order", None),
        ):
            at = 5 * len(items) + 3600 * (first > 0)
            items.append(
                {
                    "id": f"t{first + len(items):04d}",
                    "timestamp_start_visual": f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}",
                    "application_in_focus": "Stockroom",
                    "action_type_observed": "TYPE" if typed else "CLICK",
                    "target_element_details": {"element_type_guess": kind, "element_visible_text": target},
                    **({"data_input_observed": {"typed_characters": typed}} if typed else {}),
                    "screen_region_description_pre_action": "",
                    "screen_region_description_post_action": "The screen shows it.",
                }
            )
    return items


@pytest.mark.usefixtures("reading")
async def test_the_notes_about_two_sections_become_one_sop_with_one_loop(client: genai.Client) -> None:
    notes: list[SectionNotes] = []
    for number, items in enumerate((section(0, range(1, 5)), section(12, range(5, 9))), 1):
        question = section_question(items, model=MODEL, number=number, count=2)
        read = read_notes(await answered(client, question), items).value
        assert read is not None
        assert [step.text for step in read.steps][-1] == 'Click "Save order"'
        assert len(read.steps) == 3
        assert all(step.repeats for step in read.steps)
        assert read.items <= {item["id"] for item in items}
        notes.append(read)
    text = await answered(client, notes_question(TASK, notes))
    made = read_sop(text, job_id=TASK.job_id, now=datetime(2026, 12, 1, tzinfo=UTC)).value
    assert made is not None
    assert graph_faults(made.sop) == []
    assert [node.type for node in made.sop.public.nodes] == ["trigger", "loop", "task", "task", "task", "end"]
    assert {name for names in made.cited.values() for name in names} <= notes[0].items
