"""Writes down what was read in a clip: the items of a transcript. Pure and deterministic."""

from typing import Any

from devstack.gemini_reading.event import Event
from devstack.gemini_reading.events import events
from devstack.gemini_reading.recording import Reading
from devstack.gemini_reading.speech_text import mended_speech
from devstack.gemini_reading.steady import steady

__all__ = ["read_transcript"]

_KEY = "KEYPRESS_"


def read_transcript(reading: Reading, *, start: float = 0.0, end: float | None = None) -> list[dict[str, Any]]:
    """Return the items seen and heard between two points of a clip, ordered by their start.

    Parameters
    ----------
    reading
        What was read.
    start, end
        Seconds from the start of the file; None is its end. Times in the items are relative to the file.
    """
    last = float("inf") if end is None else end
    items: list[tuple[float, int, dict[str, Any]]] = [
        (float(event.second), 0, _seen(event)) for event in events(reading) if start <= event.second < last
    ]
    screens = steady(reading)
    items += [
        (spoken.start, 1, _heard(spoken.start, spoken.end, mended_speech(spoken, screens)))
        for spoken in reading.spoken
        if start <= spoken.start < last
    ]
    return [item for _, _, item in sorted(items, key=lambda entry: entry[:2])]


def _stamp(seconds: float) -> str:
    whole = int(seconds)
    milliseconds = round((seconds - whole) * 1000)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{milliseconds:03d}" if milliseconds else text


def _seen(event: Event) -> dict[str, Any]:
    item: dict[str, Any] = {
        "timestamp_start_visual": _stamp(event.second),
        "application_in_focus": event.app or None,
        "action_type_observed": event.action,
        "target_element_details": None,
        "data_input_observed": None,
        "screen_region_description_pre_action": event.before or None,
        "screen_region_description_post_action": event.after or None,
    }
    if event.until > event.second:
        item["timestamp_end_visual"] = _stamp(event.until + 1)
    if event.target is not None:
        item["target_element_details"] = {
            "element_type_guess": event.target.kind,
            "element_visible_text": event.target.text or None,
        }
    entered = {
        "typed_characters": event.typed,
        "pasted_text_observed": event.pasted,
        "selected_value_observed": event.selected,
    }
    if any(entered.values()):
        item["data_input_observed"] = {name: value for name, value in entered.items() if value}
    if event.action.startswith(_KEY):
        item["action_type_observed"] = "KEYPRESS"
        item["key_pressed"] = event.action.removeprefix(_KEY)
    return item


def _heard(start: float, end: float, text: str) -> dict[str, Any]:
    return {
        "timestamp_start_audio": _stamp(start),
        "timestamp_end_audio": _stamp(end),
        "verbatim_transcript_segment": text,
    }
