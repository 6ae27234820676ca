"""Reads the addresses and keys of a command: the environment, the `--env-file`, `.env.local`, `.env`."""

from pathlib import Path

from runops.environment import Environment, EnvironmentIncomplete, SettingMissing, read_environment

__all__ = ["read_settings", "with_next_command"]


def read_settings(env_file: Path | None, *, needs_gemini: bool = False) -> Environment:
    """Return the settings of a command.

    Parameters
    ----------
    env_file
        The value of `--env-file`.
    needs_gemini
        Whether a missing Gemini key is an error.

    Raises
    ------
    EnvironmentIncomplete
        A setting is missing or invalid.
    """
    directory = Path.cwd() if env_file is None else None
    return read_environment(first=env_file, directory=directory, needs_gemini=needs_gemini)


def with_next_command(error: EnvironmentIncomplete) -> str:
    """Return what is wrong with the settings, and the command that helps."""
    if isinstance(error, SettingMissing):
        return f"{error} `runops init` asks for address and keys, and writes them into .env."
    return f"{error} `runops check` tests the settings."
