"""How an answer about one chunk is read: what is settled by rule, what is kept, what is left."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import TRANSCRIPT, dump_transcript, seconds
from runops_worker.transcription.answer.raw_items import raw_items
from runops_worker.transcription.answer.read_answer import TranscriptAnswer, read_answer
from runops_worker.transcription.answer.rules import Rule
from tests.worker.pure.answers import AUDIO, VISUAL, json_values, odd_items, whole_items

SPOKEN = {**AUDIO, "timestamp_start_audio": "00:00:01", "timestamp_end_audio": "00:00:02"}


def read(*items: object, length: float = 60) -> tuple[list[dict[str, Any]], TranscriptAnswer]:
    answer = read_answer(json.dumps(items), length=length)
    return dump_transcript(answer.items), answer


def test_an_answer_of_the_agreed_form_is_read_as_it_is() -> None:
    typed = {
        **VISUAL,
        "timestamp_end_visual": "00:00:05",
        "target_element_details": {
            "element_type_guess": "text field",
            "element_visible_text": None,
            "element_attributes_observed": ["required"],
        },
        "data_input_observed": {
            "typed_characters": "N/A",
            "pasted_text_observed": None,
            "selected_value_observed": None,
        },
    }
    items, answer = read(SPOKEN, VISUAL, typed)
    assert items == [SPOKEN, VISUAL, typed]
    assert answer == TranscriptAnswer(items=answer.items)


# Texts around the items, and JSON that is not quite JSON.

A, B = json.dumps(SPOKEN), json.dumps(VISUAL)
GOOD = [SPOKEN, VISUAL]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"```json\n[{A}, {B}]\n```", "code_fence"),
        (f"```\n[{A}, {B}]```", "code_fence"),
        (f"Here is it:\n```json\n[{A}, {B}]\n```\nAnything else?", "code_fence"),
        (f"\ufeff[{A}, {B}]", None),
        (f"Here is the [transcript] you asked for: [{A}, {B}]", "surrounding_text"),
        (f"[{A}, {B}]\n\nI hope this helps!", "surrounding_text"),
        (f'{{"items": [{A}, {B}]}}', "object_around_array"),
        (f'{{"note": "2 items", "transcript": [{A}, {B}]}}', "object_around_array"),
        (f'{{"result": {{"items": [{A}, {B}]}}}}', "object_around_array"),
        (f'{{"visual": [{B}], "audio": [{A}]}}', "object_around_array"),
        (f'[{{"audio": {A}}}, {{"visual": {B}}}]', "object_around_array"),
        (f"[[{A}], [{B}]]", "object_around_array"),
        (json.dumps(f"[{A}, {B}]"), "json_in_text"),
        (f"{A}\n{B}\n", "loose_json"),
        (f"{A},\n{B}", "loose_json"),
        (f"[{A}]\n[{B}]", "loose_json"),
        (f"[{A}, {B},]", "loose_json"),
        (f"[{A} {B}]", "loose_json"),
        (f"[{A},, {B}]", "loose_json"),
        (f"[{A}, {B}".replace("Hello.", "Hel\nlo.") + "]", "loose_json"),
        (f"// items\n[{A}, // said\n{B}]", "loose_json"),
    ],
)
def test_what_is_around_and_between_the_items_is_settled(text: str, rule: str | None) -> None:
    answer = read_answer(text, length=60)
    items = json.loads(json.dumps(dump_transcript(answer.items)).replace("Hel\\nlo.", "Hello."))
    assert sorted(map(str, items)) == sorted(map(str, GOOD))
    settled = {name: number for name, number in answer.settled.items() if name != "unordered"}
    assert settled == ({} if rule is None else {rule: 1})
    assert (answer.complete, answer.unusable, answer.unsettled) == (True, None, ())


@pytest.mark.parametrize(
    "broken",
    [
        B.replace('"Before."', '"Press "Save" now"'),
        B.replace('"Before."', '"C:\\users\\x"'),
        B.replace('"Before."', '"It\\\'s"'),
        B.replace('"Before."', "'Before.'"),
        str(VISUAL),
        B.replace('", ', '",\n').replace('",\n"screen', '"\n"screen'),
        B[:-1] + ",}",
        B[:-1],
        B.replace('"', "\u201d"),
    ],
    ids=[
        "inner quotes",
        "backslash",
        "escape",
        "single quotes",
        "Python",
        "comma",
        "last comma",
        "brace",
        "curly quotes",
    ],
)
def test_a_broken_object_is_mended_where_there_is_one_way_and_costs_no_other(broken: str) -> None:
    answer = read_answer(f"[{A}, {broken}, {A.replace('Hello', 'Bye')}]", length=60)
    assert answer.settled["broken_object"] == 1
    assert len(answer.items) == 3
    assert (answer.complete, answer.unsettled) == (True, ())


@pytest.mark.parametrize(
    "broken", [B.replace(":", ""), B.replace('"Before."', '"a", "b", "c'), '{"action_type_observed"']
)
def test_a_broken_object_that_cannot_be_mended_is_left_with_its_text(broken: str) -> None:
    answer = read_answer(f"[{A}, {broken}, {B}]", length=60)
    assert dump_transcript(answer.items) == GOOD
    ((index, raw, faults),) = [(one.index, one.raw, one.faults) for one in answer.unsettled]
    assert (index, raw.startswith(broken[:20]), faults) == (1, True, ("it is not valid JSON.",))
    assert answer.complete


def test_no_field_behind_a_record_is_lost_where_only_the_last_brace_is_missing() -> None:
    target = {"element_type_guess": "link", "element_visible_text": None}
    start = {"timestamp_start_visual": "00:00:03", "target_element_details": target}
    answer = read_answer(f"[{A}, {json.dumps({**start, **VISUAL})[:-1]}, {A}]", length=60)
    assert dump_transcript(answer.items) == [SPOKEN, {**VISUAL, "target_element_details": target}]


def test_the_last_object_may_be_the_broken_one() -> None:
    broken = B.replace("Before.", 'say "x" now')
    answer = read_answer(f"[{A}, {broken}]", length=60)
    assert (len(answer.items), answer.complete) == (2, True)


@given(
    st.lists(whole_items(300), min_size=1, max_size=6),
    st.data(),
    st.sampled_from(["{}", '{{"items": {}}}', "```json\n{}"]),
)
def test_of_an_answer_that_ends_early_the_whole_items_are_kept_and_never_the_half_one(
    items: list[dict[str, Any]], data: st.DataObject, around: str
) -> None:
    text = around.format(json.dumps(items, ensure_ascii=False))
    cut = data.draw(st.integers(text.index("[") + 1, len(text.rstrip("}")) - 1))
    answer = read_answer(text[:cut], length=300)
    assert answer.complete is False
    assert answer.unusable is None
    assert answer.unsettled == ()
    ends = [text.index(one, 0) + len(one) for one in (json.dumps(item, ensure_ascii=False) for item in items)]
    whole = [item for item, end in zip(items, ends, strict=True) if end <= cut]
    assert sorted(map(str, dump_transcript(answer.items))) == sorted({str(item) for item in whole})


@pytest.mark.parametrize(
    "text", ["[", "[{}", '[{"timesta', '{"items": [', "[" + A[:40], f"[{A}", f"[{A},", f"[{A}, {{"]
)
def test_what_is_left_of_an_answer_that_ends_early(text: str) -> None:
    answer = read_answer(text, length=60)
    assert (answer.complete, answer.unusable, len(answer.items)) == (False, None, text.count("Hello."))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "The answer is empty."),
        (" \n", "The answer is empty."),
        ("I cannot do that.", "The answer is not JSON: Expecting value: line 1 column 1 (char 0)."),
        ("[" * 100_000, "The answer is not JSON: it is nested too deeply."),
        ("null", "The answer must be one JSON array of items."),
        ("7", "The answer must be one JSON array of items."),
        ('"text"', "The answer must be one JSON array of items."),
        ('{"error": "no video"}', "The answer must be one JSON array of items."),
        ('{"unexpected": [{"shape": 1}]}', "The answer must be one JSON array of items."),
        ("[1, 2]", "The answer must be one JSON array of items."),
        ("[1 2]", "The answer is not JSON: Expecting ',' delimiter: line 1 column 4 (char 3)."),
        ('"text', "The answer is not JSON: Unterminated string starting at: line 1 column 1 (char 0)."),
        (
            "{nothing}: []",
            "The answer is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
        ),
        ('[{"a": 1}]', "The answer must be one JSON array of items."),
    ],
    ids=lambda value: value[:20],
)
def test_an_answer_without_any_item_is_unusable(text: str, fault: str) -> None:
    assert read_answer(text, length=60) == TranscriptAnswer(unusable=fault)


@pytest.mark.parametrize("text", ["[]", "{}", "[{}]", '{"items": []}', "```json\n[]\n```", "There is nothing: []"])
def test_an_answer_may_have_no_items(text: str) -> None:
    answer = read_answer(text, length=60)
    assert (answer.items, answer.complete, answer.unusable, answer.unsettled) == ((), True, None, ())


def test_numbers_that_are_none_are_read_as_null() -> None:
    text = f'[{B[:-1]}, "timestamp_end_visual": NaN}}, {A[:-1]}, "note": [1e999, {"9" * 5000}]}}]'
    answer = read_answer(text, length=60)
    assert dump_transcript(answer.items) == GOOD


def test_numbers_that_are_too_large_are_null_in_an_item() -> None:
    digits = "9" * 18
    text = f'[{{"action_type_observed": {digits}, "timestamp_start_visual": {digits}9, "application_in_focus": 1e999}}]'
    assert raw_items(text).values == (
        {"action_type_observed": int(digits), "timestamp_start_visual": None, "application_in_focus": None},
    )
    assert raw_items(text.replace("1e999", "1.5")).values[0]["application_in_focus"] == 1.5


def wrapped(value: Any, levels: str) -> str:
    """Return a value as JSON inside of arrays (`a`) and objects (`o`), from the innermost to the outermost."""
    for level in levels:
        value = [value] if level == "a" else {"result": value}
    return json.dumps(value)


@pytest.mark.parametrize(
    ("levels", "deepest"),
    [
        ("aaaaaa", 5),
        ("aoooooo", 6),
        ("aoaoaoa", 6),
        ("aaoaoao", 5),
        ("aoooaooa", 6),
        ("oooooo", 5),
        ("ooooaa", 5),
    ],
)
def test_items_are_found_inside_other_values_as_deep_as_models_put_them(levels: str, deepest: int) -> None:
    found = [
        count for count in range(1, len(levels) + 1) if raw_items(wrapped(VISUAL, levels[:count])).values == (VISUAL,)
    ]
    assert found == list(range(1, deepest + 1))


def test_an_item_is_not_searched_for_others() -> None:
    item = {**VISUAL, "data_input_observed": VISUAL, "note": [VISUAL]}
    for value in ([item], item, {"items": [item]}):
        assert raw_items(json.dumps(value)).values == (item,)


@pytest.mark.parametrize(
    ("text", "complete", "count"),
    [
        # One object that is no JSON is broken where it is closed, and half where it is not.
        ('{"action_type_observed": CLICK}', True, 1),
        ('{"action_type_observed": CLICK} \n```', True, 1),
        ('{"action_type_observed": CLICK', False, 0),
        ('{"action_type_observed": CLICK\n```', False, 0),
        # In an array it is half unless the array is closed behind it.
        ('[{"action_type_observed": CLICK}', False, 0),
        ('[{"action_type_observed": CLICK}]', True, 1),
        ('[{"action_type_observed": CLICK}, ]', True, 1),
    ],
)
def test_the_last_object_is_broken_or_half(text: str, complete: bool, count: int) -> None:
    found = raw_items(text)
    assert (found.complete, len(found.values), found.unusable) == (complete, count, None)


MENDED, HOPELESS = A[:-1], B.replace(":", "")


@pytest.mark.parametrize(
    ("text", "rules", "complete"),
    [
        (f"[{A}, {B}]", [], True),
        (f"{A}\n{B}", [Rule.LOOSE_JSON], True),
        (f"[{A}, {B}", [], False),
        (f"[{MENDED}, {B}]", [Rule.BROKEN_OBJECT], True),
        (f"[{MENDED}, {MENDED}, {B}]", [Rule.BROKEN_OBJECT] * 2, True),
        (f"[{MENDED}, {B}, {A[:30]}", [Rule.BROKEN_OBJECT], False),
        (f"[{MENDED}, {B}", [Rule.BROKEN_OBJECT], False),
        (f"[{HOPELESS}, {A}]", [], True),
        (f"[{HOPELESS}, {A}", [], False),
        (f'{{"items": [{HOPELESS}, {A}]}}', [], True),
        (f'{{"items": [{HOPELESS}, {A}]', [], False),
        (f"Here: {A} and {B}", [Rule.LOOSE_JSON], True),
        (f"[note] {A}", [Rule.SURROUNDING_TEXT, Rule.OBJECT_AROUND_ARRAY], True),
        ("[x] " * 19 + f"[{A}, {B}]", [Rule.SURROUNDING_TEXT], True),
        ("[x] " * 20 + f"[{A}, {B}]", [Rule.LOOSE_JSON], True),
    ],
)
def test_what_was_settled_to_find_the_items_and_whether_they_are_all(
    text: str, rules: list[Rule], complete: bool
) -> None:
    found = raw_items(text)
    assert (list(found.rules), found.complete, found.unusable) == (rules, complete, None)


def test_an_item_may_be_a_text_in_the_array() -> None:
    assert raw_items(json.dumps([f" {A}", VISUAL, "{"])).values == (SPOKEN, VISUAL, "{")
    for text in (A, f" {A}", f" [{A}]"):
        assert raw_items(json.dumps(text)).values == (SPOKEN,)
    for value in ([f"[{A}]"], {"result": f"[{A}]"}, {"name": "submit", "arguments": {"items": f" {A}"}}):
        assert raw_items(json.dumps(value)).values == (SPOKEN,)
    assert raw_items(json.dumps({"note": "[sic]", "items": [VISUAL]})).values == (VISUAL,)


def test_json_may_be_escaped_as_in_a_text() -> None:
    text = f"[{A}, {B}]"
    found = raw_items(json.dumps(text)[1:-1])
    assert (found.values, found.rules, found.complete) == ((SPOKEN, VISUAL), (Rule.JSON_IN_TEXT,), True)
    # Not where only a text inside an item is escaped, or where it ends early.
    said = json.dumps([{**SPOKEN, "verbatim_transcript_segment": 'say "x"'}])
    assert Rule.JSON_IN_TEXT not in raw_items(said[:-1]).rules
    cut = raw_items(json.dumps(text)[1:-40])
    assert (cut.values, cut.rules, cut.complete) == ((SPOKEN,), (Rule.JSON_IN_TEXT,), False)


@pytest.mark.parametrize("name", ["audio", "speech"])
def test_speech_inside_of_what_was_seen_is_an_item_of_its_own(name: str) -> None:
    for said in (SPOKEN, [SPOKEN]):
        found = raw_items(json.dumps([{**VISUAL, name: said}]))
        assert (found.values, found.rules) == ((VISUAL, SPOKEN), (Rule.OBJECT_AROUND_ARRAY,))
        assert raw_items(json.dumps({"items": {"a": {**VISUAL, name: said}}})).values == (VISUAL, SPOKEN)
    for other in (None, "N/A", [], [SPOKEN, "x"], {"loud": True}):
        assert raw_items(json.dumps([{**VISUAL, name: other}])).values == ({**VISUAL, name: other},)


def test_of_a_name_that_is_there_twice_the_value_counts_that_says_something() -> None:
    text = f'[{B[:-1]}, "action_type_observed": null, "application_in_focus": "Browser"}}, {A}]'
    answer = read_answer(text, length=60)
    assert dump_transcript(answer.items) == [SPOKEN, {**VISUAL, "application_in_focus": "Browser"}]
    assert answer.settled["loose_json"] == 1


@pytest.mark.parametrize(
    "text",
    [
        f"[{A}, {B}]".replace('"Editor",', '"Editor", // the program\n'),
        f"[{A}, {B}]".replace('"Editor",', '"Editor", /* the program */'),
        re.sub(r'"(\w+)":', r"\1:", f"[{A}, {B}]"),
        f"[{A}, {B}]".replace('"Editor", "', '"Editor",\u00a0"'),
    ],
)
def test_comments_and_bare_names_inside_of_items_are_mended(text: str) -> None:
    answer = read_answer(text, length=60)
    assert dump_transcript(answer.items) == GOOD
    assert answer.settled["broken_object"] >= 1


def test_what_postgresql_refuses_is_removed_and_counted() -> None:
    items, answer = read({**VISUAL, "application_in_focus": "A\x00B\ud800"}, SPOKEN)
    assert items == [SPOKEN, {**VISUAL, "application_in_focus": "AB"}]
    assert answer.settled["refused_character"] == 1
    assert read_answer(json.dumps([{**VISUAL, "application_in_focus": "\U0001f600"}]), length=9).settled == {}


# Kinds and fields.


def test_empty_fields_of_the_other_kind_are_left_out() -> None:
    empty = {"timestamp_start_audio": "", "timestamp_end_audio": None, "verbatim_transcript_segment": "  "}
    items, answer = read({**VISUAL, **empty}, {**SPOKEN, **dict.fromkeys(VISUAL, "N/A"), "target_element_details": {}})
    assert items == [SPOKEN, VISUAL]
    assert answer.settled["other_kind_empty"] == 2
    items, answer = read({**VISUAL, **dict.fromkeys(AUDIO, "null")}, {**SPOKEN, "verbatim_transcript_segment": "None"})
    assert items == [{**SPOKEN, "verbatim_transcript_segment": "None"}, VISUAL]
    assert answer.settled["other_kind_empty"] == 1


def test_an_object_with_both_kinds_whole_is_two_items() -> None:
    items, answer = read({**VISUAL, **AUDIO})
    assert items == [VISUAL, AUDIO]
    assert answer.settled == {"two_kinds": 1}


def test_of_two_kinds_in_one_object_a_good_one_is_kept_and_only_the_other_is_left() -> None:
    items, answer = read({**VISUAL, **AUDIO, "action_type_observed": "DANCE"})
    assert items == [AUDIO]
    (left,) = answer.unsettled
    assert left.raw == {**VISUAL, "action_type_observed": "DANCE"}
    items, answer = read({**VISUAL, **AUDIO, "timestamp_start_audio": "soon"})
    assert items == [VISUAL]
    (left,) = answer.unsettled
    assert left.raw == {**AUDIO, "timestamp_start_audio": "soon"}


def test_speech_in_a_visual_item_without_times_takes_those_of_the_item() -> None:
    items, answer = read({**VISUAL, "verbatim_transcript_segment": "fifteen letters"})
    assert items == [
        VISUAL,
        {
            "timestamp_start_audio": "00:00:03",
            "timestamp_end_audio": "00:00:04",
            "verbatim_transcript_segment": "fifteen letters",
        },
    ]
    assert answer.settled == {"two_kinds": 1, "start_missing": 1, "end_missing": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"application_in_focus": "Chrome"},
        {"action_type_observed": "SCREEN_UPDATE", "application_in_focus": "Chrome"},
        {"timestamp_start_visual": "00:00:03"},
    ],
)
def test_part_of_a_visual_item_in_an_audio_item_is_left_out(other: dict[str, Any]) -> None:
    items, answer = read({**AUDIO, **other})
    assert items == [AUDIO]
    assert answer.settled == {"other_kind_removed": 1}


def test_times_of_speech_in_a_visual_item_are_left_out_or_stand_in_for_its_own() -> None:
    items, answer = read({**VISUAL, "timestamp_start_audio": "00:00:09"})
    assert (items, answer.settled) == ([VISUAL], {"other_kind_removed": 1})
    without = {name: value for name, value in VISUAL.items() if name != "timestamp_start_visual"}
    items, answer = read({**without, "timestamp_start_audio": "00:00:03"})
    assert (items, answer.settled) == ([VISUAL], {"other_kind_removed": 1, "start_missing": 1})


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"timestamp_start_visual": None, "application_in_focus": ""},
        {**AUDIO, "verbatim_transcript_segment": ""},
        {"timestamp_start_audio": "00:00:01", "timestamp_end_audio": "00:00:02"},
    ],
)
def test_an_item_without_content_is_left_out(item: dict[str, Any]) -> None:
    items, answer = read(AUDIO, item)
    assert (items, answer.settled, answer.dropped) == ([AUDIO], {"empty_item": 1}, ())


def test_what_is_missing_or_null_is_read_as_unknown_or_empty() -> None:
    sparse = {"timestamp_start_visual": "00:00:03", "action_type_observed": "CLICK", "application_in_focus": None}
    items, answer = read({**sparse, "target_element_details": {"element_visible_text": "Save"}})
    assert items == [
        {
            "timestamp_start_visual": "00:00:03",
            "application_in_focus": "unknown",
            "action_type_observed": "CLICK",
            "target_element_details": {"element_type_guess": "unknown", "element_visible_text": "Save"},
            "screen_region_description_pre_action": "",
            "screen_region_description_post_action": "",
        }
    ]
    assert answer.settled == {"missing_application": 1, "missing_description": 2, "missing_element_type": 1}


@pytest.mark.parametrize(
    "empty",
    [
        {"timestamp_end_visual": None, "data_input_observed": None, "target_element_details": None},
        {"target_element_details": {"element_type_guess": None, "element_visible_text": None}},
        {"data_input_observed": {"typed_characters": None}},
    ],
)
def test_records_and_ends_that_are_null_are_left_out(empty: dict[str, Any]) -> None:
    items, answer = read({**VISUAL, **empty})
    assert items == [VISUAL]
    assert set(answer.settled) <= {"empty_value"}


@pytest.mark.parametrize(
    ("given", "read_as", "rule"),
    [
        ({"Timestamp-Start-Visual": "00:00:03"}, {}, "field_name"),
        ({"actionTypeObserved": "TYPE"}, {}, "field_name"),
        ({"note": "x", "confidence": 0.9}, {}, "unknown_field"),
        ({"element_bounding_box_pixels": [1, 2, 3, 4]}, {}, "bounding_box"),
        (
            {"target_element_details": {"element_type_guess": "link", "element_bounding_box_pixels": [1, 2, 3, 4]}},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": None}},
            "bounding_box",
        ),
        (
            {"target_element_details": {"element_type_guess": "link", "colour": "red"}},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": None}},
            "unknown_field",
        ),
        (
            {"element_type_guess": "link"},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": None}},
            "field_name",
        ),
        (
            {"target_element_details": "Save"},
            {"target_element_details": {"element_type_guess": "unknown", "element_visible_text": "Save"}},
            "value_form",
        ),
        (
            {"target_element_details": '{"element_type_guess": "link"}'},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": None}},
            "value_form",
        ),
        (
            {"target_element_details": [{"element_type_guess": "link"}, {"element_visible_text": "Save"}]},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": "Save"}},
            "value_form",
        ),
        (
            {"target_element_details": {"element_type_guess": "link", "element_attributes_observed": "disabled"}},
            {
                "target_element_details": {
                    "element_type_guess": "link",
                    "element_visible_text": None,
                    "element_attributes_observed": ["disabled"],
                }
            },
            "value_form",
        ),
        (
            {"target_element_details": [{"element_visible_text": "Save"}, {"element_visible_text": "Other"}]},
            {"target_element_details": {"element_type_guess": "unknown", "element_visible_text": "Save"}},
            "value_form",
        ),
        (
            {"target_element_details": ["Save", "now"]},
            {"target_element_details": {"element_type_guess": "unknown", "element_visible_text": "Save now"}},
            "value_form",
        ),
        (
            {"target_element_details": ' {"element_type_guess": "link"}'},
            {"target_element_details": {"element_type_guess": "link", "element_visible_text": None}},
            "value_form",
        ),
        ({"application_in_focus": ["Chrome", "Orders"]}, {"application_in_focus": "Chrome Orders"}, "value_form"),
        ({"screen_region_description_pre_action": 7}, {"screen_region_description_pre_action": "7"}, "value_form"),
    ],
)
def test_fields_and_values_of_another_form(given: dict[str, Any], read_as: dict[str, Any], rule: str) -> None:
    items, answer = read({**VISUAL, **given})
    assert items == [{**VISUAL, **read_as}]
    assert answer.settled[rule] >= 1
    assert set(answer.settled) <= {rule, "missing_element_type"}


@pytest.mark.parametrize(
    ("action", "field"),
    [("TYPE", "typed_characters"), ("PASTE", "pasted_text_observed"), ("CLICK", "selected_value_observed")],
)
def test_data_in_one_text_belongs_to_the_action(action: str, field: str) -> None:
    items, answer = read({**VISUAL, "action_type_observed": action, "data_input_observed": "Berlin"})
    assert items[0]["data_input_observed"][field] == "Berlin"
    assert answer.settled == {"value_form": 1}


def test_a_whole_drag_is_two_items() -> None:
    items, answer = read({**VISUAL, "action_type_observed": "DRAG", "timestamp_end_visual": "00:00:05"})
    assert items == [
        {**VISUAL, "action_type_observed": "DRAG_START"},
        {**VISUAL, "action_type_observed": "DRAG_END", "timestamp_start_visual": "00:00:05"},
    ]
    assert answer.settled == {"drag_in_one": 1}


# The answer as a whole.


def test_items_are_ordered_and_each_is_there_once() -> None:
    items, answer = read(VISUAL, SPOKEN, VISUAL, VISUAL, {**VISUAL, "application_in_focus": "Another"})
    assert items == [SPOKEN, VISUAL, {**VISUAL, "application_in_focus": "Another"}]
    assert answer.settled == {"duplicate_item": 2, "unordered": 1}


def test_what_is_not_an_object_is_dropped_with_a_sentence() -> None:
    items, answer = read(VISUAL, "text", 7, None)
    assert items == [VISUAL]
    assert answer.dropped == ("[1] is not an object.", "[2] is not an object.", "[3] is not an object.")


def test_what_cannot_be_settled_keeps_its_place_its_object_and_its_faults() -> None:
    wrong = {**VISUAL, "action_type_observed": "DANCE", "timestamp_start_visual": "soon"}
    nothing = dict.fromkeys(("screen_region_description_pre_action", "screen_region_description_post_action"))
    items, answer = read(SPOKEN, wrong, {**VISUAL, **nothing, "action_type_observed": None}, VISUAL)
    assert items == GOOD
    assert [(one.index, one.raw["action_type_observed"]) for one in answer.unsettled] == [(1, "DANCE"), (2, None)]
    assert [one.faults for one in answer.unsettled] == [
        ("timestamp_start_visual: 'soon' is not a time.", "action_type_observed: 'DANCE' is not an action type."),
        ("action_type_observed: it is missing.",),
    ]
    # Nothing that was settled in it counts.
    assert answer.settled == {}


@pytest.mark.slow("reads 100,000 items")
def test_as_many_items_as_a_transcript_may_have_are_read_in_time_and_no_more() -> None:
    item = json.dumps({**VISUAL, "timestamp_start_visual": 7})
    parts = [item.replace("Editor", f"Editor {number}") for number in range(100_003)]
    begun = time.process_time()
    answer = read_answer(f"Here:\n[{','.join(parts)},]", length=60)
    assert time.process_time() - begun < 60
    assert len(answer.items) == 100_000
    assert answer.dropped == ("3 items after the first 100000.",)


@pytest.mark.slow("8 answers of 400,000 characters each, made to take long")
@pytest.mark.parametrize(
    "piece", ['{"action_type_observed": ', "{", '"', "[{", '{"action_type_observed": "\\', "\\", "`", "},"]
)
def test_the_time_it_takes_grows_no_faster_than_the_answer(piece: str) -> None:
    begun = time.process_time()
    read_answer(f"[{A}, " + piece * (400_000 // len(piece)), length=60)
    assert time.process_time() - begun < 10


# For any answer.


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.lists(odd_items | json_values, max_size=4).map(json.dumps)
    | st.lists(
        st.sampled_from([A, B, "{", "}", "[", "]", ",", '"', "\\", "```", "x", ":", "\n", "null"]), max_size=12
    ).map("".join),
    st.floats(),
)
def test_no_answer_raises_an_error(text: str, length: float) -> None:
    answer = read_answer(text, length=length)
    json.dumps([one.raw for one in answer.unsettled], ensure_ascii=False).encode("utf-8")
    assert answer.unusable is None or not answer.items


@given(st.lists(odd_items | whole_items(90), max_size=5), st.integers(1, 90))
def test_every_item_is_valid_and_within_the_clip_and_reading_it_again_changes_nothing(
    items: list[dict[str, Any]], length: int
) -> None:
    answer = read_answer(json.dumps(items), length=length)
    stored = dump_transcript(answer.items)
    TRANSCRIPT.validate_python(stored)
    json.dumps(stored, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for item in stored:
        stamps = [seconds(value) for name, value in item.items() if name.startswith("timestamp_")]
        assert all(0 <= stamp <= length for stamp in stamps)
        assert stamps == sorted(stamps) or "timestamp_start_visual" not in item
    again = read_answer(json.dumps(stored), length=length)
    assert dump_transcript(again.items) == stored
    assert (again.settled, again.unsettled, again.dropped, again.unusable) == ({}, (), (), None)


@given(st.lists(whole_items(90), min_size=1, max_size=5), st.lists(odd_items | json_values, max_size=5), st.randoms())
def test_good_items_survive_any_neighbour(good: list[dict[str, Any]], bad: list[Any], random: Any) -> None:
    items = [*good, *bad]
    random.shuffle(items)
    answer = read_answer(json.dumps(items), length=90)
    stored = dump_transcript(answer.items)
    assert [item for item in good if item not in stored] == []


@given(st.lists(whole_items(90), min_size=1, max_size=4), st.text(max_size=30), st.integers(0, 3))
def test_good_items_survive_a_broken_object_before_them(good: list[dict[str, Any]], noise: str, place: int) -> None:
    parts = [json.dumps(item) for item in good]
    parts.insert(min(place, len(parts) - 1), '{"action_type_observed": ' + noise.replace("{", "").replace('"', ""))
    answer = read_answer(f"[{','.join(parts)}]", length=90)
    stored = dump_transcript(answer.items)
    assert [item for item in good if item not in stored] == []
