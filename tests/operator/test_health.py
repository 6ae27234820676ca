"""Liveness, readiness and metrics, as the kubelet and Prometheus ask for them."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web

from runops_operator.health import serve_health
from runops_operator.heartbeats import Heartbeats


@pytest.fixture
async def served() -> AsyncIterator[web.AppRunner]:
    runner = await serve_health(0, alive=lambda: None, ready=lambda: "not yet", metrics=lambda: b"runops_leader 1\n")
    yield runner
    await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_pod_is_reached_on_addresses_of_either_family(served: web.AppRunner, host: str) -> None:
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = served.addresses[0][1]
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).text == "not yet\n"
        assert (await client.get("/metrics")).content == b"runops_leader 1\n"


async def test_a_process_that_needs_a_restart_is_told_from_one_that_does_not() -> None:
    now = 0.0
    loops = Heartbeats(lambda: now)
    loops.begin("rows").failed("403 forbidden", next_within=1e6)
    runner = await serve_health(0, alive=loops.needs_a_restart, ready=loops.trouble, metrics=bytes)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
            now = 1e5
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200
            now = 2e6
            assert (await client.get("/healthz")).status_code == 503
    finally:
        await runner.cleanup()


async def test_pod_of_a_node_without_ipv6_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    runner = await serve_health(0, alive=lambda: None, ready=lambda: None, metrics=bytes)
    try:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{runner.addresses[0][1]}/readyz")
    finally:
        await runner.cleanup()
    assert answer.status_code == 200
