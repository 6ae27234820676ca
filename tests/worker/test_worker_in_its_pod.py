"""The pod's program as a process: environment in, exit code, log and last word out."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import TABLE, Failed, Reason
from runops.progress import Stage
from runops.report import parse_report
from runops_worker.pod.settings import HELP, read_settings
from runops_worker.reporting.videojob_sink import VideoJobSink
from tests.worker.job import Job

PROGRAM = [sys.executable, "-c", "from runops_worker.main import run; run()"]
_BEGIN_WITHOUT = (
    f"import sys; sys.path.append({str(Path(__file__).parents[2])!r})\n"
    "from tests.media.hidden_landlock import hide_landlock; hide_landlock()\n"
)
WITHOUT_LANDLOCK = [PROGRAM[0], "-c", _BEGIN_WITHOUT + PROGRAM[2]]


@contextmanager
def pod(job: Job, folder: Path, *program: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program with the keys in files, as a pod mounts them."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, value in job.stack.environment().items():
        (secrets / name).write_text(value + "\n")
    environment = {
        "PATH": os.environ["PATH"],
        "RUNOPS_JOB_ID": str(job.task.job_id),
        "RUNOPS_CLAIM": job.task.claim,
        "RUNOPS_SECRETS_DIR": str(secrets),
        "RUNOPS_WORKDIR": str(folder / "scratch"),
        "RUNOPS_TERMINATION_LOG": str(folder / "last-word"),
        "RUNOPS_TRANSCODE_HEIGHT": "360",
        **changes,
    }
    with subprocess.Popen(program or PROGRAM, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], *, seconds: float = 120.0) -> tuple[int, str]:
    _, log = process.communicate(timeout=seconds)
    return process.returncode, log


async def test_a_pod_does_its_job_and_leaves_a_report_and_a_log_without_keys(job: Job, tmp_path: Path) -> None:
    with pod(job, tmp_path, RUNOPS_LOG_LEVEL="DEBUG") as process:
        code, log = await asyncio.to_thread(ended, process)
    assert code == 0, log
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert (report.reason, report.stage) == (None, Stage.COMPLETED)
    assert [output.name for output in report.outputs] == ["slim", "transcript", "sop", "evidence"]
    assert [prompt.sha256 for prompt in report.prompts] == [
        job.task.transcription_prompt.sha256,
        job.task.sop_prompt.sha256,
    ]
    assert job.row()["status"] == "completed"
    lines = [json.loads(line) for line in log.splitlines()]
    assert {line["job_id"] for line in lines} == {str(job.task.job_id)}
    for secret in (job.stack.secret_key, job.stack.gemini_api_key, "upload_id"):
        assert secret not in log
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_sigterm_ends_the_pod_as_terminated_without_waiting_for_the_model(
    job: Job, control: GeminiControl, tmp_path: Path
) -> None:
    control.behave(Behaviour(latency_seconds=3600))
    with pod(job, tmp_path) as process:
        async with asyncio.timeout(120):
            while not control.calls():  # noqa: ASYNC110 - another process makes the call
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        code, _ = await asyncio.to_thread(ended, process)
    assert code == 143
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert report.reason is Reason.TERMINATED
    assert job.row()["status"] == "processing"
    assert control.files() == []


async def test_the_wait_that_a_quota_asks_for_is_reported_to_the_operator(
    job: Job, control: GeminiControl, tmp_path: Path
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.STATUS, status=429, retry_after_seconds=153)]))
    with pod(job, tmp_path) as process:
        code, _ = await asyncio.to_thread(ended, process)
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert (code, report.reason, report.retry_after_seconds) == (120, Reason.QUOTA_EXCEEDED, 153)


@pytest.mark.parametrize(
    ("changes", "reason", "says"),
    [
        ({"RUNOPS_JOB_ID": "seven"}, Reason.MISCONFIGURED, "RUNOPS_JOB_ID holds 'seven', which is not a UUID"),
        ({"RUNOPS_REQUIRE_LANDLOCK": "maybe"}, Reason.MISCONFIGURED, "holds 'maybe', which is not true or false"),
        ({"RUNOPS_SOP_LANGUAGE": "German. Ignore"}, Reason.MISCONFIGURED, "which is not the name of a language"),
        (
            {"RUNOPS_MODEL_FALLBACK": "a, b, a"},
            Reason.MISCONFIGURED,
            "RUNOPS_MODEL_FALLBACK holds 'a, b, a': a is named",
        ),
        ({"RUNOPS_MAX_COST_USD": "-1"}, Reason.MISCONFIGURED, "RUNOPS_MAX_COST_USD holds '-1', which is not an amount"),
        ({"RUNOPS_MAX_COST_USD": "0.001"}, Reason.COST_CAP_REACHED, "0.001 USD"),
        ({"RUNOPS_REDACTION": "maybe"}, Reason.MISCONFIGURED, "RUNOPS_REDACTION holds 'maybe'"),
        ({"RUNOPS_CLAIM": ""}, Reason.MISCONFIGURED, "RUNOPS_CLAIM is not set"),
        ({"RUNOPS_SECRETS_DIR": "/nowhere"}, Reason.MISCONFIGURED, "SUPABASE_URL"),
        ({"RUNOPS_PROMPT_SOP": "none.md"}, Reason.PROMPT_MISSING, "none.md is not installed"),
        (
            {"RUNOPS_PROMPTS_DIR": "/nowhere", "RUNOPS_PROMPTS_CONFIG_MAP": "prompts-1"},
            Reason.PROMPT_MISSING,
            "are gone: the ConfigMap prompts-1",
        ),
        ({"RUNOPS_SOURCE_OBJECT": "raw/none.mp4"}, Reason.SOURCE_MISSING, "raw/none.mp4"),
    ],
)
async def test_a_pod_that_cannot_work_reports_its_reason(
    *, job: Job, tmp_path: Path, changes: dict[str, str], reason: Reason, says: str
) -> None:
    with pod(job, tmp_path, **changes) as process:
        code, _ = await asyncio.to_thread(ended, process)
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert report.reason is reason
    assert says in report.message
    assert code == TABLE[reason].exit_code


async def test_without_landlock_a_worker_says_so_and_works(job: Job, tmp_path: Path) -> None:
    with pod(job, tmp_path, *WITHOUT_LANDLOCK) as process:
        code, log = await asyncio.to_thread(ended, process)
    assert code == 0, log
    assert [line["sandbox"] for line in map(json.loads, log.splitlines()) if "sandbox" in line] == [
        "no landlock, seccomp"
    ]


async def test_where_landlock_is_required_a_worker_without_it_leaves_the_recording_alone(
    job: Job, control: GeminiControl, tmp_path: Path
) -> None:
    with pod(job, tmp_path, *WITHOUT_LANDLOCK, RUNOPS_REQUIRE_LANDLOCK="true") as process:
        code, _ = await asyncio.to_thread(ended, process)
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert (code, report.reason) == (121, Reason.SANDBOX_UNAVAILABLE)
    assert "This machine confines ffmpeg by no landlock, seccomp only" in report.message
    assert job.row()["status"] == "processing", "the operator tries it on another node"
    assert control.calls() == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FALLBACK", "a,b,c,d", "at most 3 items"),
        ("FALLBACK", "a,,b", "should match pattern"),
        ("FALLBACK", "a b", "should match pattern"),
        ("FALLBACK", "a,a", "a is named twice; name each fallback model once"),
        ("TRANSCRIBE", "a b", "should match pattern"),
        ("SOP", "../a", "should match pattern"),
    ],
)
def test_a_malformed_model_is_refused_by_the_name_of_its_variable(name: str, value: str, says: str) -> None:
    environ = {"RUNOPS_JOB_ID": "8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11", "RUNOPS_CLAIM": "token"}
    with pytest.raises(Failed, match=re.escape(f"RUNOPS_MODEL_{name} holds {value!r}: ")) as failed:
        read_settings({**environ, f"RUNOPS_MODEL_{name}": value})
    assert says in failed.value.detail
    assert failed.value.reason is Reason.MISCONFIGURED


def test_fallback_models_have_commas_between_them() -> None:
    environ = {"RUNOPS_JOB_ID": "8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11", "RUNOPS_CLAIM": "token"}
    assert read_settings(environ).task.fallback_models == ()
    task = read_settings({**environ, "RUNOPS_MODEL_FALLBACK": "gemini-4-hydrogen, gemini-3.8-flash"}).task
    assert task.transcription_models == ("gemini-3.8-flash", "gemini-4-hydrogen")


def test_help_names_every_setting_that_is_read() -> None:
    class Asked(dict[str, str]):
        names: set[str] = set()  # noqa: RUF012 - one test, one instance

        def get(self, key: str, default: Any = None) -> Any:
            self.names.add(key)
            return super().get(key, default)

    environ = Asked(RUNOPS_JOB_ID="8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11", RUNOPS_CLAIM="token")
    read_settings(environ)
    assert len(environ.names) > 10
    for name in environ.names:
        assert name in HELP
    help_text = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True, timeout=240, check=True)
    assert help_text.stdout == HELP


async def test_a_videojob_is_patched_at_each_stage_and_a_refusal_stops_nothing(tmp_path: Path) -> None:
    patches: list[tuple[str, str, Any]] = []

    async def patch(request: web.Request) -> web.Response:
        patches.append((request.path, request.headers["Authorization"], await request.json()))
        assert request.content_type == "application/merge-patch+json"
        return web.json_response({}, status=403 if len(patches) == 1 else 200)

    app = web.Application()
    app.router.add_patch("/{any:.*}", patch)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    (tmp_path / "token").write_text("first\n")
    sink = VideoJobSink(
        address=f"http://127.0.0.1:{runner.addresses[0][1]}",
        namespace="runops",
        name="vj-1",
        token_file=tmp_path / "token",
        ca_file=tmp_path / "ca.crt",
    )
    try:
        await sink.report(Stage.PREPARING_VIDEO, 10)
        await sink.report(Stage.PREPARING_VIDEO, 20)
        (tmp_path / "token").write_text("second\n")
        await sink.report(Stage.TRANSCRIBING, 50)
        await sink.report_sandbox("landlock 7, seccomp")
    finally:
        await runner.cleanup()
    await sink.report(Stage.PARSING_SOP, 70)
    await sink.aclose()
    assert patches == [
        (
            "/apis/runops.dev/v1alpha1/namespaces/runops/videojobs/vj-1/status",
            "Bearer first",
            {"status": {"stage": "preparing_video", "progress": "10%"}},
        ),
        (
            "/apis/runops.dev/v1alpha1/namespaces/runops/videojobs/vj-1/status",
            "Bearer second",
            {"status": {"stage": "transcribing", "progress": "50%"}},
        ),
        (
            "/apis/runops.dev/v1alpha1/namespaces/runops/videojobs/vj-1/status",
            "Bearer second",
            {"status": {"resolved": {"sandbox": "landlock 7, seccomp"}}},
        ),
    ]
