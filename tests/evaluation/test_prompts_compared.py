"""Two prompts compared by one command: a worse one is found, and what both cost is told before the first call."""

import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment
from devstack.stack import StackInfo
from runops.videojob import ModelChoice, PromptChoice, Transcode
from runops_evaluation.evaluate import RunRequest
from runops_evaluation.floors import READING_RECORDED
from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.scored_run import score_run
from runops_evaluation.running.settings import PipelineSettings
from runops_evaluation.score_and_report import score_and_report
from runops_worker.prompts import load_prompt
from tests.evaluation.gold_set import RECORDED

_ENTERED: Final = ("data_input_observed", "typed_characters", "pasted_text_observed", "selected_value_observed")


@pytest.fixture
def reading(stack: StackInfo) -> Iterator[GeminiControl]:
    environment.install(print)
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        control.forget_files()
        control.behave(Behaviour(reading=True, heeds_prompt=True))
        yield control
        control.reset()


def without_entered_values(tmp_path: Path) -> Path:
    """Return the current prompt without each line that asks for what was entered."""
    lines = load_prompt(PromptChoice().transcription).text.splitlines(keepends=True)
    left = [line for line in lines if not any(name in line for name in _ENTERED)]
    assert len(left) < len(lines)
    path = tmp_path / "lacking.md"
    path.write_text("".join(left), encoding="utf-8")
    return path


def request(tmp_path: Path, gold: Path, variables: dict[str, str], *, prompt: str, name: str) -> RunRequest:
    env_file = tmp_path / "stack.env"
    env_file.write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
    return RunRequest(
        gold=gold,
        out=tmp_path / name,
        settings=PipelineSettings(
            models=ModelChoice(),
            transcription_prompt=prompt,
            sop_prompt=PromptChoice().sop,
            transcode=Transcode(),
        ),
        env_file=env_file,
        cache=tmp_path / "kept",
        ask_above_usd=Decimal(0),
    )


def recorded(tmp_path: Path) -> Path:
    gold = tmp_path / "gold"
    for name in READING_RECORDED:
        shutil.copytree(RECORDED / name, gold / name)
    return gold


@pytest.mark.slow("it reads pictures and sound of three recordings: 60 CPU seconds, the first time")
@pytest.mark.usefixtures("database")
def test_a_prompt_that_lacks_a_field_is_found_to_be_worse_and_a_second_command_pays_for_nothing(
    stack: StackInfo, tmp_path: Path, reading: GeminiControl, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = recorded(tmp_path)
    now = request(tmp_path, gold, stack.environment(), prompt=PromptChoice().transcription, name="now")
    lacking = request(tmp_path, gold, stack.environment(), prompt=str(without_entered_values(tmp_path)), name="lacking")

    assert score_and_report(lacking, against=None, other=now, confirm=_nobody) == 0

    said = capsys.readouterr().out
    assert "first:  now: worker, gemini-3.8-flash, transcription_prompt_v2.md" in said
    assert "second: lacking: worker, gemini-3.8-flash, lacking.md" in said
    good, bad = (score_run(read_gold(gold), run.out).values() for run in (now, lacking))
    assert good.keys() == bad.keys() == READING_RECORDED.keys()
    assert all(_f1(bad[name]) <= _f1(good[name]) for name in good)
    # A form is typed into: what the prompt does not ask for is missing in events and on the way to the SOP.
    form = "supplier-form"
    assert _f1(bad[form]) < _f1(good[form])
    assert bad[form]["speech.wer"] == good[form]["speech.wer"]
    assert "Earlier" in (lacking.out / "report.html").read_text()

    calls = len(reading.calls())
    assert calls
    assert score_and_report(lacking, against=None, other=now, confirm=_nobody) == 0
    assert len(reading.calls()) == calls


def test_what_both_runs_cost_is_told_and_asked_once_before_the_first_call(
    stack: StackInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = recorded(tmp_path)
    google = {key: value for key, value in stack.environment().items() if key != "GOOGLE_GEMINI_BASE_URL"}
    now = request(tmp_path, gold, google, prompt=PromptChoice().transcription, name="now")
    lacking = request(tmp_path, gold, google, prompt=str(without_entered_values(tmp_path)), name="lacking")
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    assert score_and_report(lacking, against=None, other=now, confirm=refuse) == 2
    assert asked == ["Spend it?"]
    said = capsys.readouterr().err
    assert "6 recordings to work on, for about 0." in said
    assert "Nothing was spent." in said
    assert not now.out.exists()
    assert not lacking.out.exists()


def _f1(scores: Mapping[str, float | None]) -> float:
    value = scores["events.f1"]
    assert value is not None
    return value


def _nobody(question: str) -> bool:
    raise AssertionError(f"nobody is asked about a stand-in: {question}")
