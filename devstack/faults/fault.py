"""Ways for a stand-in to fail on command.

A stand-in installs a `FaultBox` into its aiohttp application. A test then tells it over HTTP, with a
`FaultControl`, which of the next requests should go wrong and how. Because the faults act on the wire, the
client under test meets exactly what a broken network or server would give it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal
from urllib.parse import unquote

import httpx
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ConfigDict, TypeAdapter

from devstack.faults.wire import TamperedAnswer, reset_connection

CONTROL_PREFIX = "/_devstack/"
LOG_LIMIT = 50_000
"""How many requests the log keeps; older ones fall out."""

FaultKind = Literal["status", "hang", "drop_before", "drop_after", "reset", "truncate", "drip"]
_SECRET_IN_QUERY = re.compile(r"(?i)\b(token|apikey|key|access_token|signature)=[^&]*")
_HANG_STEP = 0.05
_WITHOUT_ANSWER: frozenset[str | None] = frozenset({"hang", "drop_before", "drop_after", "reset"})


class Fault(BaseModel):
    """One thing that goes wrong, and for which requests.

    Attributes
    ----------
    method : str
        HTTP method to match, or ``*`` for any.
    path : str
        Regular expression searched in path and query, both as sent and percent-decoded.
    skip : int
        How many matching requests to let through first.
    times : int or None
        How many requests to spoil after that; None means until cleared.
    kind : str
        ``status`` answers this instead of handling. ``hang`` waits `seconds`, then closes. ``drop_before``
        closes without handling. ``drop_after`` handles fully, then closes without an answer. ``reset`` sends
        a TCP RST without handling. ``truncate`` sends the headers and half of the body, then closes.
        ``drip`` sends the headers, then one byte of the body per `seconds`.
    status, headers, body
        The answer of ``status``.
    seconds : float
        Of ``hang`` and ``drip``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "*"
    path: str = ""
    skip: int = 0
    times: int | None = 1
    kind: FaultKind
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    seconds: float = 1.0

    def matches(self, method: str, path_and_query: str) -> bool:
        """Tell whether the fault is meant for this request, not counting `skip` and `times`."""
        if self.method != "*" and self.method.upper() != method.upper():
            return False
        return any(re.search(self.path, text) for text in (path_and_query, unquote(path_and_query)))


class RequestRecord(BaseModel):
    """One request a stand-in received.

    Attributes
    ----------
    method, path
        As sent; secrets in the query are replaced by ``REDACTED``.
    status : int
        Of the answer; 0 when no answer was sent (yet).
    bytes : int
        Length of the answer's body; for one of unknown length, what went out on the wire.
    received : int
        Length of the request's body as far as it was read.
    at : float
        When the request's head was read, Unix time in seconds.
    peer : str
        Address of whoever sent it: a pod's own, since nothing translates addresses between pods and stand-ins.
    fault : str or None
        Kind of the fault that spoiled it.
    members : list of str or None
        Of a JSON object that was stored or given by it, and that a stand-in looks into: the names of the members that
        are not empty.
    """

    method: str
    path: str
    status: int = 0
    bytes: int = 0
    received: int = 0
    at: float
    peer: str = ""
    fault: FaultKind | None = None
    members: list[str] | None = None


@dataclass
class _Armed:
    fault: Fault
    skip: int
    times: int | None


@dataclass
class FaultBox:
    """The faults armed in one stand-in, and the log of its requests."""

    armed: list[_Armed] = field(default_factory=list)
    log: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=LOG_LIMIT))
    clock_skew: float = 0.0
    """Seconds added to the `Date` header of every answer."""

    def arm(self, faults: list[Fault]) -> None:
        """Replace all armed faults."""
        self.armed = [_Armed(fault=fault, skip=fault.skip, times=fault.times) for fault in faults]

    def pending(self) -> list[Fault]:
        """Return the faults still armed, with what is left of `skip` and `times`."""
        return [one.fault.model_copy(update={"skip": one.skip, "times": one.times}) for one in self.armed]

    def take(self, method: str, path_and_query: str) -> Fault | None:
        """Return the fault that spoils this request, if any, and count it."""
        for one in self.armed:
            if not one.fault.matches(method, path_and_query):
                continue
            if one.skip > 0:
                one.skip -= 1
                continue
            if one.times is not None:
                one.times -= 1
                if one.times <= 0:
                    self.armed.remove(one)
            return one.fault
        return None

    def install(self, app: web.Application) -> None:
        """Add the middleware and the control routes below ``/_devstack/`` to an application."""
        app.middlewares.insert(0, self._middleware())
        app.on_response_prepare.append(self._before_headers)
        app.router.add_routes(
            [
                web.put(f"{CONTROL_PREFIX}faults", self._put_faults),
                web.get(f"{CONTROL_PREFIX}faults", self._get_faults),
                web.delete(f"{CONTROL_PREFIX}faults", self._delete_faults),
                web.get(f"{CONTROL_PREFIX}requests", self._get_requests),
                web.delete(f"{CONTROL_PREFIX}requests", self._delete_requests),
                web.put(f"{CONTROL_PREFIX}clock", self._put_clock),
            ]
        )

    async def _before_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        record = request.get(_RECORD)
        if record is not None and record.fault not in _WITHOUT_ANSWER:
            record.status = response.status
        if self.clock_skew:
            response.headers["Date"] = formatdate(time.time() + self.clock_skew, usegmt=True)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(CONTROL_PREFIX):
                return await handler(request)
            record = RequestRecord(
                method=request.method, path=redact(request.path_qs), at=time.time(), peer=request.remote or ""
            )
            request[_RECORD] = record
            self.log.append(record)
            fault = self.take(request.method, request.path_qs)
            try:
                if fault is None:
                    response = await handler(request)
                else:
                    record.fault = fault.kind
                    response = await _apply(fault, request, handler)
                record.bytes = _body_length(response)
            finally:
                record.received = request.content.total_bytes
            return response

        return spoil

    async def _put_faults(self, request: web.Request) -> web.Response:
        self.arm(_FAULTS.validate_json(await request.read()))
        return web.Response(status=204)

    async def _get_faults(self, _request: web.Request) -> web.Response:
        return web.Response(body=_FAULTS.dump_json(self.pending()), content_type="application/json")

    async def _delete_faults(self, _request: web.Request) -> web.Response:
        self.arm([])
        self.clock_skew = 0.0
        return web.Response(status=204)

    async def _get_requests(self, _request: web.Request) -> web.Response:
        return web.Response(body=_RECORDS.dump_json(list(self.log)), content_type="application/json")

    async def _delete_requests(self, _request: web.Request) -> web.Response:
        self.log.clear()
        return web.Response(status=204)

    async def _put_clock(self, request: web.Request) -> web.Response:
        self.clock_skew = float((await request.json())["skew_seconds"])
        return web.Response(status=204)


class FaultControl:
    """A test's hand on the faults of one stand-in (synchronous).

    Parameters
    ----------
    base_url : str
        Where the stand-in listens, for instance ``http://127.0.0.1:54321``.

    Raises
    ------
    httpx.HTTPError
        By every method, when the stand-in does not answer or refuses.
    """

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(
            base_url=base_url, timeout=10, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def set(self, *faults: Fault) -> None:
        """Arm exactly these faults; earlier ones are gone."""
        self._call("PUT", "faults", content=_FAULTS.dump_json(list(faults)))

    def pending(self) -> list[Fault]:
        """Return what is still armed, with what is left of `skip` and `times`."""
        return _FAULTS.validate_json(self._call("GET", "faults").content)

    def clear(self) -> None:
        """Disarm all faults and set the clock right."""
        self._call("DELETE", "faults")

    def skew_clock(self, seconds: float) -> None:
        """Move the `Date` header of every answer by so many seconds, until `clear`."""
        self._call("PUT", "clock", json={"skew_seconds": seconds})

    def requests(self) -> list[RequestRecord]:
        """Return the log of requests, oldest first."""
        return _RECORDS.validate_json(self._call("GET", "requests").content)

    def forget(self) -> None:
        """Empty the log of requests."""
        self._call("DELETE", "requests")

    def close(self) -> None:
        """Close the connections of this control."""
        self._client.close()

    def _call(
        self, method: str, route: str, *, content: bytes | None = None, json: dict[str, float] | None = None
    ) -> httpx.Response:
        response = self._client.request(method, f"{CONTROL_PREFIX}{route}", content=content, json=json)
        response.raise_for_status()
        return response


def note_members(request: web.Request, value: dict[str, object]) -> None:
    """Note of a request which members of a JSON object are not empty."""
    record = request.get(_RECORD)
    if record is not None:
        record.members = sorted(name for name, member in value.items() if member)


def redact(path_and_query: str) -> str:
    """Return path and query with the values of secret parameters replaced."""
    return _SECRET_IN_QUERY.sub(r"\1=REDACTED", path_and_query)


async def _apply(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    if fault.kind == "status":
        return web.Response(status=fault.status, headers=fault.headers, body=fault.body.encode())
    if fault.kind == "drop_after":
        with TamperedAnswer(request.transport, "swallow"):
            return await _answer(request, handler)
    if fault.kind == "truncate":
        with TamperedAnswer(request.transport, "halve"):
            return await _answer(request, handler)
    if fault.kind == "drip":
        with TamperedAnswer(request.transport, "hold") as answer:
            response = await _answer(request, handler)
        await answer.drip(seconds_per_byte=fault.seconds)
        return response
    if fault.kind == "hang":
        await _wait_while_connected(request, fault.seconds)
    if fault.kind == "reset":
        reset_connection(request.transport)
    elif request.transport is not None:
        request.transport.close()
    # Reaches nobody, the connection is closed; aiohttp only wants an answer to finish the request with.
    return web.Response(status=499)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status, body=error.body, headers=error.headers)
    await response.prepare(request)
    await response.write_eof()
    return response


async def _wait_while_connected(request: web.Request, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(_HANG_STEP, left))


def _body_length(response: web.StreamResponse) -> int:
    if response.content_length is not None:
        return response.content_length
    return response.body_length if response.prepared else 0


_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])
_RECORDS: TypeAdapter[list[RequestRecord]] = TypeAdapter(list[RequestRecord])
_RECORD = web.RequestKey("devstack.record", RequestRecord)
