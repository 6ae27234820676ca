"""Addresses and keys for a command: the environment, a file named by `--env-file`, `.env.local`, `.env`."""

from pathlib import Path

from runops.environment import Environment, read_environment

__all__ = ["settings"]


def settings(env_file: Path | None, *, needs_gemini: bool = False) -> Environment:
    """Collect the settings of a command.

    Parameters
    ----------
    env_file
        What `--env-file` named.
    needs_gemini
        Whether a missing Gemini key is an error.

    Raises
    ------
    EnvironmentIncomplete
        A setting is missing or cannot be right.
    """
    directory = Path.cwd() if env_file is None else None
    return read_environment(first=env_file, directory=directory, needs_gemini=needs_gemini)
