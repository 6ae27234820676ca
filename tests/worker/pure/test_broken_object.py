"""Objects that are not JSON: what is mended where there is one way to read it, and what is left."""

from typing import Any

import pytest

from runops_worker.transcription.answer.broken_object import mended

CLICK = {"action_type_observed": "CLICK"}


def with_text(text: str) -> str:
    return f'{{"action_type_observed": "CLICK", "application_in_focus": "{text}"}}'


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Editor", "Editor"),
        # Quotes inside of a text, at its edges too.
        ('say "x" now', 'say "x" now'),
        ('"x" now', '"x" now'),
        ('say \\"x\\" now', 'say "x" now'),
        ('say \\\\"x now', 'say \\"x now'),
        # Backslashes that escape nothing.
        ("C:\\users\\x", "C:\\users\\x"),
        ("\\d \\u12 \\U", "\\d \\u12 \\U"),
        ("\\u0041 \\n\\t \\/ \\\\", "A \n\t / \\"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a, }, b ,]", "a, }, b ,]"),
        ('say \\"x\\" and "y" now', 'say "x" and "y" now'),
        ("\u201cx\u201d", "\u201cx\u201d"),
    ],
)
def test_a_text_keeps_its_words(written: str, text: str) -> None:
    assert mended(with_text(written)) == {**CLICK, "application_in_focus": text}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('{"action_type_observed": "CLICK"', CLICK),
        ('{"action_type_observed": "CLICK",', CLICK),
        ('{"action_type_observed": "CLICK", ', CLICK),
        ('{"action_type_observed": "CLICK",}', CLICK),
        ('{"action_type_observed": "CLICK"} , ', CLICK),
        ('{"action_type_observed": "CLICK"}] \t\r\n```', CLICK),
        ('{"action_type_observed": "CLICK"}\n{', CLICK),
        ('{"action_type_observed": "CLICK"} and more', CLICK),
        ("{'action_type_observed': 'CLICK'}", CLICK),
        ("{'action_type_observed': 'CLICK', 'timestamp_end_visual': None}", {**CLICK, "timestamp_end_visual": None}),
        ("{\u201caction_type_observed\u201d: \u201eCLICK\u201c}", CLICK),
        ('{"action_type_observed": "CLICK"\n "key_pressed": 7\n "timestamp_end_visual": null\n "note": 1}', None),
        (
            '{"action_type_observed": "CLICK"\n "key_pressed": 7\n "timestamp_end_visual": null\n "start": 1}',
            {**CLICK, "key_pressed": 7, "timestamp_end_visual": None, "start": 1},
        ),
        ('{"action_type_observed": NaN}', {"action_type_observed": None}),
        # What closes an array may follow, and so may other text.
        ('{"action_type_observed": "CLICK"}}', CLICK),
        ('{"action_type_observed": "CLICK"}]}', CLICK),
        ('{"action_type_observed": "CLICK"};more', CLICK),
        (
            '{"target_element_details": {"element_type_guess": "a"}, "action_type_observed": "CLICK"} and more',
            {"target_element_details": {"element_type_guess": "a"}, **CLICK},
        ),
        ('{"action_type_observed": "CLICK", "timestamp_end_visual": null,}', {**CLICK, "timestamp_end_visual": None}),
        # Quotes that begin or end a text, whatever space is around them.
        (
            '{"action_type_observed": "CLICK" , "application_in_focus" : "say "x" now" }',
            {**CLICK, "application_in_focus": 'say "x" now'},
        ),
        ('{"application_in_focus": "say "x" now"', {"application_in_focus": 'say "x" now'}),
        ("{" + " " * 30 + '"application_in_focus": "say "x" now"}', {"application_in_focus": 'say "x" now'}),
        (
            '{"element_attributes_observed": ["a", "b"], "application_in_focus": "say "x" now"}',
            {"element_attributes_observed": ["a", "b"], "application_in_focus": 'say "x" now'},
        ),
        # One or two braces at the end may be missing, and no more.
        (
            '{"target_element_details": {"element_type_guess": "a"',
            {"target_element_details": {"element_type_guess": "a"}},
        ),
        ('{"target_element_details": {"element_attributes_observed": {"a": 1', None),
        # Another name shows that it was misread, and an array or nothing is no object.
        ('{"colour": "red"', None),
        ('{"action_type_observed": "CLICK", "colour": "red"', None),
        ("{}", None),
        ("[1, 2", None),
        ("{1: 2}", None),
        ("{'action_type_observed': " + "(" * 500, None),
        ("", None),
    ],
)
def test_an_object_is_mended_where_it_is_clear_what_it_means(written: str, value: dict[str, Any] | None) -> None:
    assert mended(written) == value


def test_a_long_text_is_left() -> None:
    room = 20_000 - len(with_text(""))
    assert mended(with_text("x" * room)) is not None
    assert mended(with_text("x" * (room + 1))) is None
