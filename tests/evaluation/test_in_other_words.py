"""A right answer in a model's style, written by hand: whole seconds, other words, two steps in one."""

from pathlib import Path

import pytest

from runops_evaluation.report.rows import action_rows, step_rows
from runops_evaluation.results.files import read_result
from runops_evaluation.scores.score_recording import RecordingScore, score_recording
from tests.evaluation.gold_set import gold_named

NAME = "ledgerline-invoice"


@pytest.fixture(scope="module")
def score() -> RecordingScore:
    return score_recording(gold_named(NAME), read_result(Path(__file__).with_name("in_other_words"), NAME))


def missed(score: RecordingScore) -> list[str]:
    return [
        f"{row.true.kind} {''.join(part.text for part in row.true.parts)}".strip()
        for row in (*action_rows(score), *step_rows(score))
        if row.state == "missed" and row.true is not None
    ]


def test_only_what_is_not_there_is_missed(score: RecordingScore) -> None:
    assert missed(score) == [
        # Two keys and a click that a picture each second does not show.
        "KEYPRESS_DOWN",
        "KEYPRESS_DOWN",
        "CLICK Approver",
        # It is in the step that sends the request, and one step cannot stand for two.
        'task Enter the name of the manager as approver. Such as "Jonas Weber".',
    ]


def test_nothing_is_invented(score: RecordingScore) -> None:
    assert not [row for row in (*action_rows(score), *step_rows(score)) if row.state == "invented"]


def test_its_figures_are_high(score: RecordingScore) -> None:
    values = score.values
    assert values["steps.f1"] == pytest.approx(24 / 25)
    for name in ("steps.order", "decisions.right", "grounding.gold", "wonderbread.recall", "events.precision"):
        assert values[name] == 1.0, name
    assert values["loops.bodies"] == pytest.approx(11 / 12)
    assert values["screen_text.cer"] == 0.0
    wer = values["speech.wer"]
    assert wer is not None
    # "Ledger Line" and "center".
    assert 0 < wer < 0.03
