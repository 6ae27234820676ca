"""The schema of a transcript's answer: what the API accepts, and that the reader settles whatever it allows."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import ActionType, AudioItem, VisualItem
from runops_worker.transcription.answer.fields import AUDIO, VISUAL
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.answer.schema import TRANSCRIPT_SCHEMA
from tests.worker.pure.answers import values_of

LENGTH = 300
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
