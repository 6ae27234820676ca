"""What a channel or a connection may do, by its token.

Words of refusals are those of the service's source (`user_socket.ex` and `realtime_channel.ex` in supabase/realtime).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devstack.supabase import keys

_MALFORMED = "Invalid Compact JWS"


class TokenRefusedError(ValueError):
    """A token does not do.

    Attributes
    ----------
    code
        The service's word for it, in front of the message where a channel is refused.
    at_the_door
        What is said where a connection is refused.
    """

    def __init__(self, code: str, message: str, at_the_door: str) -> None:
        super().__init__(message)
        self.code = code
        self.at_the_door = at_the_door


@dataclass(frozen=True)
class Token:
    """A token that was checked.

    Attributes
    ----------
    role
        Of the database.
    expires_at
        In seconds since 1970.
    claims
        All that it says.
    """

    role: str
    expires_at: float
    claims: Mapping[str, Any]

    def seconds_left(self) -> float:
        """Return how long it is still good."""
        return self.expires_at - time.time()

    def expired(self) -> str:
        """Return what is said of it once it has expired."""
        return f"Token has expired {max(0, int(-self.seconds_left()))} seconds ago"


def check(text: str, jwt_secret: str) -> Token:
    """Return what a token says.

    Raises
    ------
    TokenRefusedError
        If it is none of this stack's, lacks a role or an end, or has expired.
    """
    try:
        claims = keys.read_jwt(text, jwt_secret, check_expiry=False)
    except keys.BadTokenError as error:
        if str(error) == _MALFORMED:
            message = "The token provided is not a valid JWT"
            raise TokenRefusedError("MalformedJWT", message, message) from error
        message = "Failed to validate JWT signature"
        raise TokenRefusedError("JwtSignatureError", message, message) from error
    role, expires_at = claims.get("role"), claims.get("exp")
    if not isinstance(role, str) or not isinstance(expires_at, int):
        message = "Fields `role` and `exp` are required in JWT"
        raise TokenRefusedError("InvalidJWTToken", message, message)
    token = Token(role, expires_at, claims)
    if token.seconds_left() <= 0:
        raise TokenRefusedError("InvalidJWTToken", token.expired(), "Token has expired")
    return token
