"""What benchmarks say of their figures."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.autoscaling.measuring import judged
from benchmarks.autoscaling.record import Record
from benchmarks.measurement import Measurement, percentile, table
from benchmarks.results_file import FOLDER, keep
from benchmarks.unruly_model import End, Video, figures, outcome
from benchmarks.unruly_recordings import KINDS
from devstack.gemini.behaviour import CallRecord


def test_ratio_of_runs_in_turn_is_the_median_of_their_ratios() -> None:
    pairs = [(1.0, 2.0), (3.0, 2.0), (2.0, 1.0)]
    one = Measurement.of_pairs("burst", "s", pairs, against="bare loop", bound=1.5)
    assert (one.figure, one.limit, one.ratio, one.kept) == (2.0, 2.0, 1.5, True)
    assert "1.50 (0.50 to 2.00 in 3 runs) | 1.50 | yes |" in table([one])


def test_figure_above_its_bound_is_not_kept() -> None:
    one = Measurement(what="memory", unit="MB", figure=151.0, limit=150.0, against="limit")
    assert not one.kept
    assert "| 1.01 | 1.00 | NO |" in table([one])


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0.01, 1.0))
def test_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert found == min(values) or sum(value < found for value in values) < share * len(values)


def test_results_are_kept_with_machine_and_day(tmp_path: Path) -> None:
    one = Measurement(what="memory", unit="MB", figure=100.123456, limit=150.0, against="limit")
    kept = json.loads(keep("memory", [one], details={"runs": [1.234567]}, folder=tmp_path).read_text("utf-8"))
    assert kept["results"][0]["figure"] == pytest.approx(100.1)
    assert kept["results"][0]["kept"] is True
    assert kept["details"] == {"runs": [1.235]}
    assert {"processor", "cores", "memory_gb", "kernel"} <= set(kept["machine"])


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_committed_results_say_what_they_were_measured_against(file: Path) -> None:
    kept = json.loads(file.read_text("utf-8"))
    assert kept["benchmark"] == file.stem
    assert kept["results"]
    assert all(one["against"] and one["limit"] > 0 for one in kept["results"])


def test_a_limit_is_kept_by_the_median_of_the_runs() -> None:
    one = Measurement.of_runs("memory", "MiB", [140.0, 160.0, 145.0], limit=150.0)
    assert (one.figure, one.limit, one.against, one.kept) == (145.0, 150.0, "limit", True)
    assert "0.97 (0.93 to 1.07 in 3 runs)" in table([one])


def burst(case: str, **changes: float) -> Record:
    usual: dict[str, Any] = {one.name: 0 for one in fields(Record)}
    usual |= {"case": case, "says": "", "rows": 200, "completed": 200, "most_attempts": 1, "paid_calls": 400}
    return Record(**usual | {"nodes_most": 16, "last_node_after_last_row": 28.0, "reasons": {}} | changes)


def autoscaled(*, evicted: int, rival: int) -> dict[str, Measurement]:
    pairs = [burst("burst", stopped_at_work=evicted), burst("unprotected", stopped_at_work=rival, paid_calls=432)]
    return {one.what: one for one in judged([*pairs, *pairs, burst("sizes-unknown", nodes_most=21)])}


def test_a_burst_on_nodes_that_come_and_go_is_judged_beside_the_one_without_annotations() -> None:
    found = autoscaled(evicted=0, rival=34)
    assert all(one.kept for one in found.values())
    assert found["200 rows: workers evicted at work"].ratios == (0.0, 0.0)
    assert found["200 rows: paid calls"].ratio == 1.0


def test_one_worker_that_is_evicted_breaks_the_promise() -> None:
    assert not autoscaled(evicted=1, rival=34)["200 rows: workers evicted at work"].kept


def test_where_nobody_is_evicted_without_the_annotations_either_nothing_is_shown() -> None:
    with pytest.raises(RuntimeError, match="shows nothing"):
        autoscaled(evicted=0, rival=0)


def _call(caller: str, tokens: int, *faults: str) -> CallRecord:
    return CallRecord(kind="transcribe", model="m", at=0.0, prompt_tokens=tokens, caller=caller, faults=list(faults))


def test_tokens_of_an_unruly_model_are_compared_with_those_of_one_without_faults() -> None:
    kind = KINDS[1]
    video, other, smooth = (Video(name, uuid4(), kind, Path("x.mp4")) for name in ("0-1", "0-2", "smooth-1"))
    ends = [End(video, None, 1), End(other, "Blocked", 3)]
    calls = [_call("smooth-1", 100), _call("0-1", 100), _call("0-2", 100, "empty"), _call("0-2", 100), _call("9-9", 1)]
    found = figures(ends, calls, smooth=[smooth])
    assert (found["videos"], found["attempts per video"], found["calls per video"]) == (2, 2.0, 1.5)
    assert found["share of tokens beyond what a model without faults takes"] == pytest.approx(1 / 3, abs=0.001)
    assert found["share of calls with a fault"] == pytest.approx(1 / 3, abs=0.001)
    assert [(one["video"], one["why"]) for one in found["without SOP"]] == [("0-2", "Blocked")]
    (result,) = outcome([found]).results
    assert (result.figure, result.kept) == (0.5, False)
