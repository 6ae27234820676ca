"""`runops cancel` by a filter: which jobs, what is counted, and what happens half-way."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack.faults import Fault, FaultControl

Runops = Callable[..., Result]
PATCH: dict[str, Any] = {"method": "PATCH", "path": "/rest/v1/jobs"}


def insert(database: psycopg.Connection, count: int, *, status: str = "queued", user: UUID | None = None) -> None:
    database.execute(
        "insert into jobs (job_id, status, metadata) select gen_random_uuid(), %s, %s from generate_series(1, %s)",
        [status, json.dumps({} if user is None else {"user_id": str(user)}), count],
    )


def statuses(database: psycopg.Connection) -> Counter[str]:
    return Counter(dict(database.execute("select status, count(*) from jobs group by status").fetchall()))


def test_only_what_the_filter_takes_is_counted_asked_about_and_cancelled(
    runops: Runops, database: psycopg.Connection
) -> None:
    user = uuid4()
    insert(database, 90, user=user)
    insert(database, 5, status="processing", user=user)
    insert(database, 3, status="completed", user=user)
    insert(database, 2)
    asked = ["cancel", "--user", user, "--why", "Wrong user."]
    counted = runops(*asked, "--dry-run")
    assert counted.stdout.splitlines() == ["90  queued", " 5  processing", "95  in all"]
    assert "Nothing was changed" in counted.stderr
    refused = runops(*asked)
    assert (refused.exit_code, statuses(database)["error"]) == (1, 0)
    done = runops(*asked, "--yes")
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines()[-1] == "95 cancelled. `runops retry --reason Cancelled` runs them again."
    assert statuses(database) == {"error": 95, "completed": 3, "queued": 2}
    errors = database.execute("select distinct error from jobs where status = 'error'").fetchall()
    assert errors == [("Cancelled by `runops cancel`: Wrong user.",)]
    assert "No job that has not ended matches" in runops(*asked, "--yes").stderr
    again = runops("retry", "--reason", "Cancelled", "--yes")
    assert (again.exit_code, statuses(database)["queued"]) == (0, 97)


def test_a_row_that_the_table_refuses_and_one_that_ends_meanwhile_keep_no_other(
    runops: Runops, database: psycopg.Connection
) -> None:
    insert(database, 50)
    bad = str(uuid4())
    database.execute("insert into jobs (job_id, status) values (%s, 'queued')", [bad])
    database.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin "
        f"if new.job_id = '{bad}' then raise exception 'not this one'; end if; return new; end $$"
    )
    database.execute("create trigger refuse before update on jobs for each row execute function refuse()")
    try:
        result = runops("cancel", "--all", "--yes")
    finally:
        database.execute("drop trigger refuse on jobs; drop function refuse()")
    assert result.exit_code == 1
    assert f"{bad}  was not changed: " in result.stderr
    assert result.stderr.splitlines()[-1].startswith("50 cancelled, 1 could not be changed.")
    assert statuses(database) == {"error": 50, "queued": 1}


def test_a_lost_answer_is_no_failure_and_an_outage_is_told(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    insert(database, 60)
    faults.set(Fault(**PATCH, kind="drop_after"))
    lost = runops("cancel", "--all", "--yes")
    assert (lost.exit_code, statuses(database)) == (0, {"error": 60})
    assert lost.stderr.splitlines()[-1].startswith("60 cancelled. ")
    insert(database, 60)
    faults.set(Fault(**PATCH, kind="drop_before", skip=1, times=None))
    away = runops("cancel", "--all", "--yes")
    assert away.exit_code == 5
    assert "Run the command again: what is cancelled already is left alone." in away.stderr
    assert statuses(database) == {"error": 100, "queued": 20}
    faults.clear()
    assert runops("cancel", "--all", "--yes").exit_code == 0
    assert statuses(database) == {"error": 120}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give either ids, or options that choose jobs, or --all."),
        (["--all", str(uuid4())], "Give either ids"),
        (["--status", "completed"], "Only jobs that are queued or processing"),
        (["--dry-run", str(uuid4())], "Use it without ids."),
        (["--reason", "Wrong recording", str(uuid4())], "There is no reason 'Wrong recording'"),
        (["--all", "--why", "x" * 501], "Use at most 500 characters."),
        (["--status", "queued", "--matching", " ", "--yes"], "It is empty. Leave it out, or give a text."),
    ],
)
def test_options_that_do_not_fit_are_refused(runops: Runops, arguments: list[str], said: str) -> None:
    result = runops("cancel", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_many_completed_jobs_can_be_run_again(runops: Runops, database: psycopg.Connection) -> None:
    insert(database, 50, status="completed")
    insert(database, 5, status="error")
    result = runops("retry", "--status", "completed", "--yes")
    assert result.stdout.splitlines() == ["50  completed", "50  in all"]
    assert statuses(database) == {"queued": 50, "error": 5}


def test_only_what_was_counted_is_cancelled_and_only_in_its_status(
    runops: Runops, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(database, 3)

    def asked(question: str, **_: Any) -> bool:
        # While the person reads: a user submits two more.
        insert(database, 2)
        return question == "Cancel 3?"

    monkeypatch.setattr("typer.confirm", asked)
    result = runops("cancel", "--status", "queued")
    assert result.exit_code == 0, result.output
    assert statuses(database) == {"error": 3, "queued": 2}
    assert "2 more match since they were counted, and are left alone." in result.stderr
    assert result.stderr.splitlines()[-1].startswith("3 cancelled. ")


@pytest.mark.parametrize(
    "options", [["--all"], ["--status", "queued"], ["--status", "queued", "--status", "processing"]]
)
def test_a_row_that_is_claimed_before_the_yes_is_not_cancelled(
    runops: Runops, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    insert(database, 3)

    def asked(*_: Any, **__: Any) -> bool:
        stamp = json.dumps({"runops": {"claim": "here", "by": "an operator", "attempt": 1}})
        database.execute(
            "update jobs set status = 'processing', metadata = %s, updated_at = clock_timestamp() "
            "where id = (select min(id) from jobs)",
            [stamp],
        )
        return True

    monkeypatch.setattr("typer.confirm", asked)
    result = runops("cancel", *options)
    assert result.exit_code == 0, result.output
    assert statuses(database) == {"error": 2, "processing": 1}
    assert "2 cancelled, 1 had changed meanwhile and were left alone." in result.stderr


def test_a_row_that_ran_to_its_end_before_the_yes_is_not_queued_again(
    runops: Runops, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(database, 2, status="error")
    insert(database, 1, status="completed")

    def asked(*_: Any, **__: Any) -> bool:
        database.execute(
            "update jobs set status = 'completed', updated_at = clock_timestamp() where id = (select min(id) from jobs)"
        )
        return True

    monkeypatch.setattr("typer.confirm", asked)
    result = runops("retry", "--status", "error", "--status", "completed")
    assert result.exit_code == 0, result.output
    assert statuses(database) == {"queued": 2, "completed": 1}
    assert "2 queued again, 1 had changed meanwhile and were left alone." in result.stderr
