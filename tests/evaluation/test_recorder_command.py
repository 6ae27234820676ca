"""`python -m evaluation record`: which tasks, what is there already, and one that fails beside one that does not."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.recorder import catalogue, command
from evaluation.recorder.browser import NotOnPageError
from evaluation.recorder.join import JoinImpossibleError, join
from evaluation.recorder.programs import ProgramMissingError
from evaluation.recorder.recorded_task import JoinedTask, RecordedTask
from runops_evaluation.commands.main import main
from runops_evaluation.gold.read import read_gold
from tests.evaluation.gold_set import RECORDED

TASKS = {task.name: task for task in catalogue.RECORDED}
TWO = JoinedTask("two", "Two procedures.", ("board-drag", "copy-to-notes"), seconds=90.0)


def record(*arguments: str) -> int:
    return main(["record", *arguments], more=(command.add_to,))


def test_the_list_names_each_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert record("--list") == 0
    told = capsys.readouterr().out
    names = [*(one.name for one in catalogue.RECORDED), *(one.name for one in catalogue.JOINED)]
    assert [line.split()[0] for line in told.splitlines()] == names


def test_an_unknown_task_and_a_missing_folder_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert record("board-drop", "--out", str(tmp_path)) == 2
    assert "There is no task board-drop. There are: ledgerline-invoice," in capsys.readouterr().err
    assert record("board-drag") == 2
    assert "--out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_one_that_fails_does_not_stop_the_others_and_what_is_there_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    async def recording(task: RecordedTask, root: Path) -> Path:
        if task.name == "board-drag":
            raise NotOnPageError("text=Add card: no such element can be seen")
        made.append(task.name)
        (root / task.name).mkdir(exist_ok=True)
        (root / task.name / "about.json").write_text("{}")
        return root / task.name

    monkeypatch.setattr(command, "record", recording)
    names = ("board-drag", "idle-export")
    assert record(*names, "--out", str(tmp_path)) == 1
    assert "[1/2] board-drag: failed: text=Add card: no such element" in capsys.readouterr().err
    assert made == ["idle-export"]
    assert record("idle-export", "--out", str(tmp_path)) == 0
    assert "there already" in capsys.readouterr().err
    assert made == ["idle-export"]
    assert record("idle-export", "--again", "--out", str(tmp_path)) == 0
    assert made == ["idle-export", "idle-export"]


def test_a_missing_program_stops_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def recording(_task: RecordedTask, _root: Path) -> Path:
        raise ProgramMissingError("Missing: xvfb. Install with: apt-get install xvfb")

    monkeypatch.setattr(command, "record", recording)
    assert record("--out", str(tmp_path)) == 2
    assert capsys.readouterr().err.count("apt-get install xvfb") == 1


def test_parts_that_are_missing_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(RECORDED / "board-drag", tmp_path / "board-drag")
    assert record("two-hours", "--out", str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert "two-hours needs ledgerline-invoice, supplier-form" in told
    assert "board-drag" not in told


async def test_joined_recordings_are_one_gold_recording_whose_truth_is_later(tmp_path: Path) -> None:
    for name in TWO.parts:
        shutil.copytree(RECORDED / name, tmp_path / name)
    await join(TWO, TASKS, tmp_path)
    found = read_gold(tmp_path)
    assert found.faults == ()
    whole = next(one for one in found.recordings if one.name == "two")
    first, second = (next(one for one in found.recordings if one.name == name) for name in TWO.parts)
    assert whole.about.duration == pytest.approx(2 * (first.about.duration + second.about.duration), abs=0.5)
    begin = 2 * first.about.duration
    assert [event.at for event in whole.events.events if event.kind == "PASTE"] == pytest.approx(
        [event.at + later for later in (begin, begin + second.about.duration) for event in second.events.events
         if event.kind == "PASTE"], abs=0.02,
    )  # fmt: skip
    assert {event.step for event in whole.events.events if event.kind == "PASTE"} == {"copy-to-notes.paste"}
    loops = [node for node in whole.sop.public.nodes if node.type == "loop"]
    assert [node.id for node in loops] == ["board-drag.all", "copy-to-notes.all"]
    assert whole.about.synthetic_narration


async def test_a_procedure_with_a_loop_and_other_steps_cannot_be_repeated(tmp_path: Path) -> None:
    shutil.copytree(RECORDED / "board-drag", tmp_path / "board-drag")
    loop = TASKS["orders-shipped"].outline.parts
    outline = replace(TASKS["board-drag"].outline, parts=(*loop, *TASKS["board-drag"].outline.parts))
    tasks = {"board-drag": replace(TASKS["board-drag"], outline=outline)}
    with pytest.raises(JoinImpossibleError, match="board-drag has a loop and other steps"):
        await join(replace(TWO, parts=("board-drag",)), tasks, tmp_path)
    assert [one.name for one in read_gold(tmp_path).recordings] == ["board-drag"]
