"""The words of a page for what the transcript names by codes. Pure."""

from typing import Final

from runops.procedure.model import Observed, ShownStep, Way

__all__ = ["KINDS", "action", "clock", "way"]

KINDS: Final = {"trigger": "Start", "task": "Step", "decision": "Decision", "loop": "Repeat", "end": "End"}
"""What each kind of node is called."""

_ACTIONS: Final = {
    "CLICK": "Click",
    "TYPE": "Type",
    "PASTE": "Paste",
    "MOUSE_MOVE_TO_REGION": "Point at",
    "DRAG_START": "Drag",
    "DRAG_END": "Drop",
    "SELECT_TEXT": "Select",
    "HIGHLIGHT_TEXT": "Highlight",
    "NAVIGATE_URL": "Go to",
    "SWITCH_TAB": "Switch to the tab",
    "OPEN_APPLICATION": "Open",
    "WINDOW_RESIZE": "Resize the window",
    "MODAL_OPEN": "A dialog opens",
    "MODAL_CLOSE": "The dialog closes",
    "VISUAL_FOCUS_SHIFT": "Look at",
    "SCREEN_UPDATE": "The screen changes",
}
_CONDITIONS: Final = {
    "yes": "Yes",
    "no": "No",
    "each": "Each time",
    "next": "Then",
    "all_processed": "When all are done",
}


def action(one: Observed) -> str:
    """Return what was done, such as `Press Enter`."""
    for prefix, verb in (("KEYPRESS_", "Press"), ("SCROLL_", "Scroll")):
        if one.action.startswith(prefix):
            name = one.action.removeprefix(prefix)
            keys = name.split("+") if "+" in name else [name.replace("_", " ")]
            shown = " + ".join(key if len(key) == 1 else key.capitalize() for key in keys)
            return f"{verb} {shown if verb == 'Press' else shown.lower()}"
    return _ACTIONS.get(one.action, one.action.replace("_", " ").capitalize())


def way(step: ShownStep, one: Way) -> str:
    """Return how it goes on, such as `Yes: back to step 3`."""
    condition = _CONDITIONS[one.condition]
    if one.number in step.loops:
        goal = f"the next round of step {one.number}"
    else:
        goal = f"back to step {one.number}" if one.is_back else f"step {one.number}"
    return f"{condition}: {goal}"


def clock(at: float) -> str:
    """Return a second of the recording as a player shows it: `1:05`, `1:02:05`."""
    whole = int(max(at, 0.0))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
