"""What was said, as players read it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe

from runops.transcript import AudioItem, TranscriptItem, VisualItem, timestamp
from runops.transcript_forms.captions import sub_rip, web_vtt
from runops.transcript_forms.text import transcript_text

GOLDEN = Path(__file__).parent / "golden"


def said(start: float, end: float, text: str) -> AudioItem:
    return AudioItem(
        timestamp_start_audio=timestamp(start), timestamp_end_audio=timestamp(end), verbatim_transcript_segment=text
    )


def clicked(at: float, element: str, application: str = "Ledgerline") -> VisualItem:
    return VisualItem.model_validate(
        {
            "timestamp_start_visual": timestamp(at),
            "application_in_focus": application,
            "action_type_observed": "CLICK",
            "target_element_details": {"element_type_guess": "button", "element_visible_text": element},
            "screen_region_description_pre_action": "",
            "screen_region_description_post_action": "A dialog is there.",
        }
    )


ITEMS: list[TranscriptItem] = [
    clicked(0.0, "Open"),
    said(1.9, 5.8, "In this recording I show how we handle\nan open invoice."),
    clicked(7.0, "Search", "Mail"),
    said(8.0, 8.0, "If a < b & c --> d, then <i>stop</i>."),
    said(3661.25, 3662.5, "\u8acb\u6c42\u66f8\u3092\u958b\u304d\u307e\u3059\u3002 \u05e9\u05dc\u05d5\u05dd {\\an8}"),
    said(3700, 3701, " \u0007 "),
]


@pytest.mark.parametrize(("name", "write"), [("captions.vtt", web_vtt), ("captions.srt", sub_rip)])
def test_captions_are_as_they_were(name: str, write: object) -> None:
    text = web_vtt(ITEMS) if write is web_vtt else sub_rip(ITEMS)
    path = GOLDEN / name
    if os.environ.get("RUNOPS_UPDATE_GOLDEN") == "1":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), "RUNOPS_UPDATE_GOLDEN=1 accepts the captions"


@pytest.mark.parametrize("name", ["captions.vtt", "captions.srt"])
def test_ffmpeg_reads_them_as_we_meant_them(name: str) -> None:
    done = subprocess.run(
        [get_ffmpeg_exe(), "-v", "error", "-i", str(GOLDEN / name), "-map", "0:s", "-c", "copy", "-f", "framecrc", "-"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    packets = [line.split(",") for line in done.stdout.splitlines() if not line.startswith("#")]
    assert [(int(packet[2]), int(packet[3])) for packet in packets] == [
        (1900, 3900),
        (8000, 500),
        (3661250, 1250),
    ]


def test_ffmpeg_shows_the_words_that_were_said() -> None:
    for name in ("captions.vtt", "captions.srt"):
        done = subprocess.run(
            [get_ffmpeg_exe(), "-v", "error", "-i", str(GOLDEN / name), "-f", "ass", "-"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        lines = [line.split(",,", 2)[-1] for line in done.stdout.splitlines() if line.startswith("Dialogue")]
        assert "In this recording I show how we handle an open invoice." in lines[0]
        assert "a < b & c --> d" in lines[1].replace("\u2039", "<").replace("\u203a", ">")
        assert "\u8acb\u6c42\u66f8" in lines[2]


@given(st.lists(st.text(max_size=60), max_size=6))
@example(["<00:00:01.000>", "-->", "\n\n2\n00:00:00.000 --> 00:00:09.000\nx", "NOTE x", "STYLE"])
def test_no_text_ends_its_caption(texts: list[str]) -> None:
    items = [said(number, number + 1, text) for number, text in enumerate(texts)]
    for text, block in (
        (web_vtt(items), r"\d+\n\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n[^\n<>]+"),
        (sub_rip(items), r"\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n[^\n<>]+"),
    ):
        blocks = text.removeprefix("WEBVTT").strip("\n").split("\n\n") if text.strip() != "WEBVTT" else []
        assert all(re.fullmatch(block, one) for one in blocks if one), blocks


def test_without_speech_there_are_no_captions() -> None:
    assert web_vtt(ITEMS[:1]) == "WEBVTT\n"
    assert sub_rip(ITEMS[:1]) == ""


def test_people_read_what_was_done_too() -> None:
    assert transcript_text(ITEMS[:4]) == (
        "Ledgerline:\n"
        '   0:00  Click "Open" - A dialog is there.\n'
        "   0:01  \u201cIn this recording I show how we handle an open invoice.\u201d\n"
        "\n"
        "Mail:\n"
        '   0:07  Click "Search" - A dialog is there.\n'
        "   0:08  \u201cIf a < b & c --> d, then <i>stop</i>.\u201d\n"
    )


def test_long_lines_are_broken_below_their_words() -> None:
    text = transcript_text(ITEMS[1:2], width=40)
    assert text == "   0:01  \u201cIn this recording I show how\n         we handle an open invoice.\u201d\n"
