"""The page of the queue, asked without a browser, over real PostgreSQL and PostgREST."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops_ui.cluster.access import ClusterAccess
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.pictures.taker import PictureTaker
from runops_ui.server import make_app
from runops_ui.settings import UiSettings

Visit = Callable[..., Awaitable["Visitor"]]
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_ORDER = re.compile(r'name="order" value="([^"]+)"')


class Visitor:
    """A browser without scripts: it keeps cookies, and sends forms as a page of the site does."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.origin = f"http://{client.host}:{client.port}"

    async def get(self, path: str, **headers: str) -> tuple[ClientResponse, str]:
        async with self.client.get(path, headers=headers, allow_redirects=False) as response:
            return response, await response.text()

    async def post(self, path: str, origin: str | None = "own", **form: str) -> tuple[ClientResponse, str]:
        sent = {"own": self.origin}.get(origin or "", origin)
        headers = {} if sent is None else {"Origin": sent}
        async with self.client.post(path, data=form, headers=headers, allow_redirects=False) as response:
            return response, await response.text()

    async def preview(self, path: str) -> tuple[str, dict[str, str]]:
        """Return a preview's text and the fields of its form."""
        response, text = await self.get(path)
        assert response.status == 200, text
        order, token = _ORDER.search(text), _TOKEN.search(text)
        assert token is not None or order is None
        return text, {} if order is None or token is None else {"order": order[1], "form_token": token[1]}


@pytest.fixture
async def visit(stack: StackInfo) -> AsyncIterator[Visit]:
    """Open the page: `await visit(cluster, allow_actions=True)`."""
    async with AsyncExitStack() as open_:

        async def visiting(
            cluster: ClusterAccess | None = None,
            *,
            clock: Any = None,
            taker: PictureTaker | None = None,
            **settings: Any,
        ) -> Visitor:
            supabase = await open_.enter_async_context(Supabase(stack.url, stack.secret_key))
            more = {} if clock is None else {"clock": clock}
            app = make_app(UiSettings(**settings), supabase, ClusterReader(cluster), taker=taker, **more)
            return Visitor(await open_.enter_async_context(TestClient(TestServer(app))))

        yield visiting
