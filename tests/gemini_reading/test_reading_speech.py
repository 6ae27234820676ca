"""What was heard is mended by what is on the screen."""

import pytest

from devstack.gemini_reading.numbers import numbers_on, with_numbers_of
from devstack.gemini_reading.recording import Spoken
from devstack.gemini_reading.speech_text import mended_speech
from devstack.gemini_reading.transcript import read_transcript
from tests.gemini_reading.screens import line, reading, screen

SHOWN = numbers_on(["1,240.00 EUR", "3.480,50 EUR", "Invoice 2042", "14 June", "Room 5"])


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("one thousand two hundred forty", "1,240"),
        ("It is one thousand two hundred and forty euros.", "It is 1,240 euros."),
        ("It is 1240 euros.", "It is 1,240 euros."),
        ("It is 3,400 and 80 euros.", "It is 3.480 euros."),
        ("It is 3,400 and 8 euros.", "It is 3.480 euros."),
        ("It is 3480.", "It is 3.480."),
        ("It is 8480.", "It is 8480."),
        ("number twenty forty two", "number twenty forty two"),
        ("We open invoice 2043.", "We open invoice 2042."),
        ("Take five and six of them", "Take five and six of them"),
        ("Room 5, and 14 days", "Room 5, and 14 days"),
        ("It is 9,999.", "It is 9,999."),
        ("nothing to count", "nothing to count"),
        ("", ""),
    ],
)
def test_numbers_stand_as_on_the_screen(heard: str, meant: str) -> None:
    assert with_numbers_of(heard, SHOWN) == meant


def test_of_two_numbers_that_nearly_fit_none_is_taken() -> None:
    assert with_numbers_of("It is 2045.", numbers_on(["2046", "2047"])) == "It is 2045."


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("I open the in voice.", "I open the invoice."),
        ("Then I ask Jonah Webber.", "Then I ask Jonas Weber."),
        ("Harbour is closed.", "Harbour is closed."),
        ("Then I wait.", "Then I wait."),
    ],
)
def test_names_and_whole_words_stand_as_on_the_screen(heard: str, meant: str) -> None:
    screens = [screen(0, [line("The invoice waits for Jonas Weber", 10, 10)])]
    assert mended_speech(Spoken(start=1, end=2, text=heard), screens) == meant


def test_what_is_on_the_screen_much_later_mends_nothing() -> None:
    screens = [screen(0, [line("Welcome", 10, 10)]), screen(60, [line("Jonas Weber", 10, 10)])]
    assert mended_speech(Spoken(start=1, end=2, text="I ask Jonah."), screens) == "I ask Jonah."


def test_items_of_a_part_of_a_clip_are_those_that_begin_in_it() -> None:
    whole = reading(
        screen(0, [line("Welcome", 10, 100)]),
        screen(9, [line("Welcome", 10, 100), line("Saved as draft", 10, 400)]),
        spoken=[(1.0, 2.5, "One."), (8.25, 9.5, "Two.")],
    )
    items = read_transcript(whole, start=5, end=20)
    assert [item.get("timestamp_start_audio") or item["timestamp_start_visual"] for item in items] == [
        "00:00:08.250",
        "00:00:09",
    ]
    assert read_transcript(whole) == read_transcript(whole, start=0, end=99)
    assert read_transcript(reading()) == []
