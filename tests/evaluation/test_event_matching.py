"""Which item of a transcript is which true event: kind, value, target and time, each at its limit."""

from typing import Any

import pytest

from runops.transcript import DataInput, TargetElement, VisualItem, timestamp
from runops_evaluation.gold.events import Event
from runops_evaluation.matching.events import (
    TOLERANCE_SECONDS,
    is_reaction,
    match_actions,
    match_reactions,
    value_of,
)


def event(at: float = 10.0, kind: str = "CLICK", **fields: Any) -> Event:
    return Event(at=at, kind=kind, application="Ledger", **fields)


def item(
    at: float = 10.0,
    kind: str = "CLICK",
    *,
    target: str | None = None,
    typed: str | None = None,
    before: str = "",
    after: str = "",
) -> VisualItem:
    return VisualItem(
        timestamp_start_visual=timestamp(at),
        application_in_focus="Ledger",
        action_type_observed=kind,
        target_element_details=None
        if target is None
        else TargetElement(element_type_guess="element", element_visible_text=target),
        data_input_observed=None if typed is None else DataInput(typed_characters=typed),
        screen_region_description_pre_action=before,
        screen_region_description_post_action=after,
    )


def same(one: Event, other: VisualItem) -> bool:
    return match_actions([one], [other]) == [(0, 0)]


@pytest.mark.parametrize(
    ("seen", "found"),
    [(7.999, False), (8.0, True), (10.0, True), (15.0, True), (17.0, True), (17.001, False)],
)
def test_an_item_begins_at_most_two_seconds_before_the_event_or_after_its_end(seen: float, found: bool) -> None:
    assert TOLERANCE_SECONDS == 2.0
    assert same(event(10.0, until=15.0), item(seen)) is found


@pytest.mark.parametrize(("seen", "found"), [(7.999, False), (8.0, True), (12.0, True), (12.001, False)])
def test_an_event_without_an_end_lasts_no_time(seen: float, found: bool) -> None:
    assert same(event(10.0), item(seen)) is found


def test_the_nearest_of_several_items_is_the_event() -> None:
    assert match_actions([event(10.0)], [item(8.5), item(10.5), item(12.0)]) == [(0, 1)]
    # While the event lasts, all times are as near as can be.
    assert match_actions([event(10.0, until=20.0)], [item(8.5), item(19.0), item(21.0)]) == [(0, 1)]
    assert match_actions([event(10.0)], [item(11.0), item(9.5), item(8.0)]) == [(0, 1)]


def test_items_need_not_be_in_order() -> None:
    assert match_actions([event(10.0), event(30.0)], [item(30.0), item(20.0), item(10.0)]) == [(0, 2), (1, 0)]


def test_items_that_begin_at_one_time_are_all_looked_at() -> None:
    seen = [item(8.0, target="Other"), item(8.0, target="Send"), item(12.0, target="Other"), item(12.0, target="Save")]
    assert match_actions([event(10.0, target="Send"), event(10.0, target="Save")], seen) == [(0, 1), (1, 3)]


@pytest.mark.parametrize(
    ("true", "seen", "found"),
    [
        ("CLICK", "CLICK", True),
        ("CLICK", "DRAG_START", False),
        ("SCROLL_UP", "SCROLL_DOWN", True),
        ("HIGHLIGHT_TEXT", "SELECT_TEXT", True),
        ("KEYPRESS_RETURN", "KEYPRESS_ENTER", True),
        ("KEYPRESS_ESCAPE", "KEYPRESS_ESC", True),
        ("KEYPRESS_CTRL_C", "KEYPRESS_CTRL+C", True),
        ("KEYPRESS_CTRL+DEL", "KEYPRESS_CTRL_DELETE", True),
        ("TYPE", "PASTE", False),
        ("KEYPRESS_CTRL_C", "KEYPRESS_CTRL_V", False),
        ("KEYPRESS_C", "KEYPRESS_CTRL_C", False),
    ],
)
def test_kinds_that_are_the_same(true: str, seen: str, found: bool) -> None:
    assert same(event(kind=true), item(kind=seen)) is found


def test_an_event_may_have_other_kinds_as_well() -> None:
    chosen = event(kind="CLICK", also=("SELECT_TEXT",))
    assert same(chosen, item(kind="HIGHLIGHT_TEXT"))
    assert same(chosen, item(kind="CLICK"))
    assert not same(chosen, item(kind="PASTE"))


@pytest.mark.parametrize(
    ("true", "seen", "found"),
    [
        (None, None, True),
        (None, "anything", True),
        ("Jonas Weber", None, False),
        ("Jonas Weber", "JONAS  WEBER", True),
        # 10 letters and one other one: a ratio of 90.
        ("abcdefghij", "abcdefghix", True),
        ("abcdefghi", "abcdefghx", False),
        ("order 3480 of Helios", "order 3481 of Helios", False),
        ("order 3,480 of Helios", "order 3480 of Helios", True),
    ],
)
def test_a_value_may_differ_in_a_letter_but_in_no_digit(true: str | None, seen: str | None, found: bool) -> None:
    assert same(event(kind="TYPE", value=true), item(kind="TYPE", typed=seen)) is found


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (None, None),
        (DataInput(), None),
        (DataInput(typed_characters="a", pasted_text_observed="b", selected_value_observed="c"), "a"),
        (DataInput(typed_characters="", pasted_text_observed="b", selected_value_observed="c"), "b"),
        (DataInput(selected_value_observed="c"), "c"),
    ],
)
def test_a_value_is_what_was_typed_pasted_or_chosen(data: DataInput | None, value: str | None) -> None:
    assert value_of(data) == value


@pytest.mark.parametrize(
    ("target", "shown", "found"),
    [
        (None, "Anything", True),
        ("Send", "send", True),
        ("Send", "Cancel", False),
        ("Search", "Search orders, customers and invoices", True),
        ("Send request (Ctrl+S)", "Send", True),
        # Three words of four, of two words of three not.
        ("one two three four", "one two three five six seven", True),
        ("one two three", "one two five six seven", False),
        ("invoices", "invoice", True),
        ("INV-2042", "INV-2043", False),
        ("Invoice 12", "Invoice 123", False),
        ("+", "+", True),
        ("+", "-", False),
        ("+", "Add", False),
        ("Add", "+", False),
    ],
)
def test_a_target_is_known_by_its_text(target: str | None, shown: str, found: bool) -> None:
    assert same(event(target=target), item(target=shown)) is found


def test_a_target_is_known_by_each_of_its_other_texts() -> None:
    field = event(target="Comment", aliases=("Say why", "Optional"))
    assert same(field, item(target="Optional"))
    assert same(field, item(target="Say why"))
    assert not same(field, item(target="Amount"))


def test_an_item_that_names_no_element_must_tell_all_of_the_name() -> None:
    assert same(event(target="Send request"), item(before="The button Send", after="The request has gone out."))
    assert not same(event(target="Send request"), item(before="The button Send", after="It has gone out."))
    assert not same(event(target="Send request"), item())
    assert same(event(target="Send"), item(target="", after="Send is pressed."))


def test_a_reaction_may_be_of_any_kind_but_an_action_may_not() -> None:
    opened, shown = event(kind="MODAL_OPEN", target="Orders"), item(kind="SCREEN_UPDATE", target="Orders")
    assert match_reactions([opened], [shown]) == [(0, 0)]
    assert match_reactions([opened], [item(kind="SCREEN_UPDATE", target="Customers")]) == []
    assert match_actions([opened], [shown]) == []
    assert [is_reaction(kind) for kind in ("MODAL_OPEN", "MOUSE_MOVE_TO_REGION", "CLICK")] == [True, True, False]
