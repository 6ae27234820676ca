"""All clients of a process share the authorities they trust, and refuse a server that none of these vouches for."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from devstack.cluster.configuration.certificates import Authority
from runops.supabase.http_client import ClockSkew, new_client
from runops_worker.gemini.client import open_client
from tests.network_path import TlsFront, serving_pair


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
