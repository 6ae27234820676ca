"""`/auth/v1/admin/users/{id}`: one user of the table `auth.users`, as Supabase's Auth service answers its admin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from aiohttp import web
from psycopg.rows import dict_row

from devstack.supabase import keys
from devstack.supabase.gateway import access
from devstack.supabase.gateway.settings import GatewaySettings

PATH = "/auth/v1/admin/users/{id}"
_VERSION = "X-Supabase-Api-Version"
_NAMED_CODES = "2024-01-01"
"""From this version on the name of an error is `code`; before, `code` is the status and the name `error_code`."""
_ADMINS = ("service_role", "supabase_admin")
_ANSWER_SECONDS = 10


class AuthAdmin:
    """Answers what the Auth service does for its admin.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings

    def install(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get(PATH, self._user)

    async def _user(self, request: web.Request) -> web.Response:
        apikey = request.headers.get("apikey", "")
        refusal = access.refusal(self._settings, apikey=apikey, user_agent=request.headers.get("User-Agent", ""))
        if refusal is not None:
            return web.json_response(refusal.body, status=401)
        authorization = access.bearer_for(
            self._settings, apikey=apikey, authorization=request.headers.get("Authorization", "")
        )
        try:
            claims = keys.read_jwt(authorization.removeprefix("Bearer "), self._settings.jwt_secret)
        except keys.BadTokenError as error:
            return _error(request, 403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error}")
        if claims.get("role") not in _ADMINS:
            return _error(request, 403, "not_admin", "User not allowed")
        try:
            user_id = UUID(request.match_info["id"])
        except ValueError:
            return _error(request, 404, "validation_failed", "user_id must be an UUID")
        found = await self._row(user_id)
        if found is None:
            return _error(request, 404, "user_not_found", "User not found")
        return web.json_response(_user(found), headers=_echoed(request))

    async def _row(self, user_id: UUID) -> dict[str, Any] | None:
        url = self._settings.database_url
        async with await psycopg.AsyncConnection.connect(
            url, connect_timeout=_ANSWER_SECONDS, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute("select id, email, created_at from auth.users where id = %s", [user_id])
            return await cursor.fetchone()


def _user(row: dict[str, Any]) -> dict[str, Any]:
    created = row["created_at"].isoformat()
    return {
        "id": str(row["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": row["email"] or "",
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "identities": [],
        "created_at": created,
        "updated_at": created,
        "is_anonymous": False,
    }


def _error(request: web.Request, status: int, name: str, message: str) -> web.Response:
    named: dict[str, Any] = {"code": name, "message": message}
    if request.headers.get(_VERSION, "") < _NAMED_CODES:
        named = {"code": status, "error_code": name, "msg": message}
    return web.json_response(named, status=status, headers=_echoed(request))


def _echoed(request: web.Request) -> dict[str, str]:
    return {_VERSION: _NAMED_CODES} if request.headers.get(_VERSION, "") >= _NAMED_CODES else {}
