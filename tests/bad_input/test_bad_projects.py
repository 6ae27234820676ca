"""What a person sees where not a row is bad but the project around it: keys, tables, columns, the way there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from devstack.faults import Fault, FaultControl
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo, mint_jwt
from runops.failures import Reason
from runops_cli.main import app
from tests.bad_input.batch import Case, Project, assert_no_secret, environment
from tests.bad_input.recordings import corpus
from tests.schema_cache import read_anew

pytestmark = pytest.mark.slow("`runops work` against projects that lack something, until it says so")

_LONGEST_SECONDS = 180.0


@pytest.fixture
def settings(stack: StackInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a command, also set in this process."""
    ours = environment(stack, monkeypatch, tmp_path)
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    return ours


@pytest.fixture
def job_id(stack: StackInfo, database: psycopg.Connection, recordings_folder: Path) -> str:
    """A good row in the queue."""
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
    return Project(stack).queue(database, Case(name="good", file=corpus(recordings_folder, "plain"), reason=None))[0]


def _work(**settings: str) -> Result:
    return CliRunner().invoke(app, ["work", "--once", "--retries", "0"], env=settings)


def _row(database: psycopg.Connection, job_id: str) -> tuple[str, str | None, object]:
    found = database.execute("select status, error, metadata from jobs where job_id = %s", [job_id]).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def _counts(database: psycopg.Connection) -> tuple[int, int]:
    found = database.execute("select (select count(*) from transcripts), (select count(*) from sops)").fetchone()
    assert found is not None
    return found[0], found[1]


def _eventually(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not check():
        assert time.monotonic() < deadline, f"within {_LONGEST_SECONDS:.0f} s: {what}"
        time.sleep(0.1)


@contextmanager
def _process(folder: Path, *arguments: str, **settings: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Run `runops` as a process of its own; it is ended with the block."""
    log = folder / "log"
    with (
        log.open("w") as sink,
        subprocess.Popen(
            [sys.executable, "-c", "from runops_cli.main import run; run()", *arguments],
            env={**os.environ, **settings},
            stdout=sink,
            stderr=sink,
            text=True,
        ) as process,
    ):
        try:
            yield process, log
        finally:
            process.kill()


def _wrong(_stack: StackInfo) -> str:
    return "sb_secret_of-another-project-entirely"


def _expired(stack: StackInfo) -> str:
    return mint_jwt(stack, role="service_role", expires_in=-3600)


@pytest.mark.parametrize("key", [_wrong, _expired], ids=["wrong", "expired"])
def test_a_key_that_is_rejected_is_said_and_tried_on_with_and_nothing_is_claimed(
    *,
    stack: StackInfo,
    database: psycopg.Connection,
    faults: FaultControl,
    settings: dict[str, str],
    job_id: str,
    tmp_path: Path,
    key: Callable[[StackInfo], str],
) -> None:
    value = key(stack)
    faults.forget()

    def rejected() -> int:
        return sum(record.status in {401, 403} for record in faults.requests())

    with _process(tmp_path, "work", "--verbose", **{**settings, "SUPABASE_SERVICE_ROLE_KEY": value}) as (process, log):
        _eventually(lambda: "nothing is claimed meanwhile" in log.read_text(), "it says so")
        before = rejected()
        _eventually(lambda: rejected() > before, "it is tried again")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    said = log.read_text()
    assert "the key was rejected. Put the project's sb_secret key or service_role JWT into" in said
    assert said.count("the key was rejected") == 1, "the same trouble is said once"
    assert value not in said
    assert_no_secret(stack, said)
    assert _row(database, job_id) == ("queued", None, None)


@pytest.mark.parametrize(
    ("key", "kind"),
    [("anon_key", "anon JWT"), ("publishable_key", "sb_publishable key"), ("jwt_secret", "not a Supabase key")],
)
def test_a_key_of_the_wrong_kind_is_refused_before_anything_is_asked(
    *,
    stack: StackInfo,
    database: psycopg.Connection,
    faults: FaultControl,
    settings: dict[str, str],
    job_id: str,
    key: str,
    kind: str,
) -> None:
    faults.forget()
    result = _work(**{**settings, "SUPABASE_SERVICE_ROLE_KEY": getattr(stack, key)})
    assert result.exit_code == 2
    assert kind in result.output
    assert "sb_secret" in result.output
    assert getattr(stack, key) not in result.output
    assert faults.requests() == []
    assert _row(database, job_id) == ("queued", None, None)


def test_a_project_that_cannot_be_reached_is_said(
    stack: StackInfo, database: psycopg.Connection, settings: dict[str, str], job_id: str
) -> None:
    result = _work(**{**settings, "SUPABASE_URL": "http://127.0.0.1:1"})
    assert result.exit_code == 5
    assert "Supabase could not be reached while" in result.output
    assert "Check SUPABASE_URL, the network and whether the project is paused." in result.output
    assert_no_secret(stack, result.output)
    assert _row(database, job_id) == ("queued", None, None)


def test_a_page_of_what_stands_in_front_blames_neither_key_nor_grants(
    stack: StackInfo, database: psycopg.Connection, faults: FaultControl, settings: dict[str, str], job_id: str
) -> None:
    page = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"
    headers = {"content-type": "text/html"}
    front = Fault(path="/storage/v1/|/rest/v1/", kind="status", status=403, times=None, headers=headers, body=page)
    faults.set(front)
    result = _work(**settings)
    assert result.exit_code == 5
    assert "something in front of Supabase answered (403, an HTML page)" in " ".join(result.output.split())
    assert "grant " not in result.output
    assert "SUPABASE_SERVICE_ROLE_KEY" not in result.output
    assert_no_secret(stack, result.output)
    assert _row(database, job_id) == ("queued", None, None)


@contextmanager
def _away(stack: StackInfo, database: psycopg.Connection, table: str, column: str | None) -> Iterator[None]:
    """Have a table, or a column of it, under another name, as PostgREST sees it too."""
    if column is None:
        there, back = f"alter table {table} rename to gone", f"alter table gone rename to {table}"
    else:
        there, back = (
            f"alter table {table} rename {one} to {other}" for one, other in ((column, "gone"), ("gone", column))
        )
    database.execute(there.encode())
    try:
        read_anew(database, stack)
        yield
    finally:
        database.execute(back.encode())
        read_anew(database, stack)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (None, "the table public.jobs does not exist"),
        ("metadata", "the table jobs has no column metadata. Add it"),
    ],
)
def test_without_the_table_of_jobs_or_a_column_of_it_nothing_is_claimed(
    *,
    stack: StackInfo,
    database: psycopg.Connection,
    settings: dict[str, str],
    job_id: str,
    column: str | None,
    says: str,
) -> None:
    with _away(stack, database, "jobs", column):
        result = _work(**settings)
    assert result.exit_code == 5
    assert says in result.output
    assert "notify pgrst, 'reload schema'" in result.output
    assert_no_secret(stack, result.output)
    assert _row(database, job_id) == ("queued", None, None)


@pytest.mark.parametrize(
    ("table", "column", "says"),
    [
        ("transcripts", None, "the table public.transcripts does not exist"),
        ("sops", None, "the table public.sops does not exist"),
        ("sops", "data", "the table sops has no column data. Add it"),
    ],
)
def test_where_results_cannot_go_the_row_says_so_and_is_completed_later(
    *,
    stack: StackInfo,
    database: psycopg.Connection,
    settings: dict[str, str],
    job_id: str,
    table: str,
    column: str | None,
    says: str,
) -> None:
    with GeminiControl(stack.gemini_url) as control:
        with _away(stack, database, table, column):
            result = _work(**settings)
        status, error, _ = _row(database, job_id)
        assert (result.exit_code, status) == (1, "error")
        assert error is not None
        assert says in error
        assert "notify pgrst, 'reload schema'" in error
        assert _counts(database) == (0, 0)
        assert_no_secret(stack, result.output + error)
        assert control.calls() == [], "nothing is paid for while there is no place for it"
        database.execute("update jobs set status = 'queued'")
        again = _work(**settings)
        assert again.exit_code == 0, again.output
        assert _row(database, job_id)[:2] == ("completed", None)
        assert _counts(database) == (1, 1)
        assert len(control.calls()) == 2, "what was paid for is not paid for again"


def test_a_user_that_does_not_exist_is_found_before_anything_is_paid(
    stack: StackInfo, database: psycopg.Connection, settings: dict[str, str], job_id: str
) -> None:
    nobody = {"user_id": "00000000-0000-4000-8000-00000000dead", "title": "kept"}
    database.execute("update jobs set metadata = %s", [json.dumps(nobody)])
    with GeminiControl(stack.gemini_url) as control:
        assert _work(**settings).exit_code == 1
        assert "there is no such user" in str(_row(database, job_id)[1])
        assert control.calls() == []
        database.execute("""update jobs set status = 'queued', metadata = '{"title": "kept"}'""")
        assert _work(**settings).exit_code == 0
        assert len(control.calls()) == 2
    status, error, metadata = _row(database, job_id)
    assert (status, error) == ("completed", None)
    assert isinstance(metadata, dict)
    assert metadata["title"] == "kept"
    assert _counts(database) == (1, 1)


def test_as_a_process_a_bad_row_is_told_and_the_next_one_is_completed(
    stack: StackInfo, database: psycopg.Connection, settings: dict[str, str], recordings_folder: Path, tmp_path: Path
) -> None:
    project = Project(stack)
    queued = [
        project.queue(database, Case(name=name, file=corpus(recordings_folder, name), reason=reason))[0]
        for name, reason in (("playlist", Reason.NOT_A_VIDEO), ("plain", None))
    ]
    with _process(tmp_path, "work", "--once", "--verbose", **settings) as (process, log):
        assert process.wait(_LONGEST_SECONDS * 2) == 1
    bad, good = (_row(database, job_id) for job_id in queued)
    assert (bad[0], good[0]) == ("error", "completed")
    assert "The file is a playlist, not a video recording." in str(bad[1])
    assert f"{queued[0]}  error: {bad[1]}" in log.read_text()
    assert_no_secret(stack, f"{log.read_text()} {bad} {good}")
