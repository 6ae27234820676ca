"""JSON values as texts, and what says nothing."""

from typing import Any

import pytest

from runops_worker.transcription.answer.texts import as_text, as_texts, is_empty, is_silence, says_nothing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (None, "null"),
        (["a", None, 7, True], "a 7 true"),
        ([["a"]], '[["a"]]'),
        ({"a": "é"}, "é"),
        ({"a": "é", "b": None, "c": " "}, "é"),
        ({"a": {"b": 7}}, "7"),
        ({"a": "é", "b": 1}, '{"a": "é", "b": 1}'),
        ({}, "{}"),
    ],
)
def test_any_value_as_a_text(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        (["a", "", None, 7, []], ["a", "7"]),
        ({"a": 1, "b": None, "c": " ", "d": "x"}, ["a: 1", "d: x"]),
        (None, []),
    ],
)
def test_any_value_as_texts(value: Any, texts: list[str]) -> None:
    assert as_texts(value) == texts


@pytest.mark.parametrize(
    ("value", "empty", "nothing"),
    [
        (None, True, True),
        (" ", True, True),
        (" N/A ", False, True),
        ("N/A" + " " * 17, False, True),
        ("N/A" + " " * 18, False, False),
        ("a", False, False),
        (0, False, False),
        (False, False, False),
        ([None, ""], True, True),
        ([None, "none"], False, True),
        ([None, "a"], False, False),
        ({"a": None, "b": ["-"]}, False, True),
        ({"a": None, "b": []}, True, True),
        ({"a": None, "b": "b"}, False, False),
    ],
)
def test_what_is_empty_and_what_says_nothing(value: Any, empty: bool, nothing: bool) -> None:
    assert (is_empty(value), says_nothing(value)) == (empty, nothing)


@pytest.mark.parametrize("text", ["[silence]", " (No speech) ", "*no audio*", "[keine Sprache.]", "[无声]"])
def test_a_mark_for_silence_is_no_speech(text: str) -> None:
    assert is_silence(text)


@pytest.mark.parametrize("text", ["Silence!", "No audio", "[inaudible]", "[silence] Hello", "[silence", "", None, 7])
def test_what_somebody_may_have_said_is_speech(text: Any) -> None:
    assert not is_silence(text)
