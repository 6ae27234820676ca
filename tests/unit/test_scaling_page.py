"""The figures in docs/scaling.md are those of the benchmarks' results."""

import json
import re

import pytest

from benchmarks.results_file import FOLDER
from benchmarks.scaling_page import BEGIN, END, PAGE, figures, with_figures


def test_figures_in_the_page_are_those_of_the_results() -> None:
    page = PAGE.read_text("utf-8")
    assert page == with_figures(page), "run python -m benchmarks.scaling_page"


def test_text_around_the_figures_stays() -> None:
    written = with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert written.startswith(f"before\n{BEGIN}\n")
    assert written.endswith(f"{END}\nafter\n")
    assert "old" not in written


@pytest.mark.parametrize("name", sorted(set(re.findall(r"results/(\w+)\.json", PAGE.read_text("utf-8")))))
def test_each_source_is_there(name: str) -> None:
    assert json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["benchmark"] == name


def test_nothing_is_measured_that_no_file_holds() -> None:
    measured, _, computed = figures().partition("Computed")
    rows = [line for line in measured.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    assert rows
    assert all(re.search(r"\(\.\./benchmarks/results/\w+\.json\) \|$", row) for row in rows)
    assert "results/" not in computed


def test_costs_by_size_are_those_of_the_figures() -> None:
    (computed,) = re.findall(r"(?m)^\| model on a day, [^|]*\|(.*)\|$", figures())
    by_size = PAGE.read_text("utf-8").partition("## By size")[2].partition("## Figures")[0]
    told = {
        row[0].strip(): row[2].strip() for row in (line.split("|")[1:] for line in by_size.splitlines() if "$" in line)
    }
    assert [told[size] for size in ("1,000", "10,000", "100,000", "1,000,000")] == [
        one.strip() for one in computed.split("|")
    ]
    tenth = float(told["1,000"].strip("$")) / 10
    assert told["100"] == f"${tenth:.0f}"
