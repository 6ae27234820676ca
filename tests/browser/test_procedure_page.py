"""The page of a procedure as a browser shows it: light, dark, on a phone, without JavaScript, to a keyboard."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from playwright.sync_api import Page

from runops.procedure import Picture, build
from runops.procedure.html_page import html_page
from runops.sop_as_stored import sop_as_stored
from runops_worker.media.limits import Limits
from runops_worker.media.stills.take_pictures import pictures_for_page
from tests import ledgerline
from tests.browser.accessibility import violations
from tests.sop_graphs import edge, loop, node, raw_sop

HEBREW = "\u05e4\u05ea\u05d7 \u05d0\u05ea \u05d4\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea INV-2042"
JAPANESE = "\u8acb\u6c42\u66f8\u306e\u4e00\u89a7\u3092\u958b\u3044\u3066\u691c\u7d22\u3059\u308b\u3002"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Picture]:
    """Of the sample recording."""
    slim = tmp_path_factory.mktemp("slim") / "slim.mp4"
    one_a_second = ["-i", str(ledgerline.RECORDING), "-vf", "fps=1", "-an", str(slim)]
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", *one_a_second], check=True, timeout=240)
    sop = sop_as_stored(ledgerline.sop())
    assert sop is not None
    moments = build(sop, ledgerline.transcript(), ledgerline.evidence()).moments
    # In a thread, since Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(pictures_for_page(slim, moments, limits=Limits()))).result()


@pytest.fixture(scope="module")
def sample(pictures: dict[str, Picture], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the sample's page."""
    sop = sop_as_stored(ledgerline.sop())
    assert sop is not None
    procedure = build(sop, ledgerline.transcript(), ledgerline.evidence())
    return written(html_page(procedure, pictures, video="recording.mp4"), tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with long labels, two scripts, 200 steps and loops in loops."""
    names = [f"n{number}" for number in range(190)]
    nodes = [
        loop("outer", ["inner", "word"], "For each " + "department " * 30),
        loop("inner", ["hebrew", "japanese"], HEBREW),
        node("hebrew", "decision", HEBREW * 4),
        node("japanese", label=JAPANESE * 8),
        node("word", label="w" * 400),
        *[node(name) for name in names],
    ]
    edges = [
        edge("outer", "inner"),
        edge("inner", "hebrew"),
        edge("hebrew", "japanese", "yes"),
        edge("hebrew", "inner", "no"),
        edge("japanese", "inner"),
        edge("inner", "word", "all_processed"),
        edge("word", "outer"),
        edge("outer", "n0", "all_processed"),
        *[edge(one, other) for one, other in pairwise(names)],
    ]
    stored = sop_as_stored(raw_sop(nodes, edges, variables={"v" * 200: JAPANESE * 20}))
    assert stored is not None
    return written(html_page(build(stored, None, None)), tmp_path_factory.mktemp("hard"))


def written(page: str, folder: Path) -> str:
    (folder / "page.html").write_text(page, "utf-8")
    return (folder / "page.html").as_uri()


def keep(page: Page, name: str) -> None:
    """Keep a screenshot where RUNOPS_SCREENSHOTS names a folder, for people to look at."""
    if folder := os.environ.get("RUNOPS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_keeps_the_rules_of_accessibility(
    open_page: Callable[..., Page], sample: str, width: int, *, dark: bool
) -> None:
    page = open_page(width=width, dark=dark)
    page.goto(sample)
    keep(page, f"procedure-{width}-{'dark' if dark else 'light'}")
    assert violations(page) == []


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("which", ["sample", "hard"])
def test_no_text_is_wider_than_the_screen(
    open_page: Callable[..., Page], request: pytest.FixtureRequest, width: int, which: str
) -> None:
    page = open_page(width=width)
    page.goto(request.getfixturevalue(which))
    keep(page, f"procedure-{which}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hard_content_keeps_the_rules_too(page: Page, hard: str) -> None:
    page.goto(hard)
    assert violations(page) == []


def test_a_label_of_the_chart_stays_in_its_box(page: Page, hard: str) -> None:
    page.goto(hard)
    beyond = page.evaluate(
        """() => [...document.querySelectorAll("a.box:not(.jump)")].flatMap((box) => {
            const frame = box.querySelector("rect, polygon").getBBox();
            return [...box.querySelectorAll("text:not(.number)")].filter((text) => {
                const line = text.getBBox();
                return line.x < frame.x - 1 || line.x + line.width > frame.x + frame.width + 1
                    || line.y < frame.y - 1 || line.y + line.height > frame.y + frame.height + 1;
            }).map((text) => text.textContent);
        })"""
    )
    assert beyond == []


def test_boxes_of_the_chart_do_not_overlap(page: Page, hard: str, sample: str) -> None:
    for address in (sample, hard):
        page.goto(address)
        overlapping = page.evaluate(
            """() => [...document.querySelectorAll("svg.chart")].flatMap((chart) => {
                const boxes = [...chart.querySelectorAll("a.box rect, a.box polygon")].map((box) => box.getBBox());
                return boxes.flatMap((one, index) => boxes.slice(index + 1).filter((other) =>
                    one.x < other.x + other.width && other.x < one.x + one.width
                    && one.y < other.y + other.height && other.y < one.y + one.height).map(() => one.y));
            })"""
        )
        assert overlapping == []


def test_the_whole_screen_is_a_key_away_without_javascript(open_page: Callable[..., Page], sample: str) -> None:
    page = open_page(javascript=False)
    page.goto(sample)
    assert not page.locator("#screen-3").is_visible()
    page.locator("#step-3 a.picture").focus()
    page.keyboard.press("Enter")
    assert page.locator("#screen-3").is_visible()
    keep(page, "procedure-screen")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not page.locator("#screen-3").is_visible()
    assert page.url.endswith("#step-3")


def test_a_picture_shows_what_it_should(page: Page, sample: str) -> None:
    page.goto(sample)
    shown = page.locator("#step-3 a.picture svg")
    box = shown.bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert abs(box["width"] / box["height"] - 16 / 9) < 0.02
    sizes = page.evaluate("""async () => Promise.all([...document.querySelectorAll("svg.store image")].map(
        async (image) => { const one = new Image(); one.src = image.getAttribute("href"); await one.decode();
                           return [one.naturalWidth, one.naturalHeight]; }))""")
    assert len(sizes) >= 10
    assert set(map(tuple, sizes)) == {(1280, 720)}


def test_a_reader_hears_landmarks_steps_and_pictures(page: Page, sample: str) -> None:
    page.goto(sample)
    heard = page.locator("body").aria_snapshot()
    for line in (
        'heading "Handle open invoices in Ledgerline" [level=1]',
        'navigation "On this page"',
        'region "Flow chart"',
        'link "Decision 6: Is the amount above 1,000 euros?"',
        'img "The screen at 0:08 in Ledgerline: Search for the supplier, such as \\"Helios\\""',
        'link "Play the recording at 0:08"',
    ):
        assert line in heard, json.dumps(line)


def test_nothing_can_be_added_to_the_page(page: Page, sample: str, complaints: list[str]) -> None:
    """The page's own policy: even an element that an attacker brings in runs nothing and loads nothing."""
    page.goto(sample)
    page.evaluate("""() => {
        const script = document.createElement("script"); script.textContent = "window.ran = true";
        const image = document.createElement("img"); image.src = "http://127.0.0.1:9/x.png";
        document.body.append(script, image);
    }""")
    assert page.evaluate("window.ran") is None
    assert any("script-src" in line or "default-src" in line for line in complaints)
    assert any("img-src" in line for line in complaints)
    complaints.clear()


def test_a_printed_page_cuts_no_step(page: Page, sample: str, tmp_path: Path) -> None:
    page.goto(sample)
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    pdf = page.pdf(prefer_css_page_size=True)
    if folder := os.environ.get("RUNOPS_SCREENSHOTS"):
        (Path(folder) / "procedure.pdf").write_bytes(pdf)
    assert pdf[:5] == b"%PDF-"
    assert 4 <= pdf.count(b"/Type /Page\n") <= 9
    assert not tmp_path.joinpath("anything").exists()
