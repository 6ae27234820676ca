"""Id tokens of OpenID Connect, as `auth-provider: oidc` of a kubeconfig describes them.

The official client refreshes them over TLS without checking the certificate, and fails where the kubeconfig names an
authority (seen in version 37.0.2).
"""

import base64
import binascii
import json
import os
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.proxy import proxy_to_cluster

__all__ = ["expires_at", "refreshed"]

_ANSWER_SECONDS = 20.0


def expires_at(id_token: str) -> float | None:
    """Return when an id token expires, in Unix time; None where it does not say. Pure."""
    try:
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return None


async def refreshed(provider: Mapping[str, Any]) -> tuple[str, str]:
    """Ask the identity provider for a new id token; return it and the refresh token for the next time.

    Parameters
    ----------
    provider
        `auth-provider.config` of the kubeconfig.

    Raises
    ------
    ClusterError
        The kubeconfig lacks what is needed, or the provider gives no token.
    """
    try:
        issuer, client_id = str(provider["idp-issuer-url"]), str(provider["client-id"])
        form = {
            "grant_type": "refresh_token",
            "refresh_token": str(provider["refresh-token"]),
            "client_id": client_id,
            **({"client_secret": secret} if (secret := provider.get("client-secret")) else {}),
        }
    except KeyError as error:
        raise ClusterError(f"The id token has expired, and the kubeconfig's oidc provider has no {error}.") from None
    try:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_trusted(provider)),
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
            proxy=proxy_to_cluster(issuer, os.environ),
            raise_for_status=True,
        ) as session:
            async with session.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration") as answer:
                endpoint = (await answer.json(content_type=None))["token_endpoint"]
            async with session.post(endpoint, data=form, allow_redirects=False) as answer:
                given = await answer.json(content_type=None)
        return str(given["id_token"]), str(given.get("refresh_token") or form["refresh_token"])
    except (aiohttp.ClientError, OSError, LookupError, TypeError, ValueError) as error:
        # The error's own words may hold the request, and with it the tokens.
        raise ClusterError(f"The identity provider {issuer} gives no new id token ({type(error).__name__}).") from None


def _trusted(provider: Mapping[str, Any]) -> ssl.SSLContext:
    data = provider.get("idp-certificate-authority-data")
    return ssl.create_default_context(
        cafile=provider.get("idp-certificate-authority"),
        cadata=base64.b64decode(data).decode("ascii") if data else None,
    )
