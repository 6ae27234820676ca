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
from runops_evaluation.floors import READING, below_floor
from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.scored_run import score_run
from tests.evaluation.gold_set import GOLD

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


@pytest.mark.slow("it reads the pictures and the sound of the sample: 30 CPU seconds, the first time")
@pytest.mark.usefixtures("reading", "database")
def test_no_score_of_the_sample_falls_below_its_floor(stack: StackInfo, tmp_path: Path) -> None:
    gold = tmp_path / "gold"
    shutil.copytree(GOLD / NAME, gold / NAME)
    shutil.copy(RECORDING, gold / NAME / "recording.mp4")
    env_file = tmp_path / "stack.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in stack.environment().items()))
    run = tmp_path / "run"
    places = ["--out", str(run), "--cache", str(tmp_path / "kept"), "--env-file", str(env_file)]
    assert main(["run", str(gold), *places]) == 0
    scored = score_run(read_gold(gold), run)
    assert below_floor(scored.means(), READING) == []
