"""The file of settings with which `runops` reaches the demo's tables, and the commands that use it."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

__all__ = ["commands_to_try", "write_env_file"]

_NAME = "runops.env"
_OF_SUPABASE = "SUPABASE"
_ONLY_OWNER = 0o600


def write_env_file(directory: Path, environment: Mapping[str, str], *, own_gemini_key: bool) -> Path:
    """Write the settings, readable by their owner only, and return the file.

    Parameters
    ----------
    directory
        Where it is put; it exists.
    environment
        The demo's settings.
    own_gemini_key
        Whether the key for Gemini is the user's: then neither it nor an address of Gemini is written.
    """
    kept = {name: text for name, text in environment.items() if name.startswith(_OF_SUPABASE) or not own_gemini_key}
    path = directory / _NAME
    # A file that was there may be readable by others.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(text)}\n" for name, text in kept.items())
    return path


def commands_to_try(program: Path, env_file: Path, job: str, *, cwd: Path) -> list[str]:
    """Return commands that a newcomer can paste. Pure."""
    shown = program.relative_to(cwd) if program.is_relative_to(cwd) else program
    settings = f"--env-file {shlex.quote(str(env_file))}"
    words = shlex.quote(str(shown))
    sop = f"{words} sop {job[:8]} {settings}"
    return [f"{words} list {settings}", f"{words} get {job[:8]} {settings}", sop, f"{sop} --html procedure.html"]
