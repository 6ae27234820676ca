"""One real recording: what the recorder says happens when it says, in picture and sound."""

import asyncio
import subprocess
from array import array
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg
import pytest

from evaluation.recorder import sites
from evaluation.recorder.browser import NotOnPageError
from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.record import ScriptWrongError, record
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take
from runops_evaluation.gold.read import read_gold
from runops_evaluation.gold.recording import GoldRecording
from tests.evaluation.recording_programs import require_recording_programs

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>Lamp</title>
<body style="background: white"><label>Room <input id="room"></label> <button>Light off</button><p></p>
<script>document.querySelector("button").onclick = () => {
  document.body.style.background = "black";
  document.querySelector("p").textContent = "The light is off";
}</script>"""
SAMPLES = 8_000
PICTURES = 10
EARLY = 0.25
"""A picture is taken each 0.1 s; the sound's encoder moves it by less."""
LATE = 2.0
"""A busy machine draws later than it answers. This is what scores tolerate, too."""


async def perform(take: Take) -> None:
    take.step("room")
    await take.fill("#room", "Hall 7")
    take.step("light")
    async with take.saying("Now I switch the light off."):
        await take.click("text=Light off")
        await take.shows("The light is off")


TASK = RecordedTask(
    name="lamp",
    task="Switch a light off.",
    application="Lamp",
    site="lamp",
    host="lamp.example",
    outline=Outline(
        *("Switch a light off", "It is dark", "It saves power", "House", "Evening", "It is dark"),
        (Task("room", "Type the room"), Task("light", 'Click "Light off"')),
    ),
    perform=perform,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "lamp").mkdir()
    (folder / "lamp" / "index.html").write_text(PAGE, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Made:
    gold: GoldRecording
    dark_at: float
    loud_at: float
    loud_until: float


@pytest.fixture(scope="module")
def made(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    require_recording_programs()
    root = tmp_path_factory.mktemp("gold")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "_PAGES", pages)
        asyncio.run(record(TASK, root))
    found = read_gold(root)
    assert found.faults == ()
    (gold,) = found.recordings
    assert gold.recording is not None
    light = decoded(gold.recording, "-vf", f"fps={PICTURES},scale=1:1,format=gray", "-f", "rawvideo")
    sound = array("h", decoded(gold.recording, "-ac", "1", "-ar", str(SAMPLES), "-f", "s16le"))
    loud = [place for place, sample in enumerate(sound) if abs(sample) > 600]
    return Made(
        gold,
        dark_at=next(place for place, level in enumerate(light) if level < 128) / PICTURES,
        loud_at=loud[0] / SAMPLES,
        loud_until=loud[-1] / SAMPLES,
    )


def decoded(film: Path, *arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(film), *arguments, "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


@pytest.mark.slow("it records a real browser for ten seconds")
def test_the_picture_changes_when_the_truth_says(made: Made) -> None:
    click = next(event for event in made.gold.events.events if event.kind == "CLICK" and event.step == "light")
    shown = next(event for event in made.gold.events.events if event.kind == "SCREEN_UPDATE")
    assert click.at - EARLY <= made.dark_at <= shown.at + LATE
    assert click.at <= shown.at


def test_the_voice_speaks_when_the_truth_says(made: Made) -> None:
    (speech,) = made.gold.events.speech
    assert speech.start - EARLY <= made.loud_at <= speech.start + 0.5
    assert speech.end - 1.0 <= made.loud_until <= speech.end + EARLY


def test_what_is_noted_has_the_names_that_are_on_the_page(made: Made) -> None:
    assert [(event.kind, event.target, event.value, event.step) for event in made.gold.events.events] == [
        ("CLICK", "Room", None, "room"),
        ("TYPE", "Room", "Hall 7", "room"),
        ("CLICK", "Light off", None, "light"),
        ("SCREEN_UPDATE", "The light is off", None, "light"),
    ]
    assert [text.text for text in made.gold.events.screen] == ["The light is off"]
    assert "Room" in " ".join(made.gold.events.background)


def test_it_says_that_a_program_speaks_and_who_made_it(made: Made) -> None:
    assert made.gold.about.synthetic_narration
    assert made.gold.about.sha256 is not None
    assert made.gold.about.made_by.endswith("test_recorder_films.py")


def test_a_script_that_meets_another_page_leaves_nothing(pages: Path, tmp_path: Path) -> None:
    require_recording_programs()

    async def lost(take: Take) -> None:
        await take.click("text=Light on")

    async def silent(take: Take) -> None:
        take.step("light")
        await take.click("text=Light off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "_PAGES", pages)
        with pytest.raises(NotOnPageError, match="text=Light on: no such element can be seen"):
            asyncio.run(record(replace(TASK, perform=lost), tmp_path))
        with pytest.raises(ScriptWrongError, match="the script neither does nor says 'room'"):
            asyncio.run(record(replace(TASK, perform=silent), tmp_path))
    assert list(tmp_path.iterdir()) == []
