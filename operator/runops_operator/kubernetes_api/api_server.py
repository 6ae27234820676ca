"""Requests to the API server by the official client, JSON in and out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Self

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException
from pydantic_core import from_json

from runops.authorities import distrust
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound
from runops_operator.kubernetes_api.tls_context import TlsContext

__all__ = ["HEADERS", "ApiServer", "refuse_redirect", "tls_of"]

_REQUEST_SECONDS = 30.0
_CONNECTIONS = 50
_EXPECTED = frozenset({404, 409})
"""Statuses that state a fact about an object; such a request did not fail."""
_REDIRECTS = range(300, 400)
_DEFINITION_GOES = "while custom resource definition is terminating"
"""The answer to a creation while a definition is being deleted: 403 by Kubernetes 1.37, 405 by older versions."""

HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    # Compressing pages of many objects costs both sides more than it saves on a cluster's network, so Kubernetes' own
    # controllers do without it too: https://github.com/kubernetes/kubernetes/pull/80919
    "Accept-Encoding": "identity",
    "User-Agent": "runops-operator",
}


def _ignore(_verb: str, _resource: str, _status: int | None) -> None:
    return


@dataclass(eq=False)
class _Connection:
    """The official client under one login, and how many requests use it."""

    client: ApiClient
    tls: TlsContext
    requests: int = 0

    @property
    def credentials(self) -> tuple[object, ...]:
        """What identifies us: a request that was refused with the same values is not repeated."""
        return (self.client.configuration.api_key.get("BearerToken"), self.tls.stamp)


class ApiServer:
    """One API server; an asynchronous context manager, after which no connection is left.

    Entering it logs in. When the server refuses the credentials, one new login serves every request that waits for it.

    Parameters
    ----------
    log_in
        Gives address and credentials as they are now.
    failed
        Called with verb, resource and status of each request that failed; the status is None where no answer came.
    """

    def __init__(
        self,
        log_in: Callable[[], Awaitable[Configuration]],
        *,
        failed: Callable[[str, str, int | None], None] = _ignore,
    ) -> None:
        self._log_in = log_in
        self._failed = failed
        self._connection: _Connection | None = None
        self._login: asyncio.Task[_Connection] | None = None

    async def __aenter__(self) -> Self:
        self._connection = await self._connected()
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._login is not None:
            self._login.cancel()
            await asyncio.gather(self._login, return_exceptions=True)
        if self._connection is not None:
            await self._connection.client.close()

    async def call(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        is_strategic: bool = False,
    ) -> dict[str, Any]:
        """Send a request and return the object in its answer.

        Parameters
        ----------
        method
            A PATCH is a JSON merge patch, or a strategic one.
        path
            From the root of the server, percent-encoded.
        query
            Parameters; empty ones are left out.
        body
            A JSON object.
        is_strategic
            Whether a PATCH merges lists by the key of their items.

        Raises
        ------
        Conflict, NotFound
            409 and 404.
        ClusterError
            Any other refusal, no answer within 30 s, an answer that is not an object, or a new login that failed.
        """
        try:
            kind = "application/strategic-merge-patch+json" if is_strategic else _content_type(method)
            status, data = await self._answer(method, path, query or {}, body, kind=kind)
            return _decoded(f"{method} {path}", status, data)
        except ClusterError as error:
            if error.status not in _EXPECTED:
                self._failed(method, _resource_of(path), error.status)
            raise

    async def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None, *, kind: str
    ) -> tuple[int, bytes]:
        connection = self._connection
        assert connection is not None, "the context manager is entered"
        credentials, status, data = await self._exchange(connection, method, path, query, body, kind=kind)
        if status == 401:
            renewed = await self._renewed(connection)
            if renewed.credentials != credentials:
                _, status, data = await self._exchange(renewed, method, path, query, body, kind=kind)
        return status, data

    async def _exchange(
        self,
        connection: _Connection,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        *,
        kind: str,
    ) -> tuple[tuple[object, ...], int, bytes]:
        """Send a request once; return the credentials it was sent with, and status and body of the answer."""
        async with self._used(connection):
            try:
                request = await connection.client.param_serialize(
                    method,
                    path,
                    query_params=[(name, value) for name, value in query.items() if value],
                    header_params={"Content-Type": kind, **HEADERS},
                    body=body,
                    auth_settings=["BearerToken"],
                )
                credentials = connection.credentials
                response = await connection.client.call_api(
                    *request, _request_timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
                )
                return credentials, response.status, await response.read()
            except ConfigException as error:
                raise ClusterError(f"{method} {path}: the credentials cannot be read: {error}") from error
            except (aiohttp.ClientError, OSError) as error:
                raise ClusterError(f"{method} {path}: {unreachable(error)}") from error

    @asynccontextmanager
    async def _used(self, connection: _Connection) -> AsyncIterator[None]:
        """Keep a connection open for a request; the last request of one that was replaced closes it."""
        connection.requests += 1
        try:
            yield
        finally:
            connection.requests -= 1
            if connection is not self._connection and not connection.requests:
                await connection.client.close()

    async def _renewed(self, refused: _Connection) -> _Connection:
        """Return a connection that is newer than the refused one; requests that wait at once share one login."""
        if self._connection is refused or self._connection is None:
            if self._login is None:
                self._login = asyncio.create_task(self._log_in_again(), name="login")
            return await asyncio.shield(self._login)
        return self._connection

    async def _log_in_again(self) -> _Connection:
        """Replace the connection, and close the one before where no request uses it any more."""
        try:
            before, self._connection = self._connection, await self._connected()
        finally:
            self._login = None
        if before is not None and not before.requests:
            await before.client.close()
        return self._connection

    async def _connected(self) -> _Connection:
        configuration = await self._log_in()
        configuration.connection_pool_maxsize = _CONNECTIONS
        configuration.client_session_kwargs = {"trust_env": False, "middlewares": (refuse_redirect,)}
        try:
            client = ApiClient(configuration)
            client.rest_client.ssl_context = tls = tls_of(configuration)
        except (OSError, ValueError) as error:
            raise ClusterError(f"The certificates for {configuration.host} cannot be read: {error}.") from error
        client.user_agent = HEADERS["User-Agent"]
        return _Connection(client, tls)


def tls_of(configuration: Configuration) -> TlsContext:
    """Return the TLS context of a login.

    Raises
    ------
    OSError
        A certificate cannot be read.
    """
    return TlsContext(
        ca=configuration.ssl_ca_cert,
        certificate=configuration.cert_file,
        key=configuration.key_file,
        verify=configuration.verify_ssl,
        server_name=configuration.tls_server_name,
    )


async def refuse_redirect(
    request: aiohttp.ClientRequest, send: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """Follow no redirection: a token must not leave for another server."""
    response = await send(request)
    if response.status in _REDIRECTS:
        response.release()
        raise ClusterError(f"{request.method} {request.url.path}: {response.status} redirects.", status=response.status)
    return response


def unreachable(error: BaseException) -> str:
    """Return the sentence for a request that got no answer."""
    why = distrust(error)
    return f"the API server cannot be reached ({type(error).__name__}).{f' {why}' if why else ''}"


def _content_type(method: str) -> str:
    return "application/merge-patch+json" if method == "PATCH" else "application/json"


def _resource_of(path: str) -> str:
    """Return the resource of a path, and its subresource where there is one."""
    parts = path.partition("/namespaces/")[2].split("/")[1:]
    # Without more the path is that of the Namespace.
    return "/".join((parts[0], *parts[2:])) if parts else "namespaces"


def _decoded(what: str, status: int, data: bytes) -> dict[str, Any]:
    # pydantic's reader shares equal short strings, such as phases and names of nodes.
    try:
        value = from_json(data)
    except ValueError:
        value = None
    if 200 <= status < 300 and isinstance(value, dict):
        return value
    words = str(value.get("message", ""))[:300] if isinstance(value, dict) else "the answer is not a JSON object"
    message = f"{what}: {status} {words}"
    if _DEFINITION_GOES in words:
        # This refuses no object: the resource goes, and a moment later the answer is 404.
        status = 404
    kind = {404: NotFound, 409: Conflict}.get(status, ClusterError)
    raise kind(message, status=status)
