"""A procedure for a wiki."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from runops.procedure import Procedure
from runops.procedure.as_json import as_json
from runops.procedure.markdown import markdown, picture_files
from runops.procedure.model import TypedSecret
from tests.unit.procedure.sample import EVIDENCE, PICTURES, SOP, TRANSCRIPT, filled, procedure

GOLDEN = Path(__file__).parent / "golden"


def tokens(text: str) -> list[Token]:
    found = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return [inner for token in found for inner in (token, *(token.children or ()))]


def test_the_text_is_as_it_was() -> None:
    path, text = GOLDEN / "procedure.md", markdown(procedure(), PICTURES, video="recording.mp4")
    if os.environ.get("RUNOPS_UPDATE_GOLDEN") == "1":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), "RUNOPS_UPDATE_GOLDEN=1 accepts the text"


def test_each_picture_is_a_file_that_the_text_names() -> None:
    files = picture_files(procedure(), PICTURES)
    named = re.findall(r"!\[[^]]*\]\((.*?)\)", markdown(procedure(), PICTURES))
    assert named == list(files) == ["pictures/step-04.png", "pictures/step-05.png", "pictures/step-06.png"]
    assert files["pictures/step-04.png"] == PICTURES["t0005"].data


def test_a_hidden_moment_has_no_file() -> None:
    assert picture_files(procedure(), {"t0001": PICTURES["t0005"]}) == {}


def test_what_is_covered_in_a_picture_is_said_under_it() -> None:
    there = procedure()
    steps = tuple(
        replace(step, moment=replace(step.moment, covers=(TypedSecret("PIN", 1.0, 2.0),)))
        if step.moment is not None and step.moment.key == "t0005"
        else step
        for step in there.steps
    )
    text = markdown(replace(there, steps=steps), PICTURES)
    assert re.findall(r"!\[.*\n\n\*(.*)\*\n\n", text) == ["What may show a PIN is covered in the picture."]


def test_links_lead_to_steps() -> None:
    text = markdown(procedure(), PICTURES)
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", text)} <= anchors


def test_a_procedure_without_steps_is_a_text() -> None:
    assert markdown(Procedure(title="Nothing")) == "# Nothing\n\n\n"


_NASTY = st.one_of(
    st.sampled_from(
        [
            "![x](http://evil.example/x.png)",
            "[click](javascript:alert(1))",
            "<script>alert(1)</script>",
            "<http://evil.example>",
            "</a>\n# heading",
            "1. item",
            "- item",
            "+ item",
            "=====",
            "    code",
            "> quote",
            "```\nfence",
            "`` ` ``",
            "a|b|c",
            "*strong* _em_ ~~gone~~",
            "&lt;b&gt; &#60;",
            "\\",
            "x\\",
            "]: http://evil.example",
            '"]; click n1 "javascript:alert(1)"',
            "end\nsubgraph",
            "$\\href{javascript:x}{y}$",
        ]
    ),
    st.text(max_size=40),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_NASTY, min_size=20, max_size=60))
@example(["![x](http://evil.example/x.png)"] * 60)
@example(["</a>\n# heading"] * 60)
@example(["1. item"] * 60)
@example(["====="] * 60)
@example(["x\\"] * 60)
@example(["![x](http://evil.example/x.png)"] * 20 + ["", ""])
def test_nothing_of_a_recording_becomes_formatting(texts: list[str]) -> None:
    shown = procedure(filled(SOP, texts), filled(TRANSCRIPT, list(reversed(texts))), EVIDENCE)
    found = tokens(markdown(shown, PICTURES, video="recording.mp4"))
    plain = tokens(markdown(procedure(), PICTURES, video="recording.mp4"))
    assert {token.type for token in found} <= {token.type for token in plain}
    for token in found:
        if token.type in {"html_block", "html_inline"}:
            assert re.fullmatch(r'<a id="step-\d+">|</a>', token.content), token.content
        if token.type == "link_open":
            assert re.fullmatch(r"#step-\d+|recording\.mp4#t=[\d.]+", str(token.attrs["href"]))
        if token.type == "image":
            assert re.fullmatch(r"pictures/step-\d+\.png", str(token.attrs["src"]))
    headings = [token for token in found if token.type == "heading_open"]
    # Of the title, the chart and the steps, and of what is there: a question without a text is none.
    sections = 3 + sum(map(bool, (shown.triggers, shown.questions, shown.variables)))
    assert len(headings) == sections + len(shown.steps)
    assert sum(token.type == "fence" for token in found) == 1


def test_typed_backticks_stay_within_their_code() -> None:
    sop, transcript = SOP, filled(TRANSCRIPT, [])
    transcript[4]["data_input_observed"]["typed_characters"] = "a `b` ``c``"
    text = markdown(procedure(sop, transcript))
    assert "``` a `b` ``c`` ```" in text


def test_the_chart_of_nested_loops_names_each_step_once() -> None:
    text = markdown(procedure())
    chart = text.split("```mermaid\n")[1].split("\n```")[0]
    assert chart.count('n4["4. Search for the supplier, such as #34;Helios#34;"]') == 1
    assert '  subgraph frame3["repeat 3"]\n    n4\n    n5\n    n6\n    n7\n  end' in chart
    assert "  n5 -->|yes| n6" in chart
    assert "  n3 -->|all done| n8" in chart


def test_json_has_what_the_page_shows() -> None:
    data: dict[str, Any] = as_json(procedure())
    assert data["format"] == 1
    assert data["job_id"] == "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"
    assert [step["number"] for step in data["steps"]] == list(range(1, 10))
    assert data["steps"][1]["moment"]["hidden"].startswith("The picture is left out")
    assert data["steps"][3]["ways"] == [
        {
            "condition": "next",
            "number": 5,
            "node_id": "above",
            "label": "Is the amount above 1,000 euros?",
            "is_back": False,
        }
    ]
    assert "flow" not in data
