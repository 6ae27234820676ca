"""The Kubernetes API as the stand-in and its tests call it: plain HTTP with a kubeconfig's certificates."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_JSON = "application/json"
_ANSWER_SECONDS = 10.0
_WATCH_SECONDS = 240
_LONGEST_PAUSE = 3.0
_PAGE = 500


class ApiAway(Exception):  # noqa: N818 - says what is the case
    """The API server does not answer, or not now; the same call may work later."""


class ApiRefused(Exception):  # noqa: N818 - says what is the case
    """The API server refused a call.

    Attributes
    ----------
    status
        The HTTP status: 404 for what is gone, 409 for what has changed.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status}: {message}")


class Api:
    """A client with the rights of a kubeconfig whose user has a certificate.

    Parameters
    ----------
    kubeconfig
        The file.

    Raises
    ------
    ValueError
        It does not carry the certificates in itself.
    """

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text("utf-8"))
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        if "certificate-authority-data" not in cluster or "client-certificate-data" not in user:
            raise ValueError(f"{kubeconfig} must carry the certificates of server and user in itself")
        self._http = httpx.AsyncClient(
            base_url=cluster["server"],
            verify=_context(cluster, user),
            timeout=_ANSWER_SECONDS,
            limits=httpx.Limits(max_connections=60, max_keepalive_connections=30),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, content_type: str = _JSON
    ) -> dict[str, Any]:
        """Make one call and return the answer.

        Raises
        ------
        ApiAway, ApiRefused
            There is no answer, or not the expected one.
        """
        content = None if body is None else json.dumps(body)
        try:
            answer = await self._http.request(method, path, content=content, headers={"Content-Type": content_type})
        except httpx.HTTPError as error:
            raise ApiAway(f"{method} {path}: {type(error).__name__}") from error
        if answer.is_success:
            return dict(answer.json())
        raise _refused(answer.status_code, answer.text)

    async def patiently(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = _JSON,
        seconds: float = 600.0,
    ) -> dict[str, Any]:
        """Make a call, again with growing pauses while the API server is away. See `call`.

        Parameters
        ----------
        method, path, body, content_type
            The call; it must be fit to be made twice.
        seconds
            How long to go on.
        """
        deadline = time.monotonic() + seconds
        pause = 0.1
        while True:
            try:
                return await self.call(method, path, body, content_type=content_type)
            except ApiAway:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads calls, hides nothing
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def items(self, path: str, *, selector: str = "") -> list[dict[str, Any]]:
        """List objects, page by page, and patiently. ApiAway and ApiRefused as for `call`.

        Parameters
        ----------
        path
            Of the collection.
        selector
            Further query parameters, such as `labelSelector=...`, encoded.
        """
        found: list[dict[str, Any]] = []
        following: str | None = ""
        while following is not None:
            more = f"&continue={following}" if following else ""
            page = await self.patiently("GET", f"{path}?limit={_PAGE}&{selector}{more}")
            found += page["items"]
            following = page["metadata"].get("continue") or None
        return found

    async def watch(self, path: str, *, selector: str, version: str) -> AsyncIterator[dict[str, Any]]:
        """Give the events after a resource version until the server ends the watch.

        Raises
        ------
        ApiAway
            It broke off, or the version is too old: list again.
        """
        query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}&{selector}"
        silence = httpx.Timeout(_ANSWER_SECONDS, read=_WATCH_SECONDS + 30.0)
        try:
            async with self._http.stream("GET", query, timeout=silence) as answer:
                if not answer.is_success:
                    raise ApiAway(f"watch {path}: {answer.status_code}")
                async for line in answer.aiter_lines():
                    event: dict[str, Any] = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiAway(f"watch {path}: {event['object'].get('reason')}")
                    yield event
        except (httpx.HTTPError, ValueError) as error:
            raise ApiAway(f"watch {path}: {type(error).__name__}") from error


def _refused(status: int, text: str) -> ApiAway | ApiRefused:
    if status == 429 or status >= 500:
        return ApiAway(f"{status}")
    try:
        message = str(json.loads(text).get("message"))
    except ValueError:
        message = text[:200]
    return ApiRefused(status, message)


def _context(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext:
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    # The ssl module reads a client's certificate from files only; this one is closed to others and gone at once.
    with tempfile.NamedTemporaryFile(suffix=".pem") as pair:
        for part in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[part]) + b"\n")
        pair.flush()
        context.load_cert_chain(pair.name)
    return context
