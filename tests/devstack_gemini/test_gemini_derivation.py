"""Properties of what is derived: always valid, whatever was measured or asked."""

import json
import math
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devstack.gemini.answers.fit_schema import fit, satisfies
from devstack.gemini.answers.notes import notes, wants_notes
from devstack.gemini.answers.procedure import procedure, transcript_in
from devstack.gemini.answers.short_keys import in_full
from devstack.gemini.answers.transcript import transcript
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.files.measure import Media, change_between, sounds
from devstack.gemini.scenes import COLUMNS, ROWS
from devstack.gemini.script import Script
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.transcript import TRANSCRIPT, ActionType, AudioItem, seconds
from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.evidence.take_evidence import take_evidence
from runops_worker.sop.long.compact import compact
from runops_worker.sop.long.sections import read_notes, section_question

SIZE = COLUMNS * ROWS


@st.composite
def media(draw: st.DrawFn) -> Media:
    grids = [bytes(SIZE)]
    for _ in range(draw(st.integers(1, 15))):
        left, top = draw(st.integers(0, COLUMNS - 1)), draw(st.integers(0, ROWS - 1))
        wide, high = draw(st.integers(0, COLUMNS)), draw(st.integers(0, ROWS))
        colour = draw(st.sampled_from([0, 90, 180, 255]))
        grid = bytearray(grids[-1])
        for row in range(top, min(ROWS, top + high)):
            for column in range(left, min(COLUMNS, left + wide)):
                grid[row * COLUMNS + column] = colour
        grids.append(bytes(grid))
    pairs = enumerate(pairwise(grids), start=1)
    changes = [change for second, (a, b) in pairs if (change := change_between(a, b, second=second))]
    duration = float(len(grids))
    levels = draw(st.lists(st.sampled_from([-math.inf, -50.0, -30.0, -12.5]), max_size=120))
    return Media(
        duration=duration,
        width=640,
        height=360,
        frames=len(grids),
        has_audio=True,
        changes=changes,
        sounds=sounds(levels, duration=duration),
    )


@given(media())
def test_every_transcript_is_valid_ordered_and_inside_the_recording(measured: Media) -> None:
    items = TRANSCRIPT.validate_python(transcript(measured))
    starts = [item.start for item in items]
    assert starts == sorted(starts)
    for item in items:
        end = item.timestamp_end_audio if isinstance(item, AudioItem) else item.timestamp_end_visual
        assert item.start < measured.duration
        assert end is None or item.start < seconds(end) <= measured.duration


@given(media())
def test_every_transcript_leads_to_a_sound_procedure(measured: Media) -> None:
    items = transcript(measured)
    sop = procedure(items, prompt="x")
    assert graph_faults(Sop.model_validate(sop)) == []
    assert procedure(items, prompt="y") == sop


ITEMS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "timestamp_start_visual": st.just("00:00:01"),
                "application_in_focus": st.sampled_from(["Mail", "Shell", ""]),
                "action_type_observed": st.sampled_from([*ActionType, "SCROLL_UP"]),
            }
        ),
        st.fixed_dictionaries(
            {
                "timestamp_start_audio": st.just("00:00:02"),
                "verbatim_transcript_segment": st.sampled_from(["if so", "go on", "What If?"]),
            }
        ),
    ),
    max_size=150,
)


@given(ITEMS, st.text(max_size=50))
def test_a_transcript_is_found_in_any_prompt_and_gives_a_sound_procedure(items: list[Any], words: str) -> None:
    found = transcript_in(f"{words}\n{json.dumps(items)}\n{words}")
    assert found == (items or None)
    assert transcript_in("\n".join(json.dumps(item) for item in items)) == (items or None)
    assert graph_faults(Sop.model_validate(procedure(found, prompt=words))) == []


@given(media())
def test_a_transcript_with_short_keys_leads_to_the_same_steps(measured: Media) -> None:
    items = transcript(measured)
    labels = [node["label"] for node in procedure(items, prompt="x")["public"]["nodes"]]
    found = transcript_in(f"x {json.dumps({'transcript': compact(items)})} x")
    assert [node["label"] for node in procedure(found, prompt="x")["public"]["nodes"]] == labels


def test_what_a_short_item_has_in_common_with_the_one_before_is_known() -> None:
    seen = {
        "id": "t0000",
        "timestamp_start_visual": "00:00:01",
        "timestamp_end_visual": "00:00:02",
        "application_in_focus": "Stockroom",
        "action_type_observed": "TYPE",
        "target_element_details": {"element_visible_text": "Sender", "element_type_guess": "text field"},
        "data_input_observed": {"pasted_text_observed": "Harbour Ltd"},
        "screen_region_description_pre_action": "Sender is empty.",
        "screen_region_description_post_action": "Sender is filled in.",
    }
    said = {
        "id": "t0001",
        "timestamp_start_audio": "00:00:03",
        "timestamp_end_audio": "00:00:04",
        "verbatim_transcript_segment": "That is all.",
    }
    chosen = {
        **seen,
        "id": "t0002",
        "timestamp_start_visual": "00:00:05",
        "data_input_observed": {"selected_value_observed": "By lorry"},
        "screen_region_description_pre_action": "Sender is filled in.",
        "key_pressed": "ENTER",
    }
    assert in_full(compact([seen, said, chosen])) == [seen, said, chosen]


@given(media())
def test_notes_about_a_section_satisfy_their_schema_and_lead_to_a_sound_procedure(measured: Media) -> None:
    items = numbered(transcript(measured))
    schema = section_question(items, model="m", number=1, count=1).schema
    assert wants_notes(schema)
    written = notes(items)
    read = read_notes(json.dumps(written), items).value
    assert read is not None
    assert all(step.ids for step in read.steps)
    assert 0 < len(written["steps"]) <= 40
    found = transcript_in(json.dumps({"sections": [{"section": 1, **written}]}))
    assert found is not None
    assert len(found) == len(written["steps"])
    sop, cited = take_evidence(procedure(found, prompt="x"))
    assert {name for names in cited.values() for name in names} <= read.items
    assert graph_faults(Sop.model_validate(sop)) == []


@given(st.lists(st.sampled_from([-math.inf, -90.0, -45.1, -44.9, 0.0])), st.integers(0, 40))
def test_sounds_are_apart_ordered_and_inside(levels: list[float], duration: int) -> None:
    found = sounds(levels, duration=duration)
    for one in found:
        assert 0 <= one.start < one.end <= duration
    for first, second in pairwise(found):
        assert first.end <= second.start


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    leaves: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer", "minimum": 3, "maximum": 5},
            {"type": "number", "maximum": -1},
            {"type": "boolean"},
            {"type": "null"},
            {"type": ["string", "null"]},
            {"enum": ["a", "b"]},
            {"type": "string", "enum": ["x"]},
        ]
    )

    def deeper(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        return st.one_of(
            inner.map(lambda items: {"type": "array", "items": items}),
            inner.map(lambda items: {"type": "array", "items": items, "minItems": 2, "maxItems": 3}),
            st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(
                lambda fields: {
                    "type": "object",
                    "properties": fields,
                    "required": sorted(fields)[:2],
                    "additionalProperties": False,
                }
            ),
        )

    return st.recursive(leaves, deeper, max_leaves=8)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES, schemas())
def test_any_value_is_made_to_fit_any_schema(value: Any, schema: dict[str, Any]) -> None:
    assert satisfies(fit(value, schema), schema)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=4), st.integers(0, 20))
def test_turns_are_used_up_exactly_as_often_as_said(plan: list[tuple[int, int]], calls: int) -> None:
    script = Script()
    turns = [Turn(outcome=Outcome.PROSE, skip=skip, times=times) for skip, times in plan]
    script.load(Behaviour(turns=turns))
    taken = [script.for_call(kind="sop", model="m") for _ in range(calls)]
    used = sum(1 for turn in taken if turn is not None)
    assert used + sum(turn.times or 0 for turn in script.left().turns) == sum(times for _, times in plan)
