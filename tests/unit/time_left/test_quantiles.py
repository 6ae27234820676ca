"""Quantiles of weighted values, and the line through points of which some are far off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.time_left.quantiles import sturdy_line, weighted_quantile


@pytest.mark.parametrize(
    ("values", "share", "quantile"),
    [
        ([(7.0, 3.0)], 0.5, 7.0),
        ([(7.0, 3.0)], 0.0, 7.0),
        ([(7.0, 3.0)], 1.0, 7.0),
        # The middles of two equal weights are at a quarter and three quarters.
        ([(10.0, 1.0), (20.0, 1.0)], 0.25, 10.0),
        ([(10.0, 1.0), (20.0, 1.0)], 0.5, 15.0),
        ([(20.0, 1.0), (10.0, 1.0)], 0.5, 15.0),
        ([(10.0, 1.0), (20.0, 1.0)], 0.75, 20.0),
        ([(10.0, 1.0), (20.0, 1.0)], 0.1, 10.0),
        ([(10.0, 1.0), (20.0, 1.0)], 0.9, 20.0),
        # Three quarters of the weight lie on the first value: its middle is at 3/8, the other one's at 7/8.
        ([(10.0, 3.0), (20.0, 1.0)], 0.5, 12.5),
        ([(10.0, 3.0), (20.0, 1.0)], 0.625, 15.0),
        ([(10.0, 1.0), (20.0, 1.0), (40.0, 2.0)], 0.5, 30.0 - 10.0 / 3),
        ([(10.0, 1.0), (10.0, 1.0)], 0.5, 10.0),
    ],
)
def test_a_quantile_lies_between_the_middles_of_the_weights(
    values: list[tuple[float, float]], share: float, quantile: float
) -> None:
    assert weighted_quantile(values, share) == pytest.approx(quantile)


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.01, 100)), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_quantile_is_among_the_values_and_grows_with_the_share(
    values: list[tuple[float, float]], first: float, second: float
) -> None:
    low, high = sorted((first, second))
    least, most = min(value for value, _ in values), max(value for value, _ in values)
    slack = 1e-6 * max(abs(least), abs(most), 1.0)
    assert least - slack <= weighted_quantile(values, low) <= weighted_quantile(values, high) + slack
    assert weighted_quantile(values, high) <= most + slack


@pytest.mark.parametrize(
    ("points", "line"),
    [
        # One point tells only how long a second of recording takes.
        ([(100.0, 50.0, 1.0)], (0.0, 0.5)),
        # All are about as long: the median of their ratios.
        ([(100.0, 50.0, 1.0), (101.0, 60.6, 1.0), (102.0, 71.4, 1.0)], (0.0, 0.6)),
        # 20 s for each, and a tenth of its length.
        ([(100.0, 30.0, 1.0), (200.0, 40.0, 1.0), (400.0, 60.0, 1.0)], (20.0, 0.1)),
        # As few pairs as points are enough, and one that is far off changes nothing.
        ([(100.0, 30.0, 1.0), (200.0, 40.0, 1.0), (400.0, 60.0, 1.0), (800.0, 1000.0, 0.01)], (20.0, 0.1)),
        # It takes no less time where the recording is longer.
        ([(100.0, 60.0, 1.0), (200.0, 50.0, 1.0), (400.0, 40.0, 1.0)], (50.0, 0.0)),
        # It takes no time below 0, so it grows at most in proportion.
        ([(100.0, 10.0, 1.0), (200.0, 110.0, 1.0), (400.0, 310.0, 1.0)], (0.0, 0.55)),
    ],
)
def test_a_line_has_a_base_and_a_slope_that_are_not_below_nothing(
    points: list[tuple[float, float, float]], line: tuple[float, float]
) -> None:
    assert sturdy_line(points) == pytest.approx(line)


def test_points_far_apart_and_heavy_ones_count_most() -> None:
    # Of the slopes of 0.1, 0.5 and 0.3 the one of the two points that are farthest apart has half of all weight.
    base, slope = sturdy_line([(100.0, 110.0, 1.0), (200.0, 120.0, 1.0), (400.0, 220.0, 1.0)])
    assert slope == pytest.approx(0.375, abs=0.1)
    assert base > 0
    # A heavy pair decides.
    _, steep = sturdy_line([(100.0, 110.0, 0.1), (200.0, 120.0, 9.0), (400.0, 220.0, 9.0)])
    assert steep == pytest.approx(0.5, abs=0.01)


def test_pairs_that_are_about_as_long_tell_no_slope() -> None:
    close = [(100.0, 10.0, 1.0), (120.0, 90.0, 1.0), (110.0, 20.0, 1.0)]
    assert sturdy_line(close)[0] == 0.0
    # A fifth longer is not enough; a little more is.
    assert sturdy_line([(80.0, 20.0, 1.0), (100.0, 20.0, 1.0)]) == pytest.approx((0.0, 0.225))
    assert sturdy_line([(79.0, 20.0, 1.0), (100.0, 20.0, 1.0)]) == pytest.approx((0.0, 0.2266), abs=1e-3)
