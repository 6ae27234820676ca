"""Runs the relay: ``python -m devstack.gemini_relay --host H --port P --announce FILE [--upstream URL]``."""

import argparse
import asyncio
import json
import logging
import os
import signal
from pathlib import Path

from aiohttp import web
from yarl import URL

from devstack.gemini_relay.addresses import UPSTREAM, checked_upstream
from devstack.gemini_relay.forwarding import relay_application
from devstack.processes.private_files import write_private

_SHUTDOWN_SECONDS = 1.0


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.gemini_relay", description="A way to the Gemini API.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--announce", type=Path, required=True, help="JSON file to write port and pid to")
    parser.add_argument("--upstream", type=checked_upstream, default=UPSTREAM, help="default: %(default)s")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    # The server's own messages quote requests, whose queries may hold keys.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL + 1)
    asyncio.run(_serve(arguments.host, arguments.port, arguments.upstream, arguments.announce))


async def _serve(host: str, port: int, upstream: URL, announce: Path) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # With cancellation a client that gives up also ends the call upstream, which costs money as long as it runs.
    runner = web.AppRunner(
        relay_application(upstream), access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        write_private(announce, json.dumps({"port": runner.addresses[0][1], "pid": os.getpid()}))
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
