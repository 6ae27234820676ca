"""The page of the queue in a browser: what people see, hear and do with the keyboard, with scripts and without."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops_cli.documents.ui_pictures import VideoPictures
from tests import ledgerline
from tests.browser.accessibility import violations
from tests.ui.filled import HOSTILE, fill, job, manifests_of
from tests.ui.site import Manifests, running_site

_WAIT = 120_000
_TOKEN = "a token of more than sixteen characters"
_SCREENSHOTS = os.environ.get("RUNOPS_SCREENSHOTS")
"""A folder in which a person looks at the pages."""
_PAGES = {
    "queue": "/",
    "filtered": "/?status=error&reason=ModelUnavailable&since=7d",
    "empty": "/?text=nothing+of+the+kind",
    "job-at-work": f"/jobs/{job(12)}",
    "job-failed": f"/jobs/{job(71)}",
    "job-completed": f"/jobs/{job(21)}",
    "failures": "/failures",
    "preview": "/actions/cancel?status=queued&status=processing",
}


@pytest.fixture
def site(stack: StackInfo, database: psycopg.Connection) -> Iterator[str]:
    """The page over a queue in use, with a cluster; jobs may be changed."""
    fill(database)
    with running_site(stack, Manifests(manifests_of()), port=_free_port(), allow_actions=True) as address:
        yield address


@pytest.fixture
def site_with_token(stack: StackInfo, database: psycopg.Connection) -> Iterator[str]:
    """The page over a queue in use, behind a token."""
    fill(database)
    with running_site(stack, port=_free_port(), token=_TOKEN) as address:
        yield address


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _keep(page: Page, name: str) -> None:
    if _SCREENSHOTS:
        page.screenshot(path=Path(_SCREENSHOTS) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("flavour", "how"), [("light", {}), ("dark", {"dark": True}), ("narrow", {"width": 390})])
def test_every_page_keeps_the_rules_of_accessibility(
    site: str, open_page: Callable[..., Page], flavour: str, how: dict[str, bool | int]
) -> None:
    page = open_page(**how)
    for name, path in _PAGES.items():
        page.goto(site + path)
        expect(page.locator("main")).to_be_visible()
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
        _keep(page, f"{name}-{flavour}")


def test_nothing_that_others_wrote_runs(site: str, page: Page, database: psycopg.Connection) -> None:
    database.execute("update sops set data = jsonb_set(data, '{meta,title}', to_jsonb(%s::text))", (HOSTILE,))
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    for path in (
        "/",
        f"/jobs/{job(71)}",
        f"/jobs/{job(12)}",
        f"/jobs/{job(21)}",
        "/failures",
        "/?text=<script>alert(3)</script>",
    ):
        page.goto(site + path)
        page.wait_for_load_state("networkidle" if "text" in path else "load")
    # A row that is drawn anew by a script, too.
    page.goto(f"{site}/?text=onerror")
    expect(page.locator("#fresh.live")).to_be_visible(timeout=_WAIT)
    database.execute("update jobs set error = %s, updated_at = now() where job_id = %s", (f"{HOSTILE} again", job(71)))
    expect(page.locator(f"#job-{job(71)}")).to_contain_text("again", timeout=_WAIT)
    assert page.locator("main img, main script").count() == 0
    assert dialogs == []


def test_a_row_changes_while_one_looks_and_new_jobs_are_told_of(
    site: str, page: Page, database: psycopg.Connection
) -> None:
    page.goto(site)
    expect(page.locator("#fresh.live")).to_contain_text("as of", timeout=_WAIT)
    database.execute("update jobs set progress_percent = 69, updated_at = now() where job_id = %s", (job(11),))
    expect(page.locator(f"#job-{job(11)} .stage-words")).to_have_text("transcribing, 69 %", timeout=_WAIT)
    database.execute("insert into jobs (job_id, status) values (%s, 'queued')", (job(500),))
    expect(page.locator("#news")).to_contain_text("1 job is new or changed.", timeout=_WAIT)
    page.locator("#news a").click()
    expect(page.locator(f"#job-{job(500)}")).to_be_visible(timeout=_WAIT)


def test_a_row_that_leaves_the_filter_stays_in_sight_and_is_marked(
    site: str, page: Page, database: psycopg.Connection
) -> None:
    page.goto(f"{site}/?status=queued")
    expect(page.locator("#fresh.live")).to_be_visible(timeout=_WAIT)
    database.execute("update jobs set status = 'processing', updated_at = now() where job_id = %s", (job(2),))
    expect(page.locator(f"#job-{job(2)}.gone")).to_contain_text("at work", timeout=_WAIT)
    assert violations(page) == []


def test_the_page_says_how_old_it_is_once_nothing_answers(
    stack: StackInfo, database: psycopg.Connection, page: Page, complaints: list[str]
) -> None:
    fill(database)
    with running_site(stack, port=_free_port()) as address:
        page.goto(address)
        expect(page.locator("#fresh.live")).to_be_visible(timeout=_WAIT)
    expect(page.locator("#fresh.stale")).to_contain_text("not updated for 2", timeout=_WAIT)
    expect(page.locator("#fresh-aloud")).to_have_text("The page is not up to date.")
    assert violations(page) == []
    page.goto("about:blank")
    assert all("Failed to load" in line or "ERR_" in line for line in complaints)
    complaints.clear()


def test_where_streams_do_not_come_through_the_page_asks(
    site: str, page: Page, database: psycopg.Connection, complaints: list[str]
) -> None:
    page.route("**/events?*", lambda route: route.abort())
    page.goto(site)
    with page.expect_response("**/changes?*", timeout=_WAIT):
        pass
    database.execute("update jobs set progress_percent = 68, updated_at = now() where job_id = %s", (job(11),))
    expect(page.locator(f"#job-{job(11)} .stage-words")).to_have_text("transcribing, 68 %", timeout=_WAIT)
    page.goto("about:blank")
    complaints.clear()


def test_without_scripts_everything_can_be_read_filtered_and_done(
    site: str, open_page: Callable[..., Page], database: psycopg.Connection
) -> None:
    page = open_page(javascript=False)
    page.goto(f"{site}/?limit=20")
    page.get_by_role("link", name="More", exact=True).click()
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("checkbox", name="failed").check(force=True)
    page.get_by_role("button", name="Show").click()
    assert page.locator(".job").count() == 8
    page.get_by_role("link", name="Without status error").click()
    page.goto(f"{site}/jobs/{job(0)}")
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_label("Why").fill("Not this one.")
    page.get_by_role("button", name="Cancel 1 job").click()
    page.get_by_role("link", name="To the queue").click(timeout=_WAIT)
    found = database.execute("select status, error from jobs where job_id = %s", (job(0),)).fetchone()
    assert found == ("error", "Cancelled by `runops cancel`: Not this one.")


def test_the_keyboard_reaches_everything(site: str, page: Page) -> None:
    page.goto(f"{site}/?status=error")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    reached: list[str] = []
    for _ in range(40):
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.value"))
        page.keyboard.press("Tab")
    for wanted in ("Show", "More filters", "all jobs", "Run again…", job(60).hex[:8]):
        assert wanted in reached, wanted


def test_further_pages_are_appended_while_one_scrolls(site: str, page: Page) -> None:
    page.goto(f"{site}/?limit=20")
    expect(page.locator(".job")).not_to_have_count(0)
    for _ in range(3):
        page.locator("#pager").scroll_into_view_if_needed()
        page.mouse.wheel(0, 4000)
    expect(page.locator(".job")).to_have_count(54, timeout=_WAIT)
    expect(page.locator("#pager")).to_contain_text("This is the end of the list.")


def test_one_logs_in_with_the_token_and_comes_where_one_wanted(site_with_token: str, page: Page) -> None:
    page.goto(f"{site_with_token}/failures?since=24h")
    assert violations(page) == []
    _keep(page, "login-light")
    page.get_by_label("Token").fill(_TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Failures")).to_be_visible(timeout=_WAIT)
    assert page.url == f"{site_with_token}/failures?since=24h"
    assert _TOKEN not in page.content()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible(timeout=_WAIT)


@pytest.fixture
def procedure_with_pictures(stack: StackInfo, database: psycopg.Connection) -> Iterator[str]:
    """The address of a procedure whose recording is in storage."""
    database.execute("insert into jobs (job_id, status) values (%s, 'completed')", (job(21),))
    for statement, value in (
        ("insert into sops (job_id, data) values (%s, %s)", ledgerline.sop()),
        ("insert into transcripts (job_id, transcript) values (%s, %s)", ledgerline.transcript()),
    ):
        database.execute(statement, [job(21), json.dumps(value)])

    async def upload() -> None:
        async with Supabase(stack.url, stack.secret_key) as supabase:
            storage = supabase.storage
            await storage.upload_json("videos", f"sops/{job(21)}.evidence.json", ledgerline.evidence())
            await storage.upload("videos", f"raw/{job(21)}.mp4", ledgerline.RECORDING, content_type="video/mp4")

    # In a thread, since Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(upload())).result()
    with running_site(stack, port=_free_port(), taker=VideoPictures) as address:
        yield f"{address}/jobs/{job(21)}/procedure"


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


@pytest.mark.parametrize(
    ("flavour", "how"),
    [("light", {"javascript": False}), ("dark", {"dark": True}), ("narrow", {"width": 390})],
)
def test_a_procedure_shows_its_pictures(
    procedure_with_pictures: str,
    open_page: Callable[..., Page],
    complaints: list[str],
    flavour: str,
    how: dict[str, bool | int],
) -> None:
    page = open_page(**how)
    if how.get("javascript", True):
        # The rules of accessibility are a script, and in this page none runs.
        page.route(procedure_with_pictures, _without_policy)
    page.goto(procedure_with_pictures)
    pictures = page.locator(".picture img")
    assert pictures.count() >= 10
    for number in range(pictures.count()):
        pictures.nth(number).scroll_into_view_if_needed()
        # A picture has its own size once it is loaded; a sentence in its place is 640 wide.
        expect(pictures.nth(number)).to_have_js_property("complete", value=True, timeout=_WAIT)
        width, height = pictures.nth(number).evaluate("one => [one.naturalWidth, one.naturalHeight]")
        assert width >= 700
        assert width != 640
        assert abs(width / height - 16 / 9) < 0.02
    _keep(page, f"procedure-{flavour}")
    pictures.nth(2).click()
    whole = page.locator(".screen:target img")
    expect(whole).to_be_visible()
    expect(whole).to_have_js_property("complete", value=True, timeout=_WAIT)
    assert whole.evaluate("one => one.naturalWidth") >= 1280
    if _SCREENSHOTS:
        page.screenshot(path=Path(_SCREENSHOTS) / f"procedure-screen-{flavour}.png")
    page.go_back()
    if how.get("javascript", True):
        assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # In the page as it is served no script runs, and the browser says so of those of this test.
    complaints[:] = [one for one in complaints if "'allow-scripts' permission is not set" not in one]
