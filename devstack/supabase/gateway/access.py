"""The key rules of Supabase's gateway, as in the routes its command-line tool sets up for local development."""

from __future__ import annotations

from dataclasses import dataclass

from devstack.supabase import keys
from devstack.supabase.gateway.settings import GatewaySettings

_NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
_BAD_KEY = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}
_BROWSER = {
    "message": "Forbidden use of secret API key in browser",
    "hint": "Secret API keys can only be used in a protected environment and should never be used in a browser.",
}
_KEY_ROLES = ("anon", "service_role")


@dataclass(frozen=True)
class Refusal:
    """A 401 of the gateway and its JSON body."""

    body: dict[str, str]


def bearer_for(settings: GatewaySettings, *, apikey: str, authorization: str) -> str:
    """Return the `Authorization` header a service behind the gateway gets.

    A caller's own token stays. A newer key is not a token; it is replaced by the token of its role.

    Parameters
    ----------
    settings : GatewaySettings
        Of this gateway.
    apikey, authorization : str
        The request's headers; empty when missing.
    """
    if authorization and not authorization.startswith("Bearer sb_"):
        return authorization
    known = {
        settings.secret_key: settings.service_role_jwt,
        settings.publishable_key: settings.anon_key,
    }
    key = apikey or authorization.removeprefix("Bearer ")
    token = known.get(key, key)
    return f"Bearer {token}" if token else ""


def refusal(settings: GatewaySettings, *, apikey: str, user_agent: str) -> Refusal | None:
    """Return why the gateway turns a request for the database away, or None if it lets it in.

    Besides the stack's own keys it lets in any token of the stack for a key's role, so that tests can use expired
    ones; what is wrong with those PostgREST says.
    """
    if not apikey:
        return Refusal(_NO_KEY)
    if apikey == settings.secret_key and "Mozilla/" in user_agent:
        return Refusal(_BROWSER)
    if apikey in (settings.secret_key, settings.publishable_key):
        return None
    try:
        claims = keys.read_jwt(apikey, settings.jwt_secret, check_expiry=False)
    except keys.BadTokenError:
        return Refusal(_BAD_KEY)
    return None if claims.get("role") in _KEY_ROLES else Refusal(_BAD_KEY)
