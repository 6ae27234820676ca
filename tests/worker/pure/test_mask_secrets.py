"""Secrets of a transcript are hidden before anything is stored."""

from typing import Any
from uuid import uuid4

import pytest

from runops.sop import Sop
from runops.transcript import AudioItem, TranscriptItem, VisualItem
from runops_worker.sop.mask_sop import mask_sop
from runops_worker.transcription.known_secrets import KnownSecrets, TypedSecret
from runops_worker.transcription.mask_secrets import MaskedItems, hidden_in, hide_known_in, mask_items
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
        (("text field", "Card number"), "1234 5678", "[card number hidden]"),
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
        (("text field", "Loyalty card number"), "1234 567"),
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


@pytest.mark.parametrize(
    ("typed", "after", "masked"),
    [
        # Three letters are too few, and a name of secrets says nothing about this one.
        ("abc", "It says abc.", "It says abc."),
        ("abcd", "It says abcd.", "It says [password hidden]."),
        ("password", "The password field has text.", "The password field has text."),
    ],
)
def test_only_a_telling_password_is_taken_out_of_the_descriptions(typed: str, after: str, masked: str) -> None:
    item, _ = mask_item(seen(element=("field", "Password"), typed=typed, after=after))
    assert typed_of(item) == "[password hidden]"
    assert item.screen_region_description_post_action == masked


def test_of_two_secrets_of_one_item_the_longer_one_is_taken_out_of_the_descriptions_first() -> None:
    item, _ = mask_item(
        seen(element=("field", "Password"), typed="sword", pasted="sword fish", before="sword fish", after="sword.")
    )
    assert item.screen_region_description_pre_action == "[password hidden]"
    assert item.screen_region_description_post_action == "[password hidden]."


def test_a_field_may_be_known_by_its_attributes() -> None:
    target = {"element_type_guess": "text field", "element_attributes_observed": ["required", "type: password"]}
    item, _ = mask_item(seen(typed="swordfish", target_element_details=target))
    assert typed_of(item) == "[password hidden]"


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        (("password field", "s3cret-one"), "[password hidden]"),
        (("PIN field", "081542"), "[PIN hidden]"),
        # What may be a label or a hint stays.
        (("password field", "ab12c"), "ab12c"),
        (("password field", "Benutzer"), "Benutzer"),
        (("password field", "my 2nd login"), "my 2nd login"),
        (("password field", "password-field-2"), "password-field-2"),
        (("text field", "s3cret-one"), "s3cret-one"),
    ],
)
def test_a_password_field_that_shows_its_content_is_hidden(element: tuple[str, str], shown: str) -> None:
    item, count = mask_item(seen(action="SCREEN_UPDATE", element=element))
    assert item.target_element_details is not None
    assert item.target_element_details.element_visible_text == shown
    assert count == (shown != element[1])


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


def test_what_was_hidden_is_told_with_where_it_was_typed() -> None:
    result = mask_items(
        [
            seen(1, element=("field", "Password"), typed="hunter"),
            seen(2, element=("field", "Password"), typed="-2024"),
            seen(3, typed="s3same", before="The terminal asks for the password."),
            seen(4, element=("field", "Password"), pasted="pasted"),
            seen(5, element=("field", "User name"), typed="anna"),
            said(6, "and the password is"),
            said(7, "swordfish"),
        ]
    )
    assert result.secrets == ("hunter", "-2024", "s3same", "pasted", "swordfish")
    assert result.typed == (
        TypedSecret(1.0, "Browser/field", "hunter"),
        TypedSecret(2.0, "Browser/field", "-2024"),
        TypedSecret(3.0, "Browser", "s3same"),
    )


def test_a_secret_that_was_typed_in_two_parts_is_hidden_where_it_is_shown_whole() -> None:
    items: list[TranscriptItem] = [
        seen(1, element=("field", "Password"), typed="hunter"),
        seen(2, element=("field", "Password"), typed="-2024"),
        said(3, "So hunter-2024 it is."),
    ]
    assert mask_items(items).items[-1] == said(3, "So [password hidden] it is.")


def test_known_secrets_are_hidden_in_stored_values_except_in_times_and_actions() -> None:
    known = KnownSecrets()
    value = [{"timestamp_start_audio": "00:00:07", "verbatim_transcript_segment": "It is 00:00:07, not 00:00:08."}]
    assert hide_known_in(value, known) == value
    known.learn(["00:00:07"])
    assert hide_known_in(value, known) == [
        {"timestamp_start_audio": "00:00:07", "verbatim_transcript_segment": "It is [password hidden], not 00:00:08."}
    ]


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
