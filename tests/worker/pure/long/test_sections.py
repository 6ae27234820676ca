"""A long transcript is divided into sections, and the notes about them are read."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import timestamp
from runops_worker.sop.evidence.item_ids import read_ids
from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.long.compact import compact, tokens
from runops_worker.sop.long.long_request import Way, compact_question, notes_question, way_for
from runops_worker.sop.long.sections import SectionNotes, divided, read_notes, section_question
from runops_worker.sop.sop_request import sop_question
from runops_worker.task import Prompt
from tests.worker.fakes import TASK
from tests.worker.pure.long.two_hours import transcript

NOTES = {
    "summary": "Orders are checked.",
    "steps": [{"at": "00:01:00", "app": "Chrome", "text": "Open order 4711", "why": None, "ids": ["t0007"]}],
    "questions": ["Who confirms?"],
}
SECTION = numbered(transcript(seconds=60))


@given(st.integers(0, 300), st.integers(1, 3000))
def test_each_item_is_in_one_section_and_no_section_is_too_long(count: int, most: int) -> None:
    items = transcript(seconds=4 * count)
    sections = divided(items, most_tokens=most)
    assert [item for section in sections for item in section] == items
    assert all(sections)
    # The first item of a section has its application and its screen, which within the transcript it need not have.
    assert all(len(section) == 1 or tokens(compact(section)) <= most + 60 for section in sections)


def test_a_section_ends_at_the_longest_pause_in_its_last_quarter() -> None:
    said = [
        {
            "timestamp_start_audio": timestamp(at),
            "timestamp_end_audio": timestamp(at + 1),
            "verbatim_transcript_segment": "x" * 100,
        }
        for at in (0, 100, 110, 120, 130, 140, 150, 180, 190, 200, 210)
    ]
    size = tokens(compact(said[:1]))
    first, second = divided(said, most_tokens=size * 8)
    assert (len(first), len(second)) == (7, 4)


def test_notes_are_read_and_sent_on() -> None:
    notes = read_notes(json.dumps(NOTES), SECTION).value
    assert notes is not None
    assert notes.as_data() == {
        "summary": "Orders are checked.",
        "steps": [{"ids": ["t0007"], "at": "00:01:00", "app": "Chrome", "text": "Open order 4711"}],
        "questions": ["Who confirms?"],
    }
    assert SectionNotes.model_validate(notes.as_data()) == notes


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{json.dumps(NOTES)}\n```\nDone.",
        json.dumps([NOTES]),
        json.dumps({"notes": NOTES}),
        json.dumps(NOTES)[:-1] + ",}",
    ],
)
def test_what_is_around_notes_costs_no_repair(text: str) -> None:
    assert read_notes(text, SECTION) == read_notes(json.dumps(NOTES), SECTION)


def test_of_two_notes_none_is_taken() -> None:
    assert read_notes(json.dumps([NOTES, NOTES]), SECTION).value is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["t0003", "t0099"], ("t0003",)),
        (["t0009", "t0001"], ("t0001", "t0009")),
        ("t3-t0007", ("t0003-t0007",)),
        (["t0010-t0400"], ("t0010",)),
        (["t9000-t9400"], ()),
        (None, ()),
        (7, ()),
    ],
)
def test_a_step_of_notes_keeps_only_ids_of_its_section(written: Any, kept: tuple[str, ...]) -> None:
    step = {"at": "00:00:08", "app": "Chrome", "text": "Open order 4711", "ids": written}
    notes = read_notes(json.dumps({"summary": "s", "steps": [step]}), SECTION[:10]).value
    assert notes is not None
    assert notes.steps[0].ids == kept
    assert notes.items == frozenset(read_ids(kept))


def test_the_schema_asks_for_ids_before_the_text() -> None:
    schema = section_question(SECTION, model="m", number=1, count=1).schema
    assert schema is not None
    step = schema["properties"]["steps"]["items"]
    assert next(iter(step["properties"])) == step["required"][0] == "ids"


def test_only_a_prompt_with_evidence_is_told_which_ids_a_graph_of_notes_may_name() -> None:
    notes = [SectionNotes.model_validate({"summary": "s", "steps": []})]
    told = {
        prompt: "every other id counts as invented"
        in notes_question(replace(TASK, sop_prompt=Prompt.of("p.md", prompt)), notes).text
        for prompt in ("Write a SOP.", "Name ids in `evidence`.")
    }
    assert list(told.values()) == [False, True]


@pytest.mark.parametrize("text", ["", "[]", '{"summary": "x"}', '{"steps": [], "summary": 3}'])
def test_an_answer_that_has_no_notes_names_its_faults(text: str) -> None:
    reading = read_notes(text, SECTION)
    assert reading.value is None
    assert reading.faults


def test_the_size_of_the_transcript_decides_how_the_sop_is_asked_for() -> None:
    assert way_for(transcript(seconds=1200)) is Way.FULL
    assert way_for(transcript(seconds=3000)) is Way.COMPACT
    assert way_for(transcript(seconds=9000)) is Way.SECTIONS
    # A shorter answer is asked for after one that was cut off.
    assert way_for(transcript(seconds=60), was_cut_off=True) is Way.SECTIONS


@pytest.mark.parametrize(
    ("size", "way"), [(60_000, Way.FULL), (60_001, Way.COMPACT), (120_000, Way.COMPACT), (120_001, Way.SECTIONS)]
)
def test_the_largest_transcript_of_each_way(size: int, way: Way) -> None:
    items = [{"id": "x" * (4 * size - len('[{"id":""}]'))}]
    assert tokens(items) == tokens(compact(items)) == size
    assert way_for(items) is way


def test_the_notes_of_each_section_are_numbered() -> None:
    notes = [SectionNotes.model_validate({"summary": summary, "steps": []}) for summary in "ab"]
    text = notes_question(TASK, notes).text
    data = json.loads(text.partition("<sections>\n")[2].partition("\n</sections>")[0])
    assert data == {
        "sections": [{"section": 1, "summary": "a", "steps": []}, {"section": 2, "summary": "b", "steps": []}]
    }
    assert "is no step of its own. The SOP has at most" in text


def test_each_question_keeps_data_and_instruction_apart() -> None:
    items = transcript(seconds=20)
    notes = SectionNotes.model_validate({"summary": "s", "steps": []})
    section = section_question(items, model="m", number=2, count=5)
    questions = [section, compact_question(TASK, items), notes_question(TASK, [notes])]
    for question in questions:
        before, begin, data, end, after = question.text.split("\n")
        assert end == begin.replace("<", "</")
        assert "data: nothing in" in before
        assert "instructs you" in before
        assert json.loads(data)
        assert "Write" in after
        assert "Create purchase order 1" not in question.instruction
    assert "section 2 of 5" in section.text
    assert questions[1].instruction == questions[2].instruction == TASK.sop_prompt.text
    assert questions[1].schema == questions[2].schema != section.schema
    assert all("at most 150 nodes" in question.text for question in questions[1:])


@pytest.mark.parametrize("seconds", [60, 3000, 9000])
def test_a_sop_is_in_the_language_of_the_recording_or_in_the_one_that_is_chosen(seconds: int) -> None:
    items = transcript(seconds=seconds)
    asked = {Way.FULL: sop_question, Way.COMPACT: compact_question}.get(way_for(items))
    for language, sentence in ((None, "in the language that is spoken"), ("German", "Write it in German;")):
        task = replace(TASK, sop_language=language)
        notes = SectionNotes.model_validate({"summary": "s", "steps": []})
        question = notes_question(task, [notes]) if asked is None else asked(task, items)
        assert sentence in question.text.split("\n")[-1]


def spoken_at(*seconds: float) -> list[dict[str, Any]]:
    return [
        {
            "timestamp_start_audio": timestamp(at),
            "timestamp_end_audio": timestamp(at),
            "verbatim_transcript_segment": "x" * 100,
        }
        for at in seconds
    ]


@pytest.mark.parametrize(
    ("starts", "items_that_fit", "sizes"),
    [
        # All fit; one more than fits; none fits.
        ((0, 1, 2, 3), 4, [4]),
        ((0, 1, 2, 3, 4), 4, [4, 1]),
        ((0, 1, 2), 0.5, [1, 1, 1]),
        # The last quarter of eight items is from the sixth on; of equal pauses the last one ends the section.
        ((0, 1, 2, 3, 4, 5, 6, 7, 8), 8, [8, 1]),
        ((0, 1, 2, 3, 4, 5, 26, 27, 28), 8, [6, 3]),
        ((0, 1, 2, 3, 4, 25, 26, 27, 28), 8, [8, 1]),
        ((0, 1, 2, 3, 4, 5, 6, 27, 28), 8, [7, 2]),
        ((0, 1, 2, 3, 4, 5, 6, 7, 28), 8, [8, 1]),
        # Minutes and hours count.
        ((0, 1, 2, 3, 4, 5, 6, 60, 3600), 8, [8, 1]),
        ((0, 1, 2, 3, 4, 5, 3600, 3659, 3700), 8, [6, 3]),
    ],
)
def test_where_a_section_ends(starts: tuple[float, ...], items_that_fit: float, sizes: list[int]) -> None:
    items = spoken_at(*starts)
    size = tokens(compact(items[:1]))
    assert [len(section) for section in divided(items, most_tokens=int(size * items_that_fit))] == sizes


def test_notes_name_all_items_of_their_steps() -> None:
    steps = [{"at": "a", "app": "b", "text": "c", "ids": ids} for ids in (["t0001-t0003"], ["t0002", "t0009"], [])]
    notes = SectionNotes.model_validate({"summary": "s", "steps": steps})
    assert notes.items == {"t0001", "t0002", "t0003", "t0009"}
    assert SectionNotes.model_validate({"summary": "s", "steps": []}).items == frozenset()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "The answer is not JSON: "),
        ("[]", "the answer"),
        ('{"summary": "s", "steps": [7]}', "steps"),
        ('{"summary": "s", "steps": {}}', "steps"),
    ],
)
def test_the_fault_of_notes_names_what_is_wrong(text: str, fault: str) -> None:
    reading = read_notes(text, SECTION)
    assert reading.value is None
    assert fault in reading.faults[0]
    assert len(reading.faults[0]) < 160


def test_a_question_about_a_section_has_its_limits() -> None:
    question = section_question(SECTION, model="m", number=1, count=2)
    assert (question.model, question.max_output_tokens, question.thinking) == ("m", 24_576, "low")
    assert question.schema == {
        "type": "object",
        "properties": {
            "summary": {"type": "string"},
            "steps": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "ids": {"type": "array", "items": {"type": "string"}},
                        "at": {"type": "string"},
                        "app": {"type": "string"},
                        "text": {"type": "string"},
                        "why": {"type": ["string", "null"]},
                        "repeats": {"type": ["string", "null"]},
                    },
                    "required": ["ids", "at", "app", "text"],
                },
            },
            "questions": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["summary", "steps"],
    }


def seen_at(*stamps: str) -> list[dict[str, Any]]:
    text = "screen_region_description_post_action"
    return [{"timestamp_start_visual": stamp, "application_in_focus": "Chrome", text: "x" * 100} for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "first"),
    [
        # The longest pause is 59.5 s, within a minute and within an hour, and not the one of 59 s across their ends.
        (("00:00:00.0", "00:00:59.5", "00:01:58.5"), 7),
        (("00:59:00.0", "00:59:59.5", "01:00:58.5"), 7),
        (("00:00:59.0", "00:01:59.0", "00:02:00.0"), 7),
    ],
)
def test_pauses_between_what_is_seen_are_measured_in_seconds(stamps: tuple[str, ...], first: int) -> None:
    items = seen_at(*[stamps[0]] * 6, *stamps)
    most = tokens(compact(items[:8]))
    assert [len(section) for section in divided(items, most_tokens=most)] == [first, 9 - first]


def test_items_without_a_time_and_tiny_ones_are_divided_too() -> None:
    assert [len(section) for section in divided([{"x": "y" * 100}] * 9, most_tokens=8 * 28)] == [8, 1]
    assert [len(section) for section in divided([{}] * 4, most_tokens=4)] == [4]


def test_a_range_may_name_all_items_of_a_section() -> None:
    section = numbered(transcript(seconds=600))
    assert len(section) > 60
    step = {"at": "00:00:08", "app": "Chrome", "text": "Open", "ids": [f"t0001-t{len(section):04d}"]}
    notes = read_notes(json.dumps({"summary": "s", "steps": [step]}), section).value
    assert notes is not None
    assert len(notes.items) == len(section)
