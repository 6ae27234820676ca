"""Reads the model's answer about one chunk. Pure."""

import math
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from runops.transcript import AudioItem, TranscriptItem, VisualItem, parse_item, seconds, timestamp
from runops_worker.model.answer_json import faults_of, parse_json, without_nulls
from runops_worker.model.ask import Reading

__all__ = ["SLACK_SECONDS", "Words", "read_items", "shifted", "words"]

SLACK_SECONDS = 2.0
"""How far past the end of its clip an item may start: the model rounds. The item is then moved to the end."""

_ROUNDING = 1e-6
"""Seconds by which a sum of hours, minutes and milliseconds may differ from the same time as one number."""

_MINUTES = re.compile(r"(\d{1,3}):([0-5]?\d)(\.\d{1,3})?")
_HOURS = re.compile(r"(\d):([0-5]\d:[0-5]\d(?:\.\d{1,3})?)")
_STAMPS = ("timestamp_start_visual", "timestamp_end_visual", "timestamp_start_audio", "timestamp_end_audio")
_ENDS = {"timestamp_end_visual": "timestamp_start_visual", "timestamp_end_audio": "timestamp_start_audio"}


def read_items(text: str, *, length: float) -> Reading[tuple[TranscriptItem, ...]]:
    """Read the array of items. The value has the valid items, in order; each other item is a fault.

    Parameters
    ----------
    text
        The answer.
    length
        Seconds of the clip; a time after its end is a fault.
    """
    try:
        value = parse_json(text)
    except ValueError as error:
        return Reading(None, (f"The answer is not JSON: {str(error)[:120]}",))
    if not isinstance(value, list):
        return Reading(None, ("The answer must be one JSON array of items.",))
    items: list[TranscriptItem] = []
    faults: list[str] = []
    for number, raw in enumerate(without_nulls(value)):
        place = f"[{number}]"
        if not isinstance(raw, dict):
            faults.append(f"{place}: an item must be an object.")
            continue
        try:
            item = parse_item(_corrected(raw, length=length))
        except ValidationError as error:
            faults.extend(faults_of(error, at=place))
            continue
        if item.start > length + _ROUNDING:
            faults.append(f"{place}: it starts at {timestamp(item.start)}, but the clip ends at {timestamp(length)}.")
            continue
        items.append(item)
    return Reading(tuple(items), tuple(faults))


def _corrected(raw: dict[str, Any], *, length: float) -> dict[str, Any]:
    """Correct what has only one possible meaning: minutes without hours, times just past the end, empty objects."""
    item = {key: value for key, value in raw.items() if value != {}}
    details = item.get("target_element_details")
    if isinstance(details, dict) and "element_type_guess" not in details:
        item["target_element_details"] = {**details, "element_type_guess": "unknown"}
    for name in _STAMPS:
        if isinstance(stamp := item.get(name), str):
            item[name] = _in_clip(_full(stamp.strip()), length=length, is_end=name in _ENDS)
    for end, start in _ENDS.items():
        if isinstance(item.get(end), str) and isinstance(item.get(start), str) and _before(item[end], item[start]):
            # An end before the start only means that the item is short.
            item[end] = item[start]
    return item


def _full(stamp: str) -> str:
    if (match := _HOURS.fullmatch(stamp)) is not None:
        return f"0{match.group(1)}:{match.group(2)}"
    if (match := _MINUTES.fullmatch(stamp)) is None:
        return stamp
    minutes, rest, fraction = int(match.group(1)), int(match.group(2)), match.group(3) or ""
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}{fraction}"


def _in_clip(stamp: str, *, length: float, is_end: bool) -> str:
    try:
        at = seconds(stamp)
    except ValueError:
        return stamp
    if at > length and (is_end or at <= length + SLACK_SECONDS):
        # Rounded down to the millisecond: rounded up, it would be past the end again.
        return timestamp(math.floor(length * 1000) / 1000)
    return stamp


def _before(one: str, other: str) -> bool:
    try:
        return seconds(one) < seconds(other)
    except ValueError:
        return False


def shifted(item: TranscriptItem, offset: float) -> TranscriptItem:
    """Return the item with its times moved later by so many seconds."""
    if isinstance(item, AudioItem):
        return item.model_copy(
            update={
                "timestamp_start_audio": timestamp(item.start + offset),
                "timestamp_end_audio": timestamp(seconds(item.timestamp_end_audio) + offset),
            }
        )
    update = {"timestamp_start_visual": timestamp(item.start + offset)}
    if item.timestamp_end_visual is not None:
        update["timestamp_end_visual"] = timestamp(seconds(item.timestamp_end_visual) + offset)
    return item.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class Words:
    """The text by which two items are compared.

    Attributes
    ----------
    what
        Action, application and element; empty for an audio item.
    text
        What was said, typed, pasted or selected.
    """

    what: str
    text: str


def words(item: VisualItem | AudioItem) -> Words:
    """Return the text by which an item is compared with another."""
    if isinstance(item, AudioItem):
        return Words("", item.verbatim_transcript_segment.casefold().strip())
    target, given = item.target_element_details, item.data_input_observed
    visible = target.element_visible_text if target is not None else None
    values = () if given is None else given.model_dump(exclude_none=True).values()
    return Words(
        f"{item.action_type_observed} {item.application_in_focus} {visible or ''}".casefold(),
        " ".join(map(str, values)).casefold(),
    )
