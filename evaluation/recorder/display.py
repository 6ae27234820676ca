"""A virtual screen with a window manager, and the real mouse and keyboard on it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

__all__ = ["HEIGHT", "WIDTH", "Display", "until"]

WIDTH: Final = 1280
HEIGHT: Final = 720
_PATIENCE: Final = 60.0
_FIRST_NUMBER: Final = 100
_NUMBERS: Final = 400
_TRIED: Final = 20
_STEPS: Final = 14
_KEYS_APART_MS: Final = "70"
_SCROLL_BUTTONS: Final = {True: "5", False: "4"}


async def until(ready: Callable[[], bool], what: str) -> None:
    """Wait for what another process does, which sets no event.

    Raises
    ------
    TimeoutError
        It did not come; the text says what was waited for.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            while not ready():  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise TimeoutError(f"{what} did not come within {_PATIENCE:.0f} s") from error


def _locked_by(display: str) -> int | None:
    try:
        return int(Path(f"/tmp/.X{display[1:]}-lock").read_text("ascii"))  # noqa: S108 - X's place
    except (OSError, ValueError):
        return None


class Display:
    """An X server without a screen, as an async context manager, with the programs that run on it.

    Parameters
    ----------
    folder
        An empty folder: home of the programs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[asyncio.subprocess.Process] = []
        self._pointer = (WIDTH - 80, HEIGHT - 60)
        self.name = ""

    async def __aenter__(self) -> Self:
        try:
            await self._start_server()
            await self.start("openbox")
            await self.xdotool("mousemove", *map(str, self._pointer))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), _PATIENCE)
                except TimeoutError:
                    process.kill()
                    await process.wait()

    async def _start_server(self) -> None:
        # With -displayfd the server would look for a free number itself, but takes no lock: two get the same one.
        first = os.getpid() % _NUMBERS
        for number in range(first, first + _TRIED):
            self.name = f":{_FIRST_NUMBER + number}"
            process = await self.start(
                *("Xvfb", self.name, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset")
            )
            async with asyncio.timeout(_PATIENCE):
                # Another server on this number would let us in, too: the lock says whose it is.
                while process.returncode is None and not (  # noqa: ASYNC110 - another process
                    _locked_by(self.name) == process.pid and await self._lets_in()
                ):
                    await asyncio.sleep(0.1)
            if process.returncode is None:
                return
        raise RuntimeError(f"Xvfb found no free display among {_TRIED}, the last one was {self.name}")

    async def _lets_in(self) -> bool:
        try:
            await self.xdotool("getmouselocation")
        except RuntimeError:
            return False
        return True

    def environment(self) -> dict[str, str]:
        """Return the environment of a program on this screen; it finds no settings of the user."""
        home = str(self._folder)
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH"}}
        return {
            **kept,
            "DISPLAY": self.name,
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_RUNTIME_DIR": home,
            "LANG": "C.UTF-8",
            "GSETTINGS_BACKEND": "memory",
            "NO_AT_BRIDGE": "1",
        }

    async def start(self, *command: str) -> asyncio.subprocess.Process:
        """Start a program on this screen; it ends with the screen."""
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environment(), stdin=quiet, stdout=quiet, stderr=quiet
        )
        self._processes.append(process)
        return process

    async def front_window(self) -> str:
        """Return the title of the window in front; empty where there is none."""
        try:
            return await self.xdotool("getactivewindow", "getwindowname")
        except RuntimeError:
            return ""

    async def move(self, x: float, y: float) -> None:
        """Move the pointer, at a speed that can be followed."""
        from_x, from_y = self._pointer
        for step in range(1, _STEPS + 1):
            share = step / _STEPS
            place = (from_x + (x - from_x) * share, from_y + (y - from_y) * share)
            await self.xdotool("mousemove", *(str(round(side)) for side in place))
            await asyncio.sleep(0.025)
        self._pointer = (round(x), round(y))

    async def click(self, times: int = 1) -> None:
        """Press the left button."""
        await self.xdotool("click", "--repeat", str(times), "--delay", "60", "1")

    async def hold(self) -> None:
        """Press the left button and hold it."""
        await self.xdotool("mousedown", "1")

    async def release(self) -> None:
        """Let the left button go."""
        await self.xdotool("mouseup", "1")

    async def wheel(self, *, down: bool, notches: int) -> None:
        """Turn the wheel."""
        await self.xdotool("click", "--repeat", str(notches), "--delay", "120", _SCROLL_BUTTONS[down])

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.xdotool("type", "--delay", _KEYS_APART_MS, text)

    async def press(self, key: str) -> None:
        """Press a key or several at once, by their X names: `Return`, `ctrl+c`."""
        await self.xdotool("key", key)

    async def xdotool(self, *arguments: str) -> str:
        """Run xdotool and return what it says.

        Raises
        ------
        RuntimeError
            It failed.
        """
        process = await asyncio.create_subprocess_exec(
            *("xdotool", *arguments),
            env=self.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, fault = await asyncio.wait_for(process.communicate(), _PATIENCE)
        if process.returncode:
            said = fault.decode(errors="replace").strip()[:200]
            raise RuntimeError(f"xdotool {arguments[0]} failed on display {self.name}: {said}")
        return told.decode(errors="replace").strip()
