"""What an answer must count to be believed, by the resolution that was asked for."""

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from runops.picture_resolution import PictureResolution
from runops_worker.gemini.files import UploadedFile
from runops_worker.gemini.seen_pictures import SeenPictures
from runops_worker.model.protocol import Question

VIDEO = UploadedFile(Path("clip.mp4"), UUID(int=1), 100.0, 1, cast("Any", SimpleNamespace(name="files/a")))
HIGH = Question(model="gemini-3.8-flash", instruction="", text="", schema={}, max_output_tokens=9)
LOW = replace(HIGH, resolution=PictureResolution.LOW)


def test_before_the_first_answer_half_of_the_low_resolution_is_expected_of_both() -> None:
    assert SeenPictures().least(HIGH, VIDEO) == SeenPictures().least(LOW, VIDEO) == 3_500


def test_each_resolution_is_learned_by_itself() -> None:
    seen = SeenPictures()
    seen.note(HIGH, VIDEO, 28_000)
    assert seen.least(HIGH, VIDEO) == 14_000
    assert seen.least(LOW, VIDEO) == 3_500
    # An API that does not follow LOW does not raise what is expected of an answer at LOW.
    seen.note(LOW, VIDEO, 28_000)
    assert seen.least(LOW, VIDEO) == 3_500


@pytest.mark.parametrize(
    ("question", "tokens", "warned"), [(HIGH, 7_000, 1), (HIGH, 28_000, 0), (LOW, 7_000, 0), (LOW, 3_400, 1)]
)
def test_fewer_tokens_than_documented_are_said_once(
    question: Question, tokens: int, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    seen = SeenPictures()
    with caplog.at_level(logging.WARNING):
        seen.note(question, VIDEO, tokens)
        seen.note(question, VIDEO, tokens)
    assert len(caplog.records) == warned


def test_of_an_unknown_family_one_token_is_expected_and_then_half_of_what_it_counts() -> None:
    seen, other = SeenPictures(), replace(LOW, model="other-1")
    assert seen.least(other, VIDEO) == 1
    seen.note(other, VIDEO, 10_000)
    assert seen.least(other, VIDEO) == 5_000
