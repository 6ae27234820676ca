"""Reads the word for an action, in the spellings that models use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runops.transcript import ActionType

__all__ = ["ASKED_ACTIONS", "DRAG", "KEYPRESS", "UNKNOWN_KEY", "Action", "action_of", "is_key", "key_name"]

KEYPRESS = "KEYPRESS"
DRAG = "DRAG"
"""A whole drag in one word; the transcript has an item for its start and one for its end."""

ASKED_ACTIONS = (
    *(action.value for action in ActionType),
    *("SCROLL_UP", "SCROLL_DOWN", "SCROLL_LEFT", "SCROLL_RIGHT"),
    KEYPRESS,
)
"""The words of the schema. For `KEYPRESS` the key is in a field of its own: a list of all keys would be too long."""

_LONGEST_KEY = 40
_UNKNOWN = "UNKNOWN"
UNKNOWN_KEY = f"KEYPRESS_{_UNKNOWN}"
"""A key was pressed, and the answer does not say which."""
_AGREED = re.compile(r"KEYPRESS_[^\sa-z]{1,40}|SCROLL_[A-Z_]{1,40}")
_WORDS = frozenset(action.value for action in ActionType)

_SAME: Mapping[str, tuple[str, ...]] = {
    "CLICK": (
        *("LEFT_CLICK", "SINGLE_CLICK", "MOUSE_CLICK", "BUTTON_CLICK", "LINK_CLICK", "CLICK_BUTTON", "CLICK_LINK"),
        *("CLICKED", "CLICKING", "CLICKS", "CLICK_ELEMENT", "TAP", "PRESS", "PRESS_BUTTON", "MOUSE_DOWN", "LEFTCLICK"),
        *(
            "MOUSEDOWN",
            "KLICK",
            "KLICKEN",
            "CLIC",
            "CLIQUER",
            "CLICCA",
            "CLICAR",
            "KLIK",
            "КЛИК",
            "点击",
            "单击",
            "クリック",
            "클릭",
        ),
    ),
    "TYPE": (
        *("TYPING", "TYPED", "TYPES", "TYPE_TEXT", "TYPE_IN", "TEXT_INPUT", "INPUT", "INPUT_TEXT", "ENTER_TEXT"),
        *("TEXT_ENTRY", "DATA_ENTRY", "DATA_INPUT", "WRITE", "FILL", "FILL_IN", "KEYBOARD_INPUT", "TYPE_CHARACTERS"),
        *("ENTER_VALUE", "ENTER_DATA", "TIPPEN", "EINGABE", "EINGEBEN", "SAISIE", "SAISIR", "ESCRIBIR", "DIGITARE"),
        *("DIGITAR", "ВВОД", "输入", "入力", "입력"),
    ),
    "PASTE": ("PASTED", "PASTING", "PASTE_TEXT", "TEXT_PASTE"),
    "MOUSE_MOVE_TO_REGION": (
        *("HOVER", "HOVERING", "HOVERED", "HOVER_OVER", "MOUSE_HOVER", "MOUSE_OVER", "MOUSEOVER", "MOUSE_MOVE"),
        *("MOVE_MOUSE", "MOUSE_MOVEMENT", "CURSOR_MOVE", "MOVE_CURSOR", "POINTER_MOVE", "POINT", "MOVE", "DRAG_MOVE"),
    ),
    "DRAG_START": ("START_DRAG", "DRAG_BEGIN", "BEGIN_DRAG", "PICK_UP"),
    "DRAG_END": ("END_DRAG", "DROP", "DRAG_STOP", "DRAG_RELEASE"),
    DRAG: ("DRAGGING", "DRAGGED", "DRAG_AND_DROP", "DRAG_DROP", "DRAGANDDROP", "CLICK_AND_DRAG"),
    "SELECT_TEXT": ("TEXT_SELECT", "TEXT_SELECTION", "TEXT_SELECTED", "SELECTING_TEXT", "MARK_TEXT"),
    "HIGHLIGHT_TEXT": ("HIGHLIGHT", "TEXT_HIGHLIGHT", "HIGHLIGHTING", "HIGHLIGHTED"),
    "NAVIGATE_URL": (
        *("NAVIGATE", "NAVIGATION", "NAVIGATE_TO_URL", "NAVIGATE_TO", "URL_NAVIGATION", "PAGE_NAVIGATION", "OPEN_URL"),
        *("GO_TO_URL", "GOTO", "OPEN_PAGE", "VISIT_URL", "BROWSE", "NAVIGATION_URL", "ENTER_URL", "URL_ENTERED"),
    ),
    "SWITCH_TAB": ("TAB_SWITCH", "SWITCH_TABS", "CHANGE_TAB", "TAB_CHANGE", "SELECT_TAB", "BROWSER_TAB_SWITCH"),
    "OPEN_APPLICATION": (
        *("OPEN_APP", "APPLICATION_OPEN", "APP_OPEN", "LAUNCH_APPLICATION", "LAUNCH_APP", "START_APPLICATION"),
        *("SWITCH_APPLICATION", "SWITCH_APP", "APPLICATION_SWITCH", "APP_SWITCH", "SWITCH_WINDOW", "WINDOW_SWITCH"),
        *("WINDOW_OPEN", "OPEN_WINDOW", "NEW_WINDOW"),
    ),
    "WINDOW_RESIZE": ("RESIZE", "RESIZE_WINDOW", "WINDOW_MOVE", "MOVE_WINDOW"),
    "MODAL_OPEN": (
        *("OPEN_MODAL", "MODAL_OPENED", "DIALOG_OPEN", "OPEN_DIALOG", "POPUP_OPEN", "OPEN_POPUP", "POPUP"),
        *("MENU_OPEN", "OPEN_MENU", "DROPDOWN_OPEN", "OPEN_DROPDOWN", "NOTIFICATION", "MODAL_APPEAR"),
    ),
    "MODAL_CLOSE": (
        *("CLOSE_MODAL", "MODAL_CLOSED", "DIALOG_CLOSE", "CLOSE_DIALOG", "POPUP_CLOSE", "CLOSE_POPUP"),
        *("MENU_CLOSE", "CLOSE_MENU", "DROPDOWN_CLOSE", "CLOSE_DROPDOWN", "DISMISS"),
    ),
    "VISUAL_FOCUS_SHIFT": (
        *("FOCUS_SHIFT", "FOCUS", "FOCUS_CHANGE", "VISUAL_FOCUS", "VISUAL_FOCUS_CHANGE", "ATTENTION_SHIFT", "LOOK"),
    ),
    "SCREEN_UPDATE": (
        *("SCREEN_UPDATED", "SCREEN_CHANGE", "UPDATE", "UI_UPDATE", "PAGE_UPDATE", "PAGE_LOAD", "PAGE_LOADED"),
        *("LOAD", "LOADING", "SCREEN_LOAD", "CONTENT_UPDATE", "DISPLAY_UPDATE", "WAIT", "IDLE", "NO_ACTION", "NONE"),
        *("NOTHING", "PAUSE", "STATIC", "STATIC_SCREEN", "NO_CHANGE", "ANIMATION", "APPEAR", "DISAPPEAR", "DISPLAY"),
    ),
    "SCROLL_UNKNOWN": (
        "SCROLL",
        "SCROLLING",
        "SCROLLED",
        "SCROLL_PAGE",
        "MOUSE_WHEEL",
        "MOUSE_SCROLL",
        "PAGE_SCROLL",
        "SCROLLEN",
        "滚动",
        "スクロール",
        "스크롤",
    ),
    "SCROLL_UP": ("SCROLLUP", "SCROLLING_UP", "SCROLLED_UP", "SWIPE_DOWN", "WHEEL_UP"),
    "SCROLL_DOWN": ("SCROLLDOWN", "SCROLLING_DOWN", "SCROLLED_DOWN", "SWIPE_UP", "WHEEL_DOWN"),
    "SCROLL_LEFT": ("SCROLLLEFT", "SCROLLING_LEFT", "SWIPE_RIGHT"),
    "SCROLL_RIGHT": ("SCROLLRIGHT", "SCROLLING_RIGHT", "SWIPE_LEFT"),
}
"""Other words for the same."""

_CLICKED_WORDS = (
    *("SAVE", "SAVE_FILE", "DOWNLOAD", "DOWNLOAD_FILE", "FILE_DOWNLOAD", "UPLOAD", "PRINT", "EXPORT", "IMPORT", "UNDO"),
    *("REDO", "LOGIN", "LOG_IN", "SIGN_IN", "LOGOUT", "LOG_OUT", "SIGN_OUT", "EXPAND", "COLLAPSE", "OPEN_FILE"),
    *("FILE_OPEN", "OPEN_FOLDER", "OPEN_LINK", "OPEN_DOCUMENT", "CLOSE_FILE", "CONFIRM", "CANCEL", "APPLY"),
)
"""What is mostly done with a click."""

_NARROWER: Mapping[str, tuple[str, str]] = {
    "DOUBLE_CLICK": ("CLICK", "Double click."),
    "DOUBLECLICK": ("CLICK", "Double click."),
    "DBLCLICK": ("CLICK", "Double click."),
    "DOUBLE_TAP": ("CLICK", "Double click."),
    "DOPPELKLICK": ("CLICK", "Double click."),
    "双击": ("CLICK", "Double click."),
    "ダブルクリック": ("CLICK", "Double click."),
    "TRIPLE_CLICK": ("CLICK", "Triple click."),
    "RIGHT_CLICK": ("CLICK", "Right click."),
    "RIGHTCLICK": ("CLICK", "Right click."),
    "CONTEXT_CLICK": ("CLICK", "Right click."),
    "RECHTSKLICK": ("CLICK", "Right click."),
    "右键单击": ("CLICK", "Right click."),
    "右クリック": ("CLICK", "Right click."),
    "MIDDLE_CLICK": ("CLICK", "Middle click."),
    "LONG_PRESS": ("CLICK", "Long press."),
    "CLICK_AND_HOLD": ("CLICK", "Click and hold."),
    "PRESS_AND_HOLD": ("CLICK", "Click and hold."),
    "CTRL_CLICK": ("CLICK", "Click with Ctrl held."),
    "SHIFT_CLICK": ("CLICK", "Click with Shift held."),
    "SELECT": ("CLICK", "Selected."),
    "SELECT_OPTION": ("CLICK", "Option selected."),
    "SELECT_ITEM": ("CLICK", "Item selected."),
    "DROPDOWN_SELECT": ("CLICK", "Option selected."),
    "CHOOSE": ("CLICK", "Selected."),
    "CHECK": ("CLICK", "Checked."),
    "UNCHECK": ("CLICK", "Unchecked."),
    "TOGGLE": ("CLICK", "Toggled."),
    "SUBMIT": ("CLICK", "Submitted."),
    "UPLOAD_FILE": ("CLICK", "File upload."),
    "FILE_UPLOAD": ("CLICK", "File upload."),
    "DELETE_TEXT": ("TYPE", "Text deleted."),
    "CLEAR": ("TYPE", "Text deleted."),
    "EDIT": ("TYPE", "Edited."),
    "COPY": ("SELECT_TEXT", "Copied."),
    "COPY_TEXT": ("SELECT_TEXT", "Copied."),
    "CUT": ("SELECT_TEXT", "Cut."),
    "SELECT_ALL": ("SELECT_TEXT", "All selected."),
    "REFRESH": ("NAVIGATE_URL", "Page loaded again."),
    "RELOAD": ("NAVIGATE_URL", "Page loaded again."),
    "GO_BACK": ("NAVIGATE_URL", "Back to the page before."),
    "NAVIGATE_BACK": ("NAVIGATE_URL", "Back to the page before."),
    "OPEN_TAB": ("SWITCH_TAB", "New tab."),
    "NEW_TAB": ("SWITCH_TAB", "New tab."),
    "OPEN_NEW_TAB": ("SWITCH_TAB", "New tab."),
    "CLOSE_TAB": ("SWITCH_TAB", "Tab closed."),
    "CLOSE_APPLICATION": ("SCREEN_UPDATE", "Application closed."),
    "CLOSE_WINDOW": ("SCREEN_UPDATE", "Window closed."),
    "WINDOW_CLOSE": ("SCREEN_UPDATE", "Window closed."),
    "MINIMIZE_WINDOW": ("WINDOW_RESIZE", "Window minimised."),
    "WINDOW_MINIMIZE": ("WINDOW_RESIZE", "Window minimised."),
    "MAXIMIZE_WINDOW": ("WINDOW_RESIZE", "Window maximised."),
    "WINDOW_MAXIMIZE": ("WINDOW_RESIZE", "Window maximised."),
    "MINIMIZE": ("WINDOW_RESIZE", "Window minimised."),
    "MAXIMIZE": ("WINDOW_RESIZE", "Window maximised."),
    "ZOOM": ("VISUAL_FOCUS_SHIFT", "Zoomed."),
    "ZOOM_IN": ("VISUAL_FOCUS_SHIFT", "Zoomed in."),
    "ZOOM_OUT": ("VISUAL_FOCUS_SHIFT", "Zoomed out."),
    "SWIPE": (f"SCROLL_{_UNKNOWN}", "Swipe."),
    "PINCH": ("VISUAL_FOCUS_SHIFT", "Pinch."),
    "SUBMIT_FORM": ("CLICK", "Submitted."),
    "CHECK_BOX": ("CLICK", "Checked."),
    "CMD_CLICK": ("CLICK", "Click with Cmd held."),
    "COMMAND_CLICK": ("CLICK", "Click with Cmd held."),
    "ALT_CLICK": ("CLICK", "Click with Alt held."),
    "FULLSCREEN": ("WINDOW_RESIZE", "Full screen."),
    "MINIMISE": ("WINDOW_RESIZE", "Window minimised."),
    "MAXIMISE": ("WINDOW_RESIZE", "Window maximised."),
    "RESTORE_WINDOW": ("WINDOW_RESIZE", "Window restored."),
    "BROWSER_BACK": ("NAVIGATE_URL", "Back to the page before."),
    "GO_FORWARD": ("NAVIGATE_URL", "On to the next page."),
    "BROWSER_FORWARD": ("NAVIGATE_URL", "On to the next page."),
    **{word: ("CLICK", f"{word.replace('_', ' ').capitalize()}.") for word in _CLICKED_WORDS},
}
"""Words that say more than the word of the list. What they say besides goes into the description."""

_CONTAINED = (
    *((word, DRAG) for word in ("DRAG", "DRAGGED", "DRAGGING")),
    *((word, "CLICK") for word in ("CLICK", "CLICKED", "CLICKING", "DOPPELKLICK", "KLICK", "CLIC", "TAP", "SELECT")),
    *((word, "CLICK") for word in ("SELECTED", "BUTTON", "CHECKBOX", "TOGGLE")),
    *((word, "TYPE") for word in ("TYPE", "TYPED", "TYPING", "INPUT", "TIPPEN")),
    *((word, "PASTE") for word in ("PASTE", "PASTED")),
    *((word, "MOUSE_MOVE_TO_REGION") for word in ("HOVER", "CURSOR", "MOUSE")),
    *((word, "NAVIGATE_URL") for word in ("NAVIGATE", "NAVIGATION")),
    *((word, "VISUAL_FOCUS_SHIFT") for word in ("FOCUS", "ZOOM")),
    *((word, "MODAL_CLOSE") for word in ("DISMISS",)),
    *((word, "SCREEN_UPDATE") for word in ("CHANGE", "TRANSITION", "UPDATE", "LOAD", "OTHER", _UNKNOWN)),
)
"""What a phrase of several words means that has one of these, the first one in this order."""
_MEANS = {other: word for word, others in _SAME.items() for other in others}
_KEY_PREFIX = re.compile(
    r"(?:KEY_?(?:BOARD_)?(?:PRESS(?:ED)?|DOWN|STROKE|SHORTCUT)|PRESS(?:ED)?_KEY|PRESS(?:ED)?|KEYBOARD|HOTKEY|SHORTCUT|KEY)"
    r"(?:[_\s:\-(\[]+|$)"
)
_SYMBOLS = {
    "\u2318": "CMD+",
    "\u2303": "CTRL+",
    "\u2325": "ALT+",
    "\u21e7": "SHIFT+",
    "\u21b5": "ENTER",
    "\u23ce": "ENTER",
    "\u21a9": "ENTER",
    "\u21e5": "TAB",
    "\u232b": "BACKSPACE",
    "\u2326": "DELETE",
    "\u238b": "ESCAPE",
    "\u2423": "SPACE",
    "\u2191": "ARROW_UP",
    "\u2193": "ARROW_DOWN",
    "\u2190": "ARROW_LEFT",
    "\u2192": "ARROW_RIGHT",
}
_SYMBOL = re.compile(f"([{''.join(_SYMBOLS)}])[ ]*[+]?[ ]*")
"""Of a key, as keyboards of Apple have them."""
_MODIFIERS = {
    "CTRL": "CTRL",
    "CONTROL": "CTRL",
    "STRG": "CTRL",
    "CMD": "CMD",
    "COMMAND": "CMD",
    "META": "META",
    "WIN": "WIN",
    "WINDOWS": "WIN",
    "SUPER": "SUPER",
    "ALT": "ALT",
    "OPTION": "ALT",
    "SHIFT": "SHIFT",
    "UMSCHALT": "SHIFT",
    "MAJ": "SHIFT",
    "FN": "FN",
}
_KEYS = {
    "RETURN": "ENTER",
    "ENTER": "ENTER",
    "ESC": "ESCAPE",
    "ESCAPE": "ESCAPE",
    "TAB": "TAB",
    "BACKSPACE": "BACKSPACE",
    "DELETE": "DELETE",
    "DEL": "DELETE",
    "ENTF": "DELETE",
    "EINGABETASTE": "ENTER",
    "SPACE": "SPACE",
    "SPACEBAR": "SPACE",
    "HOME": "HOME",
    "PAGE_UP": "PAGE_UP",
    "PAGEUP": "PAGE_UP",
    "PGUP": "PAGE_UP",
    "PG_UP": "PAGE_UP",
    "PAGE_DOWN": "PAGE_DOWN",
    "PAGEDOWN": "PAGE_DOWN",
    "PGDN": "PAGE_DOWN",
    "PG_DN": "PAGE_DOWN",
    **{f"ARROW_{way}": f"ARROW_{way}" for way in ("UP", "DOWN", "LEFT", "RIGHT")},
    **{f"ARROW{way}": f"ARROW_{way}" for way in ("UP", "DOWN", "LEFT", "RIGHT")},
    **{f"{way}_ARROW": f"ARROW_{way}" for way in ("UP", "DOWN", "LEFT", "RIGHT")},
    **{f"F{number}": f"F{number}" for number in range(1, 25)},
}
_ONE_SIGN = re.compile(r"[A-Z0-9]")
_BETWEEN_KEYS = re.compile(r"[\s_\-]+")
_AROUND_KEY = re.compile(r"(?:THE|HIT|HOLD)[\s_]+(.+)|(.+)[\s_\-]KEY")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLUS = re.compile(r"\s*\+\s*")
_SEVERAL = re.compile(r"\s*(?:,|/|\||;|&|->|\bAND\b|\bTHEN\b|_AND_THEN_)\s*")
_AND_MORE = re.compile(r"[,;]|\b(?:AND|THEN)\b")
"""Behind the name of a key another action may follow, which is no part of the name."""
_LONGEST_WORD = 120


@dataclass(frozen=True, slots=True)
class Action:
    """An action as it was read.

    Attributes
    ----------
    word
        One of the agreed words, or `DRAG`.
    note
        What the written word says besides; empty where it says no more.
    """

    word: str
    note: str = ""


def action_of(written: str, *, key: str | None = None) -> Action | None:
    """Return the action that a word means; None where it is not known.

    Parameters
    ----------
    written
        The word in the answer.
    key
        What the answer's `key_pressed` says.
    """
    if len(written) > _LONGEST_WORD:
        return None
    if written in _WORDS or _AGREED.fullmatch(written):
        return Action(written)
    if written == KEYPRESS:
        return Action(f"KEYPRESS_{key_name(key or '')}")
    text = _HUMP.sub("_", written.strip().strip("\"'`.*<>").rpartition("ActionType.")[2]).upper()
    one = _one_action(text, key=key)
    if one is not None and not (one.word.startswith(KEYPRESS) and _AND_MORE.search(text)):
        return one
    parts = [part for part in _SEVERAL.split(text) if part]
    if len(parts) < 2:
        return one or _of_phrase(text)
    if (first := _one_action(parts[0], key=key)) is None:
        return one
    others = ", ".join(part.replace("_", " ").lower() for part in parts[1:])
    return Action(first.word, f"{first.note} Then: {others}.".strip())


def _one_action(text: str, *, key: str | None) -> Action | None:
    word = re.sub(r"[\W_]+", "_", text).strip("_")
    for name in (word, word.removeprefix("ACTION_"), word.removesuffix("_ACTION"), word.removesuffix("_EVENT")):
        if name in _WORDS or name == DRAG:
            return Action(name)
        if name in _MEANS:
            return Action(_MEANS[name])
        if name in _NARROWER:
            return Action(*_NARROWER[name])
    if is_key(text):
        return Action(f"KEYPRESS_{key_name(text)}")
    if (match := _KEY_PREFIX.match(text)) is not None:
        pressed = text[match.end() :].strip(" )]")
        if "BUTTON" not in pressed:
            return Action(f"KEYPRESS_{key_name(pressed or key or '')}")
    if word.startswith("SCROLL_"):
        way = re.sub(r"[^A-Z]+", "_", word.removeprefix("SCROLL_"))[:_LONGEST_KEY].strip("_")
        return Action(f"SCROLL_{way or _UNKNOWN}")
    return None


def _of_phrase(text: str) -> Action | None:
    """Read a phrase such as `MENU_SELECT` by one of its words. The whole phrase goes into the description."""
    parts = re.findall(r"[^\W_]+", text)
    if not {"SCROLL", "SCROLLBAR", "WHEEL"}.isdisjoint(parts):
        way = next((part for part in parts if part in {"UP", "DOWN", "LEFT", "RIGHT"}), _UNKNOWN)
        return Action(f"SCROLL_{way}")
    meant = next((action for part, action in _CONTAINED if part in parts), None)
    return None if meant is None else Action(meant, f"{' '.join(parts).capitalize()}.")


def is_key(written: str) -> bool:
    """Tell whether a text is the name of a key or shortcut, and nothing else."""
    parts = _keys_in(written)
    if len(parts) > 1:
        return parts[0] in _MODIFIERS and ("+" in written or all(map(_is_one_key, parts)))
    text = written.strip()
    return parts[0] in _KEYS or (parts[0] in _MODIFIERS and parts[0] != text) or text in _SYMBOLS


def _is_one_key(part: str) -> bool:
    return part in _MODIFIERS or part in _KEYS or _ONE_SIGN.fullmatch(part) is not None


def _keys_in(written: str) -> list[str]:
    """Return the keys of a shortcut, in capitals: behind modifiers, spaces, dashes and underscores are plus signs."""
    written = written.strip().upper()
    text = _SYMBOL.sub(lambda match: _SYMBOLS[match[1]], written)
    text = text.removesuffix("+") if written[-1:] in _SYMBOLS else text
    around = _AROUND_KEY.fullmatch(text)
    inner = "" if around is None else (around[1] or around[2]).strip().removesuffix(" KEY")
    text = inner if _is_one_key(_BETWEEN_KEYS.sub("_", inner)) else text
    parts = _PLUS.split(text)
    while (pieces := _BETWEEN_KEYS.split(parts[-1].strip(), maxsplit=1))[0] in _MODIFIERS and len(pieces) > 1:
        if not pieces[1]:
            break
        parts[-1:] = pieces
    return [_BETWEEN_KEYS.sub("_", part.strip()) for part in parts]


def key_name(written: str) -> str:
    """Return the name of a key or shortcut as it follows `KEYPRESS_`: in capitals, without spaces, joined by +."""
    text = written.strip().upper()
    match = _KEY_PREFIX.match(text)
    text = (text if match is None else text[match.end() :]).strip(" )]")
    return (
        "+".join(_MODIFIERS.get(part) or _KEYS.get(part) or part for part in _keys_in(text))[:_LONGEST_KEY] or _UNKNOWN
    )
