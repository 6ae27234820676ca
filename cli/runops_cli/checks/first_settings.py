"""What a person gives first: address and keys, taken apart, checked by form and by one request to each service."""

import re
from collections.abc import Sequence

from runops.environment import Environment
from runops.job_filter import JobFilter
from runops.keys import refusal
from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_cli.checks.models import check_models

__all__ = ["KeyRefused", "check_gemini", "check_supabase", "key_fault", "project_url"]

_REFERENCE = re.compile(r"[a-z0-9]{20}")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:/\S*)?")
_KEY = re.compile(r"[!-~]+")
_LEFT_OPEN = frozenset({ErrorKind.KEY_REJECTED, ErrorKind.FORBIDDEN})


class KeyRefused(Exception):  # noqa: N818 - says what is the case
    """A service refuses the key; the message says what to do."""


def project_url(text: str) -> str:
    """Return the address that a person means: as it is, or of a project by its reference.

    Raises
    ------
    ValueError
        It is no address.
    """
    given = text.strip().rstrip("/")
    if _REFERENCE.fullmatch(given):
        return f"https://{given}.supabase.co"
    if not _ADDRESS.fullmatch(given):
        raise ValueError(
            "Give the project's address, such as https://abcdefghijklmnopqrst.supabase.co, or its reference of 20 "
            "letters. Both are in the Supabase dashboard, Project Settings."
        )
    return given


def key_fault(key: str) -> str | None:
    """Return why a key cannot be the one that is needed; None where it can. The key is in no message."""
    if not key:
        return "No key was given."
    if not _KEY.fullmatch(key):
        return "The key holds a blank or a character that no key has. Copy it once more from where it was made."
    return refusal(key)


async def check_supabase(url: str, key: str) -> str | None:
    """Ask the project for one row. Return what else is missing there; None where nothing is.

    Raises
    ------
    KeyRefused
        The project refuses the key.
    SupabaseError
        It cannot be reached.
    """
    async with Supabase(url, key, retries=RetryPolicy(attempts=2)) as supabase:
        try:
            await supabase.jobs.page(JobFilter(), limit=1)
        except SupabaseError as error:
            if error.kind in _LEFT_OPEN:
                raise KeyRefused(error.message) from None
            if error.retryable:
                raise
            return error.message
    return None


async def check_gemini(environment: Environment, models: Sequence[str]) -> str | None:
    """Ask Gemini for the models. Return what to look at; None where all is well.

    Raises
    ------
    KeyRefused
        Gemini refuses the key.
    """
    faults = [finding for finding in await check_models(environment, models) if not finding.ok]
    if not faults:
        return None
    said = f"{faults[0].detail} {faults[0].remedy or ''}".strip()
    if "rejected the key" in faults[0].detail:
        raise KeyRefused(said)
    return said
