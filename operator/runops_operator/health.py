"""Liveness, readiness and metrics over HTTP."""

import socket
from collections.abc import Callable

from aiohttp import web

__all__ = ["serve_health"]


async def serve_health(
    port: int, *, alive: Callable[[], str | None], ready: Callable[[], str | None], metrics: Callable[[], bytes]
) -> web.AppRunner:
    """Serve `/healthz`, `/readyz` and `/metrics` on every address of the pod.

    Parameters
    ----------
    port
        TCP port; 0 takes a free one.
    alive, ready
        Return None when healthy, else one sentence that says what is wrong; it becomes the body of a 503.
    metrics
        Returns all metrics in Prometheus' text format.

    Returns
    -------
    aiohttp.web.AppRunner
        Running; `cleanup()` ends it.
    """

    def answer(check: Callable[[], str | None]) -> Callable[[web.Request], "object"]:
        async def handle(_: web.Request) -> web.Response:
            problem = check()
            return web.Response(status=503 if problem else 200, text=(problem or "ok") + "\n")

        return handle

    async def count(_: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/metrics", count)
    app.router.add_get("/healthz", answer(alive))  # type: ignore[arg-type]
    app.router.add_get("/readyz", answer(ready))  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, _listening(port)).start()
    return runner


def _listening(port: int) -> socket.socket:
    # The kubelet and Prometheus use the pod's address, which is an IPv6 address in an IPv6 cluster.
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
