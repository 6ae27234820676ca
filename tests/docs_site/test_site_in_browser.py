"""The site in a browser: diagrams are drawn, and nothing comes from another server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accessibility import violations
from tests.browser.chromium import running_browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as one:
        yield one


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@contextmanager
def opened(browser: Browser, url: str, asked: list[str], **options: object) -> Iterator[Page]:
    context = browser.new_context(**options)  # type: ignore[arg-type]  # typed by name in playwright
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url, wait_until="networkidle")
        yield page
    finally:
        context.close()


def test_diagrams_are_drawn_and_nothing_comes_from_another_server(browser: Browser, address: str) -> None:
    asked: list[str] = []
    with opened(browser, f"{address}/concepts/", asked) as page:
        # The theme draws into a closed shadow root; what it drew takes room.
        page.wait_for_function("document.querySelector('div.mermaid')?.getBoundingClientRect().height > 100")
    assert f"{address}/mermaid.min.js" in asked
    assert [one for one in asked if not one.startswith((address, "data:", "blob:"))] == []


def test_a_page_without_a_diagram_does_not_load_the_program_that_draws(browser: Browser, address: str) -> None:
    asked: list[str] = []
    with opened(browser, f"{address}/security/", asked):
        pass
    assert asked
    assert [one for one in asked if "mermaid" in one or not one.startswith((address, "data:", "blob:"))] == []


@pytest.mark.parametrize("path", ["", "for-apps/", "comparison/", "values/"])
def test_a_phone_shows_a_page_without_moving_it_sideways(browser: Browser, address: str, path: str) -> None:
    with opened(browser, f"{address}/{path}", [], viewport={"width": 390, "height": 844}) as page:
        wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "for-apps/", "scaling/", "screenshots/"])
def test_a_page_breaks_no_serious_rule_of_accessibility(browser: Browser, address: str, path: str, scheme: str) -> None:
    with opened(browser, f"{address}/{path}", [], color_scheme=scheme) as page:
        found = violations(page)
    assert [one for one in found if "(serious)" in one or "(critical)" in one] == []
