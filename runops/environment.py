"""Addresses and keys of Supabase and Gemini, read from a mounted Secret, the environment, or `.env`."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from runops.authorities import BundleUnusable, bundle_hash
from runops.keys import refusal
from runops.logs import never_show
from runops.proxies import ProxyUnusable, proxy_for

__all__ = ["Environment", "EnvironmentIncomplete", "SettingMissing", "read_environment"]

_NAMES = {
    "supabase_url": ("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"),
    "supabase_key": ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
    "gemini_key": ("GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "gemini_base_url": ("GOOGLE_GEMINI_BASE_URL",),
}
_OF_EVERY_GOOGLE_API = "GOOGLE_API_KEY"
"""Shells have it for other programs too: in the environment it comes after everything else."""
_GOOGLE = "https://generativelanguage.googleapis.com"
_KEY = re.compile(r"[!-~]+")
"""What a header may hold, without blanks."""

_Found = tuple[str, str]
"""The name under which a setting was found, and its value."""


class EnvironmentIncomplete(Exception):  # noqa: N818 - says what is the case
    """A setting is missing or cannot be right. The message names it and no key."""


class SettingMissing(EnvironmentIncomplete):
    """A setting that is needed is in no place."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where Supabase and Gemini are, the keys for both, and the authorities that are trusted in addition.

    The keys stay out of the representation, so that no log or traceback shows them.

    Attributes
    ----------
    ca_bundle
        Hash of the file of RUNOPS_CA_BUNDLE; None where there is none.
    """

    supabase_url: str
    supabase_key: str = field(repr=False)
    gemini_key: str | None = field(default=None, repr=False)
    gemini_base_url: str | None = None
    ca_bundle: str | None = None


def read_environment(
    environ: Mapping[str, str] | None = None,
    *,
    first: Path | None = None,
    directory: Path | None = None,
    secrets: Path | None = None,
    needs_gemini: bool = True,
) -> Environment:
    """Collect the settings; for each the first place wins that has it under any of its names.

    The places: secret files, the file `first`, the environment, `.env.local`, `.env`. `GOOGLE_API_KEY` of the
    environment comes last of all.

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
        jobs, or the proxy or the RUNOPS_CA_BUNDLE of the environment cannot be used.
    """
    environ = os.environ if environ is None else environ
    places = _places(environ, first=first, directory=directory, secrets=secrets)
    url, key, gemini, base_url = (_find(setting, places) for setting in _NAMES)
    wanted = {"SUPABASE_URL": url, "SUPABASE_SERVICE_ROLE_KEY": key}
    if needs_gemini:
        wanted["GOOGLE_GEMINI_API_KEY"] = gemini
    missing = [name for name, found in wanted.items() if found is None]
    if missing or url is None or key is None:
        raise SettingMissing(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set. "
            f"Set {'it' if len(missing) == 1 else 'them'} in the environment, in .env or .env.local, or in the Secret "
            "that is mounted."
        )
    for _, secret in filter(None, (key, gemini)):
        never_show(secret)
    if not url[1].startswith(("http://", "https://")):
        raise EnvironmentIncomplete(f"{url[0]} is not an address that starts with https:// (or http://).")
    _check_keys(key, gemini if needs_gemini else None)
    gemini_url = base_url[1] if base_url else None
    _check_proxies((url[1], gemini_url or _GOOGLE) if needs_gemini else (url[1],), environ)
    try:
        authorities = bundle_hash(environ)
    except BundleUnusable as error:
        raise EnvironmentIncomplete(str(error)) from None
    return Environment(url[1].rstrip("/"), key[1], gemini[1] if gemini else None, gemini_url, authorities)


def _places(
    environ: Mapping[str, str], *, first: Path | None, directory: Path | None, secrets: Path | None
) -> list[Mapping[str, str | None]]:
    """Return the places, the one that wins first."""
    secrets = secrets or (Path(environ["RUNOPS_SECRETS_DIR"]) if environ.get("RUNOPS_SECRETS_DIR") else None)
    return [
        _files_of(secrets),
        *([] if first is None else [dotenv_values(first)]),
        {name: value for name, value in environ.items() if name != _OF_EVERY_GOOGLE_API},
        *([] if directory is None else [dotenv_values(directory / name) for name in (".env.local", ".env")]),
        environ,
    ]


def _find(setting: str, places: Iterable[Mapping[str, str | None]]) -> _Found | None:
    found = ((name, (place.get(name) or "").strip()) for place in places for name in _NAMES[setting])
    return next(((name, value) for name, value in found if value), None)


def _check_keys(supabase: _Found, gemini: _Found | None) -> None:
    for name, value in filter(None, (supabase, gemini)):
        if not _KEY.fullmatch(value):
            raise EnvironmentIncomplete(
                f"{name} holds a blank or a character that no key has, such as a dash that an editor made longer. "
                "Copy it once more from where it was made."
            )
    name, value = supabase
    if (sentence := refusal(value, name=name)) is not None:
        raise EnvironmentIncomplete(sentence)


def _check_proxies(servers: Iterable[str], environ: Mapping[str, str]) -> None:
    for server in servers:
        try:
            proxy_for(server, environ)
        except ProxyUnusable as error:
            raise EnvironmentIncomplete(str(error)) from None


def _files_of(folder: Path | None) -> dict[str, str | None]:
    if folder is None or not folder.is_dir():
        return {}
    names = [name for group in _NAMES.values() for name in group]
    return {name: (folder / name).read_text("utf-8") for name in names if (folder / name).is_file()}
