"""`runops evaluate`: gold recordings of a user's own, started from a job and scored."""

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import Result

from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops.object_names import evidence_object
from runops.supabase.connection import Supabase
from runops_evaluation.results.files import write_result_files
from runops_evaluation.running.run_record import read_run
from tests.evaluation.gold_set import GOLD, all_gold, contents_of, perfect, worse

Runops = Callable[..., Result]
NAMES = [gold.name for gold in all_gold()]


@pytest.fixture
def finished(runops: Runops, recording: Path) -> UUID:
    """A job that `runops work` has completed."""
    job = uuid4()
    assert runops("submit", recording, "--job-id", job).exit_code == 0
    assert runops("work", "--once").exit_code == 0
    return job


@pytest.fixture(autouse=True)
def cache(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")


def results(folder: Path, make: Callable[..., object]) -> Path:
    for gold in all_gold():
        write_result_files(folder, gold.name, contents_of(make(gold)))  # type: ignore[arg-type]
    return folder


def test_a_draft_is_corrected_and_evaluated_with_a_prompt_of_ones_own(
    *,
    runops: Runops,
    finished: UUID,
    gemini: GeminiControl,
    database: psycopg.Connection[tuple[int]],
    tmp_path: Path,
) -> None:
    gold = tmp_path / "gold"
    started = runops("evaluate", gold, "--start-from", finished, "--language", "de")
    assert started.exit_code == 0, started.output
    (draft,) = gold.iterdir()
    assert draft.name.startswith("_")
    assert f"Then rename the folder to {draft.name[1:]}" in started.output
    about = json.loads((draft / "about.json").read_text())
    assert about["duration"] == pytest.approx(3, abs=0.1)
    assert about["language"] == "de"
    assert about["made_by"] == f"job {finished}"
    assert json.loads((draft / "events.json").read_text())["events"]
    # A draft is scored by nobody: what its own model wrote would have full marks.
    assert "has no folder in it" in runops("evaluate", gold, "--yes").output
    assert runops("evaluate", gold, "--start-from", finished).exit_code == 2

    draft.rename(gold / "moving-picture")
    (tmp_path / "mine.md").write_text("Write down what you see.\n")
    before = len(gemini.calls())
    first = runops("evaluate", gold, "--out", "runs/now")
    assert first.exit_code == 0, first.output
    assert len(gemini.calls()) > before
    owner = runops("evaluate", gold, "--prompt", "./mine.md", "--out", "runs/mine", "--against", "runs/now")
    assert owner.exit_code == 0, owner.output
    assert read_run(tmp_path / "runs" / "mine").made.prompts[0].name == "mine.md"
    assert "first:  now: worker" in owner.output
    assert "Earlier" in (tmp_path / "runs" / "mine" / "report.html").read_text()
    both = runops(
        "evaluate", gold, "--prompt", "./mine.md", "--against-prompt", "transcription_prompt_v2.md", "--out", "b"
    )
    assert both.exit_code == 0, both.output
    assert "first:  b-other-prompt: worker, gemini-3.8-flash, transcription_prompt_v2.md" in both.output
    assert "second: b: worker, gemini-3.8-flash, mine.md" in both.output
    against_two = runops("evaluate", gold, "--against-prompt", "./mine.md", "--against", "runs/now")
    assert against_two.exit_code == 2
    kept = len(gemini.calls())
    assert "moving-picture: reused" in runops("evaluate", gold, "--out", "runs/again").output
    assert len(gemini.calls()) == kept
    (count,) = database.execute("select count(*) from jobs").fetchone() or (0,)
    assert count == 1


def test_only_the_slim_video_is_left(runops: Runops, finished: UUID, stack: StackInfo, tmp_path: Path) -> None:
    remove(stack, f"raw/{finished}.mp4", evidence_object(finished))
    started = runops("evaluate", tmp_path / "gold", "--start-from", finished)
    assert started.exit_code == 0, started.output
    assert "recording.mp4 is the slim video" in started.output
    assert list((tmp_path / "gold").glob("_*/recording.mp4"))

    remove(stack, f"slim/{finished}.mp4")
    gone = runops("evaluate", tmp_path / "other", "--start-from", finished)
    assert gone.exit_code == 2
    assert "nor its slim video is in the bucket videos" in gone.output
    assert list((tmp_path / "other").iterdir()) == []


def remove(stack: StackInfo, *keys: str) -> None:
    async def gone() -> None:
        async with Supabase(stack.url, stack.secret_key) as supabase:
            await supabase.storage.remove("videos", keys)

    asyncio.run(gone())


def test_a_job_without_results_starts_no_draft(runops: Runops, tmp_path: Path) -> None:
    refused = runops("evaluate", tmp_path / "gold", "--start-from", uuid4())
    assert refused.exit_code == 2
    assert "has no transcript" in refused.output
    assert not (tmp_path / "gold").exists()


def test_results_that_are_there_are_compared_and_reported(runops: Runops, tmp_path: Path) -> None:
    best, other = results(tmp_path / "best", perfect), results(tmp_path / "worse", worse)
    assert runops("evaluate", GOLD, "--results", best, "--out", "runs/best").exit_code == 0
    shown = runops("evaluate", GOLD, "--results", other, "--out", "runs/worse", "--against", "runs/best")
    assert shown.exit_code == 0, shown.output
    assert "3 recordings are in both" in shown.output
    assert (tmp_path / "runs" / "worse" / "report.html").exists()
    one = runops("evaluate", GOLD, "--results", best, "--only", NAMES[0])
    assert one.exit_code == 0
    (run,) = (tmp_path / "evaluation-runs").iterdir()
    assert list(read_run(run).recordings) == [NAMES[0]]


def test_an_earlier_run_that_is_none_is_told_before_anything_is_done(runops: Runops, tmp_path: Path) -> None:
    (tmp_path / "no-run").mkdir()
    shown = runops("evaluate", GOLD, "--out", "runs/now", "--against", "no-run")
    assert shown.exit_code == 2
    assert "run.json cannot be read" in shown.output
    assert not (tmp_path / "runs").exists()


def test_with_googles_api_nothing_is_spent_without_a_yes(
    runops: Runops, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, recording: Path, tmp_path: Path
) -> None:
    gold = tmp_path / "gold" / "form"
    shutil.copytree(GOLD / NAMES[0], gold)
    about = json.loads((gold / "about.json").read_text())
    (gold / "about.json").write_text(json.dumps({**about, "sha256": None}))
    shutil.copy(recording, gold / "recording.mp4")
    for name in ("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
        environment.pop(name, None)
    asked = runops("evaluate", tmp_path / "gold", "--out", "runs/paid")
    assert asked.exit_code == 2
    assert "1 recording to work on, for about 0.0" in asked.output
    assert "Nothing was spent. Repeat the command with --yes to agree." in asked.output
    assert not (tmp_path / "runs").exists()
    both = runops("evaluate", tmp_path / "gold", "--out", ".", "--against-prompt", "transcription_prompt_v2.md")
    assert both.exit_code == 2
    assert "2 recordings to work on" in both.output


def test_without_the_extra_the_command_says_what_to_install(runops: Runops, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("runops_evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "networkx", None)
    shown = runops("evaluate", GOLD)
    assert shown.exit_code == 2
    assert "(networkx is missing): pip install 'runops-operator[evaluation]'" in " ".join(shown.output.split())
