"""When memory and cluster are compared."""

import pytest

from runops_operator.resync import comparison_is_due


@pytest.mark.parametrize(
    ("since", "waiting", "due"),
    [
        pytest.param(299.0, 0, False, id="its time has not come"),
        pytest.param(300.0, 0, True, id="its time has come"),
        pytest.param(300.0, 5000, False, id="a burst comes first"),
        pytest.param(599.0, 101, False, id="a burst still comes first"),
        pytest.param(600.0, 5000, True, id="a burst that lasts does not keep it off for ever"),
    ],
)
def test_comparison_waits_for_its_time_and_for_a_burst_but_not_for_ever(since: float, waiting: int, due: bool) -> None:
    assert comparison_is_due(since=since, pause=300.0, waiting=waiting) is due
