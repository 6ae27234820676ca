"""`runops list` against a real table."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from rich.cells import cell_len
from typer.testing import Result

from devstack.faults import FaultControl
from runops.failures import TABLE, Reason
from runops.job_story.known_job import KnownJob
from runops.row_summary import RowSummary
from runops.standstill import CONDITION
from runops_cli.rows.job_table import age, table

Runops = Callable[..., Result]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def insert(database: psycopg.Connection, *, minutes: float = 0, status: str = "queued", **columns: Any) -> str:
    job_id = str(uuid4())
    database.execute(
        "insert into jobs (job_id, status, created_at, metadata, error) values (%s, %s, now() - %s, %s, %s)",
        [job_id, status, timedelta(minutes=minutes), json.dumps(columns.get("metadata")), columns.get("error")],
    )
    return job_id


def list_summaries(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def test_the_newest_come_first_and_the_queue_in_its_order(runops: Runops, database: psycopg.Connection) -> None:
    old, new = insert(database, minutes=9), insert(database, minutes=1)
    done = insert(database, minutes=5, status="completed")
    assert list_summaries(runops("list")) == [new, done, old]
    assert list_summaries(runops("list", "--status", "queued")) == [old, new]
    assert list_summaries(runops("list", "-s", "queued", "-s", "completed", "--limit", 2)) == [new, done]


def test_a_row_shows_stage_attempts_and_error(runops: Runops, database: psycopg.Connection) -> None:
    claim = {"claim": str(uuid4()), "by": "here", "attempt": 1, "failures": 1, "waits": {"quota": 3, "key": 1}}
    working = insert(database, minutes=3.5, status="processing", metadata={"runops": claim})
    database.execute("update jobs set progress_stage = 'transcribing', progress_percent = 55")
    failed = insert(database, minutes=130, status="error", error="It has no picture.\x1b[31m\nRed.")
    titles, *lines = runops("list").stdout.splitlines()
    assert titles.split() == ["JOB", "STATUS", "STAGE", "%", "ATTEMPTS", "AGE", "TITLE"]
    assert lines[0].split() == [working, "processing", "transcribing", "55", "2,", "4", "waits", "3m"]
    assert lines[1].split() == [failed, "error", "-", "-", "-", "2h", "It", "has", "no", "picture.[31m", "Red."]


def test_only_the_jobs_of_one_user(runops: Runops, database: psycopg.Connection) -> None:
    user = uuid4()
    mine = insert(database, metadata={"user_id": str(user).upper()})
    insert(database, metadata={"user_id": str(uuid4())})
    insert(database, metadata=["user_id", str(user)])
    insert(database)
    assert list_summaries(runops("list", "--user", user)) == [mine]


def test_json_holds_what_a_script_needs_and_no_token(runops: Runops, database: psycopg.Connection) -> None:
    token = "0a1b2c3d-0000-4000-8000-000000000001"
    claim = {"claim": token, "by": "here", "attempt": 2, "failures": 1}
    job_id = insert(database, status="processing", metadata={"runops": claim, "user_id": "u", "big": "x" * 1000})
    result = runops("list", "-o", "json")
    (row,) = json.loads(result.stdout)
    assert (row["job_id"], row["status"], row["user_id"], row["error"]) == (job_id, "processing", "u", None)
    assert row["runops"] == {
        "by": "here",
        "attempt": 2,
        "failures": 1,
        "waits": 0,
        "not_before": None,
        "reason": None,
    }
    assert token not in result.output
    assert "xxx" not in result.output


def test_unreadable_metadata_hides_no_row(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database)
    database.execute("update jobs set metadata = ('{\"a\": ' || repeat('9', 5000) || '}')::jsonb")
    assert list_summaries(runops("list")) == [job_id]


def test_an_empty_table(runops: Runops) -> None:
    result = runops("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No jobs." in result.stderr
    assert json.loads(runops("list", "-o", "json").stdout) == []


def test_long_lists_are_read_in_pages_and_no_row_is_written(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    database.execute(
        "insert into jobs (job_id, created_at) select gen_random_uuid(), now() from generate_series(1, 1500)"
    )
    result = runops("list", "--limit", 1200)
    assert len(set(list_summaries(result))) == 1200
    assert "--limit shows more" in result.stderr
    assert {record.method for record in faults.requests()} == {"GET"}


@pytest.mark.parametrize("arguments", [["--status", "lost"], ["--limit", "0"], ["--limit", "10001"], ["--user", "me"]])
def test_an_invalid_option_is_refused(runops: Runops, arguments: list[str]) -> None:
    assert runops("list", *arguments).exit_code == 2


def test_errors_are_cut_to_the_width_of_a_terminal_and_nowhere_else() -> None:
    sight = RowSummary(job_id=UUID(int=1), status="error", error="録画には映像がありません。" * 20)
    cut = [line.plain for line in table([KnownJob(sight)], now=NOW, width=120)]
    assert max(map(cell_len, cut)) <= 120
    assert cut[1].endswith("…")
    assert table([KnownJob(sight)], now=NOW, width=None)[1].plain.endswith(sight.error or "")


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200_000, "2d")]
)
def test_an_age_is_a_number_and_a_letter(seconds: float, said: str) -> None:
    made = (NOW - timedelta(seconds=seconds)).isoformat()
    assert age(RowSummary(job_id=UUID(int=1), created_at=made), NOW) == said


def test_a_row_without_a_valid_date_has_no_age() -> None:
    assert age(RowSummary(job_id=UUID(int=1), created_at="infinity"), NOW) == ""


def test_older_tables_are_listed_cancelled_and_retried_too(runops: Runops, database: psycopg.Connection) -> None:
    columns = ("progress_stage", "progress_percent", "completed_at", "error")
    job_id = insert(database)
    for name in columns:
        database.execute(f"alter table jobs rename column {name} to {name}_gone".encode())
    try:
        assert [runops("cancel", job_id).exit_code for _ in range(2)] == [0, 0]
        assert "the row gives no reason" in runops("watch", job_id).stdout
        assert runops("list").stdout.splitlines()[1].split()[:2] == [job_id, "error"]
        assert runops("retry", job_id).exit_code == 0
    finally:
        for name in columns:
            database.execute(f"alter table jobs rename column {name}_gone to {name}".encode())
    assert list_summaries(runops("list", "--status", "queued")) == [job_id]


@pytest.mark.parametrize(
    ("claims", "line"),
    [
        ([{}], None),
        ([{"reason": "Evicted"}], None),
        ([{"reason": "ModelUnavailable", "claim": f"{uuid4()}/pod-uid"}], None),
        ([{"reason": "ModelUnavailable"}], "1 of these jobs waits for another attempt: ModelUnavailable."),
        (
            [{"reason": "ModelUnavailable"}, {"reason": "KeyRejected"}, {"reason": "ModelUnavailable"}, {}],
            "3 of these jobs wait for another attempt: KeyRejected (1), ModelUnavailable (2).",
        ),
    ],
    ids=["first attempt", "of one video", "its worker runs", "one waits", "several wait"],
)
def test_what_jobs_wait_for_that_other_videos_meet_too_is_one_line(
    runops: Runops, database: psycopg.Connection, claims: list[dict[str, str]], line: str | None
) -> None:
    for claim in claims:
        insert(database, status="processing", metadata={"runops": {"claim": str(uuid4()), "by": "here"} | claim})
    result = runops("list")
    assert result.exit_code == 0, result.output
    if line is None:
        assert "for another attempt" not in result.stderr
    else:
        assert f"{line} `runops check` says why, since when, and what to do." in " ".join(result.stderr.split())


def test_while_jobs_are_queued_it_says_why_nothing_is_claimed(
    runops: Runops,
    database: psycopg.Connection,
    kubectl_answers: Callable[[dict[str, str]], None],
    installed: Callable[..., dict[str, Any]],
) -> None:
    remedy = TABLE[Reason.MODEL_NOT_IN_PLAN].remedy
    message = f"Gemini says: Your prepayment credits are depleted. {remedy} No rows are claimed since 1."
    condition = {"type": CONDITION, "status": "False", "reason": "ModelNotInPlan", "message": message}
    kubectl_answers(
        {
            "get configmaps": json.dumps({"items": [installed(None)]}),
            "get lease runops-operator": json.dumps({"spec": {"holderIdentity": "operator-1"}}),
            "get pod operator-1": json.dumps({"status": {"conditions": [condition]}}),
        }
    )
    insert(database, status="completed")
    assert "claims nothing" not in runops("list").stderr
    insert(database)
    said = " ".join(runops("list").stderr.split())
    assert (
        "Queued jobs wait: runops claims nothing. ModelNotInPlan: Gemini says: Your prepayment credits are depleted. "
        f"No rows are claimed since 1. {remedy}"
    ) in said
