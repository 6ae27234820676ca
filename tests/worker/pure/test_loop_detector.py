"""A model that repeats itself without end is noticed."""

import json

from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import timestamp
from runops_worker.gemini.loop_detector import LoopDetector


def test_a_loop_is_noticed_and_a_transcript_is_not_taken_for_one() -> None:
    detector = LoopDetector()
    items = [{"timestamp_start_visual": timestamp(at), "action_type_observed": "CLICK"} for at in range(500)]
    assert not any(detector.feed(json.dumps(item)) for item in items)
    assert any(detector.feed(', {"id": 7}') for _ in range(100))


@given(st.text(min_size=1, max_size=200), st.integers(1, 60))
def test_any_short_passage_over_and_over_is_a_loop(passage: str, step: int) -> None:
    text = passage * (4000 // len(passage) + 1)
    detector = LoopDetector()
    assert any(detector.feed(text[at : at + step * 10]) for at in range(0, len(text), step * 10))
