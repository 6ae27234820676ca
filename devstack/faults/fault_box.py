"""The faults and the request log of one stand-in."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from devstack.faults import tampering
from devstack.faults.fault import CONTROL_PREFIX, FAULTS, RECORDS, Fault, RequestRecord, redact

LOG_LIMIT = 50_000
"""Maximum length of the request log; older requests are dropped."""

_WITHOUT_ANSWER: frozenset[str | None] = frozenset({"hang", "drop_before", "drop_after", "reset"})
_RECORD = web.RequestKey("devstack.record", RequestRecord)


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
        """Return the armed faults, with what is left of `skip` and `times`."""
        return [one.fault.model_copy(update={"skip": one.skip, "times": one.times}) for one in self.armed]

    def take(self, method: str, path_and_query: str) -> Fault | None:
        """Return the fault for this request, if any, and count it."""
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
        async def logged_and_faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
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
                    response = await tampering.apply(fault, request, handler)
                record.bytes = _body_length(response)
            finally:
                record.received = request.content.total_bytes
            return response

        return logged_and_faulty

    async def _put_faults(self, request: web.Request) -> web.Response:
        self.arm(FAULTS.validate_json(await request.read()))
        return web.Response(status=204)

    async def _get_faults(self, _request: web.Request) -> web.Response:
        return web.Response(body=FAULTS.dump_json(self.pending()), content_type="application/json")

    async def _delete_faults(self, _request: web.Request) -> web.Response:
        self.arm([])
        self.clock_skew = 0.0
        return web.Response(status=204)

    async def _get_requests(self, _request: web.Request) -> web.Response:
        return web.Response(body=RECORDS.dump_json(list(self.log)), content_type="application/json")

    async def _delete_requests(self, _request: web.Request) -> web.Response:
        self.log.clear()
        return web.Response(status=204)

    async def _put_clock(self, request: web.Request) -> web.Response:
        self.clock_skew = float((await request.json())["skew_seconds"])
        return web.Response(status=204)


def note_members(request: web.Request, value: dict[str, object]) -> None:
    """Note of a request which members of a JSON object are not empty."""
    record = request.get(_RECORD)
    if record is not None:
        record.members = sorted(name for name, member in value.items() if member)


def _body_length(response: web.StreamResponse) -> int:
    if response.content_length is not None:
        return response.content_length
    return response.body_length if response.prepared else 0
