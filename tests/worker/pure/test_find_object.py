"""The one object of an answer, whatever is around it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.model.find_object import find_object
from tests.worker.pure.answers import json_values

WANTED = {"id": 1, "steps": [{"text": "Press Save, then wait", "ids": ["t0001"]}], "note": {"a": "b"}}
TEXT = json.dumps(WANTED)
LINES = json.dumps(WANTED, indent=2)


def chosen(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and "steps" in value else None


@pytest.mark.parametrize("text", [TEXT, LINES, f" \n{TEXT}\n"])
def test_an_answer_of_nothing_but_json_is_plain(text: str) -> None:
    assert find_object(text, chosen) == (WANTED, True)


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{LINES}\n```",
        f"```json {TEXT}```",
        f"```json\n{LINES}",
        f"Here it is:\n```json\n{LINES}\n```\nThat is all.",
        f"Here it is: {TEXT}",
        f"{TEXT}\nDone! {{}}",
        f"<thinking>What {{is}} [wanted]?</thinking>\n{TEXT}",
        f"\ufeff{TEXT}",
        f"{TEXT}}}",
        f"{TEXT}\n{LINES}",
        json.dumps(TEXT),
        TEXT.replace('"', '\\"'),
        TEXT[:-1],
        TEXT.replace("]}", "],}"),
        LINES.replace('"id": 1,', '"id": 1, // its name'),
        LINES.replace('"id": 1,', '"id": 1, /* its\nname */'),
        TEXT.replace('"id"', "id").replace('"note"', "note"),
        TEXT.replace('"id": 1, ', '"id": 1\n'),
        TEXT.replace(" ", "\u00a0", 1),
        str(WANTED),
    ],
)
def test_what_is_around_it_and_usual_mistakes_make_no_difference(text: str) -> None:
    assert find_object(text, chosen) == (WANTED, False)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Press\nSave, then wait", "Press\nSave, then wait"),
        ('Press "Save" and wait', 'Press "Save" and wait'),
        ("C:\\work", "C:\\work"),
        ("https://a.example // no comment", "https://a.example // no comment"),
    ],
)
def test_a_text_inside_it_keeps_its_words(written: str, read: str) -> None:
    found, is_plain = find_object(TEXT.replace("Press Save, then wait", written)[:-1] + "}", chosen)
    assert found is not None
    assert found["steps"][0]["text"] == read
    assert is_plain is (written.startswith("https"))


def test_a_comment_is_told_from_an_address() -> None:
    text = LINES.replace("Press Save", "Open https://a.example").replace('"id": 1,', '"id": 1, // one')
    found, _ = find_object(text, chosen)
    assert found == json.loads(LINES.replace("Press Save", "Open https://a.example"))


@pytest.mark.parametrize("text", ["", "I cannot do that.", "{", "[{", "{nothing}", "NaN", "{x} and [y]", "`{`"])
def test_without_any_object_the_fault_of_the_json_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        find_object(text, chosen)


@pytest.mark.parametrize("text", ["null", "[]", '{"other": 1}', '"text"', '"[]"', "7"])
def test_json_without_the_object_has_none(text: str) -> None:
    assert find_object(text, chosen)[0] is None


def test_of_two_different_objects_none_is_taken() -> None:
    other = json.dumps({**WANTED, "id": 2})
    with pytest.raises(ValueError, match="Extra data"):
        find_object(f"{TEXT}\n{other}", chosen)


def test_no_part_of_a_broken_object_is_taken_for_the_whole() -> None:
    inner = json.dumps({"steps": ["inner"]})
    for text in (f'{{"broken" "sop": {inner}, "private": 1 2}}', f'{{"broken" "sops": [{inner}, {inner}], "p": 1 2}}'):
        with pytest.raises(ValueError, match="Expecting"):
            find_object(text, chosen)


@pytest.mark.parametrize("end", range(1, len(TEXT) - 1))
def test_an_answer_that_ends_early_has_no_object(end: int) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        find_object(TEXT[:end], chosen)


@pytest.mark.parametrize("behind", [', "more', ",", ' , "more": [1'])
def test_an_answer_that_ends_behind_a_whole_part_has_no_object(behind: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        find_object(TEXT[:-1] + behind, chosen)


@pytest.mark.parametrize("before", ['"a": ', "'a': ", "1, ", "[", '{"b": 1} {'])
def test_what_stands_behind_a_sign_of_json_is_a_part(before: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        find_object(f'{{"broken" {before}   {TEXT} "x" 1 2', chosen)


def test_only_an_answer_of_bounded_length_is_mended() -> None:
    for length, is_mended in ((999_999, True), (1_000_000, True), (1_000_001, False)):
        text = '{"steps": [' + " " * (length - 15) + "], }"
        assert len(text) == length
        try:
            assert find_object(f"x {text}", chosen) == ({"steps": []}, False)
        except ValueError:
            assert not is_mended
        else:
            assert is_mended


def test_what_a_reading_cannot_be_stored_as_is_passed_over() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        find_object("{'steps': 1e999,}", chosen)


def test_of_a_name_that_is_there_twice_the_last_value_counts_that_says_something() -> None:
    twice = f'{TEXT[:-1]}, "id": 2, "steps": [], "note": null}}'
    assert find_object(twice, chosen) == ({**WANTED, "id": 2}, True)


def test_characters_that_postgresql_refuses_are_left_out() -> None:
    assert find_object('Here: {"steps": ["a\\u0000b"]}', chosen)[0] == {"steps": ["ab"]}


def test_a_long_answer_that_cannot_be_mended_takes_no_long() -> None:
    began = time.process_time()
    for text in (
        '{"steps": [' + '{"a" "b"}, ' * 20_000,
        '{"steps": ["' + '\\"' * 100_000 + '"x" 1 "y"]]',
        "{[" * 50_000 + "}",
    ):
        with pytest.raises(ValueError, match=r"\w"):
            find_object(text, chosen)
    assert time.process_time() - began < 20


@given(json_values | st.text(max_size=60))
def test_whatever_is_answered_an_object_is_found_or_a_fault_is_told(value: Any) -> None:
    for text in (json.dumps(value), f"Here: {json.dumps(value)}", str(value)):
        try:
            found, _ = find_object(text, chosen)
        except ValueError:
            continue
        assert found is None or "steps" in found
