"""All clients of a process share the authorities they trust, and refuse a server that none of these vouches for."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from devstack.cluster.configuration.certificates import Authority
from devstack.stack import StackInfo
from runops.authorities import CA_BUNDLE, BundleUnusable, distrust, trust_bundle, trusted
from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops.supabase.http_client import ClockSkew, new_client
from runops.supabase.realtime import QueueFeed
from runops_worker.gemini.client import _trusted, open_client
from tests.network_path import TlsFront, behind_private_authority, serving_pair


def _supabase() -> tuple[Callable[[str], Awaitable[Any]], type[Exception]]:
    return new_client("https://127.0.0.1", ClockSkew(), timeout_seconds=60).get, httpx.ConnectError


def _gemini() -> tuple[Callable[[str], Awaitable[Any]], type[Exception]]:
    return open_client("key", base_url=None)[1].get, httpx2.ConnectError


_CLIENTS = pytest.mark.parametrize("opened", [_supabase, _gemini])


@_CLIENTS
async def test_server_of_an_unknown_authority_is_refused(
    opened: Callable[[], tuple[Callable[[str], Awaitable[Any]], type[Exception]]], tmp_path: Path
) -> None:
    get, refusal = opened()
    async with TlsFront.running(tmp_path, serving_pair(Authority("unknown")), upstream="127.0.0.1", port=1) as front:
        with pytest.raises(refusal, match="CERTIFICATE_VERIFY_FAILED"):
            await get(f"https://127.0.0.1:{front.port}/")


@_CLIENTS
def test_authorities_are_read_once_for_all_clients(
    opened: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    readings: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *read, **_: readings.append(read))
    opened()

    assert readings == []


@pytest.fixture
def fresh_contexts() -> Iterator[None]:
    """Forget the contexts that other tests made, and those of this test."""
    for contexts in (trusted, _trusted):
        contexts.cache_clear()
    yield
    for contexts in (trusted, _trusted):
        contexts.cache_clear()


@pytest.mark.usefixtures("fresh_contexts")
@_CLIENTS
async def test_a_bundle_is_trusted_beside_the_others(
    opened: Callable[[], tuple[Callable[[str], Awaitable[Any]], type[Exception]]],
    stack: StackInfo,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    async with behind_private_authority(tmp_path, stack.gemini_url) as (bundle, (address,)):
        monkeypatch.setenv(CA_BUNDLE, str(bundle))
        get, _ = opened()
        assert (await get(f"{address}/health")).status_code < 500


@pytest.mark.usefixtures("fresh_contexts", "told")
async def test_realtime_trusts_the_bundle_and_says_so_without_it(
    stack: StackInfo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with behind_private_authority(tmp_path, stack.url) as (bundle, (address,)):
        async with _fed(address, stack.secret_key):
            async with asyncio.timeout(60):
                while "Its certificate is not trusted" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0.05)
        monkeypatch.setenv(CA_BUNDLE, str(bundle))
        trusted.cache_clear()
        async with _fed(address, stack.secret_key) as feed, asyncio.timeout(60):
            while not feed.live:  # noqa: ASYNC110 - the feed tells by a call when a row comes, which none does here
                await asyncio.sleep(0.05)


@asynccontextmanager
async def _fed(url: str, key: str) -> AsyncIterator[QueueFeed]:
    feed = QueueFeed(url, key, on_row=lambda: None)
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_bundle_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for file, why in ((tmp_path / "none.pem", "cannot be read"), (empty, "holds no certificate in PEM form")):
        with pytest.raises(BundleUnusable, match=f"RUNOPS_CA_BUNDLE names {file}, which {why}.*caBundle"):
            trust_bundle(ssl.create_default_context(), {CA_BUNDLE: str(file)})


def test_another_bundle_is_another_environment(tmp_path: Path) -> None:
    file = tmp_path / "company.pem"
    keys = {
        "SUPABASE_URL": "https://supabase.example.com",
        "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrstuvwxyz",
        CA_BUNDLE: str(file),
    }

    def read() -> Environment:
        return read_environment(keys, needs_gemini=False)

    with pytest.raises(EnvironmentIncomplete, match="caBundle"):
        read()
    file.write_bytes(Authority("of a company").certificate)
    first = read()
    assert read() == first
    file.write_bytes(Authority("of a company, later").certificate)
    assert read() != first, "the operator starts again with it"


def test_an_error_with_another_cause_is_not_taken_for_distrust() -> None:
    assert distrust(OSError("refused")) is None
    failure = RuntimeError("outer")
    failure.__cause__ = failure
    assert distrust(failure) is None
