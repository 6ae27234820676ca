"""Runs the gateway: ``python -m devstack.supabase.gateway --host H --port P --settings FILE --announce FILE``."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
from pathlib import Path

from aiohttp import web

from devstack.processes.private_files import write_private
from devstack.supabase.gateway.app import build_app
from devstack.supabase.gateway.settings import GatewaySettings

_SHUTDOWN_SECONDS = 1.0


def main(argv: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.supabase.gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, or one that is taken: a free one")
    parser.add_argument("--settings", type=Path, required=True, help="JSON file with keys and places")
    parser.add_argument("--announce", type=Path, required=True, help="JSON file to write port and pid to")
    arguments = parser.parse_args(argv)
    settings = GatewaySettings.model_validate_json(arguments.settings.read_bytes())
    asyncio.run(_serve(arguments.host, arguments.port, settings, arguments.announce))


async def _serve(host: str, port: int, settings: GatewaySettings, announce: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(build_app(settings), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    with _listening(host, port) as listener:
        await web.SockSite(runner, listener, backlog=512).start()
        own = {"port": listener.getsockname()[1], "pid": os.getpid()}
        write_private(announce, json.dumps(own))
        await stopped.wait()
        await runner.cleanup()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError:
        if port == 0:
            raise
    return socket.create_server((host, 0), family=family, backlog=512)


if __name__ == "__main__":
    main()
