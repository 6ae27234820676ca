"""`runops submit` of many files and folders: which files, one bad one among them, what is told at the end."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from rich.console import Console
from typer.testing import Result

from devstack.faults import Fault, FaultControl
from runops_cli.rows.recordings import find_recordings
from runops_cli.terminal import many_uploads as display

Runops = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, recording: Path) -> Path:
    """A folder with recordings, one of them in a folder within, and other files."""
    made = tmp_path / "recordings"
    (made / "sub").mkdir(parents=True)
    (made / ".hidden").mkdir()
    for name in ("b.mp4", "a.MOV", "sub/c.webm", ".hidden/d.mp4", ".e.mp4"):
        shutil.copyfile(recording, made / name)
    (made / "notes.txt").write_text("x", "utf-8")
    return made


def rows(database: psycopg.Connection) -> set[str]:
    return {str(job_id) for (job_id,) in database.execute("select job_id from jobs where status = 'queued'").fetchall()}


def test_folders_give_their_recordings_and_each_file_comes_once(folder: Path) -> None:
    (folder / "sub" / "back").symlink_to(folder)
    found = find_recordings([folder / "notes.txt", folder, folder / "b.mp4", folder / "sub" / ".." / "b.mp4"])
    assert [file.relative_to(folder).as_posix() for file in found.files] == [
        "notes.txt",
        "a.MOV",
        "b.mp4",
        "sub/c.webm",
    ]
    assert [file.name for file in find_recordings([folder]).left_out] == ["notes.txt"]
    assert find_recordings([folder]).links == [folder / "sub" / "back"]


def test_all_recordings_of_a_folder_are_queued(runops: Runops, database: psycopg.Connection, folder: Path) -> None:
    shown = runops("submit", folder, "--dry-run")
    assert [Path(line).name for line in shown.stdout.splitlines()] == ["a.MOV", "b.mp4", "c.webm"]
    assert rows(database) == set()
    result = runops("submit", folder, "--backfill")
    assert result.exit_code == 0, result.output
    assert set(result.stdout.split()) == rows(database)
    assert len(rows(database)) == 3
    assert "Left out, no recordings by their names: notes.txt." in result.stderr
    assert result.stderr.splitlines()[-1] == "3 queued. `runops watch` follows them."
    assert sum(line.startswith("[") and "queued as" in line for line in result.stderr.splitlines()) == 3


def test_bad_files_do_not_stop_the_others_and_are_named_for_another_try(
    runops: Runops, database: psycopg.Connection, folder: Path, faults: FaultControl
) -> None:
    (folder / "empty one.mp4").touch()
    faults.set(Fault(method="POST", path="/object/videos/raw/", kind="status", status=403, body="{}", times=1))
    result = runops("submit", folder, folder / "b.mp4")
    assert result.exit_code == 1
    assert len(rows(database)) == 2
    assert "empty one.mp4  is an empty file." in result.stderr
    last = result.stderr.splitlines()[-2:]
    assert last[0] == "2 queued, 2 failed. `runops watch` follows them."
    assert last[1].startswith("Try the others again: runops submit ")
    assert "empty one.mp4'" in last[1]


def test_what_fails_for_all_is_tried_once(
    runops: Runops, database: psycopg.Connection, folder: Path, environment: dict[str, str], faults: FaultControl
) -> None:
    environment["SUPABASE_SERVICE_ROLE_KEY"] = "sb_secret_" + "x" * 30
    result = runops("submit", folder)
    assert (result.exit_code, result.stdout) == (5, "")
    assert not [record for record in faults.requests() if "/object/" in record.path]
    assert rows(database) == set()


def test_an_unreadable_file_and_a_folder_without_recordings(runops: Runops, tmp_path: Path, recording: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothing = runops("submit", tmp_path / "empty")
    assert (nothing.exit_code, "There is no recording in it." in nothing.stderr) == (2, True)
    one = runops("submit", recording, tmp_path / "missing.mp4")
    assert one.exit_code == 2
    assert runops("submit", recording, recording, "--job-id", "69e6a424-a73e-4687-95a1-1a9d918b2d74").exit_code == 0


def test_on_a_terminal_one_display_shows_all_and_failed_files_do_not_hold_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    console = Console(force_terminal=True, width=80, record=True, quiet=False, color_system=None)
    monkeypatch.setattr(display, "STDERR", console)
    with display.many_uploads(2, 200) as uploads:
        with uploads.upload(tmp_path / ("long name " * 9), 100) as on_progress:
            on_progress(50, 100)
        with pytest.raises(ValueError, match="odd"), uploads.upload(tmp_path / "b.mp4", 100):
            raise ValueError("odd")
    assert "2 of 2 files" in console.export_text()


def test_a_link_that_leads_nowhere_is_named_and_is_no_empty_folder(
    runops: Runops, database: psycopg.Connection, tmp_path: Path, recording: Path
) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    for name in ("gone.mp4", "notes"):
        (folder / name).symlink_to(tmp_path / "nowhere")
    result = runops("submit", str(folder))
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert all(f"{folder / name} is a link that leads nowhere" in said for name in ("gone.mp4", "notes"))
    assert "There is nothing else in it. Name a recording" in said
    (folder / "more").symlink_to(tmp_path)
    assert f"{folder / 'more'} is a link to a folder: it is left out. Name it" in runops("submit", folder).stderr
    shutil.copy(recording, folder / "here.mp4")
    (folder / "linked.mp4").symlink_to(folder / "here.mp4")
    result = runops("submit", str(folder))
    assert (result.exit_code, len(rows(database))) == (0, 1), "a link to a recording that is there is the same one"
    assert "gone.mp4 is a link that leads nowhere" in result.stderr
