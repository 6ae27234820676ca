"""The stand-in that reads, scored: whatever makes transcript or SOP of the sample worse falls below a floor."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment
from devstack.sample import RECORDING
from devstack.stack import StackInfo
from runops_evaluation.commands.main import main
from runops_evaluation.floors import READING, READING_RECORDED, below_floor
from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.scored_run import ScoredRun, score_run
from runops_evaluation.scores.metrics import BY_NAME
from runops_evaluation.statistics.bootstrap import Mean
from tests.evaluation.gold_set import GOLD, RECORDED

NAME = "ledgerline-invoice"


@pytest.fixture
def reading(stack: StackInfo) -> Iterator[GeminiControl]:
    environment.install(print)
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        control.forget_files()
        control.behave(Behaviour(reading=True))
        yield control
        control.reset()


def run(gold: Path, stack: StackInfo, tmp_path: Path) -> ScoredRun:
    env_file = tmp_path / "stack.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in stack.environment().items()))
    out = tmp_path / "run"
    places = ["--out", str(out), "--cache", str(tmp_path / "kept"), "--env-file", str(env_file)]
    assert main(["run", str(gold), *places]) == 0
    return score_run(read_gold(gold), out)


@pytest.mark.slow("it reads the pictures and the sound of the sample: 30 CPU seconds, the first time")
@pytest.mark.usefixtures("reading", "database")
def test_no_score_of_the_sample_falls_below_its_floor(stack: StackInfo, tmp_path: Path) -> None:
    gold = tmp_path / "gold"
    shutil.copytree(GOLD / NAME, gold / NAME)
    shutil.copy(RECORDING, gold / NAME / "recording.mp4")
    assert below_floor(run(gold, stack, tmp_path).means(), READING) == []


@pytest.mark.slow("it reads pictures and sound of three recordings: 60 CPU seconds, the first time")
@pytest.mark.usefixtures("reading", "database")
def test_no_score_of_other_pages_falls_below_its_floor(stack: StackInfo, tmp_path: Path) -> None:
    gold = tmp_path / "gold"
    for name in READING_RECORDED:
        shutil.copytree(RECORDED / name, gold / name)
    scores = run(gold, stack, tmp_path).values()
    assert scores.keys() == READING_RECORDED.keys()
    fallen = {
        name: below_floor(
            {BY_NAME[metric]: Mean(value, None, None, 1) for metric, value in scores[name].items()}, floors
        )
        for name, floors in READING_RECORDED.items()
    }
    assert not any(fallen.values()), fallen
