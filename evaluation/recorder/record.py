"""Makes the folder of a gold recording: the film, and what is true of it."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from evaluation.recorder.browser import Browser
from evaluation.recorder.camera import Camera, duration_of, encode
from evaluation.recorder.display import Display
from evaluation.recorder.outline import sop_of
from evaluation.recorder.programs import require
from evaluation.recorder.recorded_task import RecordedTask, faults_of
from evaluation.recorder.sites import serve
from evaluation.recorder.take import Take
from evaluation.recorder.truth import Truth
from evaluation.recorder.voice import track, write_track
from runops.sop import Sop
from runops_evaluation.gold.about import About
from runops_evaluation.gold.events import Events
from runops_evaluation.gold.read import sha256_of

__all__ = ["ScriptWrongError", "record", "write_folder"]

_BEFORE_SECONDS: Final = 1.2
_AFTER_SECONDS: Final = 1.5
_SETTLES_SECONDS: Final = 1.0


class ScriptWrongError(Exception):
    """A script and its procedure contradict each other; the text says where."""


async def record(task: RecordedTask, root: Path) -> Path:
    """Perform a task, film it, and return the folder of the recording.

    What is written appears at once and whole; a recording that was there before is replaced.

    Raises
    ------
    ProgramMissingError
        A program is not installed.
    NotOnPageError, ScriptWrongError
        The script is wrong.
    """
    require(("Xvfb", "chromium", "openbox", "xdotool", *((task.window.program,) if task.window else ())))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film, sound, screen = folder / "recording.mp4", folder / "sound.wav", folder / "screen.mkv"
        events, spoken, seconds = await _perform(task, folder, screen)
        if faults := list(faults_of(task, events)):
            raise ScriptWrongError(f"{task.name}: {'; '.join(faults)}")
        write_track(sound, track(spoken, seconds=seconds))
        await encode(screen, sound, film)
        about = About(
            format=1,
            task=task.task,
            language=task.language,
            synthetic_narration=True,
            duration=await duration_of(film),
            made_by=f"{task.perform.__module__.replace('.', '/')}.py",
            sha256=sha256_of(film),
        )
        return write_folder(
            root / task.name, about=about, events=events, sop=sop_of(task.outline, task.name), film=film
        )


def write_folder(folder: Path, *, about: About, events: Events, sop: Sop, film: Path) -> Path:
    """Write a recording and what is true of it; all of it or nothing."""
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    files: dict[str, BaseModel] = {"about.json": about, "events.json": events, "sop.json": sop}
    for name, content in files.items():
        # What is absent is left out, but for the hash: null says that each making gives another file.
        data = content.model_dump(
            mode="json", exclude_none=name != "about.json", exclude_defaults=name == "events.json"
        )
        data = {"format": 1, **data} if name != "sop.json" else data
        (draft / name).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copy(film, draft / "recording.mp4")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return folder


async def _perform(task: RecordedTask, folder: Path, screen: Path) -> tuple[Events, list[tuple[float, bytes]], float]:
    kept, home, profile = (folder / name for name in ("site", "home", "profile"))
    for one in (kept, home, profile):
        one.mkdir()
    async with serve(task.site, folder=kept, language=task.language) as place, Display(home) as display:
        if task.window is not None:
            await _behind(display, home, task)
        browser = Browser(
            display,
            profile,
            address=f"http://{task.host}/{task.page}",
            hosts={task.host: place},
            framed=task.framed,
            language=task.language,
        )
        async with browser:
            await asyncio.sleep(_SETTLES_SECONDS)
            async with Camera(display, screen) as camera:
                truth = Truth(camera.second)
                take = Take(
                    display,
                    browser,
                    truth,
                    application=task.application,
                    voice=task.voice,
                    words_per_minute=task.words_per_minute,
                    folder=home,
                )
                truth.background(await browser.lines())
                await asyncio.sleep(_BEFORE_SECONDS)
                await task.perform(take)
                await asyncio.sleep(_AFTER_SECONDS)
                seconds = camera.second()
            return truth.events(), take.spoken, seconds


async def _behind(display: Display, home: Path, task: RecordedTask) -> None:
    assert task.window is not None
    name, text = task.window.file
    (home / name).write_text(text, encoding="utf-8")
    await display.start(task.window.program, str(home / name))
    for _ in range(300):
        if task.window.title in await display.front_window():
            return
        await asyncio.sleep(0.1)
    raise ScriptWrongError(f"{task.name}: no window {task.window.title!r} came within 30 s")
