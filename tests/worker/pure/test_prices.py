"""What a call costs."""

from datetime import date

import pytest

from runops_worker.model.prices import cost, price_of
from runops_worker.model.protocol import CallUsage


def test_the_price_of_a_day_is_taken_and_an_unknown_one_is_not_guessed() -> None:
    before, after = price_of("gemini-3.8-flash", date(2026, 12, 31)), price_of("gemini-3.8-flash", date(2027, 1, 1))
    assert before is not None
    assert after is not None
    assert after.input == 2 * before.input
    usage = CallUsage("gemini-3.8-flash", input_tokens=1_000_000, output_tokens=100_000, cached_tokens=500_000)
    assert float(cost(usage, date(2026, 11, 24)) or 0) == pytest.approx(0.375 + 0.0375 + 0.375)
    assert cost(CallUsage("someone-else", 1, 1), date(2026, 11, 24)) is None
