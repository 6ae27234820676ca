"""`runops submit`, `runops sop` and `runops version`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack import stack as stacks
from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo

Runops = Callable[..., Result]
SOP: dict[str, Any] = {
    "meta": {
        "id": "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11",
        "title": "Book an invoice",
        "version": "1.0.0",
        "goal": "It is booked.",
        "purpose": "It is paid.",
        "owner": [],
    },
    "public": {
        "triggers": [],
        "nodes": [
            {"id": "a", "type": "task", "label": "Open the ledger"},
            {"id": "b", "type": "end", "label": "Done"},
        ],
        "edges": [{"source": "a", "target": "b", "condition": "next"}],
    },
}


def row_of(database: psycopg.Connection, job_id: str) -> tuple[Any, ...] | None:
    return database.execute("select status, metadata, error from jobs where job_id = %s", [job_id]).fetchone()


def insert(database: psycopg.Connection, *, status: str, error: str | None = None, sop: Any = None) -> str:
    job_id = str(uuid4())
    database.execute("insert into jobs (job_id, status, error) values (%s, %s, %s)", [job_id, status, error])
    if sop is not None:
        database.execute("insert into sops (job_id, data) values (%s, %s)", [job_id, json.dumps(sop)])
    return job_id


def test_the_recording_is_there_before_its_row(
    runops: Runops, database: psycopg.Connection, faults: FaultControl, recording: Path
) -> None:
    result = runops("submit", recording)
    assert result.exit_code == 0
    job_id = result.stdout.strip()
    assert str(UUID(job_id)) == job_id
    assert "uploading recording.mp4" in result.stderr
    assert row_of(database, job_id) == ("queued", {}, None)
    writes = [record.path.split("?")[0] for record in faults.requests() if record.method == "POST"]
    assert writes == [f"/storage/v1/object/videos/raw/{job_id}.mp4", "/rest/v1/jobs"]


def test_user_and_id_are_kept(runops: Runops, stack: StackInfo, database: psycopg.Connection, recording: Path) -> None:
    user, job_id = str(uuid4()), str(uuid4())
    stacks.create_user(stack, user)
    assert runops("submit", recording, "--user", user, "--job-id", job_id).stdout.strip() == job_id
    assert row_of(database, job_id) == ("queued", {"user_id": user}, None)


def test_a_backfill_is_marked_in_its_row(runops: Runops, database: psycopg.Connection, recording: Path) -> None:
    user = str(uuid4())
    job_id = runops("submit", recording, "--backfill", "--user", user).stdout.strip()
    assert row_of(database, job_id) == ("queued", {"backfill": True, "user_id": user}, None)


def test_the_recording_of_a_job_that_exists_is_never_replaced(
    runops: Runops, database: psycopg.Connection, faults: FaultControl, recording: Path
) -> None:
    job_id = insert(database, status="completed")
    result = runops("submit", recording, "--job-id", job_id)
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert not [record for record in faults.requests() if "/object/" in record.path]


def test_an_upload_that_fails_leaves_no_row(
    runops: Runops, database: psycopg.Connection, faults: FaultControl, recording: Path
) -> None:
    faults.set(Fault(method="POST", path="/object/videos/raw/", kind="status", status=403, body="{}", times=None))
    result = runops("submit", recording)
    assert result.exit_code == 5
    assert result.stdout == ""
    assert database.execute("select count(*) from jobs").fetchone() == (0,)


def test_an_empty_file_is_refused(runops: Runops, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert runops("submit", tmp_path / "empty.mp4").exit_code == 2


@pytest.mark.parametrize(("end", "code"), [("completed", 0), ("error", 1)])
def test_waiting_ends_as_the_job_does(
    runops: Runops, database: psycopg.Connection, recording: Path, end: str, code: int
) -> None:
    # The trigger stands for a worker that is done at once.
    database.execute(
        f"""create function done() returns trigger language plpgsql as
            $$ begin new.status := '{end}'; new.error := 'It has no picture.'; return new; end $$;
            create trigger done before insert on jobs for each row execute function done()""".encode()
    )
    try:
        result = runops("submit", recording, "--wait")
    finally:
        database.execute("drop function done cascade")
    assert result.exit_code == code
    assert ("It has no picture." in result.stderr) == (end == "error")


def test_wait_has_a_timeout(runops: Runops, recording: Path) -> None:
    result = runops("submit", recording, "--wait", "--timeout", "1")
    assert result.exit_code == 4
    assert "did not end within 1 s" in result.stderr


def test_a_sop_is_printed_as_text_and_as_json(runops: Runops, database: psycopg.Connection) -> None:
    job_id = insert(database, status="completed", sop=SOP)
    assert "  1. Open the ledger" in runops("sop", job_id).stdout
    assert json.loads(runops("sop", job_id, "-o", "json").stdout) == SOP


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [("queued", None, "status is queued"), ("error", "It has no picture.", "status is error: It has no picture.")],
)
def test_a_sop_that_is_not_there_yet(
    runops: Runops, database: psycopg.Connection, status: str, error: str | None, said: str
) -> None:
    result = runops("sop", insert(database, status=status, error=error))
    assert (result.exit_code, result.stdout) == (3, "")
    assert said in result.stderr


def test_a_job_that_is_not_there(runops: Runops) -> None:
    assert runops("sop", uuid4()).exit_code == 3


def test_a_sop_that_does_not_match_the_schema(runops: Runops, database: psycopg.Connection) -> None:
    result = runops("sop", insert(database, status="completed", sop={"meta": {}}))
    assert result.exit_code == 1
    assert "-o json` prints it as it is." in result.stderr


def test_an_unreadable_table_is_one_line(runops: Runops, environment: dict[str, str]) -> None:
    environment["SUPABASE_SERVICE_ROLE_KEY"] = "sb_secret_" + "x" * 30
    result = runops("sop", uuid4())
    assert result.exit_code == 5
    assert len(result.stderr.strip().splitlines()) == 1
    assert "x" * 30 not in result.output


def test_the_version_is_printed(runops: Runops) -> None:
    assert runops("version").stdout.startswith("runops 0.")
