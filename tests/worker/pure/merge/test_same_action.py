"""When two visual items are one action, and which report of it is kept."""

from typing import Any

import pytest

from runops.transcript import VisualItem
from runops_worker.transcription.merge.chunk_transcript import end_of
from runops_worker.transcription.merge.same_action import Sighting, difference, is_other_screen, one_item
from tests.worker.pure.items import clicked, said, typed

END = 300.0


def seen(item: VisualItem, **fields: Any) -> VisualItem:
    return item.model_copy(update=fields)


def screen(before: str, after: str, *, action: str = "SCREEN_UPDATE", application: str = "Editor") -> VisualItem:
    return VisualItem(
        timestamp_start_visual="00:04:56",
        application_in_focus=application,
        action_type_observed=action,
        screen_region_description_pre_action=before,
        screen_region_description_post_action=after,
    )


def differ(one: VisualItem, other: VisualItem) -> float | None:
    return difference(Sighting(one, END), Sighting(other, 600.0))


def test_an_item_without_an_end_lasts_two_seconds() -> None:
    assert (end_of(clicked(3, "x")), end_of(typed(3, "x", end=9)), end_of(said(3, "x", end=8))) == (5.0, 9.0, 8.0)


@pytest.mark.parametrize(
    ("item", "reaches"),
    [
        (typed(290, "x", end=299), True),
        (typed(290, "x", end=298.999), False),
        (clicked(297, "x"), True),
        (clicked(296.9, "x"), False),
    ],
)
def test_an_action_that_ends_in_the_last_second_may_go_on(item: VisualItem, reaches: bool) -> None:
    assert Sighting(item, END).reaches_the_end is reaches


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (clicked(296, "Save"), clicked(296, "Save"), 0.0),
        (clicked(296, "Save"), clicked(296, " save… "), 0.0),
        (clicked(296, "Confirm delivery"), clicked(296, "Confirm delivry"), 0.2),
        (typed(296, "Miller"), typed(296, "Miller"), 0.0),
        (typed(296, "Miller"), typed(296, "Muller"), 0.2),
        (clicked(296, "Save"), clicked(296, "Open"), None),
        (typed(296, "Miller", end=297), typed(296, "Schmidt"), None),
        (clicked(296, "Save"), seen(clicked(296, "Save"), action_type_observed="TYPE"), None),
        # What only one of them has makes it less certain, where something else agrees.
        (seen(typed(296, "x"), action_type_observed="CLICK"), clicked(296, "Name"), 0.3),
        (clicked(296, "Name"), seen(typed(296, "x"), action_type_observed="CLICK"), 0.3),
        (seen(typed(296, "x"), target_element_details=None), typed(296, "x"), 0.3),
        # Nothing agrees or contradicts: the descriptions say nothing either.
        (clicked(296, "Save"), clicked(296, ""), 0.4),
        (clicked(296, ""), clicked(296, "  "), 0.4),
        # The earlier chunk ends while the value is entered.
        (typed(298, "Jo"), typed(298, "John Smith"), 0.2),
        (typed(298, "JO …"), typed(298, "john smith"), 0.2),
        (typed(298, "John Smith"), typed(298, "Jo"), None),
        (typed(296, "Jo", end=297), typed(298, "John Smith"), None),
    ],
)
def test_an_action_is_known_by_its_type_target_and_value(
    one: VisualItem, other: VisualItem, found: float | None
) -> None:
    assert differ(one, other) == (found if found is None else pytest.approx(found))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (("", "The list of orders appears."), ("", "The list of orders appears."), 0.0),
        # Two of the shorter text's four words: articles and other short words do not count.
        (("", "alpha beta gamma delta the of"), ("", "beta gamma epsilon zeta eta theta"), 0.4),
        (("alpha beta", "gamma"), ("gamma", "beta alpha"), 0.0),
        (("", "Message 4711 appears."), ("", "Message 4712 appears."), None),
        (("Message 4711", "appears"), ("", "Message 4711 with 9 lines"), 0.8 / 3),
        (("", "Message 4711"), ("", "Message"), 0.0),
        (("", "alpha beta"), ("", ""), 0.4),
    ],
)
def test_without_words_of_its_own_an_action_is_known_by_its_descriptions(
    one: tuple[str, str], other: tuple[str, str], found: float | None
) -> None:
    assert differ(screen(*one), screen(*other)) == (found if found is None else pytest.approx(found))


@pytest.mark.parametrize(
    ("action", "found"),
    [("SCREEN_UPDATE", None), ("MODAL_OPEN", None), ("MODAL_CLOSE", None), ("CLICK", 0.8), ("SCROLL_DOWN", 0.8)],
)
def test_screens_described_with_no_common_word_are_two(action: str, found: float | None) -> None:
    one, other = screen("", "The order is saved.", action=action), screen("", "List loads.", action=action)
    assert differ(one, other) == found


@pytest.mark.parametrize(
    ("earlier", "later", "kept"),
    [
        pytest.param(clicked(296, "Save"), clicked(297, "Save"), clicked(296, "Save"), id="the earlier one"),
        pytest.param(
            typed(298, "x", end=299),
            typed(297, "x", end=301),
            typed(298, "x", end=301),
            id="the later one has its end",
        ),
        pytest.param(
            typed(299, "x", end=299.5),
            typed(297, "x", end=298),
            typed(299, "x", end=299),
            id="an end before the start",
        ),
        pytest.param(
            typed(299, "x", end=299.5), typed(297, "x", end=299), typed(299, "x", end=299), id="an end at the start"
        ),
        pytest.param(typed(299, "x"), typed(290, "x"), typed(299, "x"), id="no end stays none"),
        pytest.param(clicked(296, ""), clicked(297, "Save"), clicked(296, "Save"), id="only the later one has words"),
        pytest.param(clicked(299, "Save"), clicked(299, ""), clicked(299, "Save"), id="only the earlier one has words"),
        pytest.param(
            clicked(296, "Create purch…"), clicked(297, "Create purchase order"), clicked(296, "Create purchase order")
        ),
        pytest.param(
            clicked(299, "Create purchase order"), clicked(297, "Create purch…"), clicked(299, "Create purchase order")
        ),
        # The value counts before the target.
        pytest.param(
            seen(typed(296, "x"), target_element_details=None),
            seen(typed(297, "x"), data_input_observed=None),
            seen(typed(296, "x"), target_element_details=None),
        ),
    ],
)
def test_the_report_that_says_more_is_kept_from_when_the_earlier_chunk_saw_it(
    earlier: VisualItem, later: VisualItem, kept: VisualItem
) -> None:
    assert one_item(Sighting(earlier, END), Sighting(later, 600.0)) == kept


@pytest.mark.parametrize(
    ("one", "other", "is_other"),
    [
        (("Excel", "A sheet with prices"), ("SAP", "The open orders"), True),
        (("Excel", "A sheet with prices"), ("Microsoft Excel", "The open orders"), False),
        (("Google Chrome - Orders", "A sheet"), ("Firefox", "The open orders"), False),
        (("Browser", "A sheet"), ("Firefox", "The open orders"), False),
        (("Edge", "A sheet"), ("The web", "The open orders"), False),
        (("Orders", "A sheet"), ("Web Orders", "The open table"), False),
        (("Google", "A sheet"), ("SAP", "The open orders"), False),
        (("SAP", "A sheet"), ("unknown", "The open orders"), False),
        # Half of the words of the shorter description are enough for one screen.
        (("Excel", "open prices"), ("SAP", "open orders"), False),
        (("Excel", "open prices sheet"), ("SAP", "open orders table"), True),
        (("Excel", ""), ("SAP", "open orders table"), False),
    ],
)
def test_screens_differ_where_neither_the_application_nor_the_words_agree(
    one: tuple[str, str], other: tuple[str, str], is_other: bool
) -> None:
    first, second = (screen("open orders", text, application=name) for name, text in (one, other))
    assert is_other_screen(first, second) is is_other
    assert is_other_screen(second, first) is is_other
