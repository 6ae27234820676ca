"""`runops init`: ask for address and keys, check them, and write them into a file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from dotenv import dotenv_values

from runops.environment import Environment, EnvironmentIncomplete
from runops.logs import never_show
from runops_cli.checks.first_settings import KeyRefused, check_gemini, check_supabase, key_fault, project_url
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.env_file_writer import write_settings
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import DEFAULT_MODELS
from runops_cli.terminal.question import asked
from runops_cli.terminal.run_command import run_async

__all__ = ["init"]

T = TypeVar("T")
_URLS = ("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL")
_KEYS = ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
_GEMINI_KEYS = ("GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY")
_GEMINI_URL = "GOOGLE_GEMINI_BASE_URL"
_TRIES = 3


def init(
    *,
    url: Annotated[
        str | None,
        typer.Option(help="The project's address or its reference.", show_default="asked, or SUPABASE_URL"),
    ] = None,
    file: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)] = Path(".env"),
    force: Annotated[bool, typer.Option("--force", help="Replace settings that the file has already.")] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask Supabase and Gemini whether they take the keys.")
    ] = True,
) -> None:
    """Write address and keys of a project into .env, where all other commands find them.

    On a terminal it asks for them; keys are not shown while they are typed. Elsewhere it takes them from the
    environment: SUPABASE_URL, SUPABASE_SECRET_KEY or SUPABASE_SERVICE_ROLE_KEY, and GOOGLE_GEMINI_API_KEY if it is
    set. Keys are no options, since others can read a program's arguments. Only the owner can read the file.

    Example: runops init

    Example: runops init --url abcdefghijklmnopqrst --file .env.local
    """
    run_async(_init(url, file, force=force, check=check))


@dataclass(frozen=True, slots=True)
class _Given:
    url: str
    key: str
    gemini_key: str | None


async def _init(url: str | None, file: Path, *, force: bool, check: bool) -> Exit:
    there = _settings_in(file)
    if there and not force:
        raise CommandFailed(
            f"{file} has {' and '.join(there)} already. Use --force to replace them, or --file for another file.",
            Exit.USAGE,
        )
    if not file.parent.is_dir():
        raise CommandFailed(f"There is no folder {file.parent}. Make it, or name another file with --file.", Exit.USAGE)
    given = await (_asked(url, check=check) if _is_terminal() else _from_environment(url, check=check))
    settings = {"SUPABASE_URL": given.url, "SUPABASE_SERVICE_ROLE_KEY": given.key}
    if given.gemini_key is not None:
        settings["GOOGLE_GEMINI_API_KEY"] = given.gemini_key
        # The key was tried there. Without the address, the next shell would send it to Google.
        if gemini_url := os.environ.get(_GEMINI_URL):
            settings[_GEMINI_URL] = gemini_url
    gone = {*_URLS, *_KEYS, *((*_GEMINI_KEYS, _GEMINI_URL) if given.gemini_key is not None else ())}
    try:
        write_settings(file, settings, instead_of=gone)
    except OSError as error:
        raise CommandFailed(
            f"{file} could not be written: {error.strerror}. Name another file with --file.", Exit.USAGE
        ) from error
    to_stderr(f"Wrote {', '.join(settings)} to {file}, readable by you only.", style="green")
    for warning in _warnings(file, settings):
        to_stderr(warning, style="yellow")
    suffix = "" if file == Path(".env") else f" --env-file {file}"
    to_stderr(f"`runops check{suffix}` looks at the whole set-up, `runops list{suffix}` shows the jobs.")
    return Exit.OK


async def _asked(url: str | None, *, check: bool) -> _Given:
    shown = url or os.environ.get("SUPABASE_URL")
    address = await _until_taken(
        lambda: typer.prompt("Address of the Supabase project, or its reference", default=shown, err=True),
        _address,
    )

    async def supabase_key(text: str) -> str:
        return await _checked_key(address, text, check=check)

    key = await _until_taken(
        lambda: typer.prompt("Secret key (sb_secret_... or the service_role key)", hide_input=True, err=True),
        supabase_key,
    )

    async def gemini_key(text: str) -> str | None:
        return await _checked_gemini_key(address, key, text, check=check)

    gemini = await _until_taken(
        lambda: typer.prompt(
            "Gemini key, only for `runops work` and `check` (Enter to leave it out)",
            hide_input=True,
            default="",
            show_default=False,
            err=True,
        ),
        gemini_key,
    )
    return _Given(address, key, gemini)


async def _from_environment(url: str | None, *, check: bool) -> _Given:
    found = {name: (os.environ.get(name) or "").strip() for name in (*_URLS, *_KEYS, *_GEMINI_KEYS)}
    address = url or next((found[name] for name in _URLS if found[name]), None)
    key = next((found[name] for name in _KEYS if found[name]), None)
    missing = [name for name, text in (("SUPABASE_URL", address), ("SUPABASE_SERVICE_ROLE_KEY", key)) if not text]
    if address is None or key is None:
        raise CommandFailed(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, and there is no terminal to ask "
            "on. Set it in the environment.",
            Exit.USAGE,
        )
    gemini = next((found[name] for name in _GEMINI_KEYS if found[name]), "")
    try:
        address = await _address(address)
        key = await _checked_key(address, key, check=check)
        return _Given(address, key, await _checked_gemini_key(address, key, gemini, check=check))
    except (ValueError, KeyRefused) as error:
        raise CommandFailed(str(error), Exit.USAGE) from error


async def _until_taken(ask: Callable[[], str], take: Callable[[str], Awaitable[T]]) -> T:
    """Ask until an answer is taken, at most three times."""
    for left in reversed(range(_TRIES)):
        answer = asked(ask)
        try:
            return await take(answer.strip())
        except (ValueError, KeyRefused) as error:
            if not left:
                raise CommandFailed(f"{error} Nothing was written.", Exit.USAGE) from error
            to_stderr(str(error), style="red")
    raise AssertionError("the last round returns or raises")


async def _address(text: str) -> str:
    return project_url(text)


async def _checked_key(url: str, key: str, *, check: bool) -> str:
    never_show(key)
    if (fault := key_fault(key)) is not None:
        raise KeyRefused(fault)
    if check:
        to_stderr("asking Supabase ...")
        if (missing := await check_supabase(url, key)) is not None:
            to_stderr(f"The key is taken. {missing}", style="yellow")
    return key


async def _checked_gemini_key(url: str, supabase_key: str, key: str, *, check: bool) -> str | None:
    if not key:
        return None
    never_show(key)
    environment = Environment(url, supabase_key, key, os.environ.get(_GEMINI_URL))
    if check:
        to_stderr("asking Gemini ...")
        models = (DEFAULT_MODELS.transcribe, DEFAULT_MODELS.sop)
        if (missing := await check_gemini(environment, models)) is not None:
            to_stderr(missing, style="yellow")
    return key


def _settings_in(file: Path) -> list[str]:
    """Return those of our settings that a file has."""
    if not file.exists():
        return []
    try:
        values = dotenv_values(file)
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentIncomplete(f"{file} cannot be read ({type(error).__name__}).") from error
    return [name for name in (*_URLS, *_KEYS, *_GEMINI_KEYS) if values.get(name)]


def _warnings(file: Path, settings: dict[str, str]) -> list[str]:
    """Return what keeps the file from counting, or from staying private."""
    found = []
    ahead = [name for name in settings if os.environ.get(name) not in {None, settings[name]}]
    if ahead:
        found.append(f"The environment has another {' and '.join(ahead)}, and goes before the file.")
    local = file.with_name(".env.local")
    if file.name == ".env" and (also := _settings_in(local)):
        found.append(f"{local} has {' and '.join(also)} too, and goes before the file.")
    if _git_takes(file):
        found.append(f"git does not ignore {file}: add it to .gitignore, so that the keys are never committed.")
    return found


def _git_takes(file: Path) -> bool:
    """Whether the file is in a git checkout that does not ignore it."""
    git = shutil.which("git")
    if git is None:
        return False
    where = file.resolve()
    command = [git, "-C", str(where.parent), "check-ignore", "-q", str(where)]
    try:
        # 0: ignored, 1: not ignored, 128: no checkout.
        return subprocess.run(command, check=False, capture_output=True, timeout=5).returncode == 1
    except (OSError, subprocess.TimeoutExpired):
        return False


def _is_terminal() -> bool:
    return sys.stdin.isatty()
