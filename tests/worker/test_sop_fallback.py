"""Which model is asked for the SOP after one that gave none, and what the next attempt knows of that."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.checkpoint.format import SopTried
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, ModelOut, Question
from runops_worker.sop.stored_sop import SopObject
from runops_worker.stages.parse_sop import parse_sop
from tests.worker.fakes import SLIM, TASK, FakeSupabase, a_checkpoint, a_context, a_progress
from tests.worker.test_worker_stages import TRANSCRIPT, sop_answer

T = replace(TASK, sop_model="first", fallback_models=("second", "third"))
GOOD = Answer(json.dumps(sop_answer()))
REFUSED = Answer("", AnswerEnd.REFUSED, "SAFETY")
EMPTY = Answer("", AnswerEnd.EMPTY)
CUT = Answer("{", AnswerEnd.CUT_OFF)
BAD = Answer("no JSON")
GONE = ModelOut(Reason.MODEL_NOT_FOUND, "It does not exist.")
BUSY = ModelOut(Reason.MODEL_UNAVAILABLE, "It is overloaded.")


@dataclass
class Models:
    """Each model gives its one answer to every question."""

    answers: dict[str, Answer | Exception]
    asked: list[str] = field(default_factory=list)

    async def ask(self, question: Question, *, video: Any, on_usage: Any) -> Answer:
        assert video is None
        failure: Exception = AssertionError("nobody was asked")
        for name in (question.model, *question.fallback):
            self.asked.append(name)
            found = self.answers[name]
            if isinstance(found, ModelOut):
                failure = found
                continue
            if isinstance(found, Exception):
                raise found
            on_usage(CallUsage(name, 1, 1))
            return replace(found, model=name)
        raise failure


async def parsed(models: Models, checkpoint: CheckpointStore, fake: FakeSupabase) -> SopObject:
    context = a_context(fake, model=models, task=T)
    return await parse_sop(context, checkpoint, a_progress(), slim=SLIM, transcript=TRANSCRIPT)


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        (REFUSED, ["first", "second"]),
        (EMPTY, ["first", "second"]),
        (BAD, ["first", "first", "second"]),
        (GONE, ["first", "second"]),
        (BUSY, ["first", "second"]),
        # Cut off, then notes that are cut off, too.
        (CUT, ["first", "first", "second"]),
        (Answer("", AnswerEnd.LOOPED), ["first", "first", "second"]),
    ],
    ids=["refused", "empty", "invalid", "retired", "overloaded", "cut off", "endless"],
)
async def test_the_next_model_writes_the_sop_and_is_named(first: Answer | Exception, asked: list[str]) -> None:
    models, fake = Models({"first": first, "second": GOOD}), FakeSupabase()
    checkpoint = a_checkpoint(fake)
    await parsed(models, checkpoint, fake)
    assert models.asked == asked
    done = checkpoint.state.sop
    assert done is not None
    assert done.quality is not None
    assert done.quality.fallback_model == "second"
    assert checkpoint.state.sop_tried is None
    assert set((checkpoint.state.ledger.parsing_sop.model or "").split(", ")) <= {"first", "second"}


@pytest.mark.parametrize(
    "failure",
    [Failed(Reason.MODEL_KEY_REJECTED), Failed(Reason.QUOTA_EXCEEDED), Failed(Reason.MODEL_REFUSED_REQUEST)],
    ids=lambda failure: failure.reason,
)
async def test_other_failures_ask_no_other_model(failure: Failed) -> None:
    models, fake = Models({"first": failure, "second": GOOD}), FakeSupabase()
    with pytest.raises(Failed) as failed:
        await parsed(models, a_checkpoint(fake), fake)
    assert failed.value is failure
    assert models.asked == ["first"]


async def test_the_next_attempt_does_not_ask_a_model_again_that_gave_no_sop() -> None:
    fake = FakeSupabase()
    checkpoint = a_checkpoint(fake)
    with pytest.raises(Failed) as failed:
        await parsed(Models({"first": REFUSED, "second": EMPTY, "third": BUSY}), checkpoint, fake)
    assert failed.value.reason is Reason.MODEL_UNAVAILABLE
    again = a_checkpoint(fake)
    await again.load()
    assert again.state.sop_tried is not None
    assert again.state.sop_tried.models == ("first", "second")
    models = Models({"third": GOOD})
    await parsed(models, again, fake)
    assert models.asked == ["third"]


async def test_where_the_others_do_not_exist_the_first_ones_answer_is_the_reason() -> None:
    fake = FakeSupabase()
    with pytest.raises(Failed, match="first refused the recording for its content") as failed:
        await parsed(Models({"first": REFUSED, "second": GONE, "third": GONE}), a_checkpoint(fake), fake)
    assert failed.value.reason is Reason.BLOCKED


async def test_after_all_models_gave_none_another_attempt_asks_them_all_again() -> None:
    fake = FakeSupabase()
    checkpoint = a_checkpoint(fake)
    with pytest.raises(Failed, match="third did not have the agreed form") as failed:
        await parsed(Models({"first": REFUSED, "second": EMPTY, "third": BAD}), checkpoint, fake)
    assert failed.value.reason is Reason.INVALID_OUTPUT
    models = Models({"first": GOOD})
    await parsed(models, checkpoint, fake)
    assert models.asked == ["first"]


async def test_what_was_tried_for_another_transcript_does_not_count() -> None:
    fake = FakeSupabase()
    checkpoint = a_checkpoint(fake)
    tried = SopTried(key="of another transcript", models=("first",))
    checkpoint.change(lambda state: state.with_sop_tried(tried))
    models = Models({"first": GOOD})
    await parsed(models, checkpoint, fake)
    assert models.asked == ["first"]


async def test_an_earlier_attempt_that_had_other_fallback_models_leaves_none_to_ask_so_all_are_asked() -> None:
    fake = FakeSupabase()
    checkpoint = a_checkpoint(fake)
    with pytest.raises(ModelOut):
        await parsed(Models({"first": REFUSED, "second": BUSY, "third": BUSY}), checkpoint, fake)
    models = Models({"first": GOOD})
    context = a_context(fake, model=models, task=replace(T, fallback_models=()))
    await parse_sop(context, checkpoint, a_progress(), slim=SLIM, transcript=TRANSCRIPT)
    assert models.asked == ["first"]
