"""Where everything passes that a worker's process says to the outside: seen, counted, stopped where a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
from aiohttp import web

from devstack.stack import StackInfo

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date"})


@dataclass
class Seen:
    """One request.

    Attributes
    ----------
    number
        From 1, over both sides.
    offset
        Where in a resumable upload the body begins.
    status
        Of the answer; 0 where it was stopped before there was one.
    location
        Of an upload that was begun; empty otherwise.
    """

    number: int
    side: Literal["supabase", "gemini"]
    method: str
    path: str
    body: bytes = field(repr=False)
    offset: int | None = None
    status: int = 0
    location: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it can change a table or an object, or begins to."""
        return self.side == "supabase" and self.method not in {"GET", "HEAD"}

    @property
    def is_paid(self) -> bool:
        """Whether it is a call of the model that was answered."""
        return "GenerateContent" in self.path and self.status == 200

    @property
    def is_look_at_the_claim(self) -> bool:
        """Whether it reads the job's row."""
        return self.method == "GET" and self.path.startswith("/rest/v1/jobs?") and "job_id=eq." in self.path


class Stopped(Exception):  # noqa: N818 - says what a hook wants, and reads as it where it is raised
    """The request goes no further; the connection is closed."""


async def _nothing(_seen: Seen) -> None:
    pass


Hook = Callable[[Seen], Awaitable[None]]


@dataclass
class Gate:
    """Stands before the stack.

    Attributes
    ----------
    before, after
        Called for each request before it is passed on, and when it is answered but the answer not yet passed on.
    log
        All requests, oldest first.
    under_way
        How many are not answered yet.
    """

    supabase_url: str = ""
    gemini_url: str = ""
    before: Hook = _nothing
    after: Hook = _nothing
    log: list[Seen] = field(default_factory=list)
    under_way: int = 0

    def environment(self, stack: StackInfo) -> dict[str, str]:
        """Return the addresses and keys for a process behind the gate."""
        return stack.environment() | {
            "SUPABASE_URL": self.supabase_url,
            "GOOGLE_GEMINI_BASE_URL": self.gemini_url,
        }

    async def quiet(self) -> None:
        """Wait until nothing is under way any more: what a killed process had sent may still arrive."""
        async with asyncio.timeout(120):
            while self.under_way:  # noqa: ASYNC110 - it is counted by many tasks
                await asyncio.sleep(0.01)

    async def pass_on(
        self, request: web.Request, side: Literal["supabase", "gemini"], session: aiohttp.ClientSession, target: str
    ) -> web.Response:
        """Answer one request by its target's answer."""
        offset = request.headers.get("Upload-Offset")
        seen = Seen(
            len(self.log) + 1,
            side,
            request.method,
            request.path_qs,
            await request.read(),
            None if offset is None else int(offset),
        )
        self.log.append(seen)
        self.under_way += 1
        try:
            await self.before(seen)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
            async with session.request(
                request.method, f"{target}{request.raw_path}", headers=headers, data=seen.body, allow_redirects=False
            ) as answer:
                body = await answer.read()
                seen.status, seen.location = answer.status, answer.headers.get("Location", "")
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            await self.after(seen)
        except Stopped:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=499)
        finally:
            self.under_way -= 1
        return web.Response(status=seen.status, headers=kept, body=None if request.method == "HEAD" else body)


@asynccontextmanager
async def gate_before(stack: StackInfo) -> AsyncIterator[Gate]:
    """Give a gate with an address for each side of the stack."""
    gate = Gate()
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=60), skip_auto_headers=("Content-Type", "User-Agent", "Accept")
    ) as session:
        runners: list[web.AppRunner] = []

        async def served(side: Literal["supabase", "gemini"], target: str) -> str:
            async def handle(request: web.Request) -> web.Response:
                return await gate.pass_on(request, side, session, target)

            app = web.Application(client_max_size=2**30)
            app.router.add_route("*", "/{any:.*}", handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        try:
            gate.supabase_url = await served("supabase", stack.url)
            gate.gemini_url = await served("gemini", stack.gemini_url)
            yield gate
        finally:
            for runner in runners:
                await runner.cleanup()
