"""What a script is given while it is filmed: each action makes the input, and notes what truly happens at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from evaluation.recorder.browser import Browser, Element, NotOnPageError
from evaluation.recorder.display import Display, until
from evaluation.recorder.truth import Truth
from evaluation.recorder.voice import seconds_of, spoken

__all__ = ["Take"]

_BEFORE_CLICK: Final = 0.25
_AFTER_ACTION: Final = 0.45
_AFTER_SPEECH: Final = 0.5
_BEFORE_ACTION: Final = 0.6
_KEYS: Final = {
    "Return": "ENTER",
    "Escape": "ESC",
    "Page_Down": "PAGEDOWN",
    "Page_Up": "PAGEUP",
    "BackSpace": "BACKSPACE",
}
_MOST_TURNS: Final = 20
_ADDRESS_BAR: Final = "ctrl+l"


class Take:
    """One performance of a task.

    Parameters
    ----------
    display, browser
        What it works with.
    truth
        Where it notes what happens.
    application
        Name of what the browser shows, as people call it.
    voice, words_per_minute
        Who speaks, as eSpeak NG calls them, and how fast.
    """

    def __init__(
        self,
        display: Display,
        browser: Browser,
        truth: Truth,
        *,
        application: str,
        voice: str,
        words_per_minute: int,
        folder: Path,
    ) -> None:
        self.display = display
        self.folder = folder
        self.spoken: list[tuple[float, bytes]] = []
        self._browser = browser
        self._truth = truth
        self._web = application
        self._application = application
        self._voice = voice
        self._words_per_minute = words_per_minute
        self._speaking = asyncio.Lock()

    @property
    def _in_browser(self) -> bool:
        return self._application == self._web

    def step(self, name: str | None) -> None:
        """Say which node of the SOP all that follows belongs to."""
        self._truth.step = name

    async def say(self, text: str) -> None:
        """Say something, and wait until it is said."""
        async with self.saying(text):
            pass

    @asynccontextmanager
    async def saying(self, text: str) -> AsyncIterator[None]:
        """Say something while the actions in the block are done, and wait for both."""
        async with self._speaking:
            samples = await asyncio.to_thread(spoken, text, voice=self._voice, words_per_minute=self._words_per_minute)
            start = self._truth.now()
            self.spoken.append((start, samples))
            self._truth.speech(text, start=start, seconds=seconds_of(samples))
            await asyncio.sleep(_BEFORE_ACTION)
            yield
            await asyncio.sleep(max(start + seconds_of(samples) - self._truth.now(), 0) + _AFTER_SPEECH)

    async def idle(self, seconds: float) -> None:
        """Do nothing."""
        await asyncio.sleep(seconds)

    async def point(self, where: str) -> None:
        """Move the pointer to an element and let it rest there."""
        element = await self._browser.find(where)
        await self.display.move(element.x, element.y)
        self._truth.event("MOUSE_MOVE_TO_REGION", self._application, element.name, aliases=element.aliases)
        await self._after_action()

    async def click(self, where: str, *, value: str | None = None) -> None:
        """Click on an element.

        Parameters
        ----------
        where
            As `Browser.find` takes it.
        value
            What is chosen by it.
        """
        element = await self._browser.find(where)
        await self.display.move(element.x, element.y)
        await asyncio.sleep(_BEFORE_CLICK)
        self._truth.event("CLICK", self._application, element.name, aliases=element.aliases, value=value)
        await self.display.click()
        await self._after_action()

    async def type(self, text: str, *, target: str | None = None, aliases: tuple[str, ...] = ()) -> None:
        """Type into what has the focus. A name of the field is only needed where the page does not name it."""
        if self._in_browser:
            before = await self._browser.value()
            element = await self._focused()
            target, aliases = target or element.name, aliases or tuple(a for a in element.aliases if a != before)
        at = self._truth.now()
        await self.display.type(text)
        self._truth.event(
            "TYPE", self._application, target, at=at, until=self._truth.now(), aliases=aliases, value=text
        )
        if self._in_browser:
            await self._hold_up(lambda value: value.endswith(text), f"{text!r} was typed")
        await self._after_action()

    async def type_secret(self, text: str, *, kind: str = "password") -> None:
        """Type what must not be told, such as a password."""
        element = await self._focused()
        at = self._truth.now()
        await self.display.type(text)
        self._truth.event(
            "TYPE",
            self._application,
            element.name,
            at=at,
            until=self._truth.now(),
            aliases=element.aliases,
            value=f"[{kind} hidden]",
        )
        await self._hold_up(lambda value: value == text, "a secret was typed")
        await self._after_action()

    async def fill(self, where: str, text: str) -> None:
        """Click into a field and type."""
        await self.click(where)
        await self.type(text)

    async def replace(self, where: str, text: str) -> None:
        """Select all of a field with three clicks, and type something else."""
        element = await self._browser.find(where)
        await self.display.move(element.x, element.y)
        await asyncio.sleep(_BEFORE_CLICK)
        self._truth.event("SELECT_TEXT", self._application, element.name, also=("CLICK",), aliases=element.aliases)
        await self.display.click(times=3)
        await self._after_action()
        await self.type(text)
        await self._hold_up(lambda value: value == text, f"{text!r} replaced what was there")

    async def press(self, key: str, *, times: int = 1) -> None:
        """Press a key or several at once, by their X names."""
        for _ in range(times):
            self._truth.event(_kind(key), self._application)
            await self.display.press(key)
            await self._after_action()

    async def choose(self, where: str, option: str, *, downs: int) -> None:
        """Open a list, go down by the keyboard, and take what is there."""
        await self.click(where)
        element = await self._browser.find(where)
        for _ in range(downs):
            self._truth.event("KEYPRESS_DOWN", self._application)
            await self.display.press("Down")
            await asyncio.sleep(0.3)
        names = tuple(name for name in (element.name, *element.aliases) if name)
        self._truth.event("KEYPRESS_ENTER", self._application, option, also=("CLICK",), aliases=names)
        await self.display.press("Return")
        await self._after_action()
        now = (await self._browser.find(where)).aliases
        if option not in now:
            raise NotOnPageError(f"{option!r} was to be chosen in {where}, but it has {now}")

    async def scroll(self, *, down: bool = True, notches: int = 5) -> None:
        """Turn the wheel over the page."""
        at = self._truth.now()
        await self._turn(down=down, notches=notches)
        self._note_scroll(at, down=down)
        await self._after_action()

    async def scroll_to(self, where: str, *, notches: int = 3, down: bool = True) -> None:
        """Turn the wheel until an element can be seen: one scroll, with short rests."""
        at = self._truth.now()
        for _ in range(_MOST_TURNS):
            await self._turn(down=down, notches=notches)
            try:
                await self._browser.find(where)
            except NotOnPageError:
                continue
            self._note_scroll(at, down=down)
            await self._after_action()
            return
        raise NotOnPageError(f"{where} cannot be seen after {_MOST_TURNS} turns of the wheel")

    async def _turn(self, *, down: bool, notches: int) -> None:
        before = await self._browser.scrolled()
        await self.display.wheel(down=down, notches=notches)
        await asyncio.sleep(0.3)
        if await self._browser.scrolled() == before:
            raise NotOnPageError("the page did not scroll")
        await self._look()

    def _note_scroll(self, at: float, *, down: bool) -> None:
        kind = "SCROLL_DOWN" if down else "SCROLL_UP"
        self._truth.event(kind, self._application, at=at, until=self._truth.now())

    async def drag(self, where: str, to: str) -> None:
        """Drag one element to another."""
        one, other = await self._browser.find(where), await self._browser.find(to)
        await self.display.move(one.x, one.y)
        await asyncio.sleep(_BEFORE_CLICK)
        self._truth.event("DRAG_START", self._application, one.name, aliases=one.aliases)
        await self.display.hold()
        await asyncio.sleep(0.2)
        await self.display.move(other.x, other.y)
        await asyncio.sleep(0.2)
        self._truth.event("DRAG_END", self._application, other.name, aliases=other.aliases)
        await self.display.release()
        await self._after_action()

    async def copy(self, where: str) -> str:
        """Select the text of an element with the mouse, and copy it. Return what is copied."""
        element = await self._browser.find(where)
        await self.display.move(element.left, element.y)
        await asyncio.sleep(_BEFORE_CLICK)
        at = self._truth.now()
        await self.display.hold()
        await self.display.move(element.right + 2, element.y)
        await self.display.release()
        self._truth.event(
            "SELECT_TEXT", self._application, element.name, at=at, until=self._truth.now(), aliases=element.aliases
        )
        await self._after_action()
        await self.press("ctrl+c")
        return element.name or ""

    async def paste(self, text: str, *, target: str | None = None) -> None:
        """Paste what was copied, which is the given text."""
        self._truth.event("PASTE", self._application, target, also=("KEYPRESS_CTRL+V",), value=text)
        await self.display.press("ctrl+v")
        await self._after_action()

    async def switch_to(self, application: str, *, title: str) -> None:
        """Bring the window that was in front before to the front again.

        Parameters
        ----------
        application
            Its name.
        title
            A part of the title of its window.
        """
        self._application = application
        self._truth.event("OPEN_APPLICATION", application, also=("KEYPRESS_ALT+TAB", "SWITCH_TAB"))
        await self.display.press("alt+Tab")
        for _ in range(50):
            if title in await self.display.front_window():
                break
            await asyncio.sleep(0.1)
        else:
            raise NotOnPageError(f"a window with {title!r} did not come to the front")
        await self._after_action()

    async def go_to(self, address: str) -> None:
        """Type an address into the address bar."""
        await self.display.press(_ADDRESS_BAR)
        await asyncio.sleep(0.3)
        at = self._truth.now()
        await self.display.type(address)
        self._truth.event(
            "NAVIGATE_URL", self._application, at=at, until=self._truth.now(), also=("TYPE",), value=address
        )
        await self.display.press("Return")
        await self._after_action()

    async def shows(self, text: str, *, kind: str = "SCREEN_UPDATE") -> None:
        """Wait until the page shows a text that matters, and note that it has come."""
        await self._browser.wait_for(text)
        self._truth.event(kind, self._application, text)
        self._truth.reads(text)
        await self._look()

    async def opens(self, title: str) -> None:
        """Wait until a dialog with a title is open."""
        await self.shows(title, kind="MODAL_OPEN")

    async def reads(self, *texts: str) -> None:
        """Note texts that can be read now and matter."""
        for text in texts:
            if self._in_browser:
                await self._browser.wait_for(text)
            self._truth.reads(text)
        await self._look()

    async def wrote(self, path: Path, text: str) -> None:
        """Check that another program wrote a text into a file: its truth, too, comes from what it did."""
        await until(lambda: path.exists() and text in path.read_text("utf-8"), f"{text!r} in {path.name}")
        self._truth.background(text.splitlines())

    async def _hold_up(self, is_right: Callable[[str], bool], what: str) -> None:
        value = ""
        for _ in range(20):
            value = await self._browser.value()
            if is_right(value):
                return
            await asyncio.sleep(0.1)
        raise NotOnPageError(f"{what}, but the field has {len(value)} other characters")

    async def _focused(self) -> Element:
        """Return what has the focus; a page that has just come gives it to nothing at first."""
        for _ in range(_MOST_TURNS):
            try:
                return await self._browser.find(":focus")
            except NotOnPageError:
                await asyncio.sleep(0.1)
        raise NotOnPageError("nothing has the focus: the click before did not reach a field")

    async def _after_action(self) -> None:
        await asyncio.sleep(_AFTER_ACTION)
        await self._look()

    async def _look(self) -> None:
        if self._in_browser:
            self._truth.background(await self._browser.lines())


def _kind(key: str) -> str:
    return "KEYPRESS_" + "+".join(_KEYS.get(part, part.upper()) for part in key.split("+"))
