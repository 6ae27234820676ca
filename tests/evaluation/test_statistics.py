"""Means, intervals and comparisons over recordings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops_evaluation.floors import below_floor
from runops_evaluation.scores.metrics import METRICS
from runops_evaluation.statistics.bootstrap import RESAMPLES, _resamples, interval, mean_of
from runops_evaluation.statistics.compare import ALPHA, Difference, compare, least_p

NO_FIGURE: dict[str, float | None] = dict.fromkeys(metric.name for metric in METRICS)
FIGURES = st.lists(st.floats(0, 1), min_size=2, max_size=8)


@settings(max_examples=25)
@given(FIGURES)
def test_an_interval_lies_within_the_figures_and_around_their_mean(values: list[float]) -> None:
    mean = mean_of(values)
    assert mean.value is not None
    assert mean.low is not None
    assert mean.high is not None
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9
    assert mean.low - 1e-9 <= mean.value <= mean.high + 1e-9 or len(set(values)) > 1


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = [0.1, 0.4, 0.35, 0.8, 0.77, 0.2, 0.93]
    assert interval(values, seed=1) == interval(values, seed=1)
    assert interval(values, seed=1) != interval(values, seed=2)


def test_an_interval_leaves_out_as_many_resamples_below_as_above() -> None:
    values = [0.1, 0.35, 0.5, 0.62, 0.8, 0.97, 0.23]
    means = sorted(sum(values[at] for at in chosen) / len(values) for chosen in _resamples(len(values), 3))
    assert len(set(means[45:55])) > 1
    assert len(set(means[1945:1955])) > 1
    assert interval(values, seed=3) == (means[50], means[1949])
    assert (mean_of(values, seed=3).low, mean_of(values, seed=3).high) == interval(values, seed=3)


def test_an_interval_holds_the_middle_95_of_100_resamples() -> None:
    # Of two figures a resample has the mean 0, 1/2 or 1, with chances of 1/4, 1/2 and 1/4.
    assert interval([0.0, 1.0]) == (0.0, 1.0)
    # Of 20 with a single 1, the chance of a mean of 0 is 0.95^20 = 36 %, of more than 0.15 it is 1.6 %.
    assert interval([1.0, *[0.0] * 19]) == pytest.approx((0.0, 0.15))
    assert RESAMPLES >= 1000


def test_what_is_not_there_does_not_count() -> None:
    mean = mean_of([None, 0.5, None])
    assert (mean.value, mean.low, mean.high, mean.count) == (0.5, None, None, 1)
    assert mean_of([None]).value is None
    assert mean_of([]).count == 0


def runs(pairs: list[tuple[float | None, float | None]], name: str = "steps.f1") -> list[Difference]:
    def run(side: int) -> dict[str, dict[str, float | None]]:
        return {str(at): {**NO_FIGURE, name: pair[side]} for at, pair in enumerate(pairs)}

    return compare(run(0), run(1))


def only(found: list[Difference], name: str = "steps.f1") -> Difference:
    return next(one for one in found if one.metric.name == name)


def test_a_run_does_not_differ_from_itself() -> None:
    found = only(runs([(0.5, 0.5), (0.7, 0.7), (0.2, 0.2)]))
    assert (found.change, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.is_better is None
    assert not found.is_significant


def test_a_small_difference_in_every_recording_is_significant_though_recordings_differ_more() -> None:
    found = only(runs([(at / 12, at / 12 + 0.02 + at / 1000) for at in range(12)]))
    assert found.p == pytest.approx(2 / 2**12)
    assert found.is_significant
    assert found.is_better
    assert found.low is not None
    assert found.low > 0


def test_a_difference_in_a_few_recordings_is_not() -> None:
    found = only(runs([(0.5, 0.9), (0.5, 0.9), *[(0.5, 0.5)] * 10]))
    assert found.p == 0.5
    assert not found.is_significant


def test_less_is_better_where_the_metric_says_so() -> None:
    assert only(runs([(0.5, 0.4)], "speech.wer"), "speech.wer").is_better is True
    assert only(runs([(0.5, 0.6)], "speech.wer"), "speech.wer").is_better is False


def test_only_recordings_with_both_figures_count() -> None:
    found = only(runs([(None, 0.4), (0.5, None), (0.5, 0.6)]))
    assert found.count == 1
    assert found.change == pytest.approx(0.1)
    nothing = only(runs([(None, 0.4)]))
    assert (nothing.change, nothing.p, nothing.adjusted, nothing.is_better) == (None, None, None, None)


def test_recordings_that_are_in_one_run_only_do_not_count() -> None:
    found = compare({"a": {**NO_FIGURE, "steps.f1": 0.1}, "b": NO_FIGURE}, {"a": {**NO_FIGURE, "steps.f1": 0.2}})
    assert only(found).count == 1


def test_many_metrics_are_corrected_for() -> None:
    everywhere = {metric.name: 0.5 for metric in METRICS}
    changed = everywhere | {"steps.f1": 0.6}
    found = only(compare({str(at): everywhere for at in range(10)}, {str(at): changed for at in range(10)}))
    assert found.p == pytest.approx(2 / 2**10)
    # One of 25 chances: the smallest counts 25 times.
    assert found.adjusted == pytest.approx(len(METRICS) * 2 / 2**10)
    assert found.is_significant
    nine = only(compare({str(at): everywhere for at in range(9)}, {str(at): changed for at in range(9)}))
    assert not nine.is_significant
    assert least_p(9) * len(METRICS) > ALPHA > least_p(10) * len(METRICS)


def test_many_recordings_are_drawn_and_give_nearly_the_same() -> None:
    few = only(runs([(0.5, 0.5 + (-1) ** at * 0.1 + 0.03) for at in range(14)]))
    many = only(runs([(0.5, 0.5 + (-1) ** at * 0.1 + 0.03) for at in range(15)]))
    assert few.p is not None
    assert many.p is not None
    assert abs(few.p - many.p) < 0.15
    assert least_p(15) == pytest.approx(1 / 10_001)


@pytest.mark.parametrize(
    ("values", "floors", "says"),
    [
        ({"steps.f1": 0.8}, {"steps.f1": 0.8}, []),
        ({"steps.f1": 0.79}, {"steps.f1": 0.8}, ["steps.f1 is 0.790, below 0.8."]),
        ({"speech.wer": 0.2}, {"speech.wer": 0.2}, []),
        ({"speech.wer": 0.21}, {"speech.wer": 0.2}, ["speech.wer is 0.210, above 0.2."]),
        ({}, {"steps.f1": 0.8}, ["steps.f1 has no figure; its floor is 0.8."]),
    ],
)
def test_a_mean_below_its_floor_is_named(values: dict[str, float], floors: dict[str, float], says: list[str]) -> None:
    assert below_floor({metric: mean_of([values.get(metric.name)]) for metric in METRICS}, floors) == says
