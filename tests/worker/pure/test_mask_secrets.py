"""Secrets of a transcript are hidden before anything is stored."""

from typing import Any
from uuid import uuid4

import pytest

from runops.sop import Sop
from runops.transcript import AudioItem, TranscriptItem, VisualItem
from runops_worker.sop.mask_sop import mask_sop
from runops_worker.transcription.mask_secrets import MaskedItems, hidden_in, mask_items
from tests.worker.pure.items import said


def seen(
    at: int = 1,
    action: str = "TYPE",
    *,
    element: tuple[str, str | None] | None = None,
    typed: str | None = None,
    pasted: str | None = None,
    before: str = "",
    after: str = "",
    **more: Any,
) -> VisualItem:
    item: dict[str, Any] = {
        "timestamp_start_visual": f"00:00:{at:02d}",
        "application_in_focus": "Browser",
        "action_type_observed": action,
        "screen_region_description_pre_action": before,
        "screen_region_description_post_action": after,
        **more,
    }
    if element is not None:
        item["target_element_details"] = {"element_type_guess": element[0], "element_visible_text": element[1]}
    if typed is not None or pasted is not None:
        item["data_input_observed"] = {"typed_characters": typed, "pasted_text_observed": pasted}
    return VisualItem.model_validate(item)


def mask_item(item: VisualItem) -> tuple[VisualItem, int]:
    result = mask_items([item])
    (masked,), count = result.items, result.count
    assert isinstance(masked, VisualItem)
    return masked, count


def typed_of(item: TranscriptItem) -> str | None:
    assert isinstance(item, VisualItem)
    assert item.data_input_observed is not None
    return item.data_input_observed.typed_characters


@pytest.mark.parametrize(
    ("element", "typed", "hidden"),
    [
        (("text field", "Password"), "swordfish", "[password hidden]"),
        (("password field", None), "swordfish", "[password hidden]"),
        (("input", "Confirm new password"), "swordfish", "[password hidden]"),
        (("Eingabefeld", "Kennwort"), "swordfish", "[password hidden]"),
        (("text field", "PIN"), "0815", "[PIN hidden]"),
        (("text field", "API key"), "abc", "[key hidden]"),
        (("text field", "Client secret"), "abc", "[key hidden]"),
        (("text field", "CVC"), "123", "[card code hidden]"),
        (("text field", "Card number"), "1234 5678 9012", "[card number hidden]"),
        (("text field", "Enter the 6-digit code"), "482913", "[code hidden]"),
        (("text field", "Verification code"), "482913", "[code hidden]"),
    ],
)
def test_what_is_typed_into_a_field_for_secrets_is_hidden_whole(
    element: tuple[str, str | None], typed: str, hidden: str
) -> None:
    item, count = mask_item(seen(element=element, typed=typed))
    assert typed_of(item) == hidden
    assert count == 1
    assert mask_item(item) == (item, 0)


@pytest.mark.parametrize(
    ("element", "typed"),
    [
        (("text field", "User name"), "swordfish"),
        (("search field", "Search passwords"), "mail server"),
        (("search field", "Search secrets"), "mail server"),
        (("text field", "Secret name"), "mail-server"),
        (("text field", "Password hint"), "my first dog"),
        (("button", "Reset password"), "x"),
        (("link", "Forgot password?"), "x"),
        (("text field", "Password"), "••••••••"),
        (("password field", "Password"), "********"),
        (("text field", "Card holder"), "Anna Example"),
        (("text field", "Loyalty card number"), "1234"),
        (None, "swordfish"),
    ],
)
def test_what_is_typed_elsewhere_stays(element: tuple[str, str | None] | None, typed: str) -> None:
    item = seen(element=element, typed=typed)
    assert mask_item(item) == (item, 0)


def test_pasted_text_and_descriptions_of_the_same_item_are_hidden_too() -> None:
    item, count = mask_item(
        seen(action="PASTE", element=("field", "Password"), pasted="sword fish", after="The field shows sword fish.")
    )
    assert "sword fish" not in item.model_dump_json()
    assert item.screen_region_description_post_action == "The field shows [password hidden]."
    assert count == 2


def test_a_short_password_does_not_take_letters_out_of_the_descriptions() -> None:
    item, _ = mask_item(seen(element=("field", "Password"), typed="a", after="A dialog appears."))
    assert item.screen_region_description_post_action == "A dialog appears."


def test_a_password_field_that_shows_its_content_is_hidden() -> None:
    item, count = mask_item(seen(action="SCREEN_UPDATE", element=("password field", "s3cret-one")))
    assert item.target_element_details is not None
    assert item.target_element_details.element_visible_text == "[password hidden]"
    assert count == 1


@pytest.mark.parametrize(
    "before",
    [
        "The terminal asks for the password of anna.",
        "[sudo] password for anna:",
        'A prompt says "Enter passphrase:"',
        "A password prompt is open.",
    ],
)
def test_what_is_typed_at_a_prompt_is_hidden(before: str) -> None:
    item, _ = mask_item(seen(typed="swordfish", before=before))
    assert typed_of(item) == "[password hidden]"


def test_what_is_typed_at_an_ordinary_prompt_stays() -> None:
    item = seen(typed="ls -l", before="The terminal shows an empty prompt. The password was accepted.")
    assert mask_item(item) == (item, 0)


def test_a_secret_is_hidden_wherever_it_appears_again() -> None:
    items: list[TranscriptItem] = [
        seen(1, element=("field", "Password"), typed="hunter-2024"),
        seen(2, "SCREEN_UPDATE", after="The page shows hunter-2024 in the profile."),
        said(3, "So hunter-2024 it is."),
    ]
    result = mask_items(items)
    masked, count = result.items, result.count
    assert "hunter-2024" not in "".join(item.model_dump_json() for item in masked)
    assert count == hidden_in(masked) == 3


def test_a_password_that_is_a_word_is_not_taken_out_of_other_items() -> None:
    items: list[TranscriptItem] = [
        seen(1, element=("field", "Password"), typed="welcome"),
        said(2, "welcome to the tour"),
    ]
    result = mask_items(items)
    masked, count = result.items, result.count
    assert masked[1] == items[1]
    assert count == 1


def test_a_password_announced_in_one_item_and_said_in_the_next_is_hidden() -> None:
    items: list[TranscriptItem] = [
        said(1, "and the password is"),
        seen(2, "SCREEN_UPDATE", after="A form."),
        said(3, "swordfish. Then go on."),
    ]
    result = mask_items(items)
    masked, count = result.items, result.count
    last = masked[-1]
    assert isinstance(last, AudioItem)
    assert last.verbatim_transcript_segment == "[password hidden]. Then go on."
    assert count == 1


def test_an_announcement_that_is_a_sentence_hides_nothing_in_the_next_item() -> None:
    items: list[TranscriptItem] = [said(1, "the password is required."), said(2, "Swordfish is a film.")]
    assert mask_items(items) == MaskedItems(items=tuple(items), count=0)


def test_nested_attributes_are_hidden_and_times_stay() -> None:
    item = VisualItem.model_validate(
        {
            **seen(action="CLICK", element=("button", "Go")).model_dump(),
            "target_element_details": {
                "element_type_guess": "button",
                "element_attributes_observed": ["title: password=hunter2", {"data": "the PIN is 4711"}],
            },
        }
    )
    masked, count = mask_item(item)
    assert masked.target_element_details is not None
    assert masked.target_element_details.element_attributes_observed == [
        "title: password=[password hidden]",
        {"data": "the PIN is [PIN hidden]"},
    ]
    assert masked.timestamp_start_visual == item.timestamp_start_visual
    assert count == 2


def test_a_sop_is_masked_but_its_ids_are_not() -> None:
    sop = Sop.model_validate(
        {
            "meta": {"id": str(uuid4()), "title": "T", "version": "1.0.0", "goal": "", "purpose": "", "owner": []},
            "public": {
                "triggers": [],
                "nodes": [
                    {"id": "pin: 4711", "type": "task", "label": "Log in", "context": "The password is hunter2."}
                ],
                "edges": [],
                "variables": {"key": "api_key=abcd1234efgh", "count": 3},
            },
        }
    )
    masked, count = mask_sop(sop)
    assert masked.public.nodes[0].model_dump(exclude_none=True) == {
        "id": "pin: 4711",
        "type": "task",
        "label": "Log in",
        "context": "The password is [password hidden].",
    }
    assert masked.public.variables == {"key": "api_key=[key hidden]", "count": 3}
    assert count == 2
    assert mask_sop(masked) == (masked, 0)
