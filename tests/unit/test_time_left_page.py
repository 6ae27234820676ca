"""docs/time-left.md shows the figures of the benchmark, and the words that a VideoJob may say."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.measurement import Measurement
from benchmarks.results_file import FOLDER
from benchmarks.time_left import KINDS, LOADS, PROMISED, page_table, quality_of
from runops_operator.time_left import shown_time, time_left_loop, videojob_times
from tests.simulation.timed_videos import Expectation

PAGE = (Path(__file__).parents[2] / "docs" / "time-left.md").read_text("utf-8")
RECORD = json.loads((FOLDER / "time_left.json").read_text("utf-8"))


def test_the_page_has_the_figures_of_the_last_run() -> None:
    assert page_table(RECORD["details"]) in PAGE, "put `page_table` of benchmarks/time_left.py into the page"


def test_every_load_was_measured_and_the_promises_are_kept() -> None:
    assert list(RECORD["details"]) == list(LOADS)
    kept = [
        Measurement(**{name: one[name] for name in ("what", "unit", "figure", "limit", "against", "bound")}).kept
        for one in RECORD["results"]
    ]
    assert len(kept) == 3 * len(PROMISED) * len(KINDS)
    assert all(kept)


def test_the_page_explains_every_word_that_a_videojob_may_say() -> None:
    source = "".join(Path(str(one.__file__)).read_text("utf-8") for one in (shown_time, time_left_loop, videojob_times))
    words = set(re.findall(r'return "([A-Z]\w+)"|"((?:TooFew|Longer)\w+)"|\("(Blocked)", "(Stalled)"\)', source))
    said = {word for found in words for word in found if word}
    assert len(said) == 9
    assert {word for word in said if f"`{word}`" not in PAGE} == set()


def _expected(left: float, early: float | None, likely: float | None, late: float | None) -> Expectation:
    return Expectation("videojob", left, early, likely, late, mean=2 * left)


def test_the_quality_of_expectations() -> None:
    expectations = [
        _expected(100, 80, 90, 120),
        _expected(100, 100.5, 130, 150),
        _expected(100, 20, 50, 90),
        _expected(100, None, None, None),
        _expected(14, 0, 0, 1),
    ]
    quality = quality_of(expectations, "videojob")
    assert quality is not None
    assert quality.moments == 4
    figures = (quality.given, quality.within, quality.later, quality.error, quality.error_of_mean, quality.width)
    assert figures == pytest.approx((0.75, 2 / 3, 1 / 3, 0.3, 1.0, 0.495))
    assert quality_of(expectations, "waiting row") is None
