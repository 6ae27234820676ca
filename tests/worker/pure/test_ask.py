"""One question, and one repair turn."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops_worker.model.ask import IncompleteAnswer, Reading, ask_and_repair, failure_of
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, Question, UploadedVideo


@dataclass
class Scripted:
    """A model that gives the answers it was given."""

    answers: list[str | Answer]
    questions: list[Question] = field(default_factory=list)

    async def check(self, *models: str) -> None:
        raise AssertionError(f"a caller that only asks does not check {models}")

    async def open(self) -> None:
        raise AssertionError("a caller that only asks does not open it")

    def uploaded(
        self, video: Path, *, job_id: UUID, seconds: float, fps: int
    ) -> AbstractAsyncContextManager[UploadedVideo]:
        raise AssertionError(f"nothing is shown to the model here: {video} of {job_id}, {seconds} s, {fps} fps")

    async def ask(self, question: Question, *, video: UploadedVideo | None = None, on_usage: Any) -> Answer:
        assert video is None
        on_usage(CallUsage("m", 1, 1))
        self.questions.append(question)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Answer) else Answer(answer)


async def asked(model: Scripted) -> str:
    def read(text: str) -> Reading[str]:
        return Reading(text, tuple(f"fault {number}" for number in range(30)) if text == "bad" else ())

    question = Question(model="m", instruction="i", text="t", schema={}, max_output_tokens=1)
    asked = await ask_and_repair(model, question, read, video=None, on_usage=lambda _: None, stage="SOP")
    return asked.value


async def test_a_repair_names_the_first_twenty_faults_and_the_answer_they_are_in() -> None:
    model = Scripted(["bad", "good"])
    assert await asked(model) == "good"
    (exchange,) = model.questions[1].exchanges
    assert exchange.answer == "bad"
    assert "fault 19" in exchange.complaint
    assert "fault 20" not in exchange.complaint
    assert "10 more" in exchange.complaint


async def test_there_is_one_repair_and_no_second() -> None:
    model = Scripted(["bad", "bad", "good"])
    with pytest.raises(Failed, match="fault 0; fault 1; fault 2") as failed:
        await asked(model)
    assert failed.value.reason is Reason.INVALID_OUTPUT
    assert len(model.questions) == 2


@pytest.mark.parametrize("end", [end for end in AnswerEnd if end is not AnswerEnd.COMPLETE])
@pytest.mark.parametrize("before", [[], ["bad"]], ids=["first", "repair"])
async def test_an_incomplete_answer_is_neither_read_nor_repaired(end: AnswerEnd, before: list[str | Answer]) -> None:
    incomplete = Answer("good", end, "WORD")
    model = Scripted([*before, incomplete, "good"])
    with pytest.raises(IncompleteAnswer) as raised:
        await asked(model)
    assert raised.value.answer is incomplete
    assert len(model.questions) == len(before) + 1


@pytest.mark.parametrize(
    ("answer", "reason", "sentence"),
    [
        (Answer("[", AnswerEnd.REFUSED, "RECITATION"), Reason.BLOCKED, "m refused the recording for its content (RECI"),
        (Answer("", AnswerEnd.EMPTY, "OTHER"), Reason.MODEL_EMPTY_ANSWER, "The answer of m was empty (OTHER). Run"),
        (Answer("", AnswerEnd.EMPTY), Reason.MODEL_EMPTY_ANSWER, "The answer of m was empty. Run it again."),
    ],
)
def test_a_refused_or_empty_answer_has_its_failure(answer: Answer, reason: Reason, sentence: str) -> None:
    failure = failure_of(answer, model="m")
    assert failure.reason is reason
    assert failure.detail.startswith(sentence)


async def usable(answers: list[str], *, error: Failed | None = None) -> str:
    """Ask for a text whose faults are its exclamation marks, all of them usable."""

    def read(text: str) -> Reading[str]:
        return Reading(text, tuple("!" for letter in text if letter == "!"), is_usable=text != "unusable!")

    class Model(Scripted):
        async def ask(self, question: Question, *, video: UploadedVideo | None = None, on_usage: Any) -> Answer:
            if error is not None and self.questions:
                raise error
            return await super().ask(question, video=video, on_usage=on_usage)

    question = Question(model="m", instruction="i", text="t", schema={}, max_output_tokens=1)
    asked = await ask_and_repair(Model([*answers]), question, read, video=None, on_usage=lambda _: None, stage="SOP")
    return asked.value


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (["a", "b"], "a"),
        (["a!", "b"], "b"),
        (["a!!", "b!"], "b!"),
        (["a!", "b!"], "a!"),
        (["a!", "b!!"], "a!"),
        (["unusable!", "b!!"], "b!!"),
        (["a!!", "unusable!"], "a!!"),
    ],
)
async def test_of_two_usable_answers_the_one_with_fewer_faults_is_kept(answers: list[str], kept: str) -> None:
    assert await usable(answers) == kept


async def test_a_repair_that_fails_does_not_cost_the_usable_answer() -> None:
    error = Failed(Reason.MODEL_UNAVAILABLE, "away")
    assert await usable(["a!"], error=error) == "a!"
    with pytest.raises(Failed):
        await usable(["unusable!"], error=error)
