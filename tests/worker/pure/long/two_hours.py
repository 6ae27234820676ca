"""A transcript of two hours, as busy as real ones."""

from typing import Any

from runops.transcript import timestamp


def transcript(*, seconds: int = 7200, every: int = 4) -> list[dict[str, Any]]:
    """Return a transcript with an action every few seconds, and a sentence every eight."""
    items: list[dict[str, Any]] = []
    for at in range(0, seconds, every):
        items.append(_action(at, number=at // every))
        if at % 8 == 0:
            items.append(
                {
                    "timestamp_start_audio": timestamp(at),
                    "timestamp_end_audio": timestamp(at + 7),
                    "verbatim_transcript_segment": (
                        "So now I click on create purchase order and then I have to pick the supplier from this list."
                    ),
                }
            )
    return items


def _action(at: int, *, number: int) -> dict[str, Any]:
    before, after = (
        f"The toolbar above the orders table shows the buttons Refresh, Export and Create order {place}."
        for place in (number, number + 1)
    )
    application = ["Google Chrome - Orders overview (erp.example.com)", "Microsoft Excel - Prices 2026.xlsx"]
    return {
        "timestamp_start_visual": timestamp(at),
        "timestamp_end_visual": timestamp(at + 1),
        "application_in_focus": application[number // 30 % 2],
        "action_type_observed": ["CLICK", "TYPE", "SCROLL_DOWN"][number % 3],
        "target_element_details": {
            "element_type_guess": "button",
            "element_visible_text": f"Create purchase order {number}",
            "element_bounding_box_pixels": [820, 140, 960, 176],
        },
        **({"data_input_observed": {"typed_characters": f"{number}.50"}} if number % 3 == 1 else {}),
        "screen_region_description_pre_action": before,
        "screen_region_description_post_action": after,
    }
