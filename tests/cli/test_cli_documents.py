"""`runops sop` as documents, and `runops transcript`, against a job whose recording is in storage."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from typer.testing import Result

from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops.supabase.storage import ObjectStore
from runops_cli.documents.overwriting import refused_file
from runops_cli.documents.wanted import Wanted
from tests import ledgerline
from tests.browser.chromium import chromium_of_tests

Runops = Callable[..., Result]


@pytest.fixture
def job(runops: Runops, stack: StackInfo, database: psycopg.Connection) -> str:
    """A completed job with its recording, transcript, SOP and evidence."""
    job_id = runops("submit", ledgerline.RECORDING).stdout.strip()
    database.execute("update jobs set status = 'completed' where job_id = %s", [job_id])
    for table, column, value in (
        ("sops", "data", ledgerline.sop()),
        ("transcripts", "transcript", ledgerline.transcript()),
    ):
        database.execute(
            f"insert into {table} (job_id, {column}) values (%s, %s)",  # noqa: S608 - names of ours
            [job_id, json.dumps(value)],
        )
    key = f"sops/{job_id}.evidence.json"
    in_storage(stack, lambda storage: storage.upload_json("videos", key, ledgerline.evidence()))
    return job_id


def in_storage(stack: StackInfo, act: Callable[[ObjectStore], Awaitable[Any]]) -> None:
    async def run() -> None:
        settings = stack.environment()
        async with Supabase(settings["SUPABASE_URL"], settings["SUPABASE_SERVICE_ROLE_KEY"]) as supabase:
            await act(supabase.storage)

    asyncio.run(run())


def remove(stack: StackInfo, *keys: str) -> None:
    in_storage(stack, lambda storage: storage.remove("videos", keys))


def upload(stack: StackInfo, key: str, video: Path) -> None:
    in_storage(stack, lambda storage: storage.upload("videos", key, video, content_type="video/mp4"))


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample at one picture a second."""
    path = tmp_path_factory.mktemp("slim") / "slim.mp4"
    slimming = ["-vf", "fps=1", "-an", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run(
        [get_ffmpeg_exe(), "-loglevel", "error", "-i", str(ledgerline.RECORDING), *slimming, str(path)],
        check=True,
        timeout=240,
    )
    return path


def test_the_page_has_the_pictures_of_the_recording(runops: Runops, job: str, tmp_path: Path) -> None:
    result = runops("sop", job, "--html", tmp_path / "page.html", "--json", tmp_path / "procedure.json")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert "downloading the recording, 0.7 MB" in result.stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/webp;base64,") >= 10
    assert "The frame marks what changed." in page
    assert "First I search for the supplier, Helios." in page
    assert "#t=" not in page
    steps = json.loads((tmp_path / "procedure.json").read_text("utf-8"))["steps"]
    assert [step["number"] for step in steps] == list(range(1, 16))
    assert steps[2]["observed"][1]["value"] == "Helios"


def test_a_recording_that_was_deleted_leaves_the_slim_video(
    runops: Runops, stack: StackInfo, job: str, slim: Path, tmp_path: Path
) -> None:
    remove(stack, f"raw/{job}.mp4")
    upload(stack, f"slim/{job}.mp4", slim)
    result = runops("sop", job, "--html", tmp_path / "page.html", "--with-video")
    assert result.exit_code == 0, result.stderr
    assert "downloading the slim video" in result.stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/webp;base64,") >= 10
    assert 'href="page.mp4#t=8.1"' in page
    assert (tmp_path / "page.mp4").stat().st_size == slim.stat().st_size


def test_without_any_video_the_page_says_which_pictures_are_missing(
    runops: Runops, stack: StackInfo, job: str, tmp_path: Path
) -> None:
    remove(stack, f"raw/{job}.mp4", f"sops/{job}.evidence.json")
    result = runops("sop", job, "--html", tmp_path / "page.html", "--with-video")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "There is no evidence beside this SOP" in page
    assert "data:image" not in page
    assert "The slim video is not in storage: times are no links." in result.stderr


def test_a_recording_that_cannot_be_read_does_not_stop_the_page(
    runops: Runops, stack: StackInfo, job: str, slim: Path, tmp_path: Path
) -> None:
    remove(stack, f"raw/{job}.mp4")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(ledgerline.RECORDING.read_bytes()[:2000])
    upload(stack, f"raw/{job}.mp4", broken)
    result = runops("sop", job, "--html", tmp_path / "page.html")
    assert result.exit_code == 0, result.stderr
    assert "Neither the recording nor its slim video" in result.stderr
    upload(stack, f"slim/{job}.mp4", slim)
    result = runops("sop", job, "--html", tmp_path / "page.html")
    assert "Pictures come from the slim video." in result.stderr
    assert "data:image/webp" in (tmp_path / "page.html").read_text("utf-8")


def test_markdown_is_a_folder_with_its_pictures(runops: Runops, job: str, tmp_path: Path) -> None:
    result = runops("sop", job, "--markdown", tmp_path / "wiki" / "invoices")
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "wiki/invoices/README.md").read_text("utf-8")
    named = re.findall(r"!\[[^]]*\]\((pictures/[^)]+)\)", text)
    assert len(named) >= 10
    for name in named:
        assert (tmp_path / "wiki/invoices" / name).read_bytes()[:2] == b"\xff\xd8"


def test_the_page_is_printed(runops: Runops, job: str, tmp_path: Path) -> None:
    chromium_of_tests()
    result = runops("sop", job, "--pdf", tmp_path / "page.pdf", "--pictures", "none")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "page.pdf").read_bytes()[:5] == b"%PDF-"


def test_without_a_chromium_it_says_what_to_do(
    runops: Runops, job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    result = runops("sop", job, "--pdf", tmp_path / "page.pdf")
    assert result.exit_code == 2
    assert "Install one, or write the page with --html FILE" in result.stderr
    assert "downloading" not in result.stderr


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (("--html", "invoices.html", "--with-video"), "invoices.mp4"),
        (("--html", "invoices.mp4", "--with-video"), "invoices.mp4"),
        (("--markdown", "docs"), "docs/README.md"),
        (("--markdown", "videos", "--with-video"), "videos/recording.mp4"),
    ],
)
def test_a_file_that_nobody_named_is_not_replaced(
    runops: Runops, job: str, tmp_path: Path, options: tuple[str, ...], taken: str
) -> None:
    for name in ("invoices.mp4", "docs/README.md", "videos/recording.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    result = runops("sop", job, *options, "--pictures", "none")
    assert result.exit_code == 2
    assert f"{taken} is there already, and is not replaced." in " ".join(result.stderr.split())
    assert (tmp_path / taken).read_text() == "mine"
    assert "downloading" not in result.stderr


def test_what_an_earlier_run_wrote_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<a class="time" href="page.mp4#t=8.1">')
    (tmp_path / "README.md").write_text("# Invoices\n\n- **Job:** 69e6a424-a73e-4687-95a1-1a9d918b2d74\n")
    for name in ("page.mp4", "recording.mp4"):
        (tmp_path / name).write_text("a video")
    assert refused_file(Wanted(html=tmp_path / "page.html", markdown=tmp_path, with_video=True)) is None
    # Without the video it stays as it is, whosever it is.
    (tmp_path / "page.html").write_text("<p>no links</p>")
    assert refused_file(Wanted(html=tmp_path / "page.html")) is None
    assert refused_file(Wanted(html=tmp_path / "page.html", with_video=True)) == tmp_path / "page.mp4"


def test_a_file_that_cannot_be_written_is_named_before_anything_is_downloaded(
    runops: Runops, job: str, tmp_path: Path
) -> None:
    result = runops("sop", job, "--html", tmp_path / "nowhere" / "page.html")
    assert result.exit_code == 2
    assert "nowhere/page.html cannot be written" in result.stderr
    assert "downloading" not in result.stderr
    (tmp_path / "page").touch()
    result = runops("sop", job, "--markdown", tmp_path / "page")
    assert (result.exit_code, "page is a file. --markdown takes a folder." in result.stderr) == (2, True)
    assert "downloading" not in result.stderr


def test_a_place_on_a_full_disk_is_named(runops: Runops, job: str) -> None:
    result = runops("sop", job, "--html", "/dev/full", "--pictures", "none")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "/dev/full cannot be written: No space left on device. Choose another place."
    )


def test_a_video_beside_nothing_is_refused(runops: Runops) -> None:
    result = runops("sop", UUID(int=1), "--pdf", "page.pdf", "--with-video")
    assert (result.exit_code, "Use it with --html or --markdown." in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("form", "begins", "has"),
    [
        ("text", "   0:01  \u201cIn this recording", 'Type "Helios" in "Search supplier'),
        ("vtt", "WEBVTT\n\n1\n00:00:01.900 --> 00:00:05.800\nIn this recording", "First I search"),
        ("srt", "1\n00:00:01,900 --> 00:00:05,800\nIn this recording", "First I search"),
    ],
)
def test_a_transcript_for_people_and_players(runops: Runops, job: str, form: str, begins: str, has: str) -> None:
    result = runops("transcript", job, "-o", form)
    assert result.exit_code == 0
    assert result.stdout.startswith(begins)
    assert has in result.stdout


def test_a_transcript_for_programs(runops: Runops, job: str) -> None:
    assert json.loads(runops("transcript", job, "-o", "json").stdout) == ledgerline.transcript()


def test_a_transcript_that_is_not_there_yet(runops: Runops, database: psycopg.Connection) -> None:
    result = runops("submit", ledgerline.RECORDING)
    found = runops("transcript", result.stdout.strip())
    assert found.exit_code == 3
    assert "has no transcript; its status is queued." in found.stderr
    assert runops("transcript", UUID(int=1)).exit_code == 3
    database.execute("delete from jobs")


def test_items_in_an_unknown_form_are_counted(runops: Runops, job: str, database: psycopg.Connection) -> None:
    database.execute(
        "update transcripts set transcript = %s", [json.dumps([*ledgerline.transcript(), {"text": "Hello"}])]
    )
    result = runops("transcript", job)
    assert "1 of 30 items have an unknown form" in result.stderr
    for stored, said in (
        ([{"text": "Hello"}], "None of its 1 items has a form that is known."),
        ([], "It has no items."),
    ):
        database.execute("update transcripts set transcript = %s", [json.dumps(stored)])
        nothing = runops("transcript", job)
        assert (nothing.exit_code, nothing.stdout) == (1, "")
        assert f"{said} `runops transcript {job} -o json` prints it as it is." in nothing.stderr
        assert json.loads(runops("transcript", job, "-o", "json").stdout) == stored
