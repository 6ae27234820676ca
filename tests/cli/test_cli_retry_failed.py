"""`runops retry --all-failed`: which rows are meant, 20,000 of them in a real table, and what happens half-way."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import Result

from devstack.faults import Fault, FaultControl
from runops.failures import TABLE, Reason
from runops.job_filter import JobFilter
from runops.row_reason import OTHER, REASON_NAMES, parse_reason, reason_of
from runops.row_summary import RowSummary
from runops.spans import parse_since
from runops_cli.main import app
from runops_cli.terminal.completion import complete_reason

Runops = Callable[..., Result]
NOW = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
OVERLOADED = f"{TABLE[Reason.MODEL_UNAVAILABLE].sentence} (HTTP 503) Given up after 4 attempts."
CRASHED = TABLE[Reason.WORKER_CRASHED].sentence
OWN_WORDS = "The recording shows a cat."


def failed(error: str | None) -> RowSummary:
    return RowSummary(job_id=UUID(int=1), status="error", error=error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OVERLOADED, "ModelUnavailable"),
        (CRASHED, "WorkerCrashed"),
        ("Cancelled by `runops cancel`: Wrong recording.", "Cancelled"),
        (OWN_WORDS, OTHER),
        ("", OTHER),
        (None, OTHER),
    ],
)
def test_the_reason_of_a_row_is_told_by_its_sentence(error: str | None, reason: str) -> None:
    assert reason_of(failed(error)) == reason


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_of_the_table_is_found_by_its_own_sentence(reason: Reason) -> None:
    found = reason_of(failed(TABLE[reason].sentence))
    assert found is not None
    assert TABLE[Reason(found)].sentence == TABLE[reason].sentence


def test_reasons_and_text_are_both_asked_for() -> None:
    chosen = JobFilter(reasons=frozenset({"ModelUnavailable"}), text="http 503")
    assert chosen.takes(failed(OVERLOADED))
    assert not chosen.takes(failed(TABLE[Reason.MODEL_UNAVAILABLE].sentence))
    assert not chosen.takes(failed(f"{CRASHED} HTTP 503"))
    assert JobFilter().takes(failed(None))


@pytest.mark.parametrize(("text", "name"), [("modelunavailable", "ModelUnavailable"), (" other ", OTHER)])
def test_a_reason_is_named_in_any_case(text: str, name: str) -> None:
    assert parse_reason(text) == name


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ModelUnavailible", "Did you mean ModelUnavailable"),
        ("Timeout", "Did you mean ModelFileTimeout, ModelTimeout, UploadTimeout? All: "),
        ("Evictet", "Did you mean Evicted? All: "),
        ("KeyRejcted", "Did you mean KeyRejected? All: "),
        ("quota", "Did you mean QuotaExceeded? All: "),
        ("xyzzy", f"There is no reason 'xyzzy'. All: {', '.join(REASON_NAMES)}."),
    ],
)
def test_an_unknown_reason_gets_near_matches(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"There is no reason '{text}'") as refused:
        parse_reason(text)
    assert hint in str(refused.value)


def test_the_beginning_of_a_reason_with_a_letter_left_out_means_all_that_begin_so() -> None:
    with pytest.raises(ValueError, match="Did you mean") as refused:
        parse_reason("Modl")
    named = str(refused.value).partition("?")[0].partition("mean ")[2].split(", ")
    assert named == [name for name in REASON_NAMES if name.startswith("Model")]


@given(st.text(max_size=300))
def test_any_unknown_reason_gets_the_list_and_a_few_that_are_near(text: str) -> None:
    assume(text.strip().casefold() not in {name.casefold() for name in REASON_NAMES})
    with pytest.raises(ValueError, match="There is no reason") as refused:
        parse_reason(text)
    assert str(refused.value).endswith(f"All: {', '.join(REASON_NAMES)}.")


def test_all_commands_that_take_a_filter_have_the_same_options() -> None:
    group: Any = get_command(app)
    commands = [group.commands[name].params for name in ("list", "cancel", "retry")]
    chosen = [
        [(one.name, one.opts, one.help) for one in options if one.rich_help_panel == "Which jobs"]
        for options in commands
    ]
    assert chosen[0] == chosen[1] == chosen[2]
    assert len(chosen[0]) == len(fields(JobFilter))


def test_the_shell_completes_reasons() -> None:
    assert complete_reason("modelu") == ["ModelUnavailable"]
    assert set(complete_reason("")) == {*(reason.value for reason in TABLE), OTHER}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-30", datetime(2026, 11, 30, tzinfo=UTC)),
        ("2026-11-30T08:00:00", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("2026-11-30T08:00:00Z", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("2026-11-30T08:00+02:00", datetime(2026, 11, 30, 6, tzinfo=UTC)),
    ],
)
def test_times(text: str, at: datetime) -> None:
    assert parse_since(text, now=NOW) == at


@pytest.mark.parametrize("text", ["yesterday", "2 hours", "-2h", "", "9999999h", "2026-13-01"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="Use 30m, 2h or 7d, a date such as 2026-11-30"):
        parse_since(text, now=NOW)


def test_a_time_to_come_is_refused() -> None:
    with pytest.raises(ValueError, match="still to come"):
        parse_since("2026-12-01", now=NOW)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--reason", "ModelUnavailible", "Did you mean ModelUnavailable"), ("--since", "soon", "is no time")],
)
def test_a_wrong_filter_ends_the_command(runops: Runops, option: str, value: str, said: str) -> None:
    result = runops("retry", "--all-failed", option, value)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def insert_failed(database: psycopg.Connection, count: int, error: str, metadata: str = "'{}'", age: str = "0") -> None:
    database.execute(
        "insert into jobs (job_id, status, error, metadata, updated_at) "  # noqa: S608 - texts of this module
        f"select gen_random_uuid(), 'error', %s, {metadata}::jsonb, now() - interval '{age}' "
        "from generate_series(1, %s) as n",
        [error, count],
    )


def statuses(database: psycopg.Connection) -> Counter[str]:
    return Counter(dict(database.execute("select status, count(*) from jobs group by status").fetchall()))


@pytest.mark.slow("20,000 rows in a real table, in 500 requests and 300 more")
def test_twenty_thousand_rows(runops: Runops, database: psycopg.Connection) -> None:
    claim = {"runops": {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "a/b", "failures": 3}, "user_id": "ann"}
    insert_failed(database, 17_900, OVERLOADED, f"'{json.dumps(claim)}'")
    insert_failed(database, 300, OVERLOADED, "jsonb_build_object('title', n, 'runops', '{}'::jsonb)")
    insert_failed(database, 1_700, CRASHED)
    insert_failed(database, 100, OWN_WORDS)
    insert_failed(database, 300, OVERLOADED, age="3 hours")
    database.execute(
        "insert into jobs (job_id, status) select gen_random_uuid(), 'completed' from generate_series(1, 5)"
    )
    counted = runops("retry", "--all-failed", "--changed-since", "2h", "--dry-run")
    assert counted.exit_code == 0
    assert [line.split() for line in counted.stdout.splitlines()] == [
        ["18200", "ModelUnavailable"],
        ["1700", "WorkerCrashed"],
        ["100", OTHER],
        ["20000", "in", "all"],
    ]
    assert statuses(database) == {"error": 20_300, "completed": 5}

    done = runops(
        "retry", "--all-failed", "--changed-since", "2h", "--reason", "modelunavailable", "--reason", "other", "--yes"
    )
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[0] == "1000 are queued again ..."
    assert done.stderr.splitlines()[-1] == "18300 queued again. `runops watch` follows them."
    assert statuses(database) == {"queued": 18_300, "error": 2_000, "completed": 5}
    left = database.execute("select error, count(*) from jobs where status = 'error' group by error").fetchall()
    assert dict(left) == {CRASHED: 1_700, OVERLOADED: 300}
    kept = database.execute(
        "select metadata, count(*) from jobs where status = 'queued' group by 1 having count(*) > 1"
    )
    assert sorted((json.dumps(metadata), count) for metadata, count in kept.fetchall()) == [
        ('{"user_id": "ann"}', 17_900),
        ("{}", 100),
    ]
    (cleared,) = database.execute("select count(*) from jobs where status = 'queued' and error is null").fetchone() or (
        0,
    )
    assert cleared == 18_300
    again = runops("retry", "--all-failed", "--changed-since", "2h", "--reason", "ModelUnavailable", "--yes")
    assert (again.exit_code, again.stderr.strip()) == (
        0,
        "No job that has ended matches. `runops list --status error` shows those in error.",
    )


def test_one_row_that_the_table_refuses_keeps_no_other(runops: Runops, database: psycopg.Connection) -> None:
    insert_failed(database, 60, OVERLOADED)
    bad = str(uuid4())
    database.execute("insert into jobs (job_id, status, error) values (%s, 'error', %s)", [bad, OVERLOADED])
    database.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin "
        f"if new.job_id = '{bad}' then raise exception 'not this one'; end if; return new; end $$"
    )
    database.execute("create trigger refuse before update on jobs for each row execute function refuse()")
    try:
        result = runops("retry", "--all-failed", "--yes")
    finally:
        database.execute("drop trigger refuse on jobs; drop function refuse()")
    assert result.exit_code == 1
    assert f"{bad}  was not changed: " in result.stderr
    assert "not this one" in result.stderr
    assert result.stderr.splitlines()[-1] == "60 queued again, 1 could not be changed. `runops watch` follows them."
    assert statuses(database) == {"queued": 60, "error": 1}


def test_an_outage_half_way_is_told_and_the_same_command_does_the_rest(
    runops: Runops, database: psycopg.Connection, faults: FaultControl
) -> None:
    insert_failed(database, 200, OVERLOADED, "jsonb_build_object('title', n / 10, 'runops', '{}'::jsonb)")
    path: dict[str, Any] = {"method": "PATCH", "path": "/rest/v1/jobs"}
    faults.set(Fault(**path, kind="drop_before", skip=7, times=None))
    result = runops("retry", "--all-failed", "--yes")
    assert result.exit_code == 5
    assert "Run the command again: what is queued again already is left alone." in result.stderr
    some = statuses(database)["queued"]
    assert 0 < some < 200
    assert result.stderr.splitlines()[-1].startswith(f"{some} queued again")
    faults.clear()
    assert runops("retry", "--all-failed", "--yes").exit_code == 0
    assert statuses(database) == {"queued": 200}
