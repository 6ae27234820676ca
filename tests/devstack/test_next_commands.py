"""The commands that the development stack prints work as they are printed."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.__main__ import main
from devstack.processes.next_command import next_command


def test_a_command_is_called_by_the_same_python_about_the_same_stack() -> None:
    python, *rest = shlex.split(next_command("cluster", "up", directory=Path("a place")))
    assert rest == ["-m", "devstack", "--directory", "a place", "cluster", "up"]
    assert Path(python).absolute() == Path(sys.executable)


def test_a_python_below_the_current_folder_is_named_as_one_would_type_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    assert next_command("up") == ".venv/bin/python -m devstack up"


@pytest.mark.parametrize("asked", ["status", "env"])
def test_where_no_stack_runs_the_command_that_starts_it_names_its_folder(
    asked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "other stack"
    assert main(["--directory", str(folder), asked]) == 1
    said = "".join(capsys.readouterr())
    assert f"`{next_command('up', directory=folder)}`" in said


def test_the_command_after_up_prints_the_variables_of_that_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--directory", str(tmp_path / "other")]
    try:
        assert main([*folder, "up"]) == 0
        printed = capsys.readouterr().out
        address = printed.partition("Supabase stand-in")[2].split()[0]
        following = printed.partition("next: ")[2].strip()
        done = subprocess.run(
            ["/bin/bash", "-c", f"{following} && echo $SUPABASE_URL"],
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        assert done.stdout.strip() == address
    finally:
        main([*folder, "down", "--purge"])
