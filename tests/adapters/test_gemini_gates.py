"""Each call to Gemini waits for the gates, and they hear how it ended."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import MODEL_RETRIES
from runops_worker.model.call_gate import CallResult, Gates
from runops_worker.model.estimate import CallEstimate, clip_estimate, text_estimate
from runops_worker.model.protocol import AnswerEnd, Question
from tests.adapters.gemini_recorder import GeminiRecorder, Refusal, Reply, running_recorder

QUESTION = Question(model="gemini-3.8-flash", instruction="i", text="t", schema={"type": "array"}, max_output_tokens=99)


@dataclass
class Gate:
    """Keeps what it is asked and told, and stops the calls from a number on."""

    stops_at: int = 99
    asked: list[CallEstimate] = field(default_factory=list)
    told: list[CallResult] = field(default_factory=list)

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        assert question == QUESTION
        self.asked.append(estimate)
        if len(self.asked) >= self.stops_at:
            raise Failed(Reason.QUOTA_EXCEEDED)

    def after(self, result: CallResult) -> None:
        self.told.append(result)


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiRecorder]:
    async with running_recorder() as recorder:
        yield recorder


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def model(gemini: GeminiRecorder, gate: Gate) -> AsyncIterator[GeminiModel]:
    async def at_once(_seconds: float) -> None:
        """Wait for nothing; how long to wait is tested elsewhere."""

    async with GeminiModel("key", gemini.url, retries=replace(MODEL_RETRIES, sleep=at_once), gate=gate) as model:
        yield model


async def test_repeated_calls_are_asked_for_one_by_one(model: GeminiModel, gemini: GeminiRecorder, gate: Gate) -> None:
    gemini.script = [Refusal(429, "no", retry_seconds=53), Reply("", "SAFETY"), Reply("[1]")]
    own = Gate()
    await model.ask(QUESTION, on_usage=lambda _: None, gate=own)
    for each in (gate, own):
        assert each.asked == [text_estimate(QUESTION)] * 3
        refused, blocked, answered = each.told
        assert refused.failure is not None
        assert (refused.failure.reason, refused.failure.retry_after) == (Reason.QUOTA_EXCEEDED, 53)
        assert refused.usage is None
        assert blocked.failure is answered.failure is None
        assert blocked.usage is not None
        assert [result.estimate for result in each.told] == each.asked


async def test_a_call_that_a_gate_stops_is_not_made(model: GeminiModel, gemini: GeminiRecorder, gate: Gate) -> None:
    gemini.script = [Reply("", "SAFETY")] * 9
    stops = Gate(stops_at=2)
    with pytest.raises(Failed):
        await model.ask(QUESTION, on_usage=lambda _: None, gate=stops)
    assert len(gemini.calls()) == 1
    assert [result.made for result in stops.told] == [True]
    assert [result.made for result in gate.told] == [True, False]


async def test_a_clip_is_estimated_by_its_length(
    model: GeminiModel, gemini: GeminiRecorder, gate: Gate, tmp_path: Path
) -> None:
    gemini.script = [Reply(video_tokens=560_000)]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    async with model.uploaded(clip, job_id=UUID(int=1), seconds=300, fps=2) as video:
        answer = await model.ask(QUESTION, video=video, on_usage=lambda _: None)
    assert answer.end is AnswerEnd.COMPLETE
    assert gate.asked == [clip_estimate(QUESTION, seconds=300, fps=2)]


async def test_a_gate_that_let_pass_what_a_later_one_stops_hears_that_nothing_was_billed() -> None:
    first, second, third = Gate(), Gate(stops_at=1), Gate()
    estimate = text_estimate(QUESTION)
    with pytest.raises(Failed):
        await Gates((first, second, third)).before(QUESTION, estimate=estimate)
    assert first.told == [CallResult(estimate=estimate, made=False)]
    assert [len(gate.asked) for gate in (first, second, third)] == [1, 1, 0]
    assert second.told + third.told == []
