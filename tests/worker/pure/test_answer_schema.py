"""The schema of a transcript's answer: what the API accepts, and that the reader settles whatever it allows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import ActionType, AudioItem, VisualItem
from runops.videojob import PromptChoice
from runops_worker.prompts import load_prompt
from runops_worker.transcription.answer.actions import ASKED_ACTIONS
from runops_worker.transcription.answer.fields import AUDIO, VISUAL
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.answer.schema import transcript_schema
from tests.worker.pure.answers import VISUAL as VISUAL_ITEM
from tests.worker.pure.answers import values_of

LENGTH = 300
PROMPTS = Path(__file__).parents[3] / "prompts"
TRANSCRIPT_SCHEMA = transcript_schema()
SEEN, SAID = TRANSCRIPT_SCHEMA["items"]["anyOf"]
times = st.integers(0, LENGTH * 1000).flatmap(
    lambda at: st.sampled_from(
        [
            f"{at // 60_000:02d}:{at // 1000 % 60:02d}",
            f"00:{at // 60_000:02d}:{at // 1000 % 60:02d}",
            f"00:{at // 60_000:02d}:{at // 1000 % 60:02d}.{at % 1000:03d}",
            f"00:{at // 60_000:02d}:{at // 1000 % 60:02d},{at % 1000:03d}",
            f"{at / 1000:.1f}s",
        ]
    )
)


def records(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from records(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from records(value)


def keywords(schema: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not names:
                yield key
            yield from keywords(value, names=key == "properties" and not names)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def test_the_schema_is_within_what_the_api_accepts() -> None:
    jsonschema.Draft202012Validator.check_schema(TRANSCRIPT_SCHEMA)
    assert set(keywords(TRANSCRIPT_SCHEMA)) == {
        *("type", "properties", "required", "items", "enum", "anyOf", "description")
    }
    # A free number can become an endless literal.
    assert '"number"' not in json.dumps(TRANSCRIPT_SCHEMA)
    assert '"integer"' not in json.dumps(TRANSCRIPT_SCHEMA)
    # Users measured that about 400 single words pass; optional properties cost states, too.
    assert sum(len(word) for word in SEEN["properties"]["action_type_observed"]["enum"]) < 400
    optional = [
        name
        for record in records(TRANSCRIPT_SCHEMA)
        for name in record["properties"]
        if name not in record.get("required", [])
    ]
    assert len(optional) <= 6


def test_the_schema_says_of_each_field_what_it_holds_and_whether_it_may_be_null_or_missing() -> None:
    text, text_or_null = {"type": "string"}, {"type": ["string", "null"]}
    seen, said = transcript_schema()["items"]["anyOf"]
    assert transcript_schema()["type"] == "array"
    assert said == {
        "type": "object",
        "properties": dict.fromkeys(
            ("timestamp_start_audio", "timestamp_end_audio", "verbatim_transcript_segment"), text
        ),
        "required": ["timestamp_start_audio", "timestamp_end_audio", "verbatim_transcript_segment"],
    }
    assert (seen["type"], seen["required"]) == (
        "object",
        [
            "timestamp_start_visual",
            "application_in_focus",
            "action_type_observed",
            "target_element_details",
            "data_input_observed",
            "screen_region_description_pre_action",
            "screen_region_description_post_action",
        ],
    )
    fields = dict(seen["properties"])
    assert fields.pop("action_type_observed") == {"type": "string", "enum": list(ASKED_ACTIONS)}
    assert fields.pop("key_pressed") == {
        **text_or_null,
        "description": "Only for the action KEYPRESS: the key or shortcut in capitals, such as ENTER or CTRL+S.",
    }
    assert fields.pop("target_element_details") == {
        "type": ["object", "null"],
        "properties": {
            "element_type_guess": text_or_null,
            "element_visible_text": text_or_null,
            "element_attributes_observed": {"type": ["array", "null"], "items": text},
        },
        "required": ["element_type_guess", "element_visible_text"],
    }
    data = ("typed_characters", "pasted_text_observed", "selected_value_observed")
    assert fields.pop("data_input_observed") == {
        "type": ["object", "null"],
        "properties": dict.fromkeys(data, text_or_null),
    }
    assert fields == {
        "timestamp_start_visual": text,
        "application_in_focus": text_or_null,
        "screen_region_description_pre_action": text_or_null,
        "screen_region_description_post_action": text_or_null,
        "timestamp_end_visual": text_or_null,
    }


def test_the_two_kinds_differ_in_their_first_field_and_share_none() -> None:
    assert (SEEN["required"][0], SAID["required"][0]) == ("timestamp_start_visual", "timestamp_start_audio")
    assert set(SEEN["properties"]).isdisjoint(SAID["properties"])


def test_every_field_of_the_transcript_is_asked_for_except_boxes() -> None:
    for fields, model in ((VISUAL, VisualItem), (AUDIO, AudioItem)):
        assert {field.name for field in fields} - {"key_pressed"} == set(model.model_fields)
    for name in ("target_element_details", "data_input_observed"):
        (record,) = (field for field in VISUAL if field.name == name)
        annotation = VisualItem.model_fields[name].annotation
        (model,) = (one for one in annotation.__args__ if one is not type(None))  # type: ignore[union-attr]
        assert {field.name for field in record.fields} == set(model.model_fields) - {"element_bounding_box_pixels"}


def test_every_action_of_the_contract_can_be_given() -> None:
    words = SEEN["properties"]["action_type_observed"]["enum"]
    assert {action.value for action in ActionType} | {"KEYPRESS", "SCROLL_UP", "SCROLL_DOWN"} <= set(words)


@given(values_of(TRANSCRIPT_SCHEMA, times))
def test_whatever_the_schema_allows_is_settled(value: list[dict[str, Any]]) -> None:
    jsonschema.validate(value, TRANSCRIPT_SCHEMA)
    answer = read_answer(json.dumps(value), length=LENGTH)
    assert (answer.unsettled, answer.dropped, answer.unusable, answer.complete) == ((), (), None, True)
    seen = sum(isinstance(item, VisualItem) for item in answer.items)
    repeated = answer.settled.get("duplicate_item", 0)
    assert seen + repeated >= sum("action_type_observed" in item for item in value)


# The prompt says the same.


def prompt_of(version: int) -> str:
    return load_prompt(f"transcription_prompt_v{version}.md", PROMPTS).text


def test_the_newest_prompt_is_the_default() -> None:
    newest = max(PROMPTS.glob("transcription_prompt_v*.md"), key=lambda path: int(path.stem.rpartition("v")[2]))
    assert PromptChoice().transcription == newest.name == "transcription_prompt_v2.md"


def test_the_prompt_names_the_fields_and_words_of_the_schema_and_no_others() -> None:
    fields = {name for record in records(TRANSCRIPT_SCHEMA) for name in record["properties"]}
    words = set(SEEN["properties"]["action_type_observed"]["enum"])
    named = set(re.findall(r"`([^`]+)`", prompt_of(2)))
    assert fields | words <= named
    assert {name for name in named if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)} == fields
    assert {name for name in named if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)} <= words


def test_what_the_prompt_lets_be_null_or_left_out_is_so_in_the_schema() -> None:
    for record in records(TRANSCRIPT_SCHEMA):
        for name, schema in record["properties"].items():
            row = re.search(rf"^(?:\| |- )`{name}`(.*(?:\n  .*)?)$", prompt_of(2), re.MULTILINE)
            assert row is not None, name
            assert "`null`" not in row[1] or "null" in schema["type"], name
            assert "eft out" not in row[1] or name not in record["required"], name


@pytest.mark.parametrize("version", [1, 2])
def test_what_a_prompt_asks_for_is_settled(version: int) -> None:
    """Each word of the table of actions, with times in the form that the prompt names, is read as it stands."""
    prompt = prompt_of(version)
    table = prompt[prompt.index("### Action types") : prompt.index("### Audio items")]
    words = [
        word for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for word in re.findall(r"`([^`]+)`", row)
    ]
    assert len(words) > 20
    stamp = "00:{:02d}" if "`MM:SS`" in prompt else "00:00:{:02d}"
    items = [
        {
            **VISUAL_ITEM,
            "timestamp_start_visual": stamp.format(second),
            "action_type_observed": word,
            "key_pressed": "ENTER",
        }
        for second, word in enumerate(words)
    ]
    answer = read_answer(json.dumps(items), length=LENGTH)
    assert (answer.settled, answer.unsettled) == ({}, ())
    assert [item.action_type_observed for item in answer.items if isinstance(item, VisualItem)] == [
        "KEYPRESS_ENTER" if word == "KEYPRESS" else word for word in words
    ]
