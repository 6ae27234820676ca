"""What the owner is told about a part of the recording that could not be used."""

from typing import get_args

import pytest

from runops.quality import LossKind, RecordingLoss
from runops_worker.media.recording import loss
from runops_worker.reporting.loss_notes import loss_notes
from runops_worker.sop.loss_questions import loss_questions
from runops_worker.sop.wording.sentences import ENGLISH, LANGUAGES

QUESTIONS: dict[LossKind, str] = {
    "sound_unreadable": "What is said in the recording from 00:01:05 to 00:02:00? Its sound could not be read there.",
    "sound_track_left_out": (
        "What is said in the recording from 00:01:05 to 00:02:00 on the sound track that could not be read?"
    ),
    "cut_off": "What happens in the recording after 00:01:05? The end of the file is missing.",
    "pictures_damaged": (
        "What does the screen show in the recording from 00:01:05 to 00:02:00? The picture is damaged there."
    ),
}


def lost(kind: LossKind, *, start: float = 65.9, end: float | None = 119.6) -> RecordingLoss:
    return RecordingLoss(kind=kind, detail=f"A sentence about {kind}.", start=start, end=end)


def test_the_media_code_and_the_report_know_the_same_kinds() -> None:
    assert {kind.value for kind in loss.LossKind} == set(get_args(LossKind))


@pytest.mark.parametrize("kind", get_args(LossKind))
def test_the_sop_asks_about_each_kind_of_loss(kind: LossKind) -> None:
    assert loss_questions([lost(kind)], ENGLISH, seconds=200) == (QUESTIONS[kind],)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", get_args(LossKind))
def test_each_language_names_the_time(kind: LossKind, language: str) -> None:
    (question,) = loss_questions([lost(kind)], LANGUAGES[language], seconds=200)
    assert "00:01:05" in question
    assert ("00:02:00" in question) == (kind != "cut_off")


def test_a_loss_without_an_end_reaches_to_the_end_of_the_video() -> None:
    (question,) = loss_questions([lost("sound_unreadable", start=0, end=None)], ENGLISH, seconds=200)
    assert "from 00:00:00 to 00:03:20?" in question


def test_the_same_question_is_asked_once() -> None:
    assert len(loss_questions([lost("cut_off"), lost("cut_off"), lost("sound_unreadable")], ENGLISH, seconds=9)) == 2
    assert loss_questions([], ENGLISH, seconds=9) == ()


def test_the_row_has_one_note_about_all_losses() -> None:
    assert loss_notes([]) == []
    assert loss_notes([lost("cut_off", end=None), lost("pictures_damaged")]) == [
        {
            "kind": "losses",
            "sentence": "A sentence about cut_off. A sentence about pictures_damaged.",
            "losses": [
                {"kind": "cut_off", "detail": "A sentence about cut_off.", "start": 65.9},
                {
                    "kind": "pictures_damaged",
                    "detail": "A sentence about pictures_damaged.",
                    "start": 65.9,
                    "end": 119.6,
                },
            ],
        }
    ]
