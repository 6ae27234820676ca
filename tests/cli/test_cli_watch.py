"""`runops watch` while rows change."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack.faults import Fault, FaultControl

Runops = Callable[..., Result]
Started = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]


def insert(database: psycopg.Connection, status: str, *, error: str | None = None) -> str:
    job_id = str(uuid4())
    database.execute("insert into jobs (job_id, status, error) values (%s, %s, %s)", [job_id, status, error])
    return job_id


def next_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_each_change_is_a_line_until_the_job_has_ended(started: Started, database: psycopg.Connection) -> None:
    job_id = insert(database, "queued")
    with started("watch", job_id) as process:
        assert next_line(process).endswith("s  queued\n")
        database.execute("update jobs set status = 'processing', progress_stage = 'parsing_sop', progress_percent = 80")
        assert next_line(process).endswith("s  parsing sop 80 %\n")
        database.execute("update jobs set updated_at = now()")
        database.execute("update jobs set status = 'error', error = 'It has no picture.'")
        assert next_line(process).endswith("s  error: It has no picture.\n")
        assert process.wait(60) == 1


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["completed", "completed"], 0),
        (["completed", "error"], 1),
        (["completed", None], 3),
        (["error", None], 1),
        (["completed", "cancelled"], 1),
    ],
)
def test_the_exit_code_says_how_the_jobs_ended(
    runops: Runops, database: psycopg.Connection, statuses: list[str | None], code: int
) -> None:
    jobs = [str(uuid4()) if status is None else insert(database, status) for status in statuses]
    result = runops("watch", *jobs)
    assert result.exit_code == code
    assert all(job in result.stdout for job in jobs)


def test_a_row_that_is_deleted_while_it_is_followed(started: Started, database: psycopg.Connection) -> None:
    with started("watch", insert(database, "queued")) as process:
        next_line(process)
        database.execute("delete from jobs")
        assert "was deleted" in next_line(process)
        assert process.wait(60) == 3


def test_watch_has_a_timeout(runops: Runops, database: psycopg.Connection) -> None:
    waits, done = insert(database, "queued"), insert(database, "completed")
    result = runops("watch", waits, done, "--timeout", "1")
    assert result.exit_code == 4
    assert f"Job {waits} did not end within 1 s" in result.stdout
    assert runops("watch", "--timeout", "1").exit_code == 4


def test_without_ids_every_change_is_printed_until_ctrl_c(started: Started, database: psycopg.Connection) -> None:
    insert(database, "completed")
    first = insert(database, "queued")
    with started("watch") as process:
        assert "Ctrl-C" in next_line(process)
        assert next_line(process).endswith(f"{first}  queued\n")
        second = insert(database, "queued")
        assert next_line(process).endswith(f"{second}  queued\n")
        database.execute("update jobs set status = 'completed', updated_at = now() where job_id = %s", [first])
        assert next_line(process).endswith(f"{first}  completed\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_a_short_outage_is_tolerated(started: Started, database: psycopg.Connection, faults: FaultControl) -> None:
    job_id = insert(database, "queued")
    with started("watch", job_id) as process:
        next_line(process)
        faults.set(Fault(path="/rest/v1/jobs", kind="status", status=503, times=None))
        said = next_line(process)
        if "is asked again" in said:  # on a slow machine the server is named first
            said = next_line(process)
        assert "still waiting" in said
        database.execute("update jobs set status = 'completed'")
        faults.clear()
        assert next_line(process).endswith("s  completed\n")
        assert process.wait(60) == 0
