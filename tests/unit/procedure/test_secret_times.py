"""When the screen may show a secret: the exact seconds."""

from typing import Any

import pytest

from runops.procedure.items import items_of
from runops.procedure.model import TypedSecret
from runops.procedure.secret_times import SecretTimes, secret_times
from runops.recorded_secrets.span import hidden_kinds
from tests.unit.procedure.sample import heard, seen

SECRET = seen("00:00:40", "TYPE", application="Terminal", data="[token hidden]")
INF = float("inf")


def times(*items: dict[str, Any]) -> tuple[tuple[float, float, str], ...]:
    return secret_times(items_of(items)).times


@pytest.mark.parametrize(
    ("before", "since"),
    [
        ([], 0.0),
        ([seen("00:00:30", "CLICK", application="Mail")], 30.0),
        ([seen("00:00:38", "CLICK", application="Terminal")], 35.0),
        ([seen("00:00:10", "CLICK"), seen("00:00:36", "CLICK"), heard("00:00:37", "00:00:38", "And now.")], 35.0),
    ],
)
def test_it_begins_with_the_item_before_and_five_seconds_before_at_least(
    before: list[dict[str, Any]], since: float
) -> None:
    assert times(*before, SECRET) == ((since, INF, "token"),)


def test_it_ends_two_seconds_after_another_screen_is_there() -> None:
    same, other = seen("00:00:50", "CLICK", application=" terminal "), seen("00:01:00", "CLICK", application="Mail")
    assert times(SECRET, same, other, seen("00:02:00", "CLICK")) == ((0.0, 62.0, "token"),)


def test_a_sentence_hides_ten_seconds_around_it() -> None:
    assert times(heard("00:01:00", "00:01:03.500", "It is [PIN hidden].")) == ((50.0, 73.5, "PIN"),)
    assert times(heard("00:01:00", "00:00:59", "It is [PIN hidden].")) == ((50.0, 70.0, "PIN"),)


def test_a_secret_in_any_text_of_an_item_counts() -> None:
    item = seen("00:00:40", "CLICK", application="Terminal", target="Copy")
    item["target_element_details"]["element_attributes_observed"] = [{"value": ["[key hidden]"]}]
    assert times(item) == ((0.0, INF, "key"),)
    named = seen("00:00:40", "CLICK", application="Editor - [password hidden]")
    assert times(named) == ((0.0, INF, "password"),)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(0, 9.9, None), (0, 10, "code"), (15, 16, "code"), (20, 30, "code"), (20.1, 30, None), (0, 99, "code")],
)
def test_a_picture_that_touches_the_time_is_not_shown(start: float, end: float, found: str | None) -> None:
    assert SecretTimes(times=((10.0, 20.0, "code"),)).at(start, end) == found


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(0, 4.9, None), (0, 29, None), (0, 30, "key"), (35, 36, "key"), (39, 40, "key"), (40, 41, None), (41, 42, None)],
)
def test_whoever_comes_back_to_a_screen_may_see_it_again(start: float, end: float, found: str | None) -> None:
    # From 30 on the screen is in focus that showed it at 5 s, until 40 s.
    focus = ((0.0, "mail"), (30.0, "terminal"), (40.0, "mail"))
    assert SecretTimes(screens={"terminal": (5.0, "key")}, focus=focus).at(start, end) == found


def test_before_it_was_shown_a_screen_has_no_secret() -> None:
    shown = SecretTimes(screens={"terminal": (50.0, "key")}, focus=((0.0, "terminal"),))
    assert (shown.at(0, 49), shown.at(0, 50)) == (None, "key")


def test_without_items_nothing_is_hidden() -> None:
    assert SecretTimes().at(0, 1) is None
    assert secret_times(items_of([])) == SecretTimes()


def covers(*items: dict[str, Any], at: float = 40.0) -> tuple[TypedSecret, ...]:
    return secret_times(items_of(items)).covers(at, at)


def test_only_what_was_typed_has_a_place() -> None:
    assert covers(SECRET) == (TypedSecret("token", 40.0, 40.0),)
    pasted = seen("00:00:40", "TYPE", application="Terminal")
    pasted["data_input_observed"] = {"pasted_text_observed": "[token hidden]"}
    assert times(pasted) == times(SECRET)
    # It was copied somewhere, and that may be on the same screen, in another window.
    assert covers(pasted) == ()
    assert covers(pasted | {"action_type_observed": "PASTE"}) == ()


def test_a_secret_that_was_shown_before_in_another_window_has_no_place() -> None:
    shown = seen("00:00:10", "CLICK", application="Notes", target="[token hidden]")
    assert covers(shown, seen("00:00:20", "CLICK", application="Mail"), SECRET) == ()


def test_a_secret_that_was_typed_before_in_another_window_is_covered_too() -> None:
    other = seen("00:00:10", "TYPE", application="Notes", data="[PIN hidden]")
    found = covers(other, seen("00:00:20", "CLICK", application="Mail"), SECRET)
    assert found == (TypedSecret("PIN", 10.0, 20.0), TypedSecret("token", 40.0, 40.0))


def test_one_that_is_typed_later_or_was_said_long_before_counts_not() -> None:
    later = seen("00:02:00", "CLICK", application="Notes", target="[token hidden]")
    said = heard("00:00:05", "00:00:06", "It is [PIN hidden].")
    assert covers(said, SECRET, seen("00:01:00", "CLICK", application="Mail"), later) == (
        TypedSecret("token", 40.0, 60.0),
    )
    assert covers(heard("00:00:30", "00:00:31", "It is [PIN hidden]."), SECRET) == ()


def test_a_secret_in_an_item_that_cannot_be_read_may_be_seen_at_any_time() -> None:
    unread = {"modality": "unknown", "texts": [{"value": "[password hidden]"}]}
    assert times(unread) == ((-INF, INF, "password"),)
    assert secret_times(items_of([unread])).at(5, 6) == "password"
    assert covers(unread, SECRET) == ()
    assert times({"modality": "unknown"}) == ()


def test_each_kind_is_named_once() -> None:
    texts = ["[card number hidden] and [card code hidden]", "[card number hidden] [nothing hidden]"]
    assert hidden_kinds(texts) == ["card number", "card code"]
