"""Starts the stand-in: ``python -m devstack.gemini --host H --port P --api-key KEY --announce FILE``."""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from aiohttp import web

# The stand-in checks no formats. jsonschema would build grammars for IRIs when it is imported: 1.5 s of CPU.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # its import fails, as where it is not installed
from devstack.gemini.server import application  # noqa: E402

_SHUTDOWN_SECONDS = 2.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.gemini", description="A stand-in for the Gemini API.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--api-key", required=True, help="the only key that is accepted")
    parser.add_argument("--announce", type=Path, required=True, help="where port and pid are written once it listens")
    parser.add_argument("--state-dir", type=Path, help="keeps files over a restart; a temporary one otherwise")
    return parser.parse_args()


def _announce(path: Path, *, port: int) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps({"port": port, "pid": os.getpid()}))
    draft.replace(path)


async def _serve(arguments: argparse.Namespace, *, state_dir: Path) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    app = application(api_key=arguments.api_key, state_dir=state_dir)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, arguments.host, arguments.port).start()
        _announce(arguments.announce, port=runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    if arguments.state_dir is not None:
        arguments.state_dir.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(arguments, state_dir=arguments.state_dir))
        return
    with tempfile.TemporaryDirectory(prefix="gemini-stand-in-") as state_dir:
        asyncio.run(_serve(arguments, state_dir=Path(state_dir)))


if __name__ == "__main__":
    main()
