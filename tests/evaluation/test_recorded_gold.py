"""The committed recordings are whole, small, and what their scripts say."""

import pytest

from evaluation.recorder import catalogue
from evaluation.recorder.outline import sop_of
from evaluation.recorder.recorded_task import RecordedTask, faults_of
from runops_evaluation.gold.read import read_gold
from tests.evaluation.gold_set import RECORDED

GOLD = read_gold(RECORDED)
BY_NAME = {one.name: one for one in GOLD.recordings}
TASKS = {task.name: task for task in catalogue.RECORDED}
NOT_COMMITTED = {"ledgerline-invoice", "twelve-minutes"}
"""The sample of the development stack, and one that is too long."""


def test_each_recording_can_be_used() -> None:
    # This checks the hash of each file, its times, its steps and its graph, too.
    assert GOLD.faults == ()
    assert BY_NAME.keys() == TASKS.keys() - NOT_COMMITTED
    assert all(one.recording is not None for one in GOLD.recordings)


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in RECORDED.rglob("*") if path.is_file()) < 8_000_000
    assert all(one.about.duration < 65 for one in GOLD.recordings)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_recording_is_what_its_script_says(name: str) -> None:
    task, gold = TASKS[name], BY_NAME[name]
    assert gold.sop == sop_of(task.outline, name)
    assert list(faults_of(task, gold.events)) == []
    assert (gold.about.task, gold.about.language) == (task.task, task.language)
    assert gold.about.synthetic_narration
    assert gold.about.made_by == f"evaluation/recorder/tasks/{name.replace('-', '_')}.py"


def test_no_password_is_in_the_truth() -> None:
    def texts(task: RecordedTask) -> str:
        return (RECORDED / task.name / "events.json").read_text("utf-8")

    login = texts(TASKS["deactivate-user"])
    assert "[password hidden]" in login
    assert "tide-Lamp-41" not in login
