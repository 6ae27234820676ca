"""Supabase keys: which kind one is, and whether it may run jobs. A key itself is never part of a message."""

import base64
import binascii
import json
from enum import StrEnum

__all__ = ["KeyKind", "kind_of_key", "refusal"]


class KeyKind(StrEnum):
    """The kinds of key a Supabase project has."""

    SECRET = "sb_secret key"  # noqa: S105 - the name of a kind, not a key
    PUBLISHABLE = "sb_publishable key"
    SERVICE_ROLE = "service_role JWT"
    ANON = "anon JWT"
    OTHER_JWT = "JWT of another role"
    UNKNOWN = "no Supabase key"


def kind_of_key(key: str) -> KeyKind:
    """Return the kind of a key by its form; whether it is valid is not checked."""
    if key.startswith("sb_secret_"):
        return KeyKind.SECRET
    if key.startswith("sb_publishable_"):
        return KeyKind.PUBLISHABLE
    parts = key.split(".")
    if len(parts) != 3:
        return KeyKind.UNKNOWN
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        role = claims.get("role")
    except (binascii.Error, UnicodeError, ValueError, AttributeError):
        return KeyKind.UNKNOWN
    return {"service_role": KeyKind.SERVICE_ROLE, "anon": KeyKind.ANON}.get(role, KeyKind.OTHER_JWT)


def refusal(key: str, *, name: str = "SUPABASE_SERVICE_ROLE_KEY") -> str | None:
    """Return the message for a key that may not run jobs; None for one that may.

    Parameters
    ----------
    key
        The key.
    name
        The setting that holds it.
    """
    kind = kind_of_key(key)
    if kind in {KeyKind.SECRET, KeyKind.SERVICE_ROLE}:
        return None
    return (
        f"{name} is the wrong key ({kind}); jobs need the project's sb_secret key or its "
        "service_role JWT (Supabase dashboard, Project Settings, API keys)."
        if kind is not KeyKind.UNKNOWN
        else f"{name} holds something that is not a Supabase key (expected: sb_secret_... or a JWT of three parts)."
    )
