"""Items of transcripts for tests."""

from runops.transcript import AudioItem, VisualItem, timestamp


def said(at: float, words: str, *, end: float | None = None) -> AudioItem:
    return AudioItem(
        timestamp_start_audio=timestamp(at),
        timestamp_end_audio=timestamp(at + 1 if end is None else end),
        verbatim_transcript_segment=words,
    )


def clicked(at: float, target: str) -> VisualItem:
    return VisualItem.model_validate(
        {
            "timestamp_start_visual": timestamp(at),
            "application_in_focus": "Editor",
            "action_type_observed": "CLICK",
            "target_element_details": {"element_type_guess": "button", "element_visible_text": target},
            "screen_region_description_pre_action": "",
            "screen_region_description_post_action": "",
        }
    )


def typed(at: float, text: str, *, end: float | None = None) -> VisualItem:
    item = clicked(at, "Name").model_dump() | {"action_type_observed": "TYPE"}
    if end is not None:
        item["timestamp_end_visual"] = timestamp(end)
    return VisualItem.model_validate({**item, "data_input_observed": {"typed_characters": text}})
