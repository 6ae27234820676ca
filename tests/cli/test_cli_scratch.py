"""Scratch folders of `runops work`, and those of processes that are gone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runops_cli.scratch_folders import remove_left_behind, scratch_folder

HOUR_AGO = time.time() - 3600


def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "input.mp4").write_bytes(b"a recording")
    assert not list(tmp_path.iterdir())


def test_the_scratch_folder_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    killed = (
        "import os, sys, pathlib, runops_cli.scratch_folders as s\n"
        "with s.scratch_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'input.mp4').write_bytes(b'a recording')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    os.utime(left, (HOUR_AGO, HOUR_AGO))
    assert remove_left_behind(tmp_path) == 1
    assert not list(tmp_path.iterdir())


def test_folders_in_use_or_new_or_of_other_users_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "somebody-else").mkdir()
    (tmp_path / "runops-work-link").symlink_to(tmp_path / "somebody-else")
    (tmp_path / "runops-work-new").mkdir()
    with scratch_folder(tmp_path) as folder:
        os.utime(folder, (HOUR_AGO, HOUR_AGO))
        assert remove_left_behind(tmp_path) == 0
        assert len(list(tmp_path.iterdir())) == 4
    os.utime(tmp_path / "runops-work-new", (HOUR_AGO, HOUR_AGO))
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert remove_left_behind(tmp_path) == 0
    monkeypatch.undo()
    assert remove_left_behind(tmp_path) == 1
