"""`runops cancel` and `runops retry` against a real table."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from devstack.faults import Fault, FaultControl, FaultKind
from devstack.stack import StackInfo
from runops_cli.main import app

Runops = Callable[..., Result]
Started = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]
PATCH_JOBS: dict[str, Any] = {"method": "PATCH", "path": "/rest/v1/jobs"}
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "runops/cluster", "attempt": 2, "failures": 3}
CANCELLED = "Cancelled by `runops cancel`."


def insert(database: psycopg.Connection, status: str, *, error: str | None = None, **metadata: Any) -> str:
    job_id = str(uuid4())
    database.execute(
        "insert into jobs (job_id, status, error, metadata, updated_at) "
        "values (%s, %s, %s, %s, now() - interval '1 minute')",
        [job_id, status, error, json.dumps(metadata)],
    )
    return job_id


def row_of(database: psycopg.Connection, job_id: str) -> tuple[str, str | None, Any]:
    row = database.execute("select status, error, metadata from jobs where job_id = %s", [job_id]).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


@pytest.mark.parametrize("status", ["queued", "processing"])
def test_a_job_that_has_not_ended_is_cancelled(runops: Runops, database: psycopg.Connection, status: str) -> None:
    job_id, other = insert(database, status, runops=CLAIM, user_id="kept"), insert(database, status)
    result = runops("cancel", job_id)
    assert result.exit_code == 0
    assert row_of(database, job_id) == ("error", CANCELLED, {"runops": CLAIM, "user_id": "kept"})
    assert row_of(database, other)[0] == status
    refreshed = database.execute(
        "select updated_at > now() - interval '10 seconds' from jobs where job_id = %s", [job_id]
    )
    assert refreshed.fetchone() == (True,)


def test_the_reason_of_a_cancel_is_kept_without_keys(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "queued")
    key = "sb_secret_" + "x" * 30
    assert runops("cancel", job_id, "--why", f"Wrong recording, {key}.").exit_code == 0
    assert row_of(database, job_id)[1] == "Cancelled by `runops cancel`: Wrong recording, [redacted]."


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ("completed", None, "is completed: nothing was changed"),
        ("error", "It has no picture.", "has already ended in error: It has no picture."),
        ("archived", None, "its status is archived"),
    ],
)
def test_a_job_that_has_ended_is_not_changed(
    runops: Runops, database: psycopg.Connection, status: str, error: str | None, said: str
) -> None:
    job_id = insert(database, status, error=error)
    before = row_of(database, job_id)
    result = runops("cancel", job_id)
    assert (result.exit_code, row_of(database, job_id)) == (1, before)
    assert said in result.stderr


def test_a_second_cancel_succeeds(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "processing")
    assert [runops("cancel", job_id).exit_code for _ in range(2)] == [0, 0]
    assert row_of(database, job_id)[:2] == ("error", CANCELLED)


def test_each_of_several_jobs_gets_a_line(runops: Runops, database: psycopg.Connection) -> None:
    queued, done, nobody, processing = (
        insert(database, "queued"),
        insert(database, "completed"),
        str(uuid4()),
        insert(database, "processing"),
    )
    result = runops("cancel", queued, done, nobody, processing, queued)
    assert result.exit_code == 1
    lines = result.stderr.strip().splitlines()
    assert [line.split()[0] for line in lines] == [queued, done, nobody, processing]
    assert "There is no such job." in lines[2]
    assert [row_of(database, one)[0] for one in (queued, done, processing)] == ["error", "completed", "error"]
    assert runops("cancel", nobody).exit_code == 3


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "reset", "truncate"])
@pytest.mark.parametrize(("command", "status"), [("cancel", "error"), ("retry", "queued")])
def test_a_lost_answer_is_resolved_by_reading_the_row(
    *,
    runops: Runops,
    database: psycopg.Connection,
    faults: FaultControl,
    kind: FaultKind,
    command: str,
    status: str,
) -> None:
    job_id = insert(database, "processing" if command == "cancel" else "completed")
    faults.set(Fault(**PATCH_JOBS, kind=kind))
    result = runops(command, job_id)
    assert result.exit_code == 0
    assert ("cancelled." if command == "cancel" else "is queued again.") in result.stderr
    assert row_of(database, job_id)[0] == status


def while_it_waits(started: Started, stack: StackInfo, change: str, *command: str) -> tuple[int, str]:
    """Run a command whose write meets a row that another transaction is just changing; gives code and output."""
    with psycopg.connect(stack.database_url) as other, psycopg.connect(stack.database_url, autocommit=True) as looking:
        other.execute(change.encode())
        with started(*command) as process:
            deadline = time.monotonic() + 20
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%UPDATE%'"
            while looking.execute(waiting.encode()).fetchone() == (0,):
                assert time.monotonic() < deadline, "the command's write never came"
                time.sleep(0.05)
            other.commit()
            output, _ = process.communicate(timeout=120)
            return process.returncode, output


def test_a_row_that_completes_while_it_is_cancelled_stays_completed(
    started: Started, stack: StackInfo, database: psycopg.Connection
) -> None:
    job_id = insert(database, "processing")
    code, output = while_it_waits(started, stack, "update jobs set status = 'completed'", "cancel", job_id)
    assert (code, row_of(database, job_id)[0]) == (1, "completed")
    assert "is completed: nothing was changed" in output


def test_a_row_that_is_claimed_while_it_is_cancelled_is_cancelled(
    started: Started, stack: StackInfo, database: psycopg.Connection
) -> None:
    job_id = insert(database, "queued")
    claimed = "update jobs set status = 'processing', updated_at = now()"
    assert while_it_waits(started, stack, claimed, "cancel", job_id)[0] == 0
    assert row_of(database, job_id)[:2] == ("error", CANCELLED)


def test_a_row_that_is_claimed_during_a_retry_stays_claimed(
    started: Started, stack: StackInfo, database: psycopg.Connection
) -> None:
    job_id = insert(database, "error", runops=CLAIM)
    claimed = "update jobs set status = 'processing', updated_at = now()"
    code, output = while_it_waits(started, stack, claimed, "retry", job_id)
    assert (code, row_of(database, job_id)[0]) == (1, "processing")
    assert "is processing" in output


def test_a_heartbeat_does_not_defeat_a_forced_retry(
    started: Started, stack: StackInfo, database: psycopg.Connection
) -> None:
    job_id = insert(database, "processing", runops=CLAIM)
    assert while_it_waits(started, stack, "update jobs set updated_at = now()", "retry", "--force", job_id)[0] == 0
    assert row_of(database, job_id) == ("queued", None, {})


@pytest.mark.parametrize("status", ["error", "completed"])
def test_a_retry_removes_the_history_of_attempts(runops: Runops, database: psycopg.Connection, status: str) -> None:
    job_id = insert(database, status, error="It has no picture.", runops=CLAIM, user_id="kept", mine={"a": [1]})
    database.execute(
        "update jobs set completed_at = now(), progress_stage = 'completed', progress_percent = 100, "
        "created_at = '2026-01-01'"
    )
    result = runops("retry", job_id)
    assert result.exit_code == 0
    assert row_of(database, job_id) == ("queued", None, {"user_id": "kept", "mine": {"a": [1]}})
    rest = "select completed_at, progress_stage, progress_percent, created_at::date::text from jobs"
    assert database.execute(rest.encode()).fetchone() == (None, None, None, "2026-01-01")


def test_metadata_that_is_not_an_object_survives_a_retry(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "error")
    database.execute("update jobs set metadata = '[1, 2]'")
    assert runops("retry", job_id).exit_code == 0
    assert row_of(database, job_id) == ("queued", None, [1, 2])


def test_a_queued_job_is_not_changed_by_a_retry(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "queued", runops=CLAIM)
    before = database.execute("select * from jobs").fetchall()
    result = runops("retry", job_id)
    assert (result.exit_code, database.execute("select * from jobs").fetchall()) == (0, before)
    assert "is already queued" in result.stderr


def test_a_processing_job_is_queued_again_only_with_force(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "processing", runops=CLAIM)
    result = runops("retry", job_id)
    assert (result.exit_code, row_of(database, job_id)[0]) == (1, "processing")
    assert "--force" in result.stderr
    assert runops("retry", "--force", job_id).exit_code == 0
    assert row_of(database, job_id) == ("queued", None, {})


def test_a_status_of_the_app_is_not_changed_even_with_force(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, "archived")
    assert runops("retry", "--force", job_id).exit_code == 1
    assert row_of(database, job_id)[0] == "archived"


def test_all_failed_jobs_of_one_error_are_queued_again_after_a_question(
    runops: Runops, environment: dict[str, str], database: psycopg.Connection
) -> None:
    quota = [insert(database, "error", error="The model's quota is used up.") for _ in range(2)]
    rest = [insert(database, "error", error="It has no picture."), insert(database, "completed")]
    before = [row_of(database, one) for one in rest]
    asked = ["retry", "--all-failed", "--matching", "QUOTA"]
    refused = CliRunner().invoke(app, asked, env=environment, input="n\n")
    assert refused.exit_code == 1
    assert refused.stdout.splitlines()[:2] == ["2  QuotaExceeded", "2  in all"]
    assert [row_of(database, one)[0] for one in quota] == ["error", "error"]
    assert runops(*asked, "--yes").exit_code == 0
    assert [row_of(database, one)[0] for one in quota] == ["queued", "queued"]
    assert [row_of(database, one) for one in rest] == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry"],
        ["retry", "--all-failed", str(uuid4())],
        ["retry", "--matching", "x", str(uuid4())],
        ["retry", "--all-failed", "--force"],
        ["retry", "--reason", "Internal", str(uuid4())],
        ["retry", "--since", "2h", str(uuid4())],
        ["retry", "--dry-run", str(uuid4())],
        ["cancel"],
        ["cancel", "no-uuid"],
    ],
)
def test_contradictory_arguments_are_refused(runops: Runops, arguments: list[str]) -> None:
    assert runops(*arguments).exit_code == 2


def test_after_an_outage_of_supabase_the_rest_is_not_tried(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    first, second = insert(database, "queued"), insert(database, "queued")
    faults.set(Fault(**PATCH_JOBS, kind="drop_before", times=None))
    result = runops("cancel", first, second)
    assert result.exit_code == 5
    assert f"Not tried: {second}. Run the same command with this id." in result.stderr
    assert [row_of(database, one)[0] for one in (first, second)] == ["queued", "queued"]
