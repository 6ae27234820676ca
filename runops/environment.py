"""Addresses and keys of Supabase and Gemini, read from a mounted Secret, the environment, or `.env`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from runops.keys import refusal
from runops.logs import never_show

__all__ = ["Environment", "EnvironmentIncomplete", "read_environment"]

_NAMES = {
    "supabase_url": ("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"),
    "supabase_key": ("SUPABASE_SERVICE_ROLE_KEY",),
    "gemini_key": ("GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "gemini_base_url": ("GOOGLE_GEMINI_BASE_URL",),
}
_KEY = re.compile(r"[!-~]+")
"""What a header may hold, without blanks."""


class EnvironmentIncomplete(Exception):  # noqa: N818 - says what is the case
    """A setting is missing or cannot be right. The message names it and never its value."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where Supabase and Gemini are, and the keys for both.

    The keys stay out of the representation, so that no log or traceback shows them.
    """

    supabase_url: str
    supabase_key: str = field(repr=False)
    gemini_key: str | None = field(default=None, repr=False)
    gemini_base_url: str | None = None


def read_environment(
    environ: Mapping[str, str] | None = None,
    *,
    first: Path | None = None,
    directory: Path | None = None,
    secrets: Path | None = None,
    needs_gemini: bool = True,
) -> Environment:
    """Collect the settings; for each the first place wins that has it under any of its names.

    The places: secret files, the file `first`, the environment, `.env.local`, `.env`.

    From then on the keys are redacted in every log line and message.

    Parameters
    ----------
    environ
        The environment; the process's own where None.
    first
        A file in the form of `.env` that wins over the environment.
    directory
        Where `.env.local` and `.env` are read; None for neither.
    secrets
        A mounted Secret, one file a name; `$RUNOPS_SECRETS_DIR` where None. Read again at each call, so that a
        rotated key is seen.
    needs_gemini
        Whether a missing Gemini key is an error.

    Raises
    ------
    EnvironmentIncomplete
        A name is missing, the address is not an http(s) URL, a key holds what no header can, or is one that may not run
        jobs.
    """
    environ = os.environ if environ is None else environ
    secrets = secrets or (Path(environ["RUNOPS_SECRETS_DIR"]) if environ.get("RUNOPS_SECRETS_DIR") else None)
    places: list[Mapping[str, str | None]] = [_files_of(secrets), environ]
    if first is not None:
        places.insert(1, dotenv_values(first))
    if directory is not None:
        places += [dotenv_values(directory / name) for name in (".env.local", ".env")]

    def find(setting: str) -> str | None:
        found = (place.get(name) for place in places for name in _NAMES[setting])
        return next((value.strip() for value in found if value and value.strip()), None)

    url, key, gemini = find("supabase_url"), find("supabase_key"), find("gemini_key")
    wanted = {"SUPABASE_URL": url, "SUPABASE_SERVICE_ROLE_KEY": key}
    if needs_gemini:
        wanted["GOOGLE_GEMINI_API_KEY"] = gemini
    missing = [name for name, value in wanted.items() if value is None]
    if missing or url is None or key is None:
        raise EnvironmentIncomplete(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set. "
            "Set it in the environment, in .env or .env.local, or in the Secret that is mounted."
        )
    for secret in filter(None, (key, gemini)):
        never_show(secret)
    if not url.startswith(("http://", "https://")):
        raise EnvironmentIncomplete("SUPABASE_URL is not an address that starts with https:// (or http://).")
    keys = {"SUPABASE_SERVICE_ROLE_KEY": key, **({"GOOGLE_GEMINI_API_KEY": gemini} if needs_gemini else {})}
    for name, value in keys.items():
        if value is not None and not _KEY.fullmatch(value):
            raise EnvironmentIncomplete(
                f"{name} holds a blank or a character that no key has, such as a dash that an editor made longer. "
                "Copy it once more from where it was made."
            )
    if (sentence := refusal(key)) is not None:
        raise EnvironmentIncomplete(sentence)
    return Environment(url.rstrip("/"), key, gemini, find("gemini_base_url"))


def _files_of(folder: Path | None) -> dict[str, str | None]:
    if folder is None or not folder.is_dir():
        return {}
    names = [name for group in _NAMES.values() for name in group]
    return {name: (folder / name).read_text("utf-8") for name in names if (folder / name).is_file()}
