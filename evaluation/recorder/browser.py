"""Chromium on a virtual screen, asked where its elements are and how they are named; never told to do anything."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from evaluation.recorder.display import HEIGHT, WIDTH, Display, until

__all__ = ["Browser", "Element", "NotOnPageError"]

_PATIENCE: Final = 60.0
_LOADED: Final = "document.readyState === 'complete' && location.protocol.startsWith('http')"
_EYES: Final = Path(__file__).with_name("eyes.js").read_text("utf-8")


class NotOnPageError(Exception):
    """The page does not have what the script needs: the script or the page is wrong."""


@dataclass(frozen=True)
class Element:
    """Where an element is on the screen, and how a person would call it.

    Attributes
    ----------
    x, y
        A point on it, in pixels of the screen.
    name
        The text by which it is known.
    aliases
        Other texts: its placeholder, its value.
    left, right
        Where its text begins and ends.
    """

    x: float
    y: float
    left: float
    right: float
    name: str | None
    aliases: tuple[str, ...]


class Browser:
    """Chromium in its own window, as an async context manager.

    Parameters
    ----------
    display
        The screen.
    folder
        An empty folder for its profile.
    address
        What it shows first.
    hosts
        Names of hosts, and where on this machine they are served: `shop.example` -> `127.0.0.1:4000`.
    framed
        Whether its tabs and its address bar are seen.
    language
        Of its own texts and of the pages that ask for it.
    """

    def __init__(
        self, display: Display, folder: Path, *, address: str, hosts: Mapping[str, str], framed: bool, language: str
    ) -> None:
        self._display = display
        self._folder = folder
        self._address = address
        self._hosts = hosts
        self._framed = framed
        self._language = language
        self._calls = 0

    async def __aenter__(self) -> Self:
        rules = ",".join(f"MAP {host} {place}" for host, place in self._hosts.items())
        self._process = await self._display.start(
            *(
                "chromium",
                "--no-sandbox",
                "--test-type",
                "--disable-gpu",
                "--no-first-run",
                "--no-default-browser-check",
            ),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--disable-features=Translate,PasswordLeakDetection,AutofillServerCommunication", "--disable-infobars"),
            *(f"--user-data-dir={self._folder}", "--password-store=basic", f"--lang={self._language}"),
            *("--remote-debugging-port=0", f"--window-size={WIDTH},{HEIGHT}", "--window-position=0,0"),
            *(("--start-maximized",) if self._framed else ("--kiosk",)),
            *((f"--host-resolver-rules={rules}",) if rules else ()),
            self._address,
        )
        port_file = self._folder / "DevToolsActivePort"
        await until(lambda: port_file.exists() and "\n" in port_file.read_text(), "Chromium")
        self._session = aiohttp.ClientSession()
        try:
            port = port_file.read_text().splitlines()[0]
            async with self._session.get(f"http://127.0.0.1:{port}/json") as reply:
                pages = [target for target in await reply.json() if target["type"] == "page"]
            self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"])
            await self._loaded()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        if self._process.returncode is None:
            self._process.terminate()
            await asyncio.wait_for(self._process.wait(), _PATIENCE)

    async def find(self, where: str, *, scroll: bool = False) -> Element:
        """Return an element.

        Parameters
        ----------
        where
            A CSS selector, or `text=` and all visible words on the element.
        scroll
            Whether it may be outside of what can be seen; then the place means nothing.

        Raises
        ------
        NotOnPageError
            There is none, or it cannot be seen.
        """
        found = await self._ask(f"find({json.dumps(where)}, {json.dumps(scroll)})")
        if "fault" in found:
            raise NotOnPageError(f"{where}: {found['fault']}")
        return Element(
            **{side: float(found[side]) for side in ("x", "y", "left", "right")},
            name=found["name"] or None,
            aliases=tuple(found["aliases"]),
        )

    async def value(self) -> str:
        """Return what is in the field that has the focus."""
        return str(await self._ask("focused()"))

    async def title(self) -> str:
        """Return the title of the page."""
        return str(await self._ask("document.title"))

    async def lines(self) -> list[str]:
        """Return the texts that can be seen, line by line."""
        return [str(line) for line in await self._ask("lines()") or ()]

    async def scrolled(self) -> float:
        """Return how far the page is scrolled, in pixels."""
        return float(await self._ask("window.scrollY"))

    async def wait_for(self, text: str) -> None:
        """Wait until a text can be seen.

        Raises
        ------
        NotOnPageError
            It cannot be seen in time.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await self._ask(f"shows({json.dumps(text)})"):  # noqa: ASYNC110 - it is in another process
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise NotOnPageError(f"{text!r} cannot be seen after {_PATIENCE:.0f} s") from error

    async def _loaded(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not await self._ask(_LOADED):  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.1)

    async def _ask(self, expression: str) -> Any:
        self._calls += 1
        script = f"(() => {{ {_EYES}\nreturn {expression}; }})()"
        await self._socket.send_json(
            {"id": self._calls, "method": "Runtime.evaluate", "params": {"expression": script, "returnByValue": True}}
        )
        async with asyncio.timeout(_PATIENCE):
            try:
                while (answer := await self._socket.receive_json()).get("id") != self._calls:
                    pass
            except (aiohttp.WSMessageTypeError, aiohttp.ClientError) as error:
                raise NotOnPageError("Chromium has ended") from error
        # While a page gives way to another there is nothing to ask; the caller asks again.
        if "result" not in answer:
            return False
        if "exceptionDetails" in answer["result"]:
            raise NotOnPageError(f"{expression[:120]}: {answer['result']['exceptionDetails'].get('text')}")
        return answer["result"]["result"].get("value")
