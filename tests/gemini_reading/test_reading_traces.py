"""What is pressed, typed and dragged is told by what it leaves on the screen: drawn by what stands where."""

import pytest

from devstack.gemini_reading.event import Event
from devstack.gemini_reading.events import events
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import has_address_bar
from devstack.gemini_reading.recording import Control, Line
from devstack.gemini_reading.sop.narration import question_of, told_check
from devstack.gemini_reading.sop.procedure import read_procedure
from devstack.gemini_reading.steady_controls import steady_controls
from tests.gemini_reading.screens import button, field, line, reading, screen

HEADER = line("Stockroom", 20, 10, letter=14, height=34)
TITLE = line("New delivery", 80, 120, letter=18, height=40)
REST = [line(f"Shelf {name} is full", 80, 460 + 40 * place) for place, name in enumerate("ABCDE")]
PAGE = [HEADER, TITLE, *REST]
LIGHT = (236, 236, 236)


def done(found: list[Event]) -> list[tuple[str, str, str]]:
    """Return action, target and value of what was done."""
    return [
        (one.action, one.target.text if one.target is not None else "", one.typed or one.pasted or one.selected)
        for one in found
        if one.action not in {"SCREEN_UPDATE", "MOUSE_MOVE_TO_REGION"}
    ]


def pointer_sized(left: int, top: int) -> Box:
    return Box(left, top, left + 13, top + 19)


def test_a_small_change_on_words_right_before_something_comes_is_the_pointer_that_presses_them() -> None:
    page = [*PAGE, line("Take stock", 400, 300)]
    screens = [
        screen(0, page),
        screen(3, page, changed=[pointer_sized(440, 304)]),
        screen(4, [*page, line("Stock was taken", 700, 300)], changed=[Box(700, 300, 864, 324)]),
    ]
    assert ("CLICK", "Take stock", "") in done(events(reading(*screens)))
    without = [screens[0], screens[2]]
    assert done(events(reading(*without))) == []


def test_a_field_that_is_drawn_anew_all_around_gets_the_focus() -> None:
    page, controls = [*PAGE, line("Name", 80, 210), line("Town", 80, 310)], [field(280, 200), field(280, 300)]
    typed = [*page, line("Ana", 290, 208)]
    ring = Box(278, 298, 682, 342)
    lost = Box(278, 198, 682, 242)
    screens = [
        screen(0, page, controls),
        screen(2, typed, controls, changed=[Box(290, 208, 330, 232)]),
        screen(9, typed, controls, changed=[lost, ring]),
    ]
    found = done(events(reading(*screens)))
    assert found == [("CLICK", "Name", ""), ("TYPE", "Name", "Ana"), ("CLICK", "Town", "")]


def test_the_focus_that_moves_while_the_pointer_rests_elsewhere_moved_by_tab() -> None:
    page, controls = [*PAGE, line("Name", 80, 210), line("Town", 80, 310)], [field(280, 200), field(280, 300)]
    typed = [*page, line("Ana", 290, 208)]
    screens = [
        screen(0, page, controls),
        screen(2, typed, controls, changed=[Box(290, 208, 330, 232)]),
        screen(9, typed, controls, changed=[Box(278, 198, 682, 242), Box(278, 298, 682, 342)]),
    ]
    found = events(reading(*screens, pointers=[(0, 12, (400, 220))]))
    assert [one.key for one in found if one.key] == ["TAB"]


def test_what_is_dragged_is_let_go_at_what_was_there() -> None:
    page = [*PAGE, line("Early", 700, 210), line("free", 900, 210), line("Ana", 300, 120)]
    after = [*PAGE, line("Early", 700, 210), line("Ana", 905, 210)]
    screens = [screen(0, page), screen(3, after, changed=[Box(300, 120, 344, 144), Box(900, 210, 954, 234)])]
    found = done(events(reading(*screens, pointers=[(3, 5, (915, 222))])))
    assert found == [("DRAG_START", "Ana", ""), ("DRAG_END", "free", "")]


def test_a_suggestion_with_the_same_words_is_not_dragged() -> None:
    page = [*PAGE, line("ana@north", 300, 220)]
    after = [*PAGE, line("ana@nort", 300, 220), line("ana@north", 420, 270)]
    screens = [screen(0, page), screen(3, after, changed=[Box(300, 220, 540, 300)])]
    found = done(events(reading(*screens, pointers=[(0, 5, (430, 280))])))
    assert not any(action.startswith("DRAG") for action, _, _ in found)


def test_a_choice_that_the_pointer_never_came_to_was_taken_by_keys() -> None:
    page, controls = [*PAGE, line("Kind", 80, 210), line("Small", 290, 208)], [field(280, 200)]
    open_list = [*page, *(line(text, 290, 250 + 30 * place) for place, text in enumerate(["Small", "Large", "Huge"]))]
    chosen = [*PAGE, line("Kind", 80, 210), line("Huge", 290, 208)]
    screens = [
        screen(0, page, controls),
        screen(4, open_list, controls, changed=[Box(280, 240, 680, 340)]),
        screen(6, chosen, controls, changed=[Box(280, 200, 680, 340)]),
    ]
    keys = [one.key for one in events(reading(*screens, pointers=[(3, 8, (400, 220))])) if one.key]
    assert keys == ["DOWN", "DOWN"]
    moved = events(reading(*screens, pointers=[(3, 4, (700, 320)), (5, 8, (300, 318))]))
    assert [one.key for one in moved if one.key] == []


def test_what_is_pasted_was_marked_and_copied_before() -> None:
    number, rest = line("KV-558-2093", 300, 220), [*PAGE, line("Contract", 80, 220)]
    there = line("KV-558-2093", 700, 400)
    screens = [
        screen(0, [*rest, number]),
        screen(3, [*rest, number], changed=[Box(302, 220, 420, 244)]),
        screen(8, [*rest, number, there], changed=[Box(700, 400, 824, 424)]),
    ]
    found = events(reading(*screens))
    assert [one.key for one in found if one.key] == ["CTRL+C"]
    assert [(one.action, one.pasted) for one in found if one.action in {"SELECT_TEXT", "PASTE"}] == [
        ("SELECT_TEXT", ""),
        ("PASTE", "KV-558-2093"),
    ]


@pytest.mark.parametrize(("said", "key"), [("I press control S.", "CTRL+S"), ("And I press enter.", "ENTER")])
def test_a_key_that_is_told_while_the_screen_changes_was_pressed(said: str, key: str) -> None:
    screens = [screen(0, PAGE), screen(4, [*PAGE, line("All was stored", 700, 300)], changed=[Box(700, 300, 854, 324)])]
    assert [one.key for one in events(reading(*screens, spoken=[(2.5, 4.0, said)])) if one.key] == [key]
    assert [one.key for one in events(reading(*screens, spoken=[(2.5, 4.0, "All is well.")])) if one.key] == []


def test_repeated_words_do_not_hide_how_far_a_page_scrolled() -> None:
    rows = [line("Add" if place % 2 else f"Row {place}", 80, 160 + 60 * place) for place in range(8)]
    after = [one.model_copy(update={"box": Box(one.box.left, one.box.top - 90, one.box.right, one.box.bottom - 90)})
             for one in rows]  # fmt: skip
    found = done(events(reading(screen(0, [HEADER, *rows]), screen(1, [HEADER, *after[1:]]))))
    assert found == [("SCROLL_DOWN", "", "")]


def test_words_in_the_middle_make_a_button_and_words_at_the_left_a_field() -> None:
    grey = Control(kind="field", box=Box(100, 200, 260, 240), fill=LIGHT, around=LIGHT)
    white = Control(kind="button", box=Box(400, 200, 800, 240), fill=(255, 255, 255), around=LIGHT)
    words = [line("Run now", 135, 208), line("04/2026", 410, 208)]
    (found,) = steady_controls([screen(0, words, [grey, white])])
    assert [one.kind for one in found.controls] == ["button", "field"]


def test_a_button_under_the_pointer_is_still_there_while_its_words_are() -> None:
    words: list[Line] = [*PAGE, line("Save", 350, 308)]
    screens = steady_controls([screen(0, words, [button(300, 300)]), screen(1, words), screen(2, PAGE)])
    assert [len(one.controls) for one in screens] == [1, 1, 0]


def test_an_address_beside_other_words_is_an_address() -> None:
    assert has_address_bar(screen(0, [line("Not secure office.example/users", 100, 50)]), height=720)
    assert not has_address_bar(screen(0, [line("Version 2.1 of the list", 100, 50)]), height=720)


def test_what_somebody_finds_on_the_screen_is_a_check() -> None:
    assert told_check("The message says that the order was sent.") == "Check that the order was sent"
    assert told_check("The order has a number, so it is known.") == "Check that the order has a number"
    assert told_check("The order is urgent, so I call them.") == ""


def test_a_condition_becomes_a_question_with_its_own_verb() -> None:
    assert question_of("the page shows an error") == "Does the page show an error?"
    assert question_of("they're above 50 dollars") == "Are they above 50 dollars?"


def seen(at: str, action: str, target: str, **more: object) -> dict[str, object]:
    return {
        "timestamp_start_visual": at,
        "action_type_observed": action,
        "application_in_focus": "Roster",
        "target_element_details": {"element_type_guess": "text", "element_visible_text": target},
        **more,
    }


def test_a_drag_is_one_step_with_both_ends_and_a_shortcut_says_what_it_does() -> None:
    items = [
        seen("00:00:04", "DRAG_START", "Ana"),
        seen("00:00:05", "DRAG_END", "Early shift"),
        seen("00:00:09", "KEYPRESS", "", key_pressed="CTRL+S"),
    ]
    labels = [node["label"] for node in read_procedure(items)["public"]["nodes"] if node["type"] == "task"]
    assert labels == ['Drag "Ana" to "Early shift"', "Save with Ctrl+S"]
