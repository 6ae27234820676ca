"""Transcripts as they are stored, for tests of what a SOP rests on."""

from typing import Any

from runops.transcript import dump_transcript
from tests.worker.pure.items import said as _said

__all__ = ["Item", "done", "said", "shown"]

Item = dict[str, Any]


def said(at: float, words: str) -> Item:
    """Return an audio item."""
    return dump_transcript([_said(at, words)])[0]


def done(at: int, action: str, target: str | None = None, *, typed: str | None = None, after: str = "") -> Item:
    """Return a visual item: an action on a target."""
    item: Item = {
        "timestamp_start_visual": f"00:00:{at:02d}",
        "application_in_focus": "Web browser",
        "action_type_observed": action,
        "screen_region_description_pre_action": "",
        "screen_region_description_post_action": after,
    }
    if target is not None:
        item["target_element_details"] = {"element_type_guess": "button", "element_visible_text": target}
    if typed is not None:
        item["data_input_observed"] = {"typed_characters": typed}
    return item


def shown(at: int, text: str) -> Item:
    """Return a visual item: the screen shows a text."""
    return done(at, "SCREEN_UPDATE", after=text)
