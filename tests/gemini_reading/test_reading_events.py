"""What was done is found in screens that are drawn by what stands where."""

from dataclasses import dataclass

import pytest

from devstack.gemini_reading.event import Event, named
from devstack.gemini_reading.events import events
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Line
from tests.gemini_reading.screens import WIDTH, button, field, line, reading, screen

HEADER = line("Stockroom", 20, 10)
TITLE = line("New delivery", 80, 90, letter=18, height=36)
REST = [line(f"Shelf {letter} is full", 700, 200 + 40 * place) for place, letter in enumerate("ABCD")]
NAME, NAME_FIELD = line("Sender", 80, 210), field(280, 200)
SAVE, SAVE_BUTTON = line("Save delivery", 300, 408), button(280, 400)
PAGE = [HEADER, TITLE, NAME, SAVE, *REST]
CONTROLS = [NAME_FIELD, SAVE_BUTTON]


@dataclass(frozen=True)
class Short:
    """An event as a test compares it."""

    action: str
    target: str = ""
    value: str = ""


def short(found: list[Event]) -> list[Short]:
    return [
        Short(one.action, one.target.text if one.target else "", one.typed or one.pasted or one.selected or one.key)
        for one in found
    ]


def inside(text: str) -> Line:
    return line(text, 292, 208)


def test_text_that_grows_in_a_field_is_typed_into_it() -> None:
    found = events(
        reading(
            screen(0, PAGE, CONTROLS),
            *(
                screen(n, [*PAGE, inside("Harbour Ltd"[: 3 * n])], CONTROLS, changed=[NAME_FIELD.box])
                for n in (1, 2, 3)
            ),
            screen(4, [*PAGE, inside("Harbour Ltd")], CONTROLS, changed=[NAME_FIELD.box]),
        )
    )
    assert short(found)[1:] == [Short("CLICK", "Sender"), Short("TYPE", "Sender", "Harbour Ltd")]
    assert (found[2].second, found[2].until) == (1, 4)


def test_a_long_text_at_once_is_pasted() -> None:
    text = "Deliver to the back door, ring twice"
    found = events(reading(screen(0, PAGE, CONTROLS), screen(1, [*PAGE, inside(text)], CONTROLS)))
    assert Short("PASTE", "Sender", text) in short(found)


def test_dots_of_a_password_are_what_was_typed() -> None:
    page = [HEADER, TITLE, line("Password", 80, 210), SAVE, *REST]
    found = events(reading(screen(0, page, CONTROLS), screen(2, page, [field(280, 200, dots=8), SAVE_BUTTON])))
    assert Short("TYPE", "Password", "[password hidden]") in short(found)


def test_words_in_a_field_that_name_it_are_its_name_where_no_label_is() -> None:
    page = [HEADER, TITLE, SAVE, *REST]
    hint = line("Find a sender", 292, 208)
    found = events(
        reading(
            screen(0, [*page, hint], CONTROLS),
            screen(1, [*page, inside("Har")], CONTROLS, changed=[NAME_FIELD.box]),
        )
    )
    assert Short("TYPE", "Find a sender", "Har") in short(found)


def test_a_choice_from_a_list_is_one_value_of_the_field() -> None:
    lot = [line(text, 300, 250 + 30 * place) for place, text in enumerate(("Standard", "Express", "Pallet"))]
    found = events(
        reading(
            screen(0, [*PAGE, inside("Choose")], CONTROLS),
            screen(3, [*PAGE, inside("Choose"), *lot], CONTROLS, changed=[Box(280, 240, 680, 340)]),
            screen(5, [*PAGE, inside("Express")], CONTROLS, changed=[Box(280, 200, 680, 340)]),
        )
    )
    assert short(found)[1:] == [Short("CLICK", "Sender"), Short("CLICK", "Express", "Express")]


OTHER_PAGE = [
    HEADER,
    line("Deliveries of today", 80, 90, letter=18, height=36),
    *(line(f"Parcel {number} from the harbour", 80, 160 + 50 * number) for number in range(6)),
]


def test_the_button_under_the_pointer_opens_the_page() -> None:
    found = events(
        reading(
            screen(0, PAGE, CONTROLS),
            screen(4, OTHER_PAGE),
            pointers=[(0, 2, (1000, 600)), (3, 4, (350, 420))],
        )
    )
    assert short(found)[1:] == [Short("CLICK", "Save delivery"), Short("SCREEN_UPDATE")]
    assert "Deliveries of today" in found[1].after


def test_a_row_of_a_table_is_named_by_its_first_cell() -> None:
    rows = [
        line(text, left, 300 + 50 * row)
        for row, number in enumerate(("P-101", "P-102"))
        for text, left in ((number, 80), ("Harbour Ltd", 300), ("12 kg", 700))
    ]
    found = events(reading(screen(0, [HEADER, TITLE, *rows]), screen(4, OTHER_PAGE), pointers=[(2, 4, (330, 360))]))
    assert found[1].target is not None
    assert (found[1].target.kind, found[1].target.text) == ("table row", "P-102")


def test_without_a_pointer_the_button_that_is_named_in_speech_was_pressed() -> None:
    found = events(
        reading(screen(0, PAGE, CONTROLS), screen(4, OTHER_PAGE), spoken=[(1.0, 3.5, "Now I click save delivery.")])
    )
    assert Short("CLICK", "Save delivery") in short(found)


def test_a_page_that_opens_right_after_typing_was_opened_by_enter() -> None:
    found = events(
        reading(
            screen(0, PAGE, CONTROLS),
            screen(1, [*PAGE, inside("Harbour")], CONTROLS, changed=[NAME_FIELD.box]),
            screen(2, OTHER_PAGE),
        )
    )
    assert Short("KEYPRESS_ENTER", "", "ENTER") in short(found)


def test_where_nothing_tells_what_was_pressed_nothing_is_made_up() -> None:
    found = events(reading(screen(0, PAGE, CONTROLS), screen(9, OTHER_PAGE)))
    assert short(found)[1:] == [Short("SCREEN_UPDATE")]


DIALOG = [line("Really save?", 480, 300), line("The shelf is nearly full.", 480, 340), line("Yes, save it", 520, 408)]
DIALOG_BUTTON = button(500, 400)


@pytest.mark.parametrize("brightness", [230, 120], ids=["on a light page", "the page grows dark"])
def test_a_dialog_opens_and_closes(brightness: int) -> None:
    page = [HEADER, TITLE, NAME, SAVE, *[line(one.text, 900, one.box.top) for one in REST]]
    saved = line("Delivery 77 is saved", 900, 600)
    found = events(
        reading(
            screen(0, page, CONTROLS),
            screen(4, [*page, *DIALOG], [*CONTROLS, DIALOG_BUTTON], brightness=brightness),
            screen(8, [*page, saved], CONTROLS),
            pointers=[(3, 4, (350, 420)), (7, 8, (560, 420))],
        )
    )
    assert short(found)[1:] == [
        Short("CLICK", "Save delivery"),
        Short("MODAL_OPEN", "Really save?"),
        Short("CLICK", "Yes, save it"),
        Short("MODAL_CLOSE", "Really save?"),
    ]
    assert saved.text in found[-1].after


@pytest.mark.parametrize(("step", "action"), [(-120, "SCROLL_DOWN"), (90, "SCROLL_UP")])
def test_lines_that_move_together_were_scrolled(step: int, action: str) -> None:
    rows = [f"Parcel {letter} waits" for letter in "ABCDEFG"]
    before = [line(text, 80, 200 + 50 * place) for place, text in enumerate(rows)]
    after = [line(text, 80, 200 + 50 * place + step) for place, text in enumerate(rows)]
    assert short(events(reading(screen(0, [HEADER, *before]), screen(1, [HEADER, *after]))))[1:] == [Short(action)]


def test_one_line_that_moves_with_the_pointer_was_dragged() -> None:
    before = [*PAGE, line("Parcel 9", 100, 600)]
    after = [*PAGE, line("Parcel 9", 900, 500)]
    found = events(reading(screen(0, before, CONTROLS), screen(3, after, CONTROLS), pointers=[(3, 3, (940, 510))]))
    assert short(found)[1:] == [Short("DRAG_START", "Parcel 9"), Short("DRAG_END", "Parcel 9")]


def test_a_small_change_beside_words_under_the_pointer_ticks_them() -> None:
    page = [*PAGE, line("Fragile", 120, 500)]
    found = events(
        reading(
            screen(0, page, CONTROLS),
            screen(3, page, CONTROLS, changed=[Box(86, 502, 106, 522)]),
            pointers=[(0, 1, (700, 600)), (2, 3, (95, 512))],
        )
    )
    assert short(found)[1:] == [Short("CLICK", "Fragile")]


def test_where_the_pointer_is_elsewhere_nothing_was_ticked() -> None:
    page = [*PAGE, line("Fragile", 120, 500)]
    found = events(
        reading(
            screen(0, page, CONTROLS),
            screen(3, page, CONTROLS, changed=[Box(86, 502, 106, 522)]),
            pointers=[(0, 3, (1100, 690))],
        )
    )
    assert short(found)[1:] == []


def test_another_application_comes_to_the_front() -> None:
    other = [line("Letter box", 20, 10), *(line(f"Mail of customer {n}", 80, 100 + 50 * n) for n in range(6))]
    assert short(events(reading(screen(0, PAGE, CONTROLS), screen(4, other))))[1:] == [
        Short("OPEN_APPLICATION", "Letter box")
    ]


def test_a_message_that_appears_is_told_and_presses_nothing() -> None:
    found = events(
        reading(screen(0, PAGE, CONTROLS), screen(4, [*PAGE, line("Stock is counted at noon", 800, 640)], CONTROLS))
    )
    assert short(found)[1:] == [Short("SCREEN_UPDATE", "Stock is counted at noon")]


def test_the_pointer_that_rests_on_words_points_at_them() -> None:
    found = events(
        reading(
            screen(0, PAGE, CONTROLS),
            pointers=[(0, 2, (1200, 660)), (3, 7, (740, 212))],
        )
    )
    assert short(found)[1:] == [Short("MOUSE_MOVE_TO_REGION", "Shelf A is full")]


def test_a_slip_of_reading_is_no_event() -> None:
    slip = [one if one is not REST[0] else line("Shelf A isfull", 700, 200) for one in PAGE]
    assert (
        short(events(reading(screen(0, PAGE, CONTROLS), screen(2, slip, CONTROLS), screen(3, PAGE, CONTROLS))))[1:]
        == []
    )


def test_digits_that_read_otherwise_are_no_slip() -> None:
    before = [*PAGE, line("Parcels today: 1,240", 800, 640)]
    after = [*PAGE, line("Parcels today: 1,248", 800, 640)]
    found = events(reading(screen(0, before, CONTROLS), screen(2, after, CONTROLS), screen(3, before, CONTROLS)))
    assert [one.target for one in short(found)[1:]] == ["Parcels today: 1,248", "Parcels today: 1,240"]


def test_the_screen_is_as_wide_as_the_tests_think() -> None:
    assert all(one.box.right <= WIDTH for one in [*PAGE, *OTHER_PAGE, *DIALOG])


def test_what_a_page_says_in_a_sentence_comes_before_the_lines_that_tell_which_page_it_is() -> None:
    texts = [
        "Orders",
        "Filter",
        "Number",
        "Customer",
        "Amount",
        "The order SO-3101 was changed successfully.",
        "Save it.",
    ]
    lines = [Line(text=text, box=Box(100, 100 + 40 * place, 400, 120 + 40 * place)) for place, text in enumerate(texts)]
    assert named(lines, 720) == ["The order SO-3101 was changed successfully.", "Orders", "Filter", "Number"]
