"""The page: what it says, what it can never do, and what hostile recordings make of it."""

import os
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runops.procedure import Procedure
from runops.procedure.html_page import content_security_policy, html_page
from runops.sop_as_stored import sop_as_stored
from tests.sop_graphs import any_sops, edge, loop, node, raw_sop
from tests.unit.procedure.sample import EVIDENCE, PICTURES, SOP, TRANSCRIPT, filled, procedure

GOLDEN = Path(__file__).parent / "golden"


class Page(HTMLParser):
    """What a browser makes of the page: elements with attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(attribute)) is not None]


def test_the_page_is_as_it_was() -> None:
    path, text = GOLDEN / "page.html", html_page(procedure(), PICTURES, video="../slim/job.mp4")
    if os.environ.get("RUNOPS_UPDATE_GOLDEN") == "1":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), "RUNOPS_UPDATE_GOLDEN=1 accepts the page; look at it in a browser first"


def test_the_page_needs_nothing_outside_of_itself() -> None:
    page = Page(html_page(procedure(), PICTURES))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "link", "img", "form", "base"}
    assert {link[0] for link in page.all("href") if not link.startswith("data:image/png;base64,")} == {"#"}
    assert page.all("src") == page.all("style") == []
    assert f'content="{content_security_policy().replace(chr(39), "&#39;")}"' in html_page(procedure())


def test_every_link_leads_to_a_place_of_the_page() -> None:
    page = Page(html_page(procedure(), PICTURES))
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.all("href") if link.startswith("#")} <= set(ids)


def test_times_are_links_into_the_video() -> None:
    page = Page(html_page(procedure(), PICTURES, video="/videos/my job.mp4?token=1"))
    links = [link for link in page.all("href") if link.startswith("/videos")]
    assert "/videos/my%20job.mp4?token=1#t=35" in links
    assert "/videos/my%20job.mp4?token=1#t=30.5" in links


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x"])
def test_a_video_is_at_a_path_or_on_the_web(address: str) -> None:
    with pytest.raises(ValueError, match="no address of a video"):
        html_page(procedure(), video=address)


def test_a_picture_is_there_once_and_shown_twice() -> None:
    text = html_page(procedure(), PICTURES)
    assert text.count("data:image/png;base64,") == len(PICTURES)
    # Steps 5 and 6 rest on one sentence: each shows it in its card and as the whole screen.
    assert text.count('href="#picture-50"') == 4
    assert 'viewBox="0 0 96 54"' in text, "a part of the screen around the mark"


def test_what_is_missing_is_said() -> None:
    text = Page(html_page(procedure(), PICTURES)).text
    assert "Nothing in the recording was found for this step." in text
    assert "The picture is left out: the screen may show a password at this moment." in text
    assert "There is no picture of this moment." in text
    assert re.search(r"was not transcribed from\s+2:00 to\s+3:00\s*: the model refused it", text)
    assert "1 open question must be answered before anybody can follow this procedure." in " ".join(text.split())


def test_a_hidden_moment_has_no_picture_even_if_one_is_given() -> None:
    pictures = {**PICTURES, "t0001": PICTURES["t0005"]}
    assert html_page(procedure(), pictures) == html_page(procedure(), PICTURES)


def test_a_procedure_without_steps_has_a_page() -> None:
    assert "This procedure has no steps." in html_page(Procedure(title="Nothing"))


def test_two_hundred_steps_are_all_there() -> None:
    names = [f"n{number}" for number in range(200)]
    sop = raw_sop([node(name) for name in names], [edge(a, b) for a, b in pairwise(names)])
    page = Page(html_page(procedure(sop, [], {"nodes": {}})))
    assert [name for name in page.all("id") if name.startswith("step-")].count("step-200") == 1
    assert sum(tag == "a" and "box" in (some.get("class") or "") for tag, some in page.elements) >= 200


@pytest.mark.parametrize(
    "label",
    [
        "\u05e4\u05ea\u05d7 \u05d0\u05ea \u05d4\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea",
        "\u8acb\u6c42\u66f8\u306e\u4e00\u89a7\u3092\u958b\u3044\u3066\u3001\u53d6\u5f15\u5148\u3092\u691c\u7d22\u3059\u308b"
        * 4,
        "a" * 2000,
        "word " * 400,
        "\U0001f9d1\u200d\U0001f4bb" * 60,
    ],
)
def test_labels_of_any_script_and_length_stay_in_their_box(label: str) -> None:
    text = html_page(procedure(raw_sop([node("n", label=label)], [])))
    page = Page(text)
    assert " ".join(label.split()) in page.text
    lines = re.findall(r'<text x="[\d.]+" y="[\d.]+">([^<]*)</text>', text)
    assert 1 <= len(lines) <= 4
    assert max(map(len, lines)) < 45


_NASTY = st.one_of(
    st.sampled_from(
        [
            "</style><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "javascript:alert(1)",
            "</title></svg><iframe srcdoc='x'>",
            "{{ 7 * 7 }}{% raw %}",
            "<!--",
            "]]>",
            "&lt;b&gt;&#60;",
            "\u202e\u2066<b>",
            "`${alert(1)}`",
        ]
    ),
    st.text(max_size=40),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_NASTY, min_size=20, max_size=60))
@example(["</style><script>alert(1)</script>"] * 60)
@example(['"><img src=x onerror=alert(1)>'] * 60)
def test_nothing_of_a_recording_becomes_markup(texts: list[str]) -> None:
    shown = procedure(filled(SOP, texts), filled(TRANSCRIPT, list(reversed(texts))), EVIDENCE)
    page = Page(html_page(shown, PICTURES, video="v.mp4"))
    plain = Page(html_page(procedure(), PICTURES, video="v.mp4"))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements}
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name in {"style", "src", "srcdoc"} for name in attributes)
        link = attributes.get("href")
        assert link is None or link[0] == "#" or link.startswith(("v.mp4#t=", "data:image/png;base64,")), (tag, link)
    assert page.open.count("style") == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_sops())
def test_every_sop_has_a_page_with_every_step_once(raw: dict[str, Any]) -> None:
    stored = sop_as_stored(raw)
    if stored is None:
        return
    shown = procedure(raw, [], None)
    page = Page(html_page(shown))
    assert [name for name in page.all("id") if re.fullmatch(r"step-\d+", name)] == [one.anchor for one in shown.steps]
    boxes = [some for tag, some in page.elements if tag == "a" and (some.get("class") or "").startswith("box ")]
    drawn = [some for some in boxes if "jump" not in (some["class"] or "")]
    assert len(drawn) == len(shown.steps)


def test_loops_in_loops_are_frames_in_frames() -> None:
    nodes = [loop("outer", ["inner"]), loop("inner", ["task"]), node("task"), node("end", "end")]
    edges = [
        edge("outer", "inner"),
        edge("inner", "task"),
        edge("task", "inner"),
        edge("inner", "outer", "all_processed"),
    ]
    text = html_page(procedure(raw_sop(nodes, [*edges, edge("outer", "end", "all_processed")])))
    frames = [
        tuple(map(float, found))
        for found in re.findall(
            r'class="frame"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', text
        )
    ]
    assert len(frames) == 2
    outer, inner = sorted(frames, key=lambda frame: -frame[2])
    assert outer[0] < inner[0]
    assert outer[1] < inner[1]
    assert inner[0] + inner[2] < outer[0] + outer[2]
    assert inner[1] + inner[3] < outer[1] + outer[3]
