"""Words for actions in the spellings that models use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import ActionType, dump_transcript, parse_item
from runops_worker.transcription.answer.actions import ASKED_ACTIONS, DRAG, action_of, key_name
from runops_worker.transcription.answer.read_answer import read_answer
from tests.worker.pure.answers import VISUAL


@pytest.mark.parametrize("word", [*ActionType, "SCROLL_UP", "SCROLL_TO_TOP", "KEYPRESS_ENTER", "KEYPRESS_CTRL+S"])
def test_an_agreed_word_stays_as_it_is(word: str) -> None:
    action = action_of(word)
    assert action is not None
    assert (action.word, action.note) == (word, "")


@pytest.mark.parametrize(
    ("written", "word"),
    [
        *(
            (word, "CLICK")
            for word in ("click", "Click", " CLICK ", "LEFT_CLICK", "clicked", "ActionType.CLICK", "CLICK.")
        ),
        *((word, "TYPE") for word in ("TYPING", "type text", "Input", "TEXT_INPUT", "enter_text", "TYPE_ACTION")),
        *((word, "MOUSE_MOVE_TO_REGION") for word in ("HOVER", "mouse-hover", "MOUSE_MOVE", "Mouse Move To Region")),
        *((word, "SCROLL_UNKNOWN") for word in ("SCROLL", "scrolling", "MOUSE_WHEEL")),
        *((word, "SCROLL_DOWN") for word in ("Scroll Down", "SCROLLDOWN", "scrolling down", "SCROLL-DOWN")),
        *((word, "DRAG_END") for word in ("DROP", "drag end", "END_DRAG")),
        *((word, DRAG) for word in ("DRAG", "drag_and_drop", "Dragging")),
        *((word, "OPEN_APPLICATION") for word in ("LAUNCH_APP", "switch window", "APPLICATION_SWITCH")),
        *((word, "MODAL_OPEN") for word in ("DIALOG_OPEN", "open menu", "POPUP")),
        *((word, "SCREEN_UPDATE") for word in ("PAGE_LOAD", "loading", "WAIT", "NONE")),
        ("NAVIGATE", "NAVIGATE_URL"),
        ("navigateUrl", "NAVIGATE_URL"),
        ("screenUpdate", "SCREEN_UPDATE"),
        ("ENTER_URL", "NAVIGATE_URL"),
        ("MOUSE_WHEEL_DOWN", "SCROLL_DOWN"),
        ("Scrollbar left", "SCROLL_LEFT"),
        ("Scrollbar right", "SCROLL_RIGHT"),
        ("WHEEL UP FAST", "SCROLL_UP"),
        ("点击", "CLICK"),
        ("クリック", "CLICK"),
        ("输入", "TYPE"),
        ("Eingabe", "TYPE"),
        ("TAB_SWITCH", "SWITCH_TAB"),
        ("SCROLL_DOWN_2X", "SCROLL_DOWN_X"),
        ("SCROLL_2_DOWN", "SCROLL_DOWN"),
        ("MOUSE_SCROLL_DOWN", "SCROLL_DOWN"),
        ("WHEEL_SCROLL", "SCROLL_UNKNOWN"),
        ("ACTION_CLICK", "CLICK"),
        ("CLICK_EVENT", "CLICK"),
        ("(click)", "CLICK"),
    ],
)
def test_another_word_for_an_action(written: str, word: str) -> None:
    action = action_of(written)
    assert action is not None
    assert (action.word, action.note) == (word, "")


@pytest.mark.parametrize(
    ("written", "word", "note"),
    [
        ("DOUBLE_CLICK", "CLICK", "Double click."),
        ("doubleClick", "CLICK", "Double click."),
        ("double-click", "CLICK", "Double click."),
        ("双击", "CLICK", "Double click."),
        ("SAVE", "CLICK", "Save."),
        ("File download", "CLICK", "File download."),
        ("Press and hold", "CLICK", "Click and hold."),
        ("Clicked Save", "CLICK", "Clicked save."),
        ("PRESS SAVE BUTTON", "CLICK", "Press save button."),
        ("CHECKBOX_TOGGLE", "CLICK", "Checkbox toggle."),
        ("CMD+CLICK", "CLICK", "Click with Cmd held."),
        ("PAGE_NAVIGATE", "NAVIGATE_URL", "Page navigate."),
        ("right click", "CLICK", "Right click."),
        ("COPY", "SELECT_TEXT", "Copied."),
        ("MENU_SELECT", "CLICK", "Menu select."),
        ("Click on button", "CLICK", "Click on button."),
        ("LEFT_MOUSE_CLICK", "CLICK", "Left mouse click."),
        ("TYPE_PASSWORD", "TYPE", "Type password."),
        ("HOVER_ELEMENT", "MOUSE_MOVE_TO_REGION", "Hover element."),
        ("CURSOR_MOVEMENT", "MOUSE_MOVE_TO_REGION", "Cursor movement."),
        ("WINDOW_FOCUS", "VISUAL_FOCUS_SHIFT", "Window focus."),
        ("MODAL_DISMISS", "MODAL_CLOSE", "Modal dismiss."),
        ("SCREEN_TRANSITION", "SCREEN_UPDATE", "Screen transition."),
        ("UNKNOWN", "SCREEN_UPDATE", "Unknown."),
        ("SWIPE", "SCROLL_UNKNOWN", "Swipe."),
        ("NEW_TAB", "SWITCH_TAB", "New tab."),
        ("CLICK, TYPE", "CLICK", "Then: type."),
        ("RIGHT_CLICK and TYPE", "CLICK", "Right click. Then: type."),
    ],
)
def test_what_a_narrower_word_says_besides_is_kept(written: str, word: str, note: str) -> None:
    action = action_of(written)
    assert action is not None
    assert (action.word, action.note) == (word, note)
    answer = read_answer(json.dumps([{**VISUAL, "action_type_observed": written}]), length=60)
    assert [item["screen_region_description_post_action"] for item in dump_transcript(answer.items)] == [
        f"{note} After."
    ]


@pytest.mark.parametrize(
    ("written", "key", "name"),
    [
        ("KEYPRESS", "ENTER", "ENTER"),
        ("KEYPRESS", "ctrl + s", "CTRL+S"),
        ("KEYPRESS", "KEYPRESS_ENTER", "ENTER"),
        ("KEYPRESS", None, "UNKNOWN"),
        ("KEYPRESS", "", "UNKNOWN"),
        ("KEYPRESS_Enter", None, "ENTER"),
        ("KEYPRESS_Return", None, "ENTER"),
        ("KEYPRESS_CTRL + S", None, "CTRL+S"),
        ("KEYPRESS_Ctrl+Shift+P", None, "CTRL+SHIFT+P"),
        ("KEYPRESS CTRL S", None, "CTRL+S"),
        ("KEYPRESS-ENTER", None, "ENTER"),
        ("KEYPRESS: Enter", None, "ENTER"),
        ("KEYPRESS(ENTER)", None, "ENTER"),
        ("KEY_PRESS_ENTER", None, "ENTER"),
        ("keyPress Enter", None, "ENTER"),
        ("PRESS_KEY", None, "UNKNOWN"),
        ("PRESS_KEY", "TAB", "TAB"),
        ("KEYPRESS( )", "TAB", "TAB"),
        ("PRESS_ENTER", None, "ENTER"),
        ("KEYDOWN_ENTER", None, "ENTER"),
        ("KEYBOARD_SHORTCUT_CTRL+C", None, "CTRL+C"),
        ("HOTKEY: Cmd+C", None, "CMD+C"),
        ("CTRL + S", None, "CTRL+S"),
        ("`Ctrl+S`", None, "CTRL+S"),
        ("press the Page Down key", None, "PAGE_DOWN"),
        ("CTRL + +", None, "CTRL++"),
        ("Ctrl_S", None, "CTRL+S"),
        ("Strg+C", None, "CTRL+C"),
        ("ENTER", None, "ENTER"),
        ("Esc", None, "ESCAPE"),
        ("KEYPRESS_page down", None, "PAGE_DOWN"),
        ("KEYPRESS_Arrow Down", None, "ARROW_DOWN"),
        ("KEYPRESS_\u2318s", None, "CMD+S"),
        ("KEYPRESS", "\u21e7\u2318+T", "SHIFT+CMD+T"),
        ("KEYPRESS", "\u21b5", "ENTER"),
        ("\u2318 C", None, "CMD+C"),
        ("\u2193", None, "ARROW_DOWN"),
        *((f"ALT{sign}TAB", None, "ALT+TAB") for sign in "-_ +"),
        ("Ctrl-Shift-T", None, "CTRL+SHIFT+T"),
        ("CTRL ALT DEL", None, "CTRL+ALT+DELETE"),
        ("SHIFT_F10", None, "SHIFT+F10"),
        ("WIN_R", None, "WIN+R"),
        ("Strg-C", None, "CTRL+C"),
        ("CTRL PAGE DOWN", None, "CTRL+PAGE_DOWN"),
        ("enter key", None, "ENTER"),
        ("press the Enter key", None, "ENTER"),
        ("Hit Enter", None, "ENTER"),
        ("hold shift", None, "SHIFT"),
        ("WINDOWS_KEY", None, "WIN"),
        ("PgDn", None, "PAGE_DOWN"),
        ("KEYPRESS_" + "x" * 60, None, "X" * 40),
    ],
)
def test_keys(written: str, key: str | None, name: str) -> None:
    action = action_of(written, key=key)
    assert action is not None
    assert action.word == f"KEYPRESS_{name}"
    assert action_of(action.word) == action


def test_the_key_of_a_field_of_its_own_is_that_of_the_first_of_several_actions() -> None:
    action = action_of("KEY_PRESS, CLICK", key="tab")
    assert action is not None
    assert (action.word, action.note) == ("KEYPRESS_TAB", "Then: click.")


@pytest.mark.parametrize(
    ("written", "word", "note"),
    [
        ("KEYPRESS_Ctrl+C, Ctrl+V", "KEYPRESS_CTRL+C", "Then: ctrl+v."),
        ("press Enter and click", "KEYPRESS_ENTER", "Then: click."),
        ("KEYPRESS: ,", "KEYPRESS_,", ""),
        ("KEYPRESS: , then CLICK", "KEYPRESS_UNKNOWN", "Then: click."),
    ],
)
def test_what_follows_a_key_is_no_part_of_its_name(written: str, word: str, note: str) -> None:
    action = action_of(written)
    assert action is not None
    assert (action.word, action.note) == (word, note)


def test_a_drag_of_something_is_a_whole_drag() -> None:
    action = action_of("DRAG_FILE")
    assert action is not None
    assert (action.word, action.note) == (DRAG, "Drag file.")


@pytest.mark.parametrize(
    "written",
    ["DANCE", "", "42", "OPEN", "x" * 200, "DANCE, CLICK", "CONTROL_PANEL", "ALT_TEXT", "WINDOWS", "SHIFT WORK"],
)
def test_an_unknown_word_is_not_guessed(written: str) -> None:
    assert action_of(written) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("KEYPRESS(ENTER)", "ENTER"),
        ("key: [Enter]", "ENTER"),
        ("Page-Down", "PAGE_DOWN"),
        ("ctrl+page down", "CTRL+PAGE_DOWN"),
        ("control alt del", "CTRL+ALT+DELETE"),
        ("Strg-Umschalt", "CTRL+SHIFT"),
        ("\u2318\u2318", "CMD+CMD"),
        ("\u2318", "CMD"),
        ("the key", "THE_KEY"),
        ("hit it", "HIT_IT"),
        ("ctrl -", "CTRL_"),
        ("Ctrl--", "CTRL_"),
        ("up arrow", "ARROW_UP"),
        ("some key", "SOME_KEY"),
        ("+", "+"),
        ("a", "A"),
        ("Ctrl -", "CTRL_"),
        (" ) ", "UNKNOWN"),
        ("x" * 50, "X" * 40),
    ],
)
def test_the_name_of_a_key(written: str, name: str) -> None:
    assert key_name(written) == name


@given(st.text(max_size=60) | st.sampled_from(ASKED_ACTIONS), st.none() | st.text(max_size=60))
def test_every_action_that_is_read_is_an_agreed_one(written: str, key: str | None) -> None:
    action = action_of(written, key=key)
    if action is not None and action.word != DRAG:
        parse_item({**VISUAL, "action_type_observed": action.word})
        assert action_of(action.word) == type(action)(action.word)


@given(st.text(max_size=60))
def test_the_name_of_a_key_is_always_valid(written: str) -> None:
    parse_item({**VISUAL, "action_type_observed": f"KEYPRESS_{key_name(written)}"})
