"""Pages in a headless Chromium.

Tests here are plain functions, not coroutines: Playwright's API runs a loop of its own beside pytest's. A page may
speak to this machine only, and an error in its console fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.chromium import running_browser

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_MILLISECONDS = 120_000
"""Only catches a page that hangs."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module."""
    with running_browser() as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of so far: a test that brings such a thing about reads it and clears it."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Open pages, each with cookies of its own: `open_page(width=390, dark=True, javascript=False, locale="de-DE")`."""
    contexts: list[BrowserContext] = []

    def opened(
        *, width: int = 1280, height: int = 800, dark: bool = False, javascript: bool = True, locale: str = "en-GB"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale=locale,
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error in a script: {error}"))
        page.on("console", lambda message: _note_console(message, complaints))
        page.on("request", lambda request: _note_request(request, complaints))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == [], "the page complained, or asked another machine"


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page of 1280 by 800, light, with JavaScript."""
    return open_page()


def _note_console(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type == "error":
        complaints.append(f"console: {message.text}")


def _note_request(request: Request, complaints: list[str]) -> None:
    parts = urlsplit(request.url)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in _LOCAL:
        complaints.append(f"asked another machine: {parts.scheme}://{parts.hostname}")
