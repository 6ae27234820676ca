"""Faults of transcripts: forms of times, words for actions, fields of the other kind, items that are missing. Pure."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from devstack.gemini.unruly.fault import ValueFault

__all__ = ["TRANSCRIPT_FAULTS"]

_Items = list[dict[str, Any]]
_START_VISUAL, _START_AUDIO = "timestamp_start_visual", "timestamp_start_audio"
_AUDIO_FIELDS = (_START_AUDIO, "timestamp_end_audio", "verbatim_transcript_segment")
_VISUAL_FIELDS = ("application_in_focus", "action_type_observed", "screen_region_description_pre_action")
_WHOLE = re.compile(r"(\d{2}):(\d{2}):(\d{2}(?:\.\d{1,3})?)")
_NEAR_WORDS = (
    *("SCROLL", "DOUBLE_CLICK", "RIGHT_CLICK", "HOVER", "KEYPRESS_Enter", "CTRL + S", "PRESS_ENTER", "TYPE_TEXT"),
    *("Click", "click", "TYPING", "DRAG", "OPEN_APP", "SWITCH_WINDOW", "NAVIGATE", "PAGE_LOAD", "WAIT", "SPEAK"),
)


def _seconds(stamp: Any) -> float | None:
    """Return the seconds of a time; None where another fault has given it another form already."""
    match = _WHOLE.fullmatch(stamp) if isinstance(stamp, str) else None
    return None if match is None else int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def _stamp(at: float) -> str:
    whole = int(at)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


_FORMS: tuple[Callable[[float], str], ...] = (
    lambda at: f"{int(at) // 60:02d}:{int(at) % 60:02d}",
    lambda at: f"{int(at) // 60}:{int(at) % 60:02d}",
    lambda at: f"{_stamp(at)},{round(at * 1000) % 1000:03d}",
    lambda at: f"{_stamp(at)}.{round(at * 1000) % 1000:03d}0",
    lambda at: f"{int(at) // 3600:02d}:{int(at) // 60 % 60:02d}:{int(at) % 60}.{round(at * 1000) % 1000:03d}",
    lambda at: f"[{int(at) // 60:02d}:{int(at) % 60:02d}]",
    lambda at: f"{at:.1f}s",
    lambda at: f"{at:g}",
    lambda at: f"{int(at) // 60:02d}:{int(at) % 60:02d}:00",
    lambda at: f" {_stamp(at)} ",
)


def _with_times(items: _Items, form: Callable[[float], str], chosen: _Items) -> _Items:
    for item in chosen:
        for name in [name for name in item if name.startswith("timestamp_")]:
            if (at := _seconds(item[name])) is not None:
                item[name] = form(at)
    return items


def _times_in_another_form(items: _Items, chance: Random) -> _Items:
    return _with_times(items, chance.choice(_FORMS), items)


def _one_time_in_another_form(items: _Items, chance: Random) -> _Items:
    return _with_times(items, chance.choice(_FORMS), [chance.choice(items)])


def _times_later(seconds: tuple[float, float]) -> Callable[[_Items, Random], _Items]:
    def change(items: _Items, chance: Random) -> _Items:
        by = chance.uniform(*seconds)
        return _with_times(items, lambda at: _stamp(at + by), items[-max(1, len(items) // 10) :])

    return change


def _all_at_the_start(items: _Items, _chance: Random) -> _Items:
    return _with_times(items, lambda _at: "00:00:00", items)


def _stops_early(items: _Items, chance: Random) -> _Items:
    return items[: max(1, int(len(items) * chance.uniform(0.05, 0.6)))]


def _hole(items: _Items, chance: Random) -> _Items:
    begin = int(len(items) * chance.uniform(0.1, 0.5))
    return items[:begin] + items[begin + max(1, len(items) // 3) :]


def _visual(items: _Items) -> _Items:
    return [item for item in items if _START_VISUAL in item]


def _audio(items: _Items) -> _Items:
    return [item for item in items if _START_AUDIO in item]


def _in_some(
    select: Callable[[_Items], _Items], change: Callable[[dict[str, Any], Random], None], *, share: float = 0.3
) -> Callable[[_Items, Random], _Items]:
    """Return a change of some of the items of a kind, at least of one where there is one."""

    def changed(items: _Items, chance: Random) -> _Items:
        candidates = select(items)
        for item in chance.sample(candidates, min(len(candidates), max(1, int(len(candidates) * share)))):
            change(item, chance)
        return items

    return changed


def _near_word(item: dict[str, Any], chance: Random) -> None:
    item["action_type_observed"] = chance.choice(_NEAR_WORDS)


def _empty_fields_of_the_other_kind(item: dict[str, Any], chance: Random) -> None:
    empty = chance.choice(("", None, "N/A"))
    other = _AUDIO_FIELDS if _START_VISUAL in item else _VISUAL_FIELDS
    item.update(dict.fromkeys(other, empty))


def _filled_field_of_the_other_kind(item: dict[str, Any], _chance: Random) -> None:
    item["application_in_focus"] = "Web browser"


def _null_field(item: dict[str, Any], chance: Random) -> None:
    item[chance.choice((*_VISUAL_FIELDS, "target_element_details", "data_input_observed"))] = None


def _missing_field(item: dict[str, Any], chance: Random) -> None:
    item.pop(chance.choice((*_VISUAL_FIELDS, "screen_region_description_post_action")), None)


def _without_end(item: dict[str, Any], _chance: Random) -> None:
    item.pop("timestamp_end_audio", None)


def _empty_end(item: dict[str, Any], _chance: Random) -> None:
    item["timestamp_end_visual"] = ""


def _unknown_field(item: dict[str, Any], chance: Random) -> None:
    item[chance.choice(("confidence", "speaker", "id", "notes"))] = chance.choice((0.9, "one", None, ["a"]))


def _odd_box(item: dict[str, Any], chance: Random) -> None:
    details = item.setdefault("target_element_details", {"element_type_guess": "button"})
    if isinstance(details, dict):
        details["element_bounding_box_pixels"] = chance.choice(
            ([120, 40, 180, 300], [0.1, 0.2, 0.3, 0.4], "120,40,180,300", {"x": 1, "y": 2, "w": 3, "h": 4}, [5], [])
        )


def _no_element_type(item: dict[str, Any], _chance: Random) -> None:
    item["target_element_details"] = {"element_visible_text": "Save"}


def _control_characters(item: dict[str, Any], _chance: Random) -> None:
    item["screen_region_description_post_action"] = "A table\u0000 with \ud83d broken signs"


def _empty_item(items: _Items, chance: Random) -> _Items:
    items.insert(chance.randrange(len(items) + 1), {})
    return items


def _no_object(items: _Items, chance: Random) -> list[Any]:
    return [*items, chance.choice(("The clip ends here.", None, 7, []))]


def _repeated(items: _Items, chance: Random) -> _Items:
    return [*items, *[dict(chance.choice(items))] * chance.choice((1, 2, 20))]


def _shuffled(items: _Items, chance: Random) -> _Items:
    chance.shuffle(items)
    return items


def _speech_where_there_is_none(items: _Items, chance: Random) -> _Items:
    at = _seconds(chance.choice(items).get(_START_VISUAL)) or 0.0
    heard = {
        _START_AUDIO: _stamp(at),
        "timestamp_end_audio": _stamp(at + 2),
        "verbatim_transcript_segment": "Thank you.",
    }
    return [*items, heard]


def _in_an_object(items: _Items, chance: Random) -> Any:
    return {chance.choice(("items", "transcript", "events", "result")): items}


def _by_kind(items: _Items, _chance: Random) -> Any:
    return {"visual": _visual(items), "audio": _audio(items)}


def _on_items(change: Callable[[_Items, Random], Any]) -> Callable[[Any, Random], Any]:
    """Return the change, for a value that is a list with at least one object."""

    def changed(value: Any, chance: Random) -> Any:
        whole = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        return change(value, chance) if whole else value

    return changed


TRANSCRIPT_FAULTS = tuple(
    ValueFault(name, "transcribe", _on_items(change))
    for name, change in (
        ("times in another form", _times_in_another_form),
        ("one time in another form", _one_time_in_another_form),
        ("times just past the end", _times_later((1, 4))),
        ("times far past the end", _times_later((30, 4000))),
        ("all times at the start", _all_at_the_start),
        ("stops early", _stops_early),
        ("leaves a part out", _hole),
        ("actions near the list", _in_some(_visual, _near_word)),
        ("empty fields of the other kind", _in_some(list, _empty_fields_of_the_other_kind)),
        ("a filled field of the other kind", _in_some(_audio, _filled_field_of_the_other_kind)),
        ("null where text is due", _in_some(_visual, _null_field)),
        ("a field is missing", _in_some(_visual, _missing_field)),
        ("speech without end", _in_some(_audio, _without_end)),
        ("an empty end", _in_some(_visual, _empty_end)),
        ("an unknown field", _in_some(list, _unknown_field)),
        ("an odd box", _in_some(_visual, _odd_box)),
        ("no element type", _in_some(_visual, _no_element_type)),
        ("control characters", _in_some(_visual, _control_characters, share=0.05)),
        ("an empty item", _empty_item),
        ("an item that is no object", _no_object),
        ("repeated items", _repeated),
        ("items out of order", _shuffled),
        ("speech where there is none", _speech_where_there_is_none),
        # These two come last: they put something else around the items.
        ("an object around the items", _in_an_object),
        ("two lists by kind", _by_kind),
    )
)
