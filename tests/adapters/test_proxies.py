"""Every client goes through the proxy that the environment names, by one reading of NO_PROXY."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import httpx2
import psycopg
import pytest
from google.genai import errors

from devstack.faults import FaultControl
from devstack.stack import StackInfo
from runops.environment import Environment
from runops.job_row import Claim
from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.realtime import QueueFeed
from runops.supabase.realtime_connection import OneConnection, Patience
from runops_cli.checks.models import check_models
from runops_worker.gemini.client import open_client
from runops_worker.gemini.known_models import check_model
from tests.network_path import ConnectProxy, SocksProxy

_KEY = "sb_secret_" + "x" * 32
_OF_A_CLUSTER = "localhost,10.0.0.0/8,fd00::/8,.svc,*.cluster.local"
_PATIENCE = Patience(join=20, subscribe=20.0)


async def _tables(url: str) -> None:
    async with _project(url) as supabase:
        await supabase.jobs.queued(limit=1)


async def _users(url: str) -> None:
    async with _project(url) as supabase:
        await supabase.users.exists(uuid4())


async def _storage(url: str) -> None:
    async with _project(url) as supabase:
        await supabase.storage.stat("videos", "raw/x.mp4")


async def _realtime(url: str) -> None:
    await OneConnection(
        f"{url}/realtime/v1", _KEY, on_row=lambda: None, on_subscribed=lambda: None, patience=_PATIENCE
    ).use()


async def _gemini(url: str) -> None:
    client, transport = open_client("key", base_url=url)
    async with transport:
        await client.aio.models.get(model="gemini-3.8-flash")


async def _known_model(url: str) -> None:
    await check_model("gemini-3.8-flash", key="key", base_url=url)


async def _checked_model(url: str) -> None:
    await check_models(Environment("http://x", _KEY, "key", url), ["gemini-3.8-flash"])


def _project(url: str) -> Supabase:
    return Supabase(url, _KEY, timeout_seconds=60, retries=RetryPolicy(attempts=1))


_CLIENTS = pytest.mark.parametrize(
    "call", [_tables, _users, _storage, _realtime, _gemini, _known_model, _checked_model]
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        for spelled in (name, name.upper()):
            monkeypatch.delenv(spelled, raising=False)
    monkeypatch.setattr("runops_worker.gemini.known_models._KNOWN", set())
    return monkeypatch


async def _asked(call: Callable[[str], Awaitable[None]], url: str, environment: pytest.MonkeyPatch) -> list[str]:
    async with ConnectProxy.running() as proxy:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        environment.setenv("NO_PROXY", _OF_A_CLUSTER)
        with contextlib.suppress(SupabaseError, errors.APIError, httpx2.TransportError):
            await call(url)
        return proxy.asked


@_CLIENTS
async def test_a_client_asks_the_proxy_also_where_no_proxy_has_ranges(
    call: Callable[[str], Awaitable[None]], environment: pytest.MonkeyPatch
) -> None:
    first = (await _asked(call, "http://abc.example", environment))[0]
    assert first == "abc.example:80" if call is _realtime else first.startswith("http://abc.example/")


@_CLIENTS
async def test_a_client_reaches_this_machine_directly(
    call: Callable[[str], Awaitable[None]], environment: pytest.MonkeyPatch
) -> None:
    assert await _asked(call, "http://127.0.0.1:9", environment) == []


async def test_a_transport_that_a_test_gives_is_used_whatever_proxy_is_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=[]))
    async with Supabase("http://abc.example", _KEY, transport=transport) as supabase:
        assert await supabase.jobs.queued(limit=1) == []


async def test_a_model_is_asked_for_where_no_proxy_has_ranges(
    stack: StackInfo, environment: pytest.MonkeyPatch, gemini_faults: FaultControl
) -> None:
    """A proxy that cannot be read would only be a warning there: it is not known whether the model exists."""
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    environment.setenv("NO_PROXY", _OF_A_CLUSTER)
    await check_model("gemini-3.8-flash", key=stack.gemini_api_key, base_url=stack.gemini_url)
    assert [request.path for request in gemini_faults.requests()] == ["/v1beta/models/gemini-3.8-flash"]


async def test_supabase_works_through_a_socks_proxy(
    stack: StackInfo, environment: pytest.MonkeyPatch, queue: Callable[..., UUID]
) -> None:
    job_id = queue()
    async with SocksProxy.running(_address(stack.url)) as proxy:
        environment.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
        async with Supabase("http://abc.example", stack.secret_key, timeout_seconds=60) as supabase:
            (row,) = await supabase.jobs.queued(limit=1)
            assert await supabase.jobs.claim(row, Claim(claim=str(uuid4()), by="test"), from_status="queued")
            assert await supabase.storage.stat("videos", f"raw/{job_id}.mp4") is None
    assert set(proxy.asked) == {"abc.example:80"}


async def test_gemini_works_through_a_socks_proxy(stack: StackInfo, environment: pytest.MonkeyPatch) -> None:
    async with SocksProxy.running(_address(stack.gemini_url)) as proxy:
        environment.setenv("all_proxy", f"socks5://127.0.0.1:{proxy.port}")
        client, transport = open_client(stack.gemini_api_key, base_url="http://gemini.example")
        async with transport:
            assert (await client.aio.models.get(model="gemini-3.8-flash")).name == "models/gemini-3.8-flash"
    assert proxy.asked == ["gemini.example:80"]


async def test_realtime_works_through_an_http_proxy(
    stack: StackInfo,
    told: psycopg.Connection,  # noqa: ARG001 - publishes the table
    environment: pytest.MonkeyPatch,
    queue: Callable[..., UUID],
) -> None:
    heard = asyncio.Event()
    async with ConnectProxy.running(_address(stack.url)) as proxy:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        feed = QueueFeed("http://abc.example", stack.secret_key, on_row=heard.set, patience=_PATIENCE)
        running = asyncio.create_task(feed.run())
        try:
            async with asyncio.timeout(60):
                await heard.wait()
                heard.clear()
                queue()
                await heard.wait()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert proxy.asked == ["abc.example:80"]


async def test_realtime_says_that_it_does_not_go_through_socks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    connection = OneConnection(
        "http://abc.example/realtime/v1", _KEY, on_row=lambda: None, on_subscribed=lambda: None, patience=_PATIENCE
    )
    assert await connection.use() == "a SOCKS proxy leads to it, and Realtime goes through HTTP proxies only"


def _address(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    assert split.hostname is not None
    assert split.port is not None
    return split.hostname, split.port
