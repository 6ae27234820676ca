"""`runops stats`: what is counted, from rows in a real table and VideoJobs of a cluster."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from rich.cells import cell_len
from typer.testing import Result

from runops.failures import CANCEL_SENTENCE, TABLE, Reason
from runops.row_summary import RowSummary
from runops.videojob_view import parse_videojob
from runops_cli.rows.job_stats import JobStats, Spread, remedy_of
from runops_cli.rows.job_table import exact_length
from runops_cli.rows.stats_page import stats_page

Runops = Callable[..., Result]
NOW = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
OVERLOADED = f"{TABLE[Reason.MODEL_UNAVAILABLE].sentence} (HTTP 503)"
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "a/b"}


def took(recording: float, transcribing: float) -> dict[str, Any]:
    return CLAIM | {"took": {"recording": recording, "stages": {"transcribing": transcribing}, "models": "m"}}


def row(number: int, status: str, *, minutes: float = 10, **columns: Any) -> RowSummary:
    ended = NOW - timedelta(minutes=5)
    made = {"job_id": UUID(int=number), "status": status, "updated_at": ended.isoformat()}
    return RowSummary.model_validate(made | {"created_at": (ended - timedelta(minutes=minutes)).isoformat()} | columns)


def stats_of(*rows: RowSummary, hours: float = 2, **costs: str) -> JobStats:
    found = JobStats(NOW - timedelta(hours=hours), NOW)
    views = {}
    for number, cost in costs.items():
        job_id = UUID(int=int(number.removeprefix("job")))
        usage = {"costUsd": cost, "mediaSeconds": 120, "totalTokens": 1}
        views[job_id] = parse_videojob({"metadata": {"name": f"vj-{job_id}"}, "status": {"usage": usage}})
    found.add(rows, views)
    return found


def test_ends_are_counted_by_kind_and_reason() -> None:
    found = stats_of(
        row(1, "completed"),
        row(2, "completed"),
        row(3, "error", error=OVERLOADED),
        row(4, "error", error="A cat."),
        row(5, "error", error=f"{CANCEL_SENTENCE}."),
        row(6, "queued"),
        row(7, "processing"),
        row(8, "archived"),
    )
    counts = (found.completed, found.failed, found.cancelled, found.others, found.ended)
    assert counts == (2, 2, 1, 1, 6)
    assert found.failures == {"ModelUnavailable": 1, "Other": 1}
    assert found.per_hour == 1.0


def test_times_and_costs_are_those_that_are_known() -> None:
    rows = [row(number, "completed", minutes=number, runops=took(60 * number, number)) for number in range(1, 11)]
    found = stats_of(*rows, row(11, "completed", runops={"took": "odd"}), job1="0.5", job2="0.1", job3="odd")
    transcribing = found.times["transcribing"]
    assert transcribing == Spread.of(range(1, 11))
    assert [round(one, 6) for one in (transcribing.p50, transcribing.p90)] == [5.5, 9.5]
    assert found.times["queued until completed"].count == 11
    assert "finalizing" not in found.times
    assert found.priced == 3
    assert found.cost_usd == pytest.approx(0.6)
    assert found.cost_per_minute == pytest.approx(0.1)
    assert stats_of(row(1, "completed")).cost_usd is None


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_fits_its_terminal(width: int) -> None:
    found = stats_of(
        row(1, "completed", runops=took(300, 60)), row(2, "error", error=OVERLOADED), row(3, "archived"), job1="0.5"
    )
    lines = stats_page(found, queued=12_000, at_work=3, width=width)
    page = "\n".join(line.plain for line in lines)
    assert max(cell_len(line.plain) for line in lines) <= width
    for said in (
        "Since 2026-11-30 17:00Z (2 hours)",
        "12,000  queued, 3 processing",
        "33.3 % of those",
        "0.50 USD for 1",
    ):
        assert said in page
    assert remedy_of("ModelUnavailable")[:20] in page
    assert page.count("  1 job\n") == len(found.times) > 1
    empty = stats_page(stats_of(), queued=0, at_work=0, width=width)
    assert [line.plain.split()[0] for line in empty] == ["Since", "completed", "in", "now"]


def test_the_command_counts_what_ended_since_a_time(runops: Runops, database: psycopg.Connection) -> None:
    user = str(uuid4())
    for age, status, error, metadata in (
        (1, "completed", None, {"user_id": user, "runops": took(300, 60)}),
        (2, "error", OVERLOADED, {}),
        (30, "error", "A cat.", {}),
        (1, "queued", None, {}),
    ):
        database.execute(
            "insert into jobs (job_id, status, error, metadata, created_at, updated_at) values "
            "(gen_random_uuid(), %s, %s, %s, now() - interval '40 hours', now() - %s * interval '1 hour')",
            [status, error, json.dumps(metadata), age],
        )
    told = json.loads(runops("stats", "--since", "24h", "-o", "json").stdout)
    assert (told["completed"], told["failures"]) == (1, {"ModelUnavailable": 1})
    assert told["seconds"]["transcribing"] == {"count": 1, "p50": 60.0, "p90": 60.0}
    page = runops("stats")
    assert page.exit_code == 0
    assert "Other" in page.stdout
    assert "1  queued, 0 processing" in page.stdout
    assert "--changed-since 7d` shows those that failed most" in " ".join(page.stderr.split())
    assert json.loads(runops("stats", "--user", user, "-o", "json").stdout)["failed"] == 0
    assert "`runops list` shows the jobs." in runops("stats", "--user", user).stderr
    assert runops("stats", "--since", "soon").exit_code == 2


@pytest.mark.parametrize(
    ("seconds", "said"), [(1.23, "1.2s"), (42.4, "42s"), (63.4, "1m 03s"), (3599.9, "1h 00m"), (7500, "2h 05m")]
)
def test_lengths_are_exact_to_the_second(seconds: float, said: str) -> None:
    assert exact_length(seconds) == said
