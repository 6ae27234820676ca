"""`python -m evaluation` with results that are there already."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from runops_evaluation.commands.main import main
from runops_evaluation.gold.read import read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.report.page import page
from runops_evaluation.report.rows import action_rows, step_rows
from runops_evaluation.report.scored_run import score_run
from runops_evaluation.results.files import write_result_files
from runops_evaluation.results.result import Result
from runops_evaluation.running.run_record import read_run
from runops_evaluation.scores.metrics import METRICS
from runops_evaluation.scores.score_recording import score_recording
from tests.evaluation.gold_set import GOLD, all_gold, changed_sop, contents_of, gold_named, perfect, worse

NAMES = [gold.name for gold in all_gold()]


@pytest.fixture
def results(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, make: Callable[[GoldRecording], Result], *, but: str | None = None) -> Path:
        folder = tmp_path / f"results of {name}"
        for gold in all_gold():
            if gold.name != but:
                write_result_files(folder, gold.name, contents_of(make(gold)))
        return folder

    return write


@pytest.fixture
def run(tmp_path: Path, results: Callable[..., Path]) -> Callable[..., Path]:
    """Score results, and return the run's folder."""

    def scored(name: str, make: Callable[[GoldRecording], Result] = perfect, *, code: int = 0, **options: Any) -> Path:
        found = results(name, make, **options)
        assert main(["run", str(GOLD), "--results", str(found), "--out", str(tmp_path / name)]) == code
        return tmp_path / name

    return scored


def test_it_runs_as_a_module() -> None:
    shown = subprocess.run([sys.executable, "-m", "evaluation", "--help"], capture_output=True, text=True, check=True)
    for command in ("run", "report", "compare"):
        assert command in shown.stdout


def test_a_run_is_scored(run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = run("best")
    shown = capsys.readouterr()
    for metric in METRICS:
        assert re.search(rf"^{re.escape(metric.name)} ", shown.out, re.MULTILINE), metric.name
    assert f"[3/3] {NAMES[2]}: made" in shown.err
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["means"]["steps.f1"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "recordings": 3}
    assert list(scores["recordings"]) == NAMES
    assert {outcome.state for outcome in read_run(folder).recordings.values()} == {"made"}


def test_a_run_is_the_source_of_another(run: Callable[..., Path], tmp_path: Path) -> None:
    folder = run("best")
    again = tmp_path / "again"
    assert main(["run", str(GOLD), "--results", str(folder), "--out", str(again)]) == 0
    assert read_run(again).made == read_run(folder).made
    assert (again / "scores.json").read_text() == (folder / "scores.json").read_text()


def test_a_recording_without_a_result_is_told_and_not_scored(
    run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run("some", but=NAMES[1], code=1)
    shown = capsys.readouterr()
    assert f"Not scored: {NAMES[1]}: " in shown.err
    assert f"{NAMES[1]}.transcript.json does not exist" in shown.err
    assert list(json.loads((folder / "scores.json").read_text())["recordings"]) == [NAMES[0], NAMES[2]]


def test_a_video_that_failed_is_scored_as_an_empty_result(
    run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Result(failure="Blocked: the model refused it.")
    folder = run("refused", lambda gold: refused if gold.name == NAMES[0] else perfect(gold), code=1)
    assert f"scored as an empty result: {NAMES[0]}: Blocked" in capsys.readouterr().err
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["recordings"][NAMES[0]]["steps.f1"] == 0.0
    assert scores["means"]["steps.f1"]["mean"] == pytest.approx(2 / 3)


def test_one_recording_can_be_chosen(results: Callable[..., Path], tmp_path: Path) -> None:
    found = results("best", perfect)
    arguments = ["run", str(GOLD), "--results", str(found), "--out", str(tmp_path / "one")]
    assert main([*arguments, "--only", NAMES[2]]) == 0
    assert list(read_run(tmp_path / "one").recordings) == [NAMES[2]]
    assert main([*arguments, "--only", "nobody"]) == 2


def test_gold_that_cannot_be_used_is_told(
    results: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = tmp_path / "gold"
    (gold / "broken").mkdir(parents=True)
    for file in (GOLD / NAMES[2]).iterdir():
        (gold / NAMES[2]).mkdir(exist_ok=True)
        (gold / NAMES[2] / file.name).write_text(file.read_text())
    arguments = ["run", str(gold), "--results", str(results("best", perfect)), "--out", str(tmp_path / "run")]
    assert main(arguments) == 1
    shown = capsys.readouterr().err
    assert "broken cannot be used. " in shown
    assert "Not scored: broken: " in shown


def test_what_cannot_be_read_ends_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "nowhere"), str(tmp_path)]) == 2
    assert main(["report", str(GOLD), str(tmp_path)]) == 2
    (tmp_path / "run.json").write_text("{}")
    assert main(["compare", str(GOLD), str(tmp_path), str(tmp_path)]) == 2
    (tmp_path / "run.json").write_text("{")
    assert main(["compare", str(GOLD), str(tmp_path), str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert "is not a folder" in lines[0]
    assert "run.json cannot be read" in lines[1]
    assert "run.json: made: Field required" in lines[2]
    assert "run.json is not JSON" in lines[3]


def test_a_result_of_another_recording_is_not_scored(run: Callable[..., Path]) -> None:
    folder = run("best")
    gold = read_gold(GOLD)
    others = replace(
        gold,
        recordings=tuple(
            replace(one, about=one.about.model_copy(update={"sha256": "0" * 64})) for one in gold.recordings[:1]
        ),
    )
    scored = score_run(others, folder)
    assert scored.scores == ()
    assert "another recording" in scored.left_out[0]
    assert "there is no such gold recording" in scored.left_out[1]


def test_two_runs_are_compared(run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = run("best"), run("worse", worse)
    capsys.readouterr()
    assert main(["compare", str(GOLD), str(first), str(second)]) == 0
    shown = capsys.readouterr().out
    assert "first:  best: folder results of best" in shown
    line = next(line for line in shown.splitlines() if line.startswith("steps.f1 "))
    assert re.search(r"1\.00 +0\.\d\d +-0\.\d\d +-0\.\d\d to -0\.\d\d +1\.000 +no$", line)
    assert "With 3 recordings no difference can be significant" in shown


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "srcset", "action", "data"}]


def links(text: str) -> Links:
    found = Links()
    found.feed(text)
    return found


def test_a_report_is_one_page_without_links(run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = run("best"), run("worse", worse)
    assert main(["report", str(GOLD), str(second), "--against", str(first)]) == 0
    path = second / "report.html"
    assert capsys.readouterr().out.endswith(f"{path}\n")
    text = path.read_text()
    found = links(text)
    assert found.addresses == []
    assert not found.tags & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in text
    assert "@import" not in text
    assert text.count("<details") == len(NAMES)
    for word in ("matched", "missed", "invented", "0.80", "In-Context Ensemble", "Earlier", "not significant"):
        assert word in text


def test_a_report_escapes_what_recordings_show(run: Callable[..., Path]) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"

    def make(gold: GoldRecording) -> Result:
        result = perfect(gold)
        assert result.sop is not None
        sop = changed_sop(result.sop, lambda public: public["nodes"][0].update(label=hostile))
        return replace(result, sop=sop)

    folder = run("hostile", make)
    gold = read_gold(GOLD)
    scored = replace(score_run(gold, folder), left_out=(hostile,))
    text = page(gold, scored, None)
    assert not links(text).tags & {"script", "img"}
    assert "&lt;script&gt;" in text


def test_a_report_tells_what_failed_and_what_was_left_out(run: Callable[..., Path]) -> None:
    refused = Result(failure="Blocked: the model refused it.")
    folder = run("refused", lambda gold: refused if gold.name == NAMES[0] else perfect(gold), but=NAMES[2], code=1)
    assert main(["report", str(GOLD), str(folder)]) == 1
    text = (folder / "report.html").read_text()
    assert "Blocked: the model refused it." in text
    assert f"{NAMES[2]}.transcript.json does not exist" in text


def test_rows_stand_side_by_side_with_differences_marked() -> None:
    gold = gold_named("urlaubsantrag")
    score = score_recording(gold, worse(gold))
    actions = action_rows(score)
    assert [row.state for row in actions].count("matched") == len(score.action_pairs)
    assert [row.state for row in actions].count("missed") == len(score.gold_actions) - len(score.action_pairs)
    steps = step_rows(score)
    assert [row.state for row in steps] == ["invented", "missed", "matched", "matched", "matched", "invented"]
    changed = steps[2]
    assert changed.true is not None
    assert changed.made is not None
    assert [part.text for part in changed.made.parts if part.is_other] == ['Such as "Petra Klein".']
    assert [part.text for part in changed.true.parts if part.is_other] == ["Zum Beispiel 03.08.2026 bis 14.08.2026."]
    best = score_recording(gold, perfect(gold))
    assert not any(
        part.is_other
        for row in (*action_rows(best), *step_rows(best))
        for side in (row.true, row.made)
        if side is not None
        for part in side.parts
    )
