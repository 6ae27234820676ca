"""A model that repeats itself without end is noticed, and one that repeats itself for a good reason is not."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import timestamp
from runops_worker.gemini.loop_detector import LoopDetector


def noticed_after(part: Callable[[int], str], *, parts: int = 400) -> int | None:
    """Return after how many parts of an answer it is taken for a loop; None for an answer that is not."""
    detector = LoopDetector()
    return next((number + 1 for number in range(parts) if detector.feed(part(number))), None)


def item(at: float, **fields: str) -> str:
    shown = {
        "timestamp_start_visual": timestamp(at),
        "application_in_focus": "Chrome",
        "action_type_observed": "CLICK",
        "screen_region_description_pre_action": "The list of orders is shown.",
        "screen_region_description_post_action": "The list of orders is shown.",
        **fields,
    }
    return json.dumps(shown) + ","


def spoken(at: float) -> str:
    start, end = timestamp(at), timestamp(at + 0.5)
    return json.dumps(
        {"timestamp_start_audio": start, "timestamp_end_audio": end, "verbatim_transcript_segment": "So."}
    )


@pytest.mark.parametrize(
    ("part", "characters"),
    [
        (lambda _: item(5), 8_500),
        (item, 17_500),
        (lambda number: item(number * 0.25), 17_500),
        (lambda number: item(number, timestamp_end_visual=timestamp(number + 1)), 19_500),
        (lambda number: item(2 * number) + item(2 * number + 1, action_type_observed="SCREEN_UPDATE"), 18_000),
        (spoken, 22_000),
        (lambda _: ', {"id": 7}', 8_500),
        (lambda _: "====================", 8_500),
        (lambda number: f'"at": "{number // 60:02d}:{number % 60:02d}", ', 24_000),
        (lambda number: '{"x": 0' if number == 0 else "0" * 20, 1_000),
        (lambda _: "0" * 20, 1_000),
    ],
    ids=[
        *("same item", "next second", "next quarter", "moving end", "two items in turn", "speech", "short", "equals"),
        *("times only", "number", "number first"),
    ],
)
def test_an_endless_answer_is_noticed(part: Callable[[int], str], characters: int) -> None:
    parts = noticed_after(part, parts=4_000)
    assert parts is not None
    assert sum(len(part(number)) for number in range(parts)) < characters


@given(st.text(min_size=1, max_size=300), st.integers(1, 700))
def test_any_passage_over_and_over_is_a_loop(passage: str, step: int) -> None:
    text = passage * (12_000 // len(passage) + 1)
    assert noticed_after(lambda number: text[number * step : number * step + step], parts=len(text) // step + 1)


def at_most_once(text: str) -> list[str]:
    return [text[at : at + 50] for at in range(0, len(text), 50)]


@pytest.mark.parametrize(
    "text",
    [
        "".join(item(at) for at in range(30)),
        "".join(item(at, screen_region_description_post_action=f"Order {1000 + at}.") for at in range(300)),
        "".join(item(at) for at in range(5)) + item(5) * 20 + item(6),
        item(1, typed_characters="=" * 700) + item(2),
        item(1, typed_characters="0" * 700) + item(2),
        item(1, screen_region_description_post_action="| " + "|        " * 6 * 60 + "|") + item(2),
        item(1, screen_region_description_post_action="An empty row. " * 60) + item(2),
    ],
    ids=["scrolling", "orders", "duplicates", "typed line", "typed zeros", "empty table", "empty rows"],
)
def test_an_answer_that_repeats_itself_for_a_good_reason_is_not_a_loop(text: str) -> None:
    parts = at_most_once("[" + text)
    assert noticed_after(lambda number: parts[number], parts=len(parts)) is None
