"""`runops retry --stale`: rows that a consumer without claims left in `processing`, in a real table."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack.faults import Fault, FaultControl

Runops = Callable[..., Result]
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "runops/cluster", "attempt": 2}


def insert(database: psycopg.Connection, *, status: str = "processing", age: str = "2 hours", **metadata: Any) -> str:
    job_id = str(uuid4())
    database.execute(
        "insert into jobs (job_id, status, metadata, updated_at) values (%s, %s, %s, now() - %s::interval)",
        [job_id, status, json.dumps(metadata), age],
    )
    return job_id


def status_of(database: psycopg.Connection, job_id: str) -> str:
    (status,) = database.execute("select status from jobs where job_id = %s", [job_id]).fetchone() or ("gone",)
    return str(status)


def test_only_rows_without_a_claim_that_nobody_touches_are_queued(runops: Runops, database: psycopg.Connection) -> None:
    left = insert(database, user_id="ann")
    odd = insert(database, runops={"claim": "no token at all!", "by": "x"})
    recent = insert(database, age="10 minutes")
    claimed = insert(database, runops=CLAIM)
    ended = insert(database, status="error")
    shown = runops("retry", "--stale", "--dry-run")
    assert (shown.exit_code, sorted(shown.stdout.split())) == (0, sorted([left, odd]))
    assert status_of(database, left) == "processing"

    done = runops("retry", "--stale", "--yes")

    assert done.exit_code == 0, done.stderr
    assert "1 without a claim changed later than that" in done.stderr
    assert done.stderr.splitlines()[-1] == "2 queued again. `runops watch` follows them."
    assert [status_of(database, one) for one in (left, odd, recent, claimed, ended)] == [
        "queued",
        "queued",
        "processing",
        "processing",
        "error",
    ]
    assert database.execute("select metadata from jobs where job_id = %s", [left]).fetchone() == ({"user_id": "ann"},)
    again = runops("retry", "--stale", "--yes")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "No row in processing is without a claim" in again.stderr


def test_the_time_can_be_chosen(runops: Runops, database: psycopg.Connection) -> None:
    young, old = insert(database, age="10 minutes"), insert(database, age="3 days")
    assert runops("retry", "--stale", "--unchanged-since", "2d", "--dry-run").stdout.split() == [old]
    assert runops("retry", "--stale", "--unchanged-since", "5m", "--yes").exit_code == 0
    assert [status_of(database, one) for one in (young, old)] == ["queued", "queued"]


def test_a_row_without_a_time_is_named_and_left_alone(runops: Runops, database: psycopg.Connection) -> None:
    undated = insert(database)
    database.execute("update jobs set updated_at = null where job_id = %s", [undated])
    result = runops("retry", "--stale", "--yes")
    assert (result.exit_code, status_of(database, undated)) == (0, "processing")
    assert f"1 have no updated_at, so they are left alone: {undated}." in " ".join(result.stderr.split())


def test_a_lost_answer_counts_as_what_the_table_says(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    left = insert(database)
    faults.set(Fault(method="PATCH", path="/rest/v1/jobs", kind="drop_after"))
    result = runops("retry", "--stale", "--yes")
    assert (result.exit_code, status_of(database, left)) == (0, "queued")
    assert result.stderr.splitlines()[-1] == "1 queued again. `runops watch` follows them."


def test_one_row_that_the_table_refuses_keeps_no_other(runops: Runops, database: psycopg.Connection) -> None:
    bad, good = insert(database), insert(database)
    database.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin "
        f"if new.job_id = '{bad}' then raise exception 'not this one'; end if; return new; end $$"
    )
    database.execute("create trigger refuse before update on jobs for each row execute function refuse()")
    try:
        result = runops("retry", "--stale", "--yes")
    finally:
        database.execute("drop trigger refuse on jobs; drop function refuse()")
    assert result.exit_code == 1
    assert f"{bad}  was not changed: " in result.stderr
    assert [status_of(database, one) for one in (bad, good)] == ["processing", "queued"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give either ids, or options that choose jobs such as --all-failed, or --stale."),
        (("--stale", "--all-failed"), "Give either ids, or options that choose jobs such as --all-failed, or --stale."),
        (("--stale", str(uuid4())), "Give either ids, or options that choose jobs such as --all-failed, or --stale."),
        (("--stale", "--reason", "Cancelled"), "Give either ids, or options that choose jobs"),
        (("--stale", "--force"), "Use it with ids."),
        (("--stale", "--unchanged-since", "soon"), "is no time"),
        (("--all-failed", "--unchanged-since", "2h"), "Use it together with --stale."),
        ((str(uuid4()), "--dry-run"), "Use it without ids."),
        ((str(uuid4()), "--reason", "Cancelled"), "Give either ids, or options that choose jobs"),
        (("--all-failed", "--status", "completed"), "It takes jobs in error."),
        (("--status", "queued"), "Only jobs that have ended are queued again"),
    ],
)
def test_options_that_do_not_fit_are_refused(runops: Runops, arguments: tuple[str, ...], said: str) -> None:
    result = runops("retry", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
