"""`runops work`: whole runs with the worker's own pipeline against the stand-ins."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import TABLE, FailureClass, Reason
from runops.retry_policy import Pace
from runops_worker.media.sandbox.confinement import Confinement

Runops = Callable[..., Result]
Started = Callable[..., AbstractContextManager[subprocess.Popen[str]]]


def row_of(database: psycopg.Connection, job_id: str) -> dict[str, Any]:
    row = database.execute("select status, error, metadata from jobs where job_id = %s", [job_id]).fetchone()
    assert row is not None
    return dict(zip(("status", "error", "metadata"), row, strict=True))


def wait_until(condition: Callable[[], bool], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def submitted(runops: Runops, file: Path) -> str:
    return runops("submit", file).stdout.strip()


def test_two_rows_run_to_their_ends_oldest_first(
    runops: Runops, database: psycopg.Connection, recording: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.mp4").write_bytes(b"\0This is a letter and no video. " * 100)
    letter, video = submitted(runops, tmp_path / "letter.mp4"), submitted(runops, recording)
    result = runops("work", "--once")
    assert result.exit_code == 1
    assert row_of(database, video)["status"] == "completed"
    failed = row_of(database, letter)
    assert failed["status"] == "error"
    assert "video" in failed["error"]
    assert result.stdout == ""
    assert result.stderr.index(letter) < result.stderr.index(video)
    assert "transcribing" in result.stderr
    title = json.loads(runops("sop", video, "-o", "json").stdout)["meta"]["title"]
    assert f"SOP: {title}" in result.stderr
    assert f"slim: videos/slim/{video}.mp4" in result.stderr
    assert f"`runops sop {video[:8]}` prints the SOP." in result.stderr
    assert "No row can be claimed" not in result.stderr


def test_an_empty_queue_is_a_success(runops: Runops) -> None:
    result = runops("work", "--once")
    assert (result.exit_code, "No row can be claimed. `runops list` shows the jobs" in result.stderr) == (0, True)


def test_a_temporary_failure_is_retried(
    runops: Runops, database: psycopg.Connection, faults: FaultControl, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runops.retry_policy._PACES", dict.fromkeys(FailureClass, Pace(0.1, 0.1)))
    video = submitted(runops, recording)
    refused = json.dumps({"code": "42501", "message": "permission denied for table transcripts"})
    faults.set(Fault(method="POST", path="/rest/v1/transcripts", kind="status", status=403, body=refused, times=1))
    result = runops("work", "--once")
    assert "Trying again" in result.stderr
    assert (result.exit_code, row_of(database, video)["status"]) == (0, "completed")


def test_an_upload_to_storage_has_a_deadline(
    runops: Runops, database: psycopg.Connection, faults: FaultControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    faults.set(Fault(method="POST", path=f"slim/{video}", kind="hang", seconds=30, times=None))
    result = runops("work", "--once", "--retries", "0", "--upload-seconds", "1")
    assert (result.exit_code, row_of(database, video)["status"]) == (1, "error")
    assert "not in storage after 1 s" in row_of(database, video)["error"]


def test_gemini_has_a_deadline_for_an_uploaded_video(
    runops: Runops, database: psycopg.Connection, gemini: GeminiControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    gemini.behave(Behaviour(turns=[Turn(outcome=Outcome.FILE_STUCK, times=None)]))
    result = runops("work", "--once", "--retries", "0", "--gemini-file-seconds", "1")
    assert (result.exit_code, row_of(database, video)["status"]) == (1, "error")
    assert "did not finish processing" in row_of(database, video)["error"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SUPABASE_SERVICE_ROLE_KEY", "sb_secret_" + "x" * 30, "key"),
        ("GOOGLE_GEMINI_API_KEY", "wrong-key-of-no-project", "Gemini rejected the key"),
        ("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1", "Gemini could not be reached"),
    ],
)
def test_with_a_wrong_key_nothing_is_claimed(
    *,
    runops: Runops,
    database: psycopg.Connection,
    recording: Path,
    environment: dict[str, str],
    name: str,
    value: str,
    said: str,
) -> None:
    video = submitted(runops, recording)
    environment[name] = value
    result = runops("work", "--once")
    assert result.exit_code == 5
    assert said in result.stderr
    assert value not in result.output or value.startswith("http")
    assert row_of(database, video) == {"status": "queued", "error": None, "metadata": {}}


def test_where_landlock_is_required_and_missing_nothing_is_claimed(
    runops: Runops, database: psycopg.Connection, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found() -> Confinement:
        return Confinement(0, seccomp=True)

    monkeypatch.setattr("runops_cli.work.pipeline_runner.try_confinement", found)
    video = submitted(runops, recording)
    result = runops("work", "--once", "--require-landlock")
    assert result.exit_code == 5
    assert "This machine confines ffmpeg by no landlock, seccomp only" in result.stderr
    assert row_of(database, video)["status"] == "queued"
    result = runops("work", "--once")
    assert "On this machine ffmpeg is confined by no landlock, seccomp only." in result.stderr
    assert (result.exit_code, row_of(database, video)["status"]) == (0, "completed")


def test_an_outage_of_the_project_is_retried(started: Started, faults: FaultControl) -> None:
    faults.set(Fault(path="/rest/v1/", kind="status", status=401, body='{"message":"Invalid API key"}', times=None))
    with started("work") as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert "Trying again; nothing is claimed meanwhile." in process.stdout.readline()
        faults.clear()
        assert "It works again." in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def hang(gemini_faults: FaultControl) -> None:
    gemini_faults.set(Fault(method="POST", path="GenerateContent", kind="hang", seconds=60, times=None))


def until_the_model_is_asked(gemini_faults: FaultControl) -> None:
    wait_until(lambda: any("GenerateContent" in record.path for record in gemini_faults.requests()))


def test_a_stopped_process_puts_its_video_back(
    started: Started, runops: Runops, database: psycopg.Connection, gemini_faults: FaultControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    hang(gemini_faults)
    with started("work") as process:
        until_the_model_is_asked(gemini_faults)
        assert row_of(database, video)["status"] == "processing"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert row_of(database, video) == {"status": "queued", "error": None, "metadata": {}}


@pytest.mark.slow("a pause of ten seconds between two tries, and a video")
def test_a_plan_that_allows_nothing_is_waited_for_and_told_in_the_words_of_gemini(
    started: Started, runops: Runops, database: psycopg.Connection, gemini_faults: FaultControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    said = "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage them."
    body = json.dumps({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": said}})
    gemini_faults.set(Fault(path=":streamGenerateContent", kind="status", status=429, body=body, times=None))
    with started("work") as process:
        assert process.stdout is not None
        (told,) = itertools.islice((line for line in process.stdout if "Waiting since" in line), 1)
        assert said in told
        assert TABLE[Reason.MODEL_NOT_IN_PLAN].remedy in told
        assert row_of(database, video) == {"status": "queued", "error": None, "metadata": {}}
        gemini_faults.clear()
        assert any("It works again." in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert row_of(database, video)["status"] == "completed"


@pytest.mark.parametrize("host", [socket.gethostname(), "3f2a9c4417de"])
def test_the_row_of_a_killed_process_is_claimed_again_also_where_its_container_had_another_name(
    runops: Runops, database: psycopg.Connection, recording: Path, host: str
) -> None:
    video = submitted(runops, recording)
    stamp = {"runops": {"claim": str(uuid4()), "by": f"work/{host}", "attempt": 1}}
    database.execute(
        "update jobs set status = 'processing', metadata = %s, updated_at = now() - interval '12 minutes'",
        [json.dumps(stamp)],
    )
    result = runops("work", "--once")
    assert result.exit_code == 0
    assert f"{video}  taken up: work/{host} has not written to the row for 1" in result.stderr
    assert row_of(database, video)["status"] == "completed"
    assert row_of(database, video)["metadata"]["runops"]["attempt"] == 2


@pytest.mark.parametrize(("by", "minutes"), [("work/3f2a9c4417de", 4), ("runops-operator", 90)])
def test_the_row_of_a_live_process_or_of_an_operator_is_left_alone(
    runops: Runops, database: psycopg.Connection, recording: Path, by: str, minutes: int
) -> None:
    video = submitted(runops, recording)
    stamp = {"runops": {"claim": str(uuid4()), "by": by, "attempt": 1}}
    database.execute(
        "update jobs set status = 'processing', metadata = %s, updated_at = now() - make_interval(mins => %s)",
        [json.dumps(stamp), minutes],
    )
    assert runops("work", "--once").exit_code == 0
    assert row_of(database, video) == {"status": "processing", "error": None, "metadata": stamp}


def test_a_closed_terminal_puts_its_video_back(
    runops: Runops, database: psycopg.Connection, gemini_faults: FaultControl, recording: Path, tmp_path: Path
) -> None:
    video = submitted(runops, recording)
    hang(gemini_faults)
    terminal, its_end = os.openpty()
    # The fixture `runops` has set the environment of this process.
    with subprocess.Popen(
        [*_at_a_terminal(), "work", "--workdir", str(tmp_path)], stdout=its_end, stderr=its_end
    ) as process:
        try:
            os.close(its_end)
            until_the_model_is_asked(gemini_faults)
            assert list(tmp_path.glob("runops-work-*"))
            # Whatever is written from now on fails.
            os.close(terminal)
            process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            process.send_signal(signal.SIGHUP)
            assert process.wait(60) == 129
        finally:
            process.kill()
    assert row_of(database, video) == {"status": "queued", "error": None, "metadata": {}}
    assert not list(tmp_path.glob("runops-work-*"))


def _at_a_terminal(hang_up: str = "SIG_DFL") -> list[str]:
    """Return a command that has its own say about SIGHUP, however these tests were started."""
    own = f"import signal; signal.signal(signal.SIGHUP, signal.{hang_up})"
    return [sys.executable, "-c", f"{own}; from runops_cli.main import run; run()"]


@pytest.mark.usefixtures("environment")
def test_with_nohup_a_closed_terminal_stops_nothing() -> None:
    command = [*_at_a_terminal("SIG_IGN"), "work"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "Press Ctrl-C to stop" in process.stderr.readline()
            process.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 143
        finally:
            process.kill()


def test_a_stopped_process_whose_output_nobody_reads_puts_its_video_back(
    started: Started, runops: Runops, database: psycopg.Connection, gemini_faults: FaultControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    hang(gemini_faults)
    with started("work") as process:
        until_the_model_is_asked(gemini_faults)
        assert process.stdout is not None
        process.stdout.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert row_of(database, video) == {"status": "queued", "error": None, "metadata": {}}


def test_a_row_that_kills_its_process_each_time_is_given_up(
    runops: Runops, database: psycopg.Connection, recording: Path
) -> None:
    video = submitted(runops, recording)
    stamp = {"runops": {"claim": str(uuid4()), "by": f"work/{socket.gethostname()}", "attempt": 4}}
    database.execute(
        "update jobs set status = 'processing', metadata = %s, updated_at = now() - interval '10 minutes'",
        [json.dumps(stamp)],
    )
    runops("work", "--once")
    assert (
        row_of(database, video)["error"] == "The worker exited without reporting a result. Given up after 4 attempts."
    )


def test_without_the_worker_a_sentence_says_what_to_install(runops: Runops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runops_cli.work.pipeline_runner", None)
    result = runops("work", "--once")
    assert result.exit_code == 2
    assert "pip install '.[cli,worker]'" in result.stderr


def test_a_key_that_is_rejected_during_a_video_puts_the_video_back(
    runops: Runops, database: psycopg.Connection, gemini_faults: FaultControl, recording: Path
) -> None:
    video = submitted(runops, recording)
    body = json.dumps({"error": {"code": 401, "message": "API key expired.", "status": "UNAUTHENTICATED"}})
    gemini_faults.set(Fault(method="POST", path="GenerateContent", kind="status", status=401, body=body, times=None))
    result = runops("work", "--once")
    assert result.exit_code == 5
    assert "is back in the queue" in result.stderr
    assert row_of(database, video)["status"] == "queued"


def test_a_model_that_does_not_exist_stops_nothing_where_a_fallback_model_does(
    runops: Runops, database: psycopg.Connection, recording: Path
) -> None:
    video = submitted(runops, recording)
    gone = ("--model", "gemini-99-helium", "--sop-model", "gemini-99-helium")
    result = runops("work", "--once", *gone, "--fallback-model", "gemini-3.8-flash")
    assert result.exit_code == 0, result.stderr
    assert "model gemini-99-helium: Gemini does not know this model. The others are asked" in result.stderr
    assert "In place of the first model, gemini-3.8-flash transcribed" in result.stderr
    assert row_of(database, video)["status"] == "completed"
    assert runops("work", "--once", *gone, "--fallback-model", "gemini-0-nothing").exit_code == 5
