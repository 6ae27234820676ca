"""Reads the addresses and keys of a command: the environment, the `--env-file`, `.env.local`, `.env`."""

from pathlib import Path

from runops.environment import Environment, read_environment

__all__ = ["read_settings"]


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
