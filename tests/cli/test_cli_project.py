"""A project that does not answer, and settings that are not there: what is said, when, and what to do next."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest
import typer

from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.retry import may_pass
from runops_cli.checks.project import check_project
from runops_cli.terminal import run_command
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.project import SilenceNotice, host_of
from runops_cli.terminal.run_command import run_with_supabase

SAID = "abc.supabase.co is not available yet, and is asked again. Ctrl-C stops."
SETTINGS = ("SUPABASE", "NEXT_PUBLIC_SUPABASE", "GOOGLE", "GEMINI", "RUNOPS")


class Project:
    """A project that answers after so many seconds, or first fails and asks for a wait, so often."""

    def __init__(self, *, seconds: float, wait: float, failures: int, answered: bool) -> None:
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        self.said: list[tuple[float, str]] = []
        self._seconds, self._wait, self._failures = seconds, wait, failures
        self.notice = SilenceNotice(
            "abc.supabase.co",
            answered=lambda: answered,
            say=lambda text: self.said.append((round(loop.time() - self._began, 3), text)),
        )

    async def ask(self) -> str:
        return await self.notice.retries().run(self._once, may_pass)

    async def _once(self) -> str:
        await asyncio.sleep(self._seconds)
        if self._failures:
            self._failures -= 1
            raise SupabaseError(ErrorKind.UNAVAILABLE, "Away.", retry_after=self._wait)
        return "rows"


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("seconds", "wait", "failures", "answered", "told"),
    [
        (1.9, 0, 0, False, []),
        (30, 0, 0, False, [(2.0, SAID)]),
        (30, 0, 0, True, []),
        # Up to a second is added to a wait that a server asks for.
        (0, 0.9, 1, True, []),
        (0, 3, 1, True, [(2.0, SAID)]),
        (0, 3, 3, False, [(2.0, SAID)]),
        (0, 0.8, 3, True, None),
    ],
)
async def test_a_project_that_is_silent_for_two_seconds_is_named_once(
    seconds: float, wait: float, failures: int, told: list[tuple[float, str]] | None, *, answered: bool
) -> None:
    project = Project(seconds=seconds, wait=wait, failures=failures, answered=answered)
    assert await project.ask() == "rows"
    assert project.said == ([(2.0, SAID)] if told is None else told)


def test_only_the_host_of_an_address_is_shown() -> None:
    assert host_of("https://me:secret@abc.supabase.co:8443/rest?x") == "abc.supabase.co:8443"


def test_an_error_of_the_project_ends_with_its_host_and_the_next_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x", request=request)

    def opened(_settings: object) -> Supabase:
        return Supabase("https://abc.supabase.co", "x", transport=httpx.MockTransport(refuse))

    async def command(_supabase: Supabase) -> Exit:
        raise SupabaseError(ErrorKind.UNAVAILABLE, "Supabase could not be reached.")

    monkeypatch.setattr(run_command, "open_project", opened)
    (tmp_path / "env").write_text("SUPABASE_URL=https://abc.supabase.co\nSUPABASE_SECRET_KEY=sb_secret_x\n", "utf-8")
    with pytest.raises(typer.Exit) as ended:
        run_with_supabase(tmp_path / "env", command)
    assert ended.value.exit_code == Exit.UNAVAILABLE
    said = capsys.readouterr().err
    assert said == "Supabase could not be reached. `runops check` tests the project at abc.supabase.co.\n"


async def _never(_supabase: Supabase) -> Exit:
    raise AssertionError


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ".env or .env.local, or in the Secret that is mounted. `runops init` asks for address and keys"),
        ({"SUPABASE_URL": "abc", "SUPABASE_SECRET_KEY": "sb_secret_x"}, "`runops check` tests the settings."),
    ],
)
def test_settings_that_are_missing_or_wrong_name_the_next_command(
    settings: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in list(os.environ):
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.Exit) as ended:
        run_with_supabase(None, _never)
    assert ended.value.exit_code == Exit.USAGE
    assert said in capsys.readouterr().err
    (finding,) = asyncio.run(check_project(None, []))
    assert ("`runops init`" in (finding.remedy or "")) == (not settings)
