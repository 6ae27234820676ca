"""Tokens of a call before it is made, beside the arithmetic by which the stand-in counts them."""

import math
from dataclasses import replace

import pytest

from devstack.gemini.models import MODELS
from devstack.gemini.tokens.count import PromptTokens
from runops.picture_resolution import PictureResolution
from runops_worker.model.estimate import CallEstimate, clip_estimate, picture_tokens, text_estimate
from runops_worker.model.protocol import CallUsage, Exchange, Question

QUESTION = Question(model="gemini-3.8-flash", instruction="", text="", schema={}, max_output_tokens=32_768)
SCHEMA_TOKENS = 1


@pytest.mark.parametrize(("resolution", "picture"), [(PictureResolution.HIGH, 280), (PictureResolution.LOW, 70)])
@pytest.mark.parametrize("model", ["gemini-3.8-flash", "models/gemini-3.8-flash-001", "gemini-4-carbon"])
@pytest.mark.parametrize(("seconds", "fps"), [(300.0, 1), (59.2, 2), (12.0, 30)])
def test_a_clip_counts_pictures_sound_and_time_marks(
    *, model: str, seconds: float, fps: int, resolution: PictureResolution, picture: int
) -> None:
    counted = PromptTokens()
    counted.add_video(
        model=MODELS["gemini-3.8-flash"],
        metadata={"fps": min(fps, 24)},
        resolution=f"MEDIA_RESOLUTION_{resolution.name}",
        duration=seconds,
        has_audio=True,
    )
    estimate = clip_estimate(replace(QUESTION, model=model, resolution=resolution), seconds=seconds, fps=fps)
    assert estimate.video_tokens == math.ceil(seconds * min(fps, 24)) * picture
    assert (estimate.video_tokens, estimate.audio_tokens) == (counted.counts["VIDEO"], counted.counts["AUDIO"])
    assert estimate.text_tokens == counted.counts["TEXT"] + SCHEMA_TOKENS
    assert estimate.input_tokens == counted.total + SCHEMA_TOKENS


def test_a_minute_takes_as_many_tokens_as_the_documentation_says() -> None:
    assert clip_estimate(QUESTION, seconds=60, fps=1).input_tokens - SCHEMA_TOKENS == 18_720


def test_gemini_2_has_smaller_pictures_and_dearer_sound_and_an_unknown_family_counts_the_dearest_of_both() -> None:
    for model, high, low, sound in (
        ("gemini-2.5-flash", 258, 66, 32),
        ("other-1", 280, 70, 32),
        ("models/gemini-4-x", 280, 70, 25),
    ):
        for resolution, picture in ((PictureResolution.HIGH, high), (PictureResolution.LOW, low)):
            estimate = clip_estimate(replace(QUESTION, model=model, resolution=resolution), seconds=10, fps=1)
            assert (estimate.video_tokens, estimate.audio_tokens) == (10 * picture, 10 * sound)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gemini-2.5-flash", 258),
        ("models/gemini-2.5-flash", 258),
        ("gemini-3.8-flash-001", 280),
        ("models/gemini-3.8-flash", 280),
        ("gemini-4-carbon", 280),
        ("gemini-5", None),
        ("other-gemini-3", None),
    ],
)
def test_a_picture_is_known_by_the_family_of_its_model(model: str, tokens: int | None) -> None:
    assert picture_tokens(model) == tokens


def test_a_short_clip_counts_its_pictures_and_whole_seconds_and_an_empty_one_nothing() -> None:
    half = clip_estimate(QUESTION, seconds=0.5, fps=10)
    assert (half.video_tokens, half.audio_tokens, half.text_tokens) == (5 * 280, 25, 7 + SCHEMA_TOKENS)
    empty = clip_estimate(QUESTION, seconds=0, fps=10)
    assert (empty.video_tokens, empty.audio_tokens, empty.text_tokens) == (0, 0, SCHEMA_TOKENS)


def test_the_schema_counts_as_the_text_that_it_is() -> None:
    asked = replace(QUESTION, schema={"é": "é" * 40})
    assert text_estimate(asked).text_tokens == (2 * 41 + len('{"": ""}') + 3) // 4


def test_a_silent_clip_has_no_sound() -> None:
    assert clip_estimate(QUESTION, seconds=10, fps=1, with_sound=False).audio_tokens == 0


def test_text_counts_a_token_for_every_four_bytes_and_the_turns_before_a_repair_count() -> None:
    asked = replace(QUESTION, instruction="i" * 40, text="é" * 40, exchanges=(Exchange("a" * 8, "c" * 5),))
    estimate = text_estimate(asked)
    assert estimate.text_tokens == 10 + 20 + SCHEMA_TOKENS + 2 + 2
    assert (estimate.video_tokens, estimate.audio_tokens) == (0, 0)


def test_the_usual_answer_grows_with_the_input_and_stays_below_the_limit() -> None:
    short, long = (clip_estimate(QUESTION, seconds=seconds, fps=1).usual_output_tokens for seconds in (10, 300))
    assert (short, long) == (1_250, 8_500)
    assert clip_estimate(QUESTION, seconds=7_200, fps=1).usual_output_tokens == QUESTION.max_output_tokens
    some = text_estimate(replace(QUESTION, text="t" * 40_000))
    assert some.usual_output_tokens == 6_000 + 6_001
    assert text_estimate(replace(QUESTION, text="t" * 999_999)).usual_output_tokens == QUESTION.max_output_tokens


def test_an_estimate_can_be_priced_like_a_call() -> None:
    estimate = CallEstimate(
        model="m", text_tokens=1, video_tokens=2, audio_tokens=3, most_output_tokens=50, usual_output_tokens=20
    )
    assert estimate.usual() == CallUsage("m", 6, 20, video_tokens=2, audio_tokens=3)
    assert estimate.most() == CallUsage("m", 6, 50, video_tokens=2, audio_tokens=3)
