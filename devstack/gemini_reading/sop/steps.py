"""The steps that a transcript shows: several actions with one purpose are one. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Step", "seconds", "steps_of"]

_HIDDEN = re.compile(r"^[•●*∙·.⚫\s]{3,}$|\[[^\]]*hidden[^\]]*\]")
_SECRET = re.compile(r"(?i)password|passwort|kennwort|passcode|secret|\bpin\b|token")
_STAMP = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_RESULTS = frozenset({"SCREEN_UPDATE", "MODAL_OPEN", "MODAL_CLOSE", "VISUAL_FOCUS_SHIFT"})
_ENTERING = frozenset({"TYPE", "PASTE"})
_MOST_EVIDENCE = 5
_LONGEST = 90
_ONE_SCROLL_SECONDS = 4.0
_SHORTCUTS = {"Ctrl+S": "Save with Ctrl+S", "Ctrl+C": "Copy with Ctrl+C", "Ctrl+V": "Paste with Ctrl+V"}
_ARROWS = frozenset({"Up", "Down", "Left", "Right"})


@dataclass
class Step:
    """Something that was done.

    Attributes
    ----------
    kind
        click, enter, choose, key, open, switch, scroll, drag or look.
    label
        What to do, in one imperative sentence.
    target, value
        The words on what it went to, and what was entered or chosen.
    is_pasted
        Whether it was pasted.
    is_secret
        Whether the value was hidden.
    start, end
        Seconds.
    acted
        When its last action began.
    seen
        What the screen showed afterwards.
    items
        The items it rests on.
    said
        What was said meanwhile.
    """

    kind: str
    label: str
    app: str
    target: str
    start: float
    end: float
    acted: float = 0.0
    value: str = ""
    is_secret: bool = False
    is_pasted: bool = False
    seen: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def evidence(self) -> list[str]:
        """Names of the items, if they have some."""
        return [str(item["id"]) for item in self.items if "id" in item][:_MOST_EVIDENCE]

    @property
    def element(self) -> str:
        """What kind of element it went to, as it was seen."""
        return str((self.items[-1].get("target_element_details") or {}).get("element_type_guess") or "").casefold()


def seconds(stamp: Any) -> float:
    """Return the seconds of a time of a transcript; 0 for what is none."""
    found = _STAMP.search(str(stamp or ""))
    if found is None:
        return 0.0
    hours, minutes, rest = found.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)


def steps_of(items: Sequence[dict[str, Any]]) -> list[Step]:
    """Return the steps, in order; what only shows a result goes to the step before it."""
    steps: list[Step] = []
    taken: dict[str, Any] | None = None
    for item in items:
        action = str(item.get("action_type_observed") or "")
        if not action:
            continue
        last = steps[-1] if steps else None
        if action == "DRAG_START":
            taken = item
            continue
        if action in _RESULTS:
            if last is not None:
                _take_result(last, item)
            continue
        step = _step(item, action)
        if step is None:
            continue
        if step.kind == "drag" and taken is not None:
            _take_up(step, taken, action)
            taken = None
        if step.kind == "choose" and last is not None and last.kind == "key" and last.value in _ARROWS:
            # Going down a list by key is a part of choosing from it.
            steps.pop()
            last = steps[-1] if steps else None
        if last is not None and last.kind == "copy" and step.kind == "key" and step.value == "Ctrl+C":
            _take_result(last, item)
            continue
        if last is not None and _opened_list(last, step):
            step.target = last.target
            step.label = _label(step, action, "")
        if last is not None and _is_one(last, step):
            step.items, step.start, step.seen = [*last.items, *step.items], last.start, step.seen or last.seen
            steps[-1] = step
        else:
            steps.append(step)
    return steps


def _take_up(step: Step, taken: dict[str, Any], action: str) -> None:
    """Say what is dragged: the item in which it was taken up names it."""
    step.value = str((taken.get("target_element_details") or {}).get("element_visible_text") or "")
    step.start, step.items = seconds(taken.get("timestamp_start_visual")), [taken, *step.items]
    step.label = _label(step, action, "")


def _take_result(step: Step, item: dict[str, Any]) -> None:
    told = str(item.get("screen_region_description_post_action") or "")
    if told:
        step.seen.append(told)
    if len(step.items) < _MOST_EVIDENCE:
        step.items.append(item)


def _opened_list(last: Step, step: Step) -> bool:
    """Tell whether the step before opened the list from which is chosen."""
    details = last.items[-1].get("target_element_details") or {}
    is_list = "list" in str(details.get("element_type_guess") or "") or last.target == step.target
    return step.kind == "choose" and last.kind == "click" and is_list


def _is_one(last: Step, step: Step) -> bool:
    """Tell whether the step before only prepared this one: a click into the field, the list that opens."""
    if step.kind in {"enter", "choose"} and last.kind in {"click", "open"}:
        return last.target == step.target
    if step.kind == "enter" and last.kind == "enter":
        return last.target == step.target and not last.is_pasted
    if step.kind == last.kind == "key":
        return step.value == last.value and step.value in _ARROWS
    return step.kind == last.kind == "scroll" and step.start - last.end <= _ONE_SCROLL_SECONDS


def _step(item: dict[str, Any], action: str) -> Step | None:
    details = item.get("target_element_details") or {}
    entered = item.get("data_input_observed") or {}
    target = str(details.get("element_visible_text") or "").strip()[:_LONGEST]
    element = str(details.get("element_type_guess") or "").casefold()
    value = next((str(entered[name]) for name in _VALUES if entered.get(name)), "")
    start = seconds(item.get("timestamp_start_visual"))
    step = Step(
        kind="click",
        label="",
        app=str(item.get("application_in_focus") or "the screen"),
        target=target,
        start=start,
        acted=start,
        end=seconds(item.get("timestamp_end_visual")) or start,
        value=value,
        is_secret=bool(value) and (_HIDDEN.search(value) is not None or _SECRET.search(target) is not None),
        seen=[str(item["screen_region_description_post_action"])]
        if item.get("screen_region_description_post_action")
        else [],
        items=[item],
    )
    step.kind = _kind(action, element, entered)
    step.is_pasted = action == "PASTE"
    if step.kind not in _LABELS or (not target and step.kind not in {"icon", "key", "scroll", "open address"}):
        return None
    step.label = _label(step, action, str(item.get("key_pressed") or ""))
    return step


_VALUES = ("typed_characters", "pasted_text_observed", "selected_value_observed")
_LABELS = {
    "click": 'Click "{target}"',
    "tick": 'Tick "{target}"',
    "open": 'Open the row "{target}"',
    "enter": 'Enter "{value}" in "{target}"',
    "choose": 'Choose "{value}" in "{target}"',
    "key": "Press {value}",
    "open address": "Open the address {value}",
    "switch": 'Go to "{target}"',
    "scroll": "Scroll until you see what you need",
    "icon": "Click the icon",
    "drag": 'Drag "{value}" to "{target}"',
    "copy": 'Copy "{target}"',
    "look": 'Look at "{target}"',
}


def _kind(action: str, element: str, entered: dict[str, Any]) -> str:
    if entered.get("selected_value_observed"):
        return "choose"
    if action in _ENTERING:
        return "enter"
    if action.startswith("KEYPRESS"):
        return "key"
    if action.startswith("SCROLL"):
        return "scroll"
    if action == "CLICK":
        return (
            "icon"
            if "icon" in element
            else "open"
            if "row" in element
            else "tick"
            if "checkbox" in element
            else "click"
        )
    return {
        "NAVIGATE_URL": "open address",
        "OPEN_APPLICATION": "switch",
        "SWITCH_TAB": "switch",
        "DRAG_END": "drag",
        "SELECT_TEXT": "copy",
        "MOUSE_MOVE_TO_REGION": "look",
        "HIGHLIGHT_TEXT": "look",
    }.get(action, "")


def _label(step: Step, action: str, key: str) -> str:
    value = step.value
    if step.kind == "key":
        value = step.value = _key_name(key or action.removeprefix("KEYPRESS").strip("_") or "the key")
    if step.kind == "open address":
        value = value or step.target
    if step.is_secret:
        value = f"{{{_variable_name(step.target)}}}"
        return f'Enter {value} in "{step.target}"'
    if step.kind == "key" and value in _SHORTCUTS:
        return _SHORTCUTS[value]
    if step.is_pasted:
        return f'Paste "{" ".join(value.split())[:_LONGEST]}" into "{step.target}"'
    if step.kind == "choose" and step.target == value:
        return f'Choose "{value}"'
    return _LABELS[step.kind].format(target=step.target, value=" ".join(value.split())[:_LONGEST])


def _key_name(key: str) -> str:
    """Return a key as people write it: CTRL+S becomes Ctrl+S."""
    return "+".join(part.capitalize() for part in key.split("+"))


def _variable_name(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue"))
    return "_".join(words[:4]) or "value"


def variable_of(step: Step) -> tuple[str, str] | None:
    """Return name and value of the variable that a step fills in; None where it fills in none."""
    if step.kind not in {"enter", "choose"} or not step.value or step.target == step.value:
        return None
    value = "Known to whoever does it; hidden in the recording." if step.is_secret else step.value
    return _variable_name(step.target), value
