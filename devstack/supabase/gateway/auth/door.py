"""The routes of `/auth/v1`: signing up and in, one's own user, and users for the admin."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from devstack.supabase import keys
from devstack.supabase.gateway import access
from devstack.supabase.gateway.auth.answers import AuthError, User, refreshed_user, session, version_of
from devstack.supabase.gateway.auth.users import EmailTakenError, Users, is_password
from devstack.supabase.gateway.settings import GatewaySettings

PREFIX = "/auth/v1"
_ADMINS = ("service_role", "supabase_admin")
_SHORTEST_PASSWORD = 6

_AuthHandler = Callable[[web.Request], Awaitable[web.Response]]


class _Credentials(BaseModel):
    email: str | None = None
    password: str | None = None
    metadata: dict[str, Any] = Field(default={}, alias="data")


class _NewUser(BaseModel):
    email: str
    password: str | None = None
    user_metadata: dict[str, Any] = {}


class _Refresh(BaseModel):
    refresh_token: str


class AuthDoor:
    """Adds Auth to the gateway.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._users = Users(settings.database_url)

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        table: list[tuple[str, str, _AuthHandler]] = [
            ("POST", "/signup", self._sign_up),
            ("POST", "/token", self._token),
            ("POST", "/logout", self._sign_out),
            ("GET", "/user", self._own),
            ("POST", "/admin/users", self._create),
            ("GET", "/admin/users/{id}", self._show),
            ("DELETE", "/admin/users/{id}", self._delete),
        ]
        for method, path, handler in table:
            app.router.add_route(method, PREFIX + path, self._with_errors(handler))
        # There is no public key: tokens are signed with the stack's secret, so clients ask for `/user`.
        app.router.add_get(f"{PREFIX}/.well-known/jwks.json", _no_public_keys)

    def _with_errors(self, handler: _AuthHandler) -> _AuthHandler:
        async def answer(request: web.Request) -> web.Response:
            apikey = request.headers.get("apikey", "")
            refusal = access.refusal(self._settings, apikey=apikey, user_agent=request.headers.get("User-Agent", ""))
            if refusal is not None:
                return web.json_response(refusal.body, status=401)
            try:
                return await handler(request)
            except AuthError as error:
                return error.response(request)
            except ValidationError:
                return AuthError(400, "bad_json", "Could not parse request body as JSON").response(request)

        return answer

    async def _sign_up(self, request: web.Request) -> web.Response:
        wanted = _Credentials.model_validate_json(await request.read())
        if wanted.email and len(wanted.password or "") < _SHORTEST_PASSWORD:
            message = f"Password should be at least {_SHORTEST_PASSWORD} characters."
            raise AuthError(422, "weak_password", message, weak_password={"reasons": ["length"]})
        try:
            user = await self._users.add(email=wanted.email or None, password=wanted.password, metadata=wanted.metadata)
        except EmailTakenError:
            raise AuthError(422, "user_already_exists", "User already registered") from None
        return self._signed_in(request, user)

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.read()
        match request.query.get("grant_type"):
            case "password":
                wanted = _Credentials.model_validate_json(body)
                user = await self._users.by_email(wanted.email or "")
                if user is None or not is_password(wanted.password or "", user.encrypted_password):
                    raise AuthError(400, "invalid_credentials", "Invalid login credentials")
            case "refresh_token":
                token = _Refresh.model_validate_json(body).refresh_token
                user = await self._users.by_id(refreshed_user(token, jwt_secret=self._settings.jwt_secret))
                if user is None:
                    raise AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
            case _:
                raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
        return self._signed_in(request, user)

    async def _sign_out(self, request: web.Request) -> web.Response:
        """Say that it is done: a token is good until it expires, as in the service."""
        await self._caller(request)
        return web.Response(status=204)

    async def _own(self, request: web.Request) -> web.Response:
        return web.json_response((await self._caller(request)).shown(), headers=version_of(request))

    async def _create(self, request: web.Request) -> web.Response:
        self._require_admin(request)
        wanted = _NewUser.model_validate_json(await request.read())
        try:
            user = await self._users.add(email=wanted.email, password=wanted.password, metadata=wanted.user_metadata)
        except EmailTakenError:
            message = "A user with this email address has already been registered"
            raise AuthError(422, "email_exists", message) from None
        return web.json_response(user.shown(), headers=version_of(request))

    async def _show(self, request: web.Request) -> web.Response:
        self._require_admin(request)
        user = await self._users.by_id(_named(request))
        if user is None:
            raise AuthError(404, "user_not_found", "User not found")
        return web.json_response(user.shown(), headers=version_of(request))

    async def _delete(self, request: web.Request) -> web.Response:
        self._require_admin(request)
        if await self._users.remove(_named(request)) is None:
            raise AuthError(404, "user_not_found", "User not found")
        return web.json_response({}, headers=version_of(request))

    def _signed_in(self, request: web.Request, user: User) -> web.Response:
        opened = session(user, now=int(time.time()), jwt_secret=self._settings.jwt_secret)
        return web.json_response(opened, headers=version_of(request))

    async def _caller(self, request: web.Request) -> User:
        claims = self._claims(request)
        try:
            user = await self._users.by_id(UUID(str(claims.get("sub"))))
        except ValueError:
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim") from None
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        return user

    def _require_admin(self, request: web.Request) -> None:
        if self._claims(request).get("role") not in _ADMINS:
            raise AuthError(403, "not_admin", "User not allowed")

    def _claims(self, request: web.Request) -> dict[str, Any]:
        authorization = access.bearer_for(
            self._settings,
            apikey=request.headers.get("apikey", ""),
            authorization=request.headers.get("Authorization", ""),
        )
        try:
            return keys.read_jwt(authorization.removeprefix("Bearer "), self._settings.jwt_secret)
        except keys.BadTokenError as error:
            raise AuthError(403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error}") from None


def _named(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None


async def _no_public_keys(_request: web.Request) -> web.Response:
    return web.json_response({"keys": []})
