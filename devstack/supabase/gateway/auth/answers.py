"""What the Auth service answers: users, sessions, errors. Pure.

Words and codes are those of the service's source (supabase/auth).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import BaseModel

from devstack.supabase import keys

VERSION_HEADER = "X-Supabase-Api-Version"
_NAMED_CODES = "2024-01-01"
"""From this version on the name of an error is `code`; before, `code` is the status and the name `error_code`."""
SESSION_SECONDS = 3600
_REFRESH = "refresh"


class User(BaseModel):
    """A row of `auth.users`."""

    id: UUID
    email: str | None
    created_at: datetime
    raw_user_meta_data: dict[str, Any] | None
    is_anonymous: bool
    encrypted_password: str | None

    def shown(self) -> dict[str, Any]:
        """Return what the service says of the user."""
        created = self.created_at.isoformat()
        provider: dict[str, Any] = {} if self.is_anonymous else {"provider": "email", "providers": ["email"]}
        return {
            "id": str(self.id),
            "aud": "authenticated",
            "role": "authenticated",
            "email": self.email or "",
            "phone": "",
            "app_metadata": provider,
            "user_metadata": self.raw_user_meta_data or {},
            "identities": [],
            "created_at": created,
            "updated_at": created,
            "is_anonymous": self.is_anonymous,
        }


class AuthError(Exception):
    """An error as the service reports it.

    Parameters
    ----------
    status : int
        Of the answer.
    name, message : str
        What it is, for programs and for people.
    details : Any
        Further fields of the answer.
    """

    def __init__(self, status: int, name: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.details = details

    def response(self, request: web.Request) -> web.Response:
        """Return the answer, in the form that the client asked for."""
        named: dict[str, Any] = {"code": self.name, "message": str(self)}
        if request.headers.get(VERSION_HEADER, "") < _NAMED_CODES:
            named = {"code": self.status, "error_code": self.name, "msg": str(self)}
        return web.json_response(named | self.details, status=self.status, headers=version_of(request))


def version_of(request: web.Request) -> dict[str, str]:
    """Return the header that says in which form an answer is."""
    return {VERSION_HEADER: _NAMED_CODES} if request.headers.get(VERSION_HEADER, "") >= _NAMED_CODES else {}


def session(user: User, *, now: int, jwt_secret: str) -> dict[str, Any]:
    """Return a new session of a user."""
    shown = user.shown()
    expires_at = now + SESSION_SECONDS
    claims = {
        "iss": "supabase",
        "sub": shown["id"],
        "aud": "authenticated",
        "role": "authenticated",
        "iat": now,
        "exp": expires_at,
        "email": shown["email"],
        "phone": "",
        "app_metadata": shown["app_metadata"],
        "user_metadata": shown["user_metadata"],
        "is_anonymous": user.is_anonymous,
        "aal": "aal1",
        "session_id": str(uuid4()),
    }
    return {
        "access_token": keys.sign_jwt(claims, jwt_secret),
        "token_type": "bearer",
        "expires_in": SESSION_SECONDS,
        "expires_at": expires_at,
        # The service keeps these; here they are signed, so that they outlive the gateway.
        "refresh_token": keys.sign_jwt({"sub": shown["id"], "use": _REFRESH, "jti": str(uuid4())}, jwt_secret),
        "user": shown,
    }


def refreshed_user(refresh_token: str, *, jwt_secret: str) -> UUID:
    """Return whose session a refresh token continues.

    Raises
    ------
    AuthError
        It is none of this stack's.
    """
    try:
        claims = keys.read_jwt(refresh_token, jwt_secret)
        if claims.get("use") == _REFRESH:
            return UUID(str(claims.get("sub")))
    except ValueError:
        pass
    raise AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
