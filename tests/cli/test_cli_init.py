"""`runops init`: what it asks, what it refuses, what it writes, and that it prints no key."""

import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from runops_cli.checks.first_settings import key_fault, project_url
from runops_cli.main import app
from runops_cli.terminal.env_file_writer import merged
from tests.cli.in_terminal import read_until

Runops = Callable[..., Result]
GEMINI = "AIza-of-the-tests-0000000000000000000000"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give answers as a person at a terminal does."""

    def give(*texts: str) -> None:
        left = list(texts)
        monkeypatch.setattr("runops_cli.commands.init._is_terminal", lambda: True)
        monkeypatch.setattr("typer.prompt", lambda *_args, **_more: left.pop(0))

    return give


def test_what_was_asked_is_written_for_the_owner_only_and_the_other_commands_find_it(
    runops: Runops, stack: StackInfo, answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY", "GOOGLE_GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    Path(".env").write_text("# of the app\nPORT=3000\nNEXT_PUBLIC_SUPABASE_URL=\n", "utf-8")
    answers(stack.url, "", "sb_publishable_x", stack.secret_key, "")
    result = runops("init")
    assert result.exit_code == 0, result.output
    path = Path(".env")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8").splitlines() == [
        "# of the app",
        "PORT=3000",
        f"SUPABASE_URL='{stack.url}'",
        f"SUPABASE_SERVICE_ROLE_KEY='{stack.secret_key}'",
    ]
    assert stack.secret_key not in result.output
    assert "No key was given." in result.stderr
    assert "is the wrong key (sb_publishable key)" in result.stderr
    assert "`runops check` looks at the whole set-up" in result.stderr
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    found = subprocess.run(
        [Path(sys.executable).parent / "runops", "list"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (found.returncode, "No jobs." in found.stderr) == (0, True), found.stderr


def test_after_three_wrong_keys_nothing_is_written(
    runops: Runops, stack: StackInfo, answers: Callable[..., None]
) -> None:
    anon = mint_jwt(stack, role="anon")
    answers(stack.url, anon, "sb_secret_of_another_project", "two words")
    result = runops("init")
    assert result.exit_code == 2
    assert "is the wrong key (anon JWT)" in result.stderr
    assert "Nothing was written." in result.stderr
    assert not Path(".env").exists()
    assert anon not in result.output
    assert "sb_secret_of_another_project" not in result.output


def test_a_gemini_key_that_gemini_refuses_is_asked_for_again(
    runops: Runops, stack: StackInfo, answers: Callable[..., None]
) -> None:
    answers(stack.url, stack.secret_key, "no-such-key", stack.environment()["GOOGLE_GEMINI_API_KEY"])
    result = runops("init")
    assert result.exit_code == 0, result.output
    assert "GOOGLE_GEMINI_API_KEY=" in Path(".env").read_text("utf-8")


def test_without_a_terminal_the_environment_is_taken(
    runops: Runops, stack: StackInfo, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = runops("init", "--file", "keys.env")
    assert result.exit_code == 0, result.output
    assert f"SUPABASE_SERVICE_ROLE_KEY='{stack.secret_key}'" in Path("keys.env").read_text("utf-8")
    assert f"GOOGLE_GEMINI_BASE_URL='{stack.gemini_url}'" in Path("keys.env").read_text("utf-8")
    assert "`runops check --env-file keys.env`" in result.stderr
    again = runops("init", "--file", "keys.env")
    assert (again.exit_code, "has SUPABASE_URL and" in again.stderr) == (2, True)
    assert runops("init", "--file", "keys.env", "--force").exit_code == 0
    written = Path("keys.env").read_text("utf-8")
    assert [written.count(name) for name in ("SUPABASE_URL=", "GOOGLE_GEMINI_BASE_URL=")] == [1, 1]
    monkeypatch.delenv("SUPABASE_URL")
    del environment["SUPABASE_URL"]
    missing = runops("init")
    assert (missing.exit_code, "SUPABASE_URL is not set, and there is no terminal" in missing.stderr) == (2, True)


def test_a_project_that_is_away_is_told_and_can_be_passed_over(runops: Runops, faults: FaultControl) -> None:
    faults.set(Fault(method="GET", path="/rest/v1/jobs", kind="drop_before", times=None))
    assert runops("init").exit_code == 5
    assert not Path(".env").exists()
    assert runops("init", "--no-check").exit_code == 0


def test_what_goes_before_the_file_or_makes_it_public_is_told(runops: Runops) -> None:
    subprocess.run(["git", "init", "-q"], check=True, timeout=60)
    Path(".env.local").write_text("SUPABASE_URL=http://other\n", "utf-8")
    result = runops("init", "--no-check", "--url", "abcdefghijklmnopqrst")
    assert "The environment has another SUPABASE_URL, and goes before the file." in result.stderr
    assert ".env.local has SUPABASE_URL too, and goes before the file." in result.stderr
    assert "git does not ignore .env" in result.stderr
    Path(".gitignore").write_text(".env\n", "utf-8")
    assert "git does not ignore" not in runops("init", "--no-check", "--force").stderr
    assert "'https://abcdefghijklmnopqrst.supabase.co'" not in Path(".env").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" abcdefghijklmnopqrst ", "https://abcdefghijklmnopqrst.supabase.co"),
        ("https://x.supabase.co/", "https://x.supabase.co"),
        ("http://127.0.0.1:54321", "http://127.0.0.1:54321"),
    ],
)
def test_a_project_is_named_by_address_or_reference(text: str, url: str) -> None:
    assert project_url(text) == url


@pytest.mark.parametrize("text", ["", "x.supabase.co", "ftp://x", "https://user@x", "https://", "abc"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Supabase dashboard"):
        project_url(text)


def test_a_file_in_no_folder_is_refused_before_anything_is_asked() -> None:
    result = CliRunner().invoke(app, ["init", "--file", "nowhere/keys.env"], env={})
    assert (result.exit_code, result.stderr) == (
        2,
        "There is no folder nowhere. Make it, or name another file with --file.\n",
    )


def test_no_message_about_a_key_has_it() -> None:
    for key in ("sb_publishable_secret-part", "with blank secret-part", "x.secret-part.y"):
        fault = key_fault(key)
        assert fault is not None
        assert "secret-part" not in fault
    assert key_fault("sb_secret_x") is None


def test_other_lines_stay_and_ours_are_there_once() -> None:
    before = "A=1\nexport SUPABASE_URL=old\n# SUPABASE_URL=no\nSUPABASE_URL_OTHER=2"
    after = merged(before, {"SUPABASE_URL": "it's"}, instead_of={"GEMINI_API_KEY"})
    assert after == "A=1\n# SUPABASE_URL=no\nSUPABASE_URL_OTHER=2\nSUPABASE_URL='it\\'s'\n"


def test_at_a_real_terminal_a_key_is_not_shown_while_it_is_typed(environment: dict[str, str], stack: StackInfo) -> None:
    ours, theirs = pty.openpty()
    program = Path(sys.executable).parent / "runops"
    with subprocess.Popen([program, "init"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        for awaited, typed in ((b"reference", "\n"), (b"Secret key", f"{stack.secret_key}\n"), (b"Gemini key", "\n")):
            shown += read_until(ours, awaited)
            os.write(ours, typed.encode())
        shown += read_until(ours, b"shows the jobs")
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert stack.secret_key.encode() not in shown
    assert stack.secret_key in Path(".env").read_text("utf-8")
