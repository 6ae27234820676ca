"""How an answer of Gemini ends decides what it is, and which ends are worth another call."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import MODEL_RETRIES
from runops_worker.model.protocol import Answer, AnswerEnd, InputTooLarge, Question
from tests.adapters.gemini_recorder import GeminiRecorder, Refusal, Reply, running_recorder

QUESTION = Question(model="gemini-3.8-flash", instruction="i", text="t", schema={"type": "array"}, max_output_tokens=99)
HALF = '[{"timestamp_start_visual": "00:00:01"'


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiRecorder]:
    async with running_recorder() as recorder:
        yield recorder


@pytest.fixture
async def model(gemini: GeminiRecorder) -> AsyncIterator[GeminiModel]:
    async def at_once(_seconds: float) -> None:
        """Wait for nothing; how long to wait is tested elsewhere."""

    async with GeminiModel("key", gemini.url, retries=replace(MODEL_RETRIES, sleep=at_once)) as model:
        yield model


async def ask(model: GeminiModel) -> Answer:
    return await model.ask(QUESTION, on_usage=lambda _: None)


@pytest.mark.parametrize(
    ("reply", "answer", "calls"),
    [
        (Reply(HALF, "MAX_TOKENS"), Answer(HALF, AnswerEnd.CUT_OFF, "MAX_TOKENS"), 1),
        (Reply(HALF, "OTHER"), Answer(HALF, AnswerEnd.CUT_OFF, "OTHER"), 2),
        (Reply(HALF, "MALFORMED_RESPONSE"), Answer(HALF, AnswerEnd.CUT_OFF, "MALFORMED_RESPONSE"), 2),
        (Reply(HALF, "SOMETHING_NEW"), Answer(HALF, AnswerEnd.CUT_OFF, "SOMETHING_NEW"), 2),
        (Reply(HALF, "RECITATION"), Answer(HALF, AnswerEnd.REFUSED, "RECITATION"), 2),
        (Reply("", "SAFETY"), Answer("", AnswerEnd.REFUSED, "SAFETY"), 2),
        (Reply(" ", "STOP"), Answer("", AnswerEnd.EMPTY), 3),
        (Reply("", "OTHER"), Answer("", AnswerEnd.EMPTY, "OTHER"), 3),
    ],
    ids=lambda value: value.finish if isinstance(value, Reply) else "",
)
async def test_each_end_has_its_calls_and_is_a_result(
    *, model: GeminiModel, gemini: GeminiRecorder, reply: Reply, answer: Answer, calls: int
) -> None:
    gemini.script = [reply] * 9
    assert await ask(model) == answer
    assert len(gemini.calls()) == calls


@pytest.mark.parametrize("finish", ["OTHER", "SOMETHING_NEW", "RECITATION", None])
async def test_a_complete_answer_after_a_partial_one_is_the_result(
    model: GeminiModel, gemini: GeminiRecorder, finish: str | None
) -> None:
    gemini.script = [Reply(HALF, finish)]
    assert await ask(model) == Answer("[]")
    assert len(gemini.calls()) == 2


async def test_an_answer_that_ends_in_the_middle_each_time_is_a_failure(
    model: GeminiModel, gemini: GeminiRecorder
) -> None:
    gemini.script = [Reply(HALF, None)] * 9
    with pytest.raises(Failed, match="ended in the middle") as failed:
        await ask(model)
    assert failed.value.reason is Reason.MODEL_UNAVAILABLE
    assert len(gemini.calls()) == 3


@pytest.mark.parametrize(("code", "message"), [(413, ""), (400, "The input token count (9) exceeds the maximum")])
async def test_an_input_that_is_too_large_is_an_exception_and_not_an_empty_answer(
    model: GeminiModel, gemini: GeminiRecorder, code: int, message: str
) -> None:
    gemini.script = [Refusal(code, message)]
    with pytest.raises(InputTooLarge) as failed:
        await ask(model)
    assert failed.value.reason is Reason.MODEL_REFUSED_REQUEST


@pytest.mark.parametrize(
    ("name", "seconds", "fps", "tokens", "is_enough"),
    [
        ("gemini-3.8-flash", 300, 1, 84_000, True),
        # An API that counts HIGH as low resolution has shown all pictures.
        ("gemini-3.8-flash", 300, 1, 21_000, True),
        ("gemini-3.8-flash", 300, 1, 10_500, True),
        ("gemini-3.8-flash", 300, 1, 10_499, False),
        ("gemini-3.8-flash", 300, 1, 70, False),
        ("gemini-3.8-flash", 300, 2, 20_999, False),
        ("models/gemini-4-hydrogen", 10, 1, 350, True),
        ("models/gemini-4-hydrogen", 10, 1, 349, False),
        ("gemini-2.5-flash", 10, 1, 330, True),
        ("gemini-2.5-flash", 10, 1, 329, False),
        ("gemini-5-neon", 300, 1, 1, True),
        ("gemini-5-neon", 300, 1, 0, False),
    ],
)
async def test_an_answer_about_pictures_that_were_not_seen_is_not_believed(
    *,
    model: GeminiModel,
    gemini: GeminiRecorder,
    tmp_path: Path,
    name: str,
    seconds: float,
    fps: int,
    tokens: int,
    is_enough: bool,
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\x00" * 9)
    gemini.script = [Reply(video_tokens=tokens), Reply("[1]", video_tokens=10**6)]
    async with model.uploaded(clip, job_id=UUID(int=1), seconds=seconds, fps=fps) as video:
        answer = await model.ask(replace(QUESTION, model=name), video=video, on_usage=lambda _: None)
        assert answer.text == ("[]" if is_enough else "[1]")
        gemini.script = [Reply(video_tokens=tokens)] * 2
        if not is_enough:
            with pytest.raises(Failed, match="did not see all pictures") as failed:
                await model.ask(replace(QUESTION, model=name), video=video, on_usage=lambda _: None)
            assert failed.value.reason is Reason.MODEL_FILE_REJECTED


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("script", "least", "most"),
    [
        ([Refusal(429, retry_seconds=53)], 53, 54),
        ([Refusal(429, retry_seconds=119.5)], 119.5, 120.5),
        ([Refusal(429, retry_seconds=53)] * 2, 106, 108),
        ([Refusal(429, "used up")], 5, 6),
        ([Refusal(429, "used up")] * 2, 15, 17),
        ([Refusal(503, retry_seconds=100)] * 4, 400, 404),
        ([Refusal(503)] * 4, 0, 116),
        ([Refusal(504)] * 4, 0, 116),
    ],
    ids=str,
)
async def test_what_passes_is_waited_for_in_the_pod(
    *, gemini: GeminiRecorder, script: list[Refusal | Reply], least: float, most: float
) -> None:
    gemini.script = list(script)
    async with GeminiModel("key", gemini.url) as model:
        await model.open()
        assert await ask(model) == Answer("[]")
    assert len(gemini.times) == len(script) + 1
    assert least <= gemini.times[-1] - gemini.times[0] <= most + 0.1


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("script", "calls", "reason", "retry_after"),
    [
        ([Refusal(429, retry_seconds=121)], 1, Reason.QUOTA_EXCEEDED, 121),
        ([Refusal(429, retry_seconds=53)] * 3, 3, Reason.QUOTA_EXCEEDED, 53),
        ([Refusal(429, "used up")] * 3, 3, Reason.QUOTA_EXCEEDED, None),
        ([Refusal(503, retry_seconds=121)], 1, Reason.MODEL_UNAVAILABLE, 121),
        ([Refusal(503)] * 5, 5, Reason.MODEL_UNAVAILABLE, None),
        ([Refusal(504)] * 5, 5, Reason.MODEL_TIMEOUT, None),
    ],
    ids=str,
)
async def test_what_does_not_pass_soon_ends_the_attempt_with_its_retry_time(
    *, gemini: GeminiRecorder, script: list[Refusal | Reply], calls: int, reason: Reason, retry_after: float | None
) -> None:
    gemini.script = list(script)
    async with GeminiModel("key", gemini.url) as model:
        await model.open()
        with pytest.raises(Failed) as failed:
            await ask(model)
    assert (failed.value.reason, failed.value.retry_after) == (reason, retry_after)
    assert len(gemini.calls()) == calls


@pytest.mark.parametrize(("tokens", "is_enough"), [(42_000, True), (41_999, False)])
async def test_once_a_model_has_counted_high_resolution_half_of_that_is_expected(
    *, model: GeminiModel, gemini: GeminiRecorder, tmp_path: Path, tokens: int, is_enough: bool
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\x00" * 9)
    gemini.script = [Reply(video_tokens=84_000), *[Reply(video_tokens=tokens)] * 2]
    async with model.uploaded(clip, job_id=UUID(int=1), seconds=300, fps=1) as video:
        await model.ask(QUESTION, video=video, on_usage=lambda _: None)
        if is_enough:
            await model.ask(QUESTION, video=video, on_usage=lambda _: None)
        else:
            with pytest.raises(Failed, match=r"41999 tokens instead of 42000 or more") as failed:
                await model.ask(QUESTION, video=video, on_usage=lambda _: None)
            assert failed.value.reason is Reason.MODEL_FILE_REJECTED


async def test_a_model_that_does_not_count_high_resolution_transcribes_and_is_warned_of_once(
    model: GeminiModel, gemini: GeminiRecorder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\x00" * 9)
    gemini.script = [Reply(video_tokens=21_000)] * 3
    async with model.uploaded(clip, job_id=UUID(int=1), seconds=300, fps=1) as video:
        for _ in range(3):
            await model.ask(QUESTION, video=video, on_usage=lambda _: None)
    (warning,) = [record for record in caplog.records if "small print" in record.message]
    assert (warning.__dict__["tokens_per_picture"], warning.__dict__["expected"]) == (70, 280)
