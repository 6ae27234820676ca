"""Serves the pages of a recording on this machine: our own ones, or an admin site of Django."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

__all__ = ["OFFICE", "serve"]

OFFICE: Final = "office"
"""The site that is a program: Django's own admin site, whose looks are not ours."""
_PAGES: Final = Path(__file__).with_name("pages")
_PATIENCE: Final = 60.0


@asynccontextmanager
async def serve(site: str, *, folder: Path, language: str) -> AsyncIterator[str]:
    """Serve a site, and yield its place as `127.0.0.1:PORT`.

    Parameters
    ----------
    site
        A folder of `pages`, or `OFFICE`; after a slash what the site is told, such as `office/signed-out`.
    folder
        An empty folder for what the site keeps.
    language
        In which a program shows its texts.
    """
    name, _, told = site.partition("/")
    if name == OFFICE:
        async with _office(told, folder, language) as place:
            yield place
        return
    async with _files(_PAGES / name) as place:
        yield place


@asynccontextmanager
async def _files(folder: Path) -> AsyncIterator[str]:
    application = web.Application()

    async def front(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(folder / "index.html")

    application.router.add_get("/", front)
    application.router.add_static("/", folder)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _office(told: str, folder: Path, language: str) -> AsyncIterator[str]:
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "evaluation.recorder.office", "--folder", str(folder), "--port", str(port)),
        *("--language", language, *(("--signed-out",) if told == "signed-out" else ())),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    reading = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(_PATIENCE):
            while process.returncode is None and not await _listens(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
        if process.returncode is not None:
            raise RuntimeError(f"the office site ended: {(await reading).decode(errors='replace')[-300:]}")
        yield f"127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), _PATIENCE)
        await reading


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
