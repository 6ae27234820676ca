"""A long transcript is sent with short keys, and nothing that an SOP needs is lost."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.long.compact import LEGEND, compact, tokens
from tests.worker.pure.long.two_hours import transcript

_TEXTS = st.sampled_from(["", "Orders", "Prices 7", "The list is shown."])


def described() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "timestamp_start_visual": st.sampled_from(["00:00:01", "01:02:03.500"]),
            "application_in_focus": st.sampled_from(["Chrome", "Excel"]),
            "action_type_observed": st.sampled_from(["CLICK", "TYPE"]),
            "screen_region_description_pre_action": _TEXTS,
            "screen_region_description_post_action": _TEXTS,
        },
        optional={
            "id": st.just("t0001"),
            "timestamp_end_visual": st.just("01:02:04"),
            "target_element_details": st.fixed_dictionaries(
                {"element_type_guess": st.just("button")}, optional={"element_visible_text": st.just("Save")}
            ),
            "data_input_observed": st.fixed_dictionaries({"typed_characters": st.just("12.50")}),
        },
    )


def heard() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "timestamp_start_audio": st.just("00:00:02"),
            "timestamp_end_audio": st.just("00:00:04"),
            "verbatim_transcript_segment": st.sampled_from(["Hello.", "if so"]),
        }
    )


def read_back(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a reader of the legend knows about each item."""
    application = after = None
    full = []
    for item in items:
        known = dict(item)
        if "say" not in item:
            application = known["app"] = item.get("app", application)
            known["before"] = item.get("before", after)
            after = item["after"]
        full.append(known)
    return full


@given(st.lists(st.one_of(described(), heard()), max_size=12))
def test_everything_but_the_place_on_the_screen_can_be_read_back(items: list[dict[str, Any]]) -> None:
    for item, known in zip(items, read_back(compact(items)), strict=True):
        assert known.get("id") == item.get("id")
        if "timestamp_start_audio" in item:
            assert known == {
                "at": item["timestamp_start_audio"],
                "to": item["timestamp_end_audio"],
                "say": item["verbatim_transcript_segment"],
            }
            continue
        assert known["at"] == item["timestamp_start_visual"]
        assert known.get("to") == item.get("timestamp_end_visual")
        assert (known["app"], known["do"]) == (item["application_in_focus"], item["action_type_observed"])
        assert known["after"] == item["screen_region_description_post_action"]
        # A description that is missing says nothing else than an empty one.
        assert (
            known["before"] == item["screen_region_description_pre_action"]
            or not item["screen_region_description_pre_action"]
        )
        assert known.get("on") == item.get("target_element_details", {}).get("element_visible_text")
        assert known.get("typed") == item.get("data_input_observed", {}).get("typed_characters")


def test_every_key_is_explained() -> None:
    keys = {key for item in compact(numbered(transcript(seconds=60))) for key in item}
    assert keys == {"id", "at", "to", "app", "do", "is", "on", "typed", "before", "after", "say"}
    assert all(f"`{key}`" in LEGEND for key in (*keys, "state", "pasted", "chosen"))


def test_two_hours_take_less_than_half_of_the_tokens() -> None:
    items = numbered(transcript())
    assert tokens(items) > 300_000
    assert tokens(compact(items)) < 0.45 * tokens(items)


def test_the_ids_of_two_hours_cost_less_than_a_tenth() -> None:
    items = transcript()
    assert tokens(compact(numbered(items))) < 1.1 * tokens(compact(items))


def test_what_says_nothing_and_what_is_as_before_is_left_out() -> None:
    item = {
        "timestamp_start_visual": "00:00:01",
        "application_in_focus": "Chrome",
        "action_type_observed": "CLICK",
        "target_element_details": {
            "element_type_guess": "button",
            "element_visible_text": "",
            "element_attributes_observed": [],
        },
        "data_input_observed": None,
        "screen_region_description_pre_action": "",
        "screen_region_description_post_action": "A list.",
    }
    short = {"at": "00:00:01", "do": "CLICK", "is": "button", "after": "A list."}
    assert compact([item]) == [{**short, "app": "Chrome"}]
    again = {**item, "screen_region_description_pre_action": "A list."}
    other = {**item, "screen_region_description_pre_action": "A form."}
    assert compact([item, again, other]) == [{**short, "app": "Chrome"}, short, {**short, "before": "A form."}]


def test_tokens_are_counted_by_bytes() -> None:
    assert tokens([{"a": 1, "b": "é"}] * 100) == (100 * len('{"a":1,"b":"éé"},') + 1) // 4
    assert tokens([{"a": "b" * 400}]) == (len(json.dumps([{"a": ""}], separators=(",", ":"))) + 400) // 4
    assert tokens([{"a": "注" * 400}]) > 300
