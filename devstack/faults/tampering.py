"""Answers a request in the way that a fault asks for."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from devstack.faults.fault import Fault
from devstack.faults.wire import TamperedAnswer, reset_connection

_HANG_STEP = 0.05


async def apply(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with the fault; a connection that it closes gets a response that nobody receives."""
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
