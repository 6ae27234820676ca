"""The items of a transcript that a step rests on, found by what the evidence says of them. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from runops.procedure.model import Observed, Said
from runops.procedure.readable import readable
from runops.recorded_secrets.span import hidden_kinds
from runops.transcript import AudioItem, TranscriptItem, VisualItem, parse_item, seconds

__all__ = ["Items", "items_of", "observed", "said"]

_NAME = re.compile(r"t(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a transcript, None in place of one that cannot be read.

    Attributes
    ----------
    all
        As many as the transcript has, so that their names stay right.
    unread_secrets
        Kinds of secrets, such as `password`, that items hide which cannot be read: their times are not known.
    """

    all: tuple[TranscriptItem | None, ...]
    unread_secrets: tuple[str, ...] = ()

    @property
    def unreadable(self) -> int:
        """How many cannot be read."""
        return sum(item is None for item in self.all)

    def found(self, described: Mapping[str, Any]) -> tuple[str, TranscriptItem] | None:
        """Return the name and the item that an entry of the evidence means; None where the transcript has it no more.

        The entry's times are compared: a transcript that was made again has other items under the same names.
        """
        match = _NAME.fullmatch(str(described.get("id")))
        if match is None:
            return None
        index = int(match[1]) - 1
        item = self.all[index] if 0 <= index < len(self.all) else None
        return (match[0], item) if item is not None and _is_of(item, described) else None


def items_of(transcript: Sequence[Any]) -> Items:
    """Return the items of a transcript as the table holds it. One bad item does not hide the others."""
    parsed = tuple(_parsed(item) for item in transcript)
    unread = (item for item, found in zip(transcript, parsed, strict=True) if found is None)
    texts = (json.dumps(item, ensure_ascii=False, default=str) for item in unread)
    return Items(parsed, tuple(hidden_kinds(texts)))


def _parsed(item: Any) -> TranscriptItem | None:
    try:
        return parse_item(item)
    except ValidationError:
        return None


def _is_of(item: TranscriptItem, described: Mapping[str, Any]) -> bool:
    kind, start = ("audio", _start(item)) if isinstance(item, AudioItem) else ("visual", _start(item))
    return described.get("kind") in {None, kind} and described.get("start") in {None, start}


def _start(item: TranscriptItem) -> str:
    return item.timestamp_start_audio if isinstance(item, AudioItem) else item.timestamp_start_visual


def said(name: str, item: AudioItem) -> Said:
    """Return what was said."""
    return Said(
        item=name,
        at=item.start,
        until=max(seconds(item.timestamp_end_audio), item.start),
        text=readable(item.verbatim_transcript_segment),
    )


def observed(name: str, item: VisualItem) -> Observed:
    """Return what was done or seen."""
    target, data = item.target_element_details, item.data_input_observed
    values = () if data is None else (data.typed_characters, data.pasted_text_observed, data.selected_value_observed)
    end = item.start if item.timestamp_end_visual is None else seconds(item.timestamp_end_visual)
    application = readable(item.application_in_focus)
    return Observed(
        item=name,
        at=item.start,
        until=max(end, item.start),
        action=item.action_type_observed,
        application="" if application.casefold() == "unknown" else application,
        element="" if target is None else readable(target.element_visible_text or ""),
        element_kind="" if target is None else readable(target.element_type_guess),
        value=next((text for value in values if (text := readable(value or ""))), ""),
        result=readable(item.screen_region_description_post_action),
    )
