"""What a chunk is told about the recording before it, so that it names things as the chunks before it do. Pure."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from runops.transcript import AudioItem, TranscriptItem, VisualItem, timestamp
from runops_worker.transcription.merge.chunk_transcript import end_of

__all__ = ["MOST_CHARACTERS", "so_far"]

MOST_CHARACTERS: Final = 1_500
_JUST_BEFORE_SECONDS: Final = 30.0
"""What was in front longer ago may be over: then only names are told."""
_LATEST_ACTIONS: Final = 3
_LONGEST_TEXT: Final = 120
_MOST_APPLICATIONS: Final = 6
_UNKNOWN: Final = frozenset({"", "unknown"})


def so_far(items_before: Sequence[TranscriptItem], *, start: float) -> str:
    """Return what is known of the recording before a chunk, as JSON of at most 1,500 characters; empty for nothing.

    Told are the names of applications and elements, the latest first. If the seconds just before the chunk are
    transcribed, the application in front, the latest actions and the latest sentence are told, too.

    Parameters
    ----------
    items_before
        Items of earlier chunks, in order, in the time of the recording.
    start
        Of the chunk, in seconds of the recording.
    """
    before = [item for item in items_before if item.start < start]
    seen = [item for item in reversed(before) if isinstance(item, VisualItem)]
    if not before:
        return ""
    told: dict[str, Any] = {}
    if start - max(map(end_of, before)) <= _JUST_BEFORE_SECONDS:
        told = _just_before(seen, [item for item in before if isinstance(item, AudioItem)], start=start)
    applications = _distinct(item.application_in_focus for item in seen)[:_MOST_APPLICATIONS]
    told = _with_list(told, "applications", applications)
    told = _with_list(told, "names", _distinct(_target(item) for item in seen))
    return _text(told) if told else ""


def _with_list(told: dict[str, Any], key: str, texts: Sequence[str]) -> dict[str, Any]:
    """Add as many of the texts as there is room for."""
    for place in range(len(texts)):
        longer = {**told, key: list(texts[: place + 1])}
        if len(_text(longer)) > MOST_CHARACTERS:
            break
        told = longer
    return told


def _just_before(seen: Sequence[VisualItem], said: Sequence[AudioItem], *, start: float) -> dict[str, Any]:
    latest = [item for item in seen if start - end_of(item) <= _JUST_BEFORE_SECONDS][:_LATEST_ACTIONS]
    actions = [f"{item.action_type_observed} {_target(item)}".strip() for item in reversed(latest)]
    sentence = said[-1] if said and start - end_of(said[-1]) <= _JUST_BEFORE_SECONDS else None
    around: list[TranscriptItem] = [*seen[:1], *said[-1:]]
    told = {
        "until": timestamp(int(min(start, max(map(end_of, around))))),
        "in_front": _short(seen[0].application_in_focus) if seen else "",
        "latest_actions": actions,
        "latest_words": "" if sentence is None else sentence.verbatim_transcript_segment[-_LONGEST_TEXT:].strip(),
    }
    told = {key: value for key, value in told.items() if value}
    return told if len(_text(told)) <= MOST_CHARACTERS else {}


def _target(item: VisualItem) -> str:
    details = item.target_element_details
    return _short("" if details is None else details.element_visible_text or "")


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(short for text in texts if (short := _short(text)).casefold() not in _UNKNOWN))


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TEXT]


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
