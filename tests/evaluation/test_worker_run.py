"""The sample through the worker, against the stand-ins, and its score."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.sample import RECORDING
from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops_evaluation.commands.main import main
from runops_evaluation.results.files import read_result
from runops_evaluation.running.run_record import read_run
from runops_evaluation.running.scratch_rows import ScratchRow
from tests.evaluation.gold_set import GOLD

NAME = "ledgerline-invoice"
QUOTA = Turn(outcome=Outcome.STATUS, kind="sop", status=429, quota="perDay", times=None)
BLOCKED = Turn(outcome=Outcome.PROMPT_BLOCKED, kind="transcribe", times=None)
pytestmark = pytest.mark.slow("the sample goes through the whole worker once")


@pytest.fixture
def control(stack: StackInfo) -> Iterator[GeminiControl]:
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        control.forget_files()
        yield control
        control.reset()


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    root = tmp_path / "gold"
    shutil.copytree(GOLD / NAME, root / NAME)
    shutil.copy(RECORDING, root / NAME / "recording.mp4")
    shutil.copytree(GOLD / "urlaubsantrag", root / "urlaubsantrag")
    return root


@pytest.fixture
def arguments(stack: StackInfo, gold: Path, tmp_path: Path) -> list[str]:
    env_file = tmp_path / "stack.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in stack.environment().items()))
    places = ["--out", str(tmp_path / "run"), "--cache", str(tmp_path / "kept"), "--env-file", str(env_file)]
    return ["run", str(gold), *places, "--height", "360"]


def rows(database: psycopg.Connection[Any]) -> int:
    counts = [
        database.execute(f"select count(*) from {table}".encode()).fetchone()  # noqa: S608 - names from here
        for table in ("jobs", "transcripts", "sops")
    ]
    return sum(count[0] for count in counts if count is not None)


def objects(stack: StackInfo) -> set[str]:
    """Return the objects of all folders in which a worker or its user puts some; other tests leave theirs."""

    async def listed() -> set[str]:
        async with Supabase(stack.url, stack.secret_key) as supabase:
            found: set[str] = set()
            for folder in ("raw", "slim", "transcripts", "sops"):
                found |= {f"{folder}/{name}" for name in await supabase.storage.list_prefix("videos", folder)}
            return found

    return asyncio.run(listed())


def test_a_recording_is_worked_off_and_scored_and_nothing_is_left(
    *,
    arguments: list[str],
    stack: StackInfo,
    database: psycopg.Connection[Any],
    control: GeminiControl,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = objects(stack)
    # The quota is used up before the SOP: the run stops, and what was paid for is kept.
    control.behave(Behaviour(turns=[QUOTA]))
    assert main(arguments) == 1
    assert "QuotaExceeded" in capsys.readouterr().err
    assert rows(database) == 0
    assert read_run(tmp_path / "run").recordings == {}

    control.behave(Behaviour())
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert f"[1/2] {NAME}: made" in said
    assert "urlaubsantrag: missing: The recording is not here. It is made by tests/evaluation" in said
    assert f"  {NAME}: transcribing (50%)" in said
    assert [call.kind for call in control.calls()].count("transcribe") == 1

    record = read_run(tmp_path / "run")
    assert record.made.models == ("gemini-3.8-flash", "gemini-3.8-flash")
    assert [prompt.name for prompt in record.made.prompts] == ["transcription_prompt_v2.md", "sop_parser_v0.8.md"]
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())["recordings"][NAME]
    # The stand-in tells what changes in the picture; it cannot read.
    assert scores["gaps.share"] == 0.0
    assert scores["cost.tokens_per_minute"] > 1000
    assert scores["evidence.share"] > 0.5
    assert scores["events.f1"] < 0.5
    assert rows(database) == 0

    calls = len(control.calls())
    assert calls
    assert main(arguments) == 1
    assert f"[1/2] {NAME}: reused" in capsys.readouterr().err
    assert len(control.calls()) == calls
    assert json.loads((tmp_path / "run" / "scores.json").read_text())["recordings"][NAME] == scores
    assert objects(stack) <= before


def test_of_an_idle_minute_nothing_is_paid_and_all_times_stay_right(
    arguments: list[str], gold: Path, database: psycopg.Connection[Any], control: GeminiControl, tmp_path: Path
) -> None:
    control.behave(Behaviour())
    stands_still, idle = 30, 60
    recording = gold / NAME / "recording.mp4"
    with_a_pause(recording, at=stands_still, seconds=idle)
    about = json.loads((gold / NAME / "about.json").read_text())
    changed = {"sha256": None, "duration": about["duration"] + idle}
    (gold / NAME / "about.json").write_text(json.dumps({**about, **changed}))

    results = []
    for options in ([], ["--leave-out-idle"]):
        assert main([*arguments, "--only", NAME, *options]) == 0
        results.append(read_result(tmp_path / "run", NAME))
    whole, condensed = results
    assert whole.usage is not None
    assert condensed.usage is not None
    assert whole.usage.transcribing is not None
    assert condensed.usage.transcribing is not None
    saved = whole.usage.transcribing.video_tokens - condensed.usage.transcribing.video_tokens
    assert (idle - 8) * 280 <= saved <= (idle + 2) * 280
    assert whole.usage.transcribing.audio_tokens - condensed.usage.transcribing.audio_tokens == saved // 280 * 25
    times = [[item.start for item in result.transcript] for result in results]
    assert times[1] == pytest.approx(times[0], abs=1.0)
    assert [at for at in times[1] if stands_still + 4 < at < stands_still + idle] == []
    assert max(times[1]) > stands_still + idle + 20
    assert rows(database) == 0


def with_a_pause(recording: Path, *, at: int, seconds: int) -> None:
    """Let the picture stand still, and nothing be heard, for so long."""
    graph = (
        f"[0:v]fps=5,split[x][y];[x]trim=end={at},tpad=stop_mode=clone:stop_duration={seconds}[v0];"
        f"[y]trim=start={at},setpts=PTS-STARTPTS[v1];[0:a]asplit[p][q];"
        f"[p]atrim=end={at},apad=whole_dur={at + seconds}[a0];[q]atrim=start={at},asetpts=PTS-STARTPTS[a1];"
        "[v0][a0][v1][a1]concat=n=2:v=1:a=1[v][a]"
    )
    made = recording.with_name("with-a-pause.mp4")
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(recording), "-filter_complex", graph]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-aac_coder", "fast"]
    subprocess.run([*command, "-map", "[v]", "-map", "[a]", *coding, str(made)], check=True, timeout=240)
    made.replace(recording)


def test_its_row_is_never_queued_and_has_the_owner_that_was_named(
    stack: StackInfo, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    owner, job = uuid4(), uuid4()
    (tmp_path / "recording.mp4").write_bytes(b"some bytes")
    statuses: list[str] = []

    async def put() -> None:
        async with Supabase(stack.url, stack.secret_key) as supabase:
            row = ScratchRow(supabase, job)
            token = await row.put(tmp_path / "recording.mp4", owner=owner)
            stored = await supabase.jobs.get(job)
            assert stored is not None
            assert stored.status == "processing"
            assert stored.claim is not None
            assert stored.claim.token == token
            assert stored.metadata["user_id"] == str(owner)
            await row.remove()

    database.execute("create table seen(status text)")
    database.execute(
        "create function note() returns trigger language plpgsql security definer as "
        "$$ begin insert into seen values (new.status); return new; end $$"
    )
    database.execute("create trigger note before insert or update on jobs for each row execute function note()")
    try:
        asyncio.run(put())
        statuses = [status for (status,) in database.execute("select status from seen").fetchall()]
    finally:
        database.execute("drop trigger note on jobs")
        database.execute("drop function note")
        database.execute("drop table seen")
    assert statuses == ["processing"]
    assert rows(database) == 0


def test_a_video_that_the_model_refuses_is_scored_as_an_empty_result(
    arguments: list[str],
    database: psycopg.Connection[Any],
    control: GeminiControl,
    tmp_path: Path,
) -> None:
    control.behave(Behaviour(turns=[BLOCKED]))
    assert main([*arguments, "--only", NAME]) == 1
    outcome = read_run(tmp_path / "run").recordings[NAME]
    assert outcome.state == "failed"
    assert outcome.message is not None
    assert outcome.message.startswith("Blocked: ")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["recordings"][NAME]["steps.f1"] == 0.0
    assert scores["failed"] == {NAME: outcome.message}
    assert rows(database) == 0


def test_with_googles_api_the_cost_is_told_first_and_allowed(
    arguments: list[str], database: psycopg.Connection[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env_file = Path(arguments[arguments.index("--env-file") + 1])
    lines = env_file.read_text().splitlines()
    env_file.write_text("\n".join(line for line in lines if not line.startswith("GOOGLE_GEMINI_BASE_URL")))
    assert main([*arguments, "--ask-above-usd", "0.01"]) == 2
    said = capsys.readouterr().err
    assert re.search(r"1 recording to work on, for about 0\.\d\d US dollars\.", said)
    assert "Repeat the command with --yes to agree." in said
    assert not (tmp_path / "run").exists()
    assert rows(database) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--prompt", "nowhere.md"], "The prompt nowhere.md is not installed"),
        (["--fps", "99"], "fps: Input should be less than or equal to 30"),
        (["--model", "no model"], "transcribe: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    arguments: list[str], options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *options]) == 2
    assert says in capsys.readouterr().err
