"""Keys of a stack: JSON Web Tokens signed with HS256, and Supabase's newer opaque keys.

The token format is RFC 7519 with the claims Supabase puts into its legacy keys (`role`, `iss`, `iat`, `exp`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

YEARS_10 = 10 * 365 * 24 * 3600
"""Lifetime of the legacy keys, in seconds."""


class BadTokenError(ValueError):
    """A token that cannot be trusted; the message is the one Supabase Storage gives."""


def sign_jwt(claims: dict[str, Any], secret: str) -> str:
    """Return the compact form of a token with these claims."""
    head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = _encode(json.dumps(claims, separators=(",", ":")).encode())
    return f"{head}.{body}.{_signature(f'{head}.{body}', secret)}"


def read_jwt(token: str, secret: str, *, check_expiry: bool = True) -> dict[str, Any]:
    """Check a token and return its claims.

    Raises
    ------
    BadTokenError
        If the token is malformed, signed with another secret, or expired (unless expiry is ignored).
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise BadTokenError("Invalid Compact JWS")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("Invalid Compact JWS") from error
    if not hmac.compare_digest(_signature(f"{parts[0]}.{parts[1]}", secret), parts[2]):
        raise BadTokenError("signature verification failed")
    if not isinstance(claims, dict):
        raise BadTokenError("Invalid Compact JWS")
    if check_expiry and "exp" in claims and claims["exp"] <= time.time():
        raise BadTokenError('"exp" claim timestamp check failed')
    return claims


def role_jwt(secret: str, *, role: str, expires_in: float = YEARS_10, subject: str | None = None) -> str:
    """Return a token for a database role.

    Parameters
    ----------
    secret : str
        The stack's signing secret.
    role : str
        ``anon``, ``authenticated`` or ``service_role``.
    expires_in : float
        Seconds from now; negative for a token that has expired already.
    subject : str, optional
        The user's uuid, what `auth.uid()` gives in a policy.
    """
    now = int(time.time())
    expires = int(now + expires_in)
    claims = {"iss": "supabase", "ref": "devstack", "role": role, "iat": min(now, expires - 1), "exp": expires}
    if subject is not None:
        claims |= {"sub": subject, "aud": role}
    return sign_jwt(claims, secret)


def new_jwt_secret() -> str:
    """Return a random signing secret."""
    return secrets.token_urlsafe(48)


def new_publishable_key() -> str:
    """Return a random key of the form that stands for the role anon."""
    return f"sb_publishable_{secrets.token_urlsafe(24)}"


def new_secret_key() -> str:
    """Return a random key of the form that stands for service_role."""
    return f"sb_secret_{secrets.token_urlsafe(24)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(text: str, secret: str) -> str:
    return _encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))
