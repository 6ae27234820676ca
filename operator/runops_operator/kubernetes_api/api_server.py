"""Requests to the API server over HTTP, JSON in and out."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import aiohttp
from pydantic_core import from_json

from runops_operator.kubernetes_api.api_login import ApiLogin
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound

__all__ = ["ApiServer"]

_REQUEST_SECONDS = 30.0
_CONNECTIONS = 50
_EXPECTED = frozenset({404, 409})
"""Answers that say how things are; a request for which they come did not fail."""


def _ignore(_verb: str, _resource: str, _status: int | None) -> None:
    return


class ApiServer:
    """One API server, spoken to under one login; an asynchronous context manager, after which no connection is left.

    Parameters
    ----------
    log_in
        Gives address and credentials; asked again when the server does not know the credentials any more.
    failed
        Told verb, resource and status of every request that failed; the status is None where there was no answer.

    Raises
    ------
    ClusterError
        There is no login, or its certificates cannot be read.
    """

    def __init__(
        self, log_in: Callable[[], ApiLogin], *, failed: Callable[[str, str, int | None], None] = _ignore
    ) -> None:
        login = log_in()
        try:
            tls = login.as_ssl_context()
        except (OSError, ValueError) as error:
            raise ClusterError(f"The certificates for {login.server} cannot be read: {error}.") from error
        self._log_in = log_in
        self._failed = failed
        self._address = login.server.rstrip("/")
        self._headers = login.as_http_headers()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls),
            timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
            proxy=login.proxy_url,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._session.close()

    async def call(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object that is answered.

        Parameters
        ----------
        method
            A PATCH is a JSON merge patch.
        path
            From the root of the server, escaped.
        query
            Parameters; those that are empty are left out.
        body
            An object.

        Raises
        ------
        Conflict, NotFound
            409 and 404.
        ClusterError
            Any other refusal, no answer within 30 s, or one that is no object.
        """
        try:
            return await self._answer(method, path, query=query or {}, body=body)
        except ClusterError as error:
            if error.status not in _EXPECTED:
                self._failed(method, _resource_of(path), error.status)
            raise

    async def _answer(
        self, method: str, path: str, *, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        what = f"{method} {path}"
        given = {key: value for key, value in query.items() if value}
        try:
            status, data = await self._exchange(method, path, given, body)
            if status == 401 and self._logged_in_anew():
                status, data = await self._exchange(method, path, given, body)
        except (aiohttp.ClientError, OSError) as error:
            raise ClusterError(f"{what}: the API server cannot be reached ({type(error).__name__}).") from error
        return _decoded(what, status, data)

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> tuple[int, bytes]:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        async with self._session.request(
            method,
            f"{self._address}{path}",
            params=query,
            data=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
            headers={**self._headers, "Accept": "application/json", "Content-Type": content},
            allow_redirects=False,
        ) as answer:
            return answer.status, await answer.read()

    def _logged_in_anew(self) -> bool:
        """Tell whether the login has other credentials by now."""
        headers = self._log_in().as_http_headers()
        changed = headers != self._headers
        self._headers = headers
        return changed


def _resource_of(path: str) -> str:
    """Return the resource of a path, and its subresource where there is one."""
    parts = path.partition("/namespaces/")[2].split("/")[1:]
    return "/".join((parts[0], *parts[2:]))


def _decoded(what: str, status: int, data: bytes) -> dict[str, Any]:
    # Short strings that come again and again, such as phases and names of nodes, become one object each.
    try:
        value = from_json(data)
    except ValueError:
        value = None
    if 200 <= status < 300 and isinstance(value, dict):
        return value
    words = str(value.get("message", ""))[:300] if isinstance(value, dict) else "the answer is no JSON object"
    message = f"{what}: {status} {words}"
    kind = {404: NotFound, 409: Conflict}.get(status, ClusterError)
    raise kind(message, status=status)
