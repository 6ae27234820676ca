"""README and docs/start.md as a new user follows them, in a fresh clone with nothing but what git has."""

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from devstack.stack import StackInfo
from tests.cli.conftest import SETTINGS
from tests.code_blocks import code_blocks
from tests.docs_site.command_lines import CommandLine, command_lines
from tests.unit.test_markdown_links import dead_links

CHECKOUT = Path(__file__).parents[2]
SECONDS = 900
"""It only catches a hang: the machine may be busy."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user") / "runops-operator"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", CHECKOUT, folder], check=True, timeout=SECONDS)
    return folder


def run(clone: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user whose environment has no setting of ours, and who is in no virtual environment.

    Nor is the user inside of `make test`, which would have a further make tell of each folder.
    """
    others = (*SETTINGS, "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return subprocess.run(
        command,
        cwd=clone,
        env=kept,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def commands_below(heading: str, page: Path, folder: Path) -> list[CommandLine]:
    """The command lines of one chapter of a page."""
    text = page.read_text("utf-8")
    chapter = folder / "chapter.md"
    chapter.write_text(text[text.index(heading) :].partition("\n## ")[0] + "\n", "utf-8")
    return list(command_lines(chapter))


def test_every_link_of_the_first_two_pages_is_in_the_clone(clone: Path) -> None:
    for page in (clone / "README.md", clone / "docs" / "start.md", clone / "docs" / "index.md"):
        assert list(dead_links(page)) == [], page.name


def test_the_two_commands_are_there_and_the_help_lists_them(clone: Path) -> None:
    commands = [line.words for line in command_lines(clone / "README.md")]
    assert commands == [("make", "demo"), ("make", "test")]
    listed = run(clone, "make", "help").stdout
    for words in commands:
        done = run(clone, "make", "-n", words[1])
        assert done.returncode == 0, done.stderr
        assert re.search(rf"(?m)^ +make {words[1]} ", listed)


def test_the_demo_starts_what_the_page_says_and_knows_its_way_down(clone: Path) -> None:
    planned = run(clone, "make", "-n", "demo").stdout
    assert planned.splitlines()[-1].endswith("-m devstack demo")
    assert "-m devstack demo --down" in run(clone, "make", "-n", "clean").stdout


@pytest.mark.slow("makes a virtual environment and runs a video as a new user does, each command as a process")
def test_a_new_user_without_a_cluster_gets_a_procedure(
    clone: Path, stack: StackInfo, database: psycopg.Connection, recording: Path, tmp_path: Path
) -> None:
    del database  # The tables are empty.
    page = clone / "docs" / "start.md"
    (settings,) = [one.text for one in code_blocks(page, "text") if one.text.startswith("SUPABASE_URL=")]
    ours = stack.environment()
    names = [line.partition("=")[0] for line in settings.splitlines()]
    # The stand-in's address is the only setting that a user of the real model does not need.
    env_file = [f"{name}={ours[name]}" for name in [*names, "GOOGLE_GEMINI_BASE_URL"]]
    (clone / ".env").write_text("\n".join(env_file) + "\n", "utf-8")

    told: dict[str, str] = {}
    job = ""
    for line in commands_below("## With your own project, without a cluster", page, tmp_path):
        words = [{"recording.mp4": str(recording), "JOB": job}.get(word, word) for word in line.words]
        done = run(clone, *words)
        name = " ".join(line.words[:2])
        assert done.returncode == 0, f"{name}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        told[name] = done.stdout
        job = done.stdout.strip() if "submit" in name else job

    assert list(told) == [
        "make setup",
        ".venv/bin/runops check",
        ".venv/bin/runops submit",
        ".venv/bin/runops work",
        ".venv/bin/runops sop",
    ]
    assert re.fullmatch(r"[0-9a-f-]{36}", job)
    assert "Steps" in told[".venv/bin/runops sop"]
