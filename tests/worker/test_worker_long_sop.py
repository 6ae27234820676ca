"""The SOP of a recording of two hours."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.sop.evidence.check_evidence import CheckedSop, check_evidence
from runops_worker.sop.long.long_request import SECTION_TOKENS
from runops_worker.sop.long.sections import SECTION_INSTRUCTION, divided
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.transcription.stored_transcript import Transcript
from tests.worker.fakes import SLIM, TASK, FakeSupabase, TextModel, a_checkpoint, a_context, a_progress
from tests.worker.pure.long.two_hours import transcript
from tests.worker.test_worker_stages import sop_answer

TWO_HOURS = Transcript.of(transcript(every=2))
COUNT = len(divided(TWO_HOURS.items, most_tokens=SECTION_TOKENS))
SOP = Answer(json.dumps(sop_answer()))


def notes(text: str = "Open the order", *, ids: Sequence[str] = ()) -> Answer:
    steps = [{"ids": list(ids), "at": "00:01:00", "app": "Chrome", "text": text}]
    return Answer(json.dumps({"summary": "s", "steps": steps}))


def cut_off() -> Answer:
    return Answer('{"summary": "', AnswerEnd.CUT_OFF)


async def ask(model: TextModel, fake: FakeSupabase, *, recording: Transcript = TWO_HOURS) -> dict[str, Any]:
    checkpoint = a_checkpoint(fake)
    await checkpoint.load()
    context = a_context(fake, model=model)
    return (await parse_sop(context, checkpoint, a_progress(), slim=SLIM, transcript=recording)).value


async def test_sections_are_summed_up_one_by_one_and_make_one_sop() -> None:
    model = TextModel([*(notes(f"step {number}!") for number in range(COUNT)), SOP])
    sop = await ask(model, FakeSupabase())
    *about_sections, about_all = model.questions
    assert len(about_sections) == COUNT > 5
    assert all(question.instruction == SECTION_INSTRUCTION for question in about_sections)
    assert all(f"section {number} of {COUNT} of" in question.text for number, question in enumerate(about_sections, 1))
    assert all(len(question.text) < 4 * 45_000 for question in model.questions)
    assert about_all.instruction == TASK.sop_prompt.text
    positions = [about_all.text.index(f"step {number}!") for number in range(COUNT)]
    assert positions == sorted(positions)
    assert sop["public"]["nodes"]


async def test_a_later_attempt_asks_only_about_sections_without_notes() -> None:
    fake = FakeSupabase()
    unreachable = TextModel([notes("first"), notes("second")])
    with pytest.raises(IndexError):
        await ask(unreachable, fake)
    model = TextModel([*(notes() for _ in range(COUNT - 2)), SOP])
    await ask(model, fake)
    assert len(model.questions) == COUNT - 1
    assert '"text":"first"' in model.questions[-1].text
    # The notes are dropped once the SOP is there.
    assert fake.objects[TASK.checkpoint_object]["sections"] == []


async def test_a_section_whose_notes_are_cut_off_is_divided() -> None:
    model = TextModel([notes(), cut_off(), *(notes() for _ in range(COUNT)), SOP])
    await ask(model, FakeSupabase())
    whole, first, second = model.questions[1:4]
    assert len(first.text) < 0.8 * len(whole.text)
    assert len(second.text) < 0.8 * len(whole.text)
    assert not model.answers


async def test_a_sop_that_was_cut_off_is_asked_for_by_sections() -> None:
    model = TextModel([cut_off(), notes(), SOP])
    await ask(model, FakeSupabase(), recording=Transcript.of(transcript(seconds=300)))
    assert [question.instruction for question in model.questions] == [
        TASK.sop_prompt.text,
        SECTION_INSTRUCTION,
        TASK.sop_prompt.text,
    ]
    assert "at most 150 nodes" in model.questions[-1].text


async def test_the_evidence_of_a_long_recording_names_items_that_its_notes_named() -> None:
    fake = FakeSupabase()
    sop = sop_answer()
    sop["public"]["nodes"][1] |= {"label": "Create purchase order", "evidence": ["t0001-t0003", "t0040"]}
    told = notes("Create purchase order", ids=["t0001-t0003", "t9999"])
    model = TextModel([told, *(notes() for _ in range(COUNT - 1)), Answer(json.dumps(sop))])
    await ask(model, fake)
    assert "t9999" not in model.questions[-1].text
    assert '"ids":["t0001-t0003"]' in model.questions[-1].text
    # The item t0040 exists and holds the same words, but the model cannot know that.
    (evidence,) = fake.objects[TASK.evidence_object]["nodes"].values()
    assert [item["id"] for item in evidence] == ["t0001", "t0002", "t0003"]


async def test_a_secret_that_notes_put_together_is_not_kept_in_the_checkpoint() -> None:
    fake = FakeSupabase()
    told = notes("Log in with the password hunter2024, then save", ids=["t0001"])
    with pytest.raises(IndexError):
        await ask(TextModel([told]), fake)
    (section,) = fake.objects[TASK.checkpoint_object]["sections"]
    assert section["notes"]["steps"][0]["text"] == "Log in with the password [password hidden], then save"
    assert section["notes"]["steps"][0]["ids"] == ["t0001"]


async def test_the_loop_is_free_while_a_sop_is_held_against_its_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat and a cancel come in while the comparison runs; on the loop it would wait for them for ever."""
    loop = asyncio.get_running_loop()
    begun, loop_was_free = asyncio.Event(), threading.Event()

    def slow(*args: Any, **kwargs: Any) -> CheckedSop:
        loop.call_soon_threadsafe(begun.set)
        assert loop_was_free.wait(timeout=240), "the comparison runs on the loop"
        return check_evidence(*args, **kwargs)

    monkeypatch.setattr("runops_worker.stages.parse_sop.check_evidence", slow)
    recording = Transcript.of(transcript(seconds=20))
    asked = asyncio.create_task(ask(TextModel([SOP]), FakeSupabase(), recording=recording))
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait([asked, waiting], return_when=asyncio.FIRST_COMPLETED)
    loop_was_free.set()
    assert (await asked)["public"]["nodes"]
    await waiting


async def test_notes_that_are_always_cut_off_fail_after_a_bounded_number_of_questions() -> None:
    model = TextModel([cut_off()] * 60)
    with pytest.raises(Failed) as failed:
        await ask(model, FakeSupabase())
    assert failed.value.reason is Reason.OUTPUT_CUT_OFF
    assert len(model.questions) < 20
