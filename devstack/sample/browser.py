"""A browser on a virtual screen, asked where its elements are and worked with the real mouse and keyboard."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

__all__ = ["HEIGHT", "WIDTH", "Browser"]

WIDTH: Final = 1280
HEIGHT: Final = 720
_PATIENCE: Final = 30.0
_STEPS: Final = 18


class Browser:
    """Chromium under a virtual X server, as an async context manager.

    Parameters
    ----------
    page
        The HTML file it shows.
    folder
        An empty folder for its profile.
    """

    def __init__(self, page: Path, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._processes: list[asyncio.subprocess.Process] = []
        self._pointer = (WIDTH - 80, HEIGHT - 60)
        self._calls = 0
        self.display = f":{os.getpid() % 500 + 100}"

    async def __aenter__(self) -> Self:
        try:
            await self._start("Xvfb", self.display, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp")
            await self._until(lambda: Path(f"/tmp/.X11-unix/X{self.display[1:]}").exists())  # noqa: S108 - X's place
            await self._start(
                *("chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
                *("--disable-component-update", "--disable-sync", f"--user-data-dir={self._folder}", "--kiosk"),
                *("--remote-debugging-port=0", f"--window-size={WIDTH},{HEIGHT}", "--window-position=0,0"),
                *("--disable-features=Translate", self._page.absolute().as_uri()),
            )
            port_file = self._folder / "DevToolsActivePort"
            await self._until(lambda: port_file.exists() and "\n" in port_file.read_text())
            self._session = aiohttp.ClientSession()
            port = port_file.read_text().splitlines()[0]
            async with self._session.get(f"http://127.0.0.1:{port}/json") as reply:
                pages = [target for target in await reply.json() if target["type"] == "page"]
            self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"])
            await self._xdotool("mousemove", *map(str, self._pointer))
            await asyncio.sleep(2)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if hasattr(self, "_session"):
            await self._session.close()
        for process in reversed(self._processes):
            if process.returncode is None:
                process.terminate()
                await asyncio.wait_for(process.wait(), _PATIENCE)

    async def point(self, element: str) -> None:
        """Move the pointer to the middle of an element, at a speed that can be followed."""
        script = (
            f"(() => {{ const r = document.getElementById({json.dumps(element)}).getBoundingClientRect();"
            " return [r.x + Math.min(r.width, 400) / 2, r.y + r.height / 2]; })()"
        )
        x, y = await self._evaluate(script)
        from_x, from_y = self._pointer
        for step in range(1, _STEPS + 1):
            share = step / _STEPS
            place = (from_x + (x - from_x) * share, from_y + (y - from_y) * share)
            await self._xdotool("mousemove", *(str(round(side)) for side in place))
            await asyncio.sleep(0.03)
        self._pointer = (round(x), round(y))

    async def click(self, element: str) -> None:
        """Point at an element and press the left button."""
        await self.point(element)
        await asyncio.sleep(0.3)
        await self._xdotool("click", "1")

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self._xdotool("type", "--delay", "90", text)

    async def press(self, key: str) -> None:
        """Press one key, by its X name."""
        await self._xdotool("key", key)

    async def _evaluate(self, script: str) -> Any:
        self._calls += 1
        await self._socket.send_json(
            {"id": self._calls, "method": "Runtime.evaluate", "params": {"expression": script, "returnByValue": True}}
        )
        async with asyncio.timeout(_PATIENCE):
            while (answer := await self._socket.receive_json()).get("id") != self._calls:
                pass
        return answer["result"]["result"]["value"]

    async def _xdotool(self, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec("xdotool", *arguments, env=self._environment())
        if await asyncio.wait_for(process.wait(), _PATIENCE):
            raise RuntimeError(f"xdotool {arguments[0]} failed on display {self.display}")

    async def _start(self, *command: str) -> None:
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, env=self._environment(), stdout=quiet, stderr=quiet)
        self._processes.append(process)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DISPLAY": self.display}

    async def _until(self, ready: Any) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not ready():  # noqa: ASYNC110 - a file of another process appears, which sets no event
                await asyncio.sleep(0.1)
