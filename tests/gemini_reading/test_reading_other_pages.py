"""What recordings of other pages than the sample have shown: fields, lists and lines that look otherwise."""

import pytest

from devstack.gemini_reading.event import Event
from devstack.gemini_reading.events import events
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Reading, Spoken
from devstack.gemini_reading.speech_text import mended_speech
from devstack.gemini_reading.understood import INAUDIBLE, understood
from tests.gemini_reading.screens import button, field, line, reading, screen

HEADER = line("Stockroom", 20, 10)
TITLE = line("New delivery", 80, 90, letter=18, height=36)
REST = [line(f"Shelf {letter} is full", 700, 200 + 40 * place) for place, letter in enumerate("ABCD")]
NAME = line("Sender", 80, 210)
PAGE = [HEADER, TITLE, NAME, *REST]
WORDS = line("Harbour Ltd", 292, 208)


def did(found: list[Event]) -> list[tuple[str, str, str]]:
    """Return what was done, without what only the screen did."""
    return [
        (one.action, one.target.text if one.target else "", one.typed or one.pasted or one.selected)
        for one in found
        if one.action != "SCREEN_UPDATE"
    ]


def with_caret(made: Reading, second: int, box: Box) -> Reading:
    return made.model_copy(update={"carets": ((second, box),)})


TYPED = [("CLICK", "Sender", ""), ("TYPE", "Sender", "Harbour Ltd")]


def test_a_field_that_looks_like_a_button_while_it_has_the_focus_is_typed_into() -> None:
    glowing = button(280, 200, width=400)
    found = events(
        reading(
            screen(0, PAGE, [field(280, 200)]),
            screen(2, PAGE, [glowing], changed=[glowing.box]),
            screen(3, [*PAGE, WORDS], [glowing], changed=[glowing.box]),
        )
    )
    assert did(found) == TYPED


@pytest.mark.parametrize("blinks", [True, False])
def test_a_rectangle_that_was_never_a_field_is_one_where_a_caret_blinks(blinks: bool) -> None:
    grey = button(280, 200, width=400)
    made = reading(screen(0, PAGE, [grey]), screen(3, [*PAGE, WORDS], [grey], changed=[grey.box]))
    found = events(with_caret(made, 3, Box(410, 210, 411, 228)) if blinks else made)
    assert did(found) == (TYPED if blinks else [])


def test_a_part_of_the_page_that_holds_the_field_is_none() -> None:
    card = field(60, 190, width=640, height=200)
    controls = [card, field(280, 200)]
    found = events(reading(screen(0, PAGE, controls), screen(3, [*PAGE, WORDS], controls, changed=[card.box])))
    assert did(found) == TYPED


def test_the_label_above_a_field_is_found_inside_a_part_that_looks_like_a_field() -> None:
    page = [HEADER, TITLE, line("User name", 284, 172), *REST]
    controls = [field(260, 160, width=640, height=240), field(280, 200)]
    found = events(reading(screen(0, page, controls), screen(3, [*page, WORDS], controls, changed=[controls[1].box])))
    assert did(found)[-1] == ("TYPE", "User name", "Harbour Ltd")


def test_a_status_line_that_changes_while_the_pointer_is_elsewhere_is_not_typed() -> None:
    status = field(60, 640, width=900, height=30)
    before, after = line("Running", 70, 643), line("Finished, 1,284 rows", 70, 643)
    found = events(
        reading(
            screen(0, [*PAGE, before], [status]),
            screen(5, [*PAGE, after], [status], changed=[status.box]),
            pointers=[(0, 5, (900, 300))],
        )
    )
    assert did(found) == []


def test_words_that_stood_elsewhere_were_moved_into_a_field_and_not_typed() -> None:
    column = field(280, 200)
    found = events(
        reading(
            screen(0, [*PAGE, line("Harbour Ltd", 60, 420)], [column]),
            screen(3, [*PAGE, WORDS], [column], changed=[column.box, Box(60, 420, 200, 450)]),
            pointers=[(0, 5, (300, 220))],
        )
    )
    assert not [one for one in found if one.action == "TYPE"]


def test_a_field_that_is_left_while_one_types_goes_on() -> None:
    box = field(280, 200)
    found = events(
        reading(
            screen(0, PAGE, [box]),
            screen(2, [*PAGE, line("Harb", 292, 208)], [box], changed=[box.box]),
            screen(3, [*PAGE, WORDS], [box], changed=[box.box]),
            pointers=[(0, 2, (300, 220)), (3, 4, (900, 600))],
        )
    )
    assert did(found) == TYPED


def test_a_list_that_covers_a_page_is_no_dialog_and_its_choice_may_come_late() -> None:
    small = field(280, 200, width=120)
    lot = [line(text, 300, 250 + 30 * place) for place, text in enumerate(("Packed", "Shipped", "On hold"))]
    options = [button(290, 246 + 30 * place, width=110, height=28) for place in range(3)]
    old, new = line("New", 292, 208), line("Shipped", 292, 208)
    found = events(
        reading(
            screen(0, [*PAGE, old], [small]),
            screen(2, [*PAGE, old, *lot], [small, *options], changed=[Box(280, 200, 420, 340)]),
            screen(4, [*PAGE, old], [small], changed=[Box(280, 240, 420, 340)]),
            screen(5, [*PAGE, new], [small], changed=[small.box]),
            screen(6, [*PAGE, line("Shipped v", 292, 208)], [small], changed=[small.box]),
        )
    )
    assert did(found) == [("CLICK", "Sender", ""), ("CLICK", "Shipped", "Shipped")]


def test_more_words_on_a_line_without_a_field_were_written_there() -> None:
    text = "KV-558-2093"
    lines = [line(text, 80, 500), line(f"{text} call", 80, 500), line(f"{text} call on Monday", 80, 500)]
    found = events(
        reading(
            screen(0, PAGE), *(screen(4 + second, [*PAGE, one]) for second, one in zip((0, 4, 5), lines, strict=True))
        )
    )
    assert did(found) == [("TYPE", text, "call on Monday")]


@pytest.mark.parametrize(("said", "kind"), [("At the end I paste the number.", "PASTE"), ("Here it is.", None)])
def test_words_that_come_while_somebody_says_paste_were_pasted(said: str, kind: str | None) -> None:
    found = events(
        reading(
            screen(0, PAGE),
            screen(4, [*PAGE, line("KV-558-2093", 80, 500)], changed=[Box(80, 500, 200, 530)]),
            spoken=[(2.0, 4.5, said)],
        )
    )
    assert [one[0] for one in did(found)] == ([] if kind is None else [kind])


@pytest.mark.parametrize("has_menus", [True, False])
def test_a_window_with_menus_in_front_of_a_page_is_another_program_and_not_a_dialog(has_menus: bool) -> None:
    title = line("/home/clara/calls.txt - Mousepad" if has_menus else "calls.txt - Mousepad", 500, 260)
    row = [line(word, 450 + 80 * place, 290) for place, word in enumerate(("File", "Edit", "View", "Help"))]
    window = [title, *(row if has_menus else []), line("Calls in April", 450, 330), line("Close", 470, 400)]
    found = events(
        reading(
            screen(0, PAGE),
            screen(4, [*PAGE, *window], [button(450, 390, width=120)], changed=[Box(440, 250, 900, 440)]),
            screen(9, PAGE, changed=[Box(440, 250, 900, 440)]),
        )
    )
    wanted = [("OPEN_APPLICATION", "calls.txt - Mousepad", ""), ("OPEN_APPLICATION", "Stockroom", "")]
    modal = [("MODAL_OPEN", "calls.txt - Mousepad", ""), ("MODAL_CLOSE", "calls.txt - Mousepad", "")]
    assert did(found) == (wanted if has_menus else modal)


def test_another_page_in_the_same_browser_is_no_other_program() -> None:
    other = [
        line("Select user to change", 40, 10),
        *(line(f"Person {number} of the staff", 80, 160 + 50 * number) for number in range(6)),
    ]
    bar = line("office.example/auth/user/", 140, 50)
    one, another = (
        events(reading(screen(0, [*PAGE, *more]), screen(4, [*other, *more], changed=[Box(0, 0, 1280, 720)])))
        for more in ([bar], [])
    )
    assert "OPEN_APPLICATION" not in [event.action for event in one]
    assert "OPEN_APPLICATION" in [event.action for event in another]


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Up to ten I may prove it myself.", "Up to ten I may approve it myself."),
        ("I prove it.", "I approve it."),
        ("I may move it.", "I may move it."),
        ("I remove the lamp.", "I remove the lamp."),
    ],
)
def test_a_word_whose_first_letters_were_not_heard_is_completed_from_a_button(heard: str, meant: str) -> None:
    screens = [screen(0, [line("Approve", 10, 10), line("They remove improved lamps", 10, 60)])]
    assert mended_speech(Spoken(start=1, end=2, text=heard), screens) == meant


def test_of_two_words_that_would_fit_none_is_taken() -> None:
    screens = [screen(0, [line("Approve", 10, 10), line("Improve", 10, 60)])]
    assert mended_speech(Spoken(start=1, end=2, text="I prove it."), screens) == "I prove it."


def heard(*scores: float) -> list[tuple[Spoken, float]]:
    return [(Spoken(start=at, end=at + 1, text=f"words {at}"), score) for at, score in enumerate(scores)]


def test_speech_in_a_language_that_the_model_does_not_know_is_not_invented() -> None:
    found = understood(heard(-0.9, -1.1, -0.6, -1.4))
    assert [one.text for one in found] == [INAUDIBLE] * 4
    assert [one.start for one in found] == [0, 1, 2, 3]


def test_a_voice_that_is_badly_heard_but_for_some_stretches_speaks_the_language() -> None:
    assert understood(heard(-0.11, -0.77, -0.9, -1.1))[1].text == "words 1"
    assert understood(heard(-0.6, -0.65, -0.69, -0.5))[0].text == "words 0"


def test_a_stretch_that_repeats_itself_was_not_understood() -> None:
    spoken = Spoken(start=0, end=5, text="I don't want to see what this is. " * 6)
    assert [one.text for one in understood([(spoken, -0.3), *heard(-0.3)])] == [INAUDIBLE, "words 0"]


def test_some_stretches_that_are_hard_to_hear_do_not_make_it_another_language() -> None:
    assert [one.text for one in understood(heard(-0.3, -0.4, -1.5))] == ["words 0", "words 1", "words 2"]
    assert understood([]) == []
