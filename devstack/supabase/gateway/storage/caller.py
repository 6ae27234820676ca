"""Who calls Storage, and what they may do.

The real service asks the policies on `storage.objects`. A new project has none, so that service_role may do all and
everybody else nothing; that is the one case this stand-in plays.
"""

from __future__ import annotations

from aiohttp import web

from devstack.supabase import keys
from devstack.supabase.gateway import access
from devstack.supabase.gateway.settings import GatewaySettings
from devstack.supabase.gateway.storage import errors


def role_of(request: web.Request, settings: GatewaySettings) -> str:
    """Return the role a request comes with.

    Raises
    ------
    StorageError
        If there is no token, or it cannot be trusted.
    """
    bearer = access.bearer_for(
        settings,
        apikey=request.headers.get("apikey", ""),
        authorization=request.headers.get("Authorization", ""),
    )
    if not bearer:
        raise errors.missing("headers must have required property 'authorization'")
    try:
        claims = keys.read_jwt(bearer.removeprefix("Bearer "), settings.jwt_secret)
    except keys.BadTokenError as error:
        raise errors.denied(str(error)) from error
    return str(claims.get("role", ""))


def require_service_role(request: web.Request, settings: GatewaySettings) -> None:
    """Raise the service's error unless the caller may write."""
    if role_of(request, settings) != "service_role":
        raise errors.denied()


def may_read(request: web.Request, settings: GatewaySettings) -> bool:
    """Tell whether the caller sees private objects.

    Raises
    ------
    StorageError
        If there is no token, or it cannot be trusted.
    """
    return role_of(request, settings) == "service_role"
