"""The same login for kopf, which watches over connections of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import kopf

from runops_operator.kubernetes_api.api_server import HEADERS, refuse_redirect, tls_of, unreachable
from runops_operator.kubernetes_api.login import log_in

__all__ = ["KopfLogins", "Outcome"]

Outcome = Callable[[str, str | None], None]
"""Receives the path of a request of kopf's, and why it failed; None where the API server did what was asked."""
_MOST_SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class _Session(kopf.AiohttpSession):
    """A session that equals another one with the same credentials.

    kopf tries credentials that were refused again and again, unless the new ones equal them.
    """

    credentials: tuple[str | None, ...] = field(repr=False)
    aiohttp_session: aiohttp.ClientSession = field(compare=False, repr=False)


class KopfLogins:
    """The logins of one run of kopf.

    The sessions are made here and not by kopf, for two reasons. Their TLS context reads changed certificates again:
    kopf itself logs in again after a 401 only, and never stops trying over a connection that a rotated authority broke.
    And each request tells how it ended: kopf tells of failures in its log only, and of success nowhere.

    Parameters
    ----------
    outcome
        Receives how each request ended.
    """

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._opened: list[aiohttp.ClientSession] = []

    async def log_in(self) -> kopf.AiohttpSession:
        """Return how kopf reaches the API server now.

        Raises
        ------
        ClusterError
            See `log_in`.
        """
        configuration = await log_in()
        token = await configuration.get_api_key_with_prefix("BearerToken")
        tls = tls_of(configuration)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls),
            headers={**HEADERS, **({"Authorization": token} if token else {})},
            proxy=configuration.proxy,
            trust_env=False,
            middlewares=(self._observe, refuse_redirect),
        )
        self._opened.append(session)
        credentials = (configuration.host, token, configuration.proxy)
        return _Session(server=configuration.host, credentials=credentials, aiohttp_session=session)

    async def close(self) -> None:
        """Close what kopf left open: a session that it refused for its credentials."""
        while self._opened:
            await self._opened.pop().close()

    async def _observe(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        try:
            response = await send(request)
        except Exception as error:
            self._outcome(request.url.path, unreachable(error))
            raise
        self._outcome(request.url.path, None if response.ok else f"{response.status} {_words(await response.read())}")
        return response


def _words(data: bytes) -> str:
    """Return what the API server says in a refusal."""
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    return str(value.get("message", ""))[:_MOST_SHOWN] if isinstance(value, dict) else "the answer is not JSON"
