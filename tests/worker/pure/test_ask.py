"""One question, and one repair turn."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.model.ask import Reading, ask_and_repair
from runops_worker.model.protocol import Answer, CallUsage, Question, UploadedVideo


@dataclass
class Scripted:
    """A model that gives the answers it was given."""

    answers: list[str]
    questions: list[Question] = field(default_factory=list)

    async def open(self) -> None:
        raise AssertionError("whoever only asks need not open it")

    def uploaded(self, video: Path, *, name: str) -> AbstractAsyncContextManager[UploadedVideo]:
        raise AssertionError(f"nothing is shown to the model here: {video} as {name}")

    async def ask(self, question: Question, *, video: UploadedVideo | None = None, on_usage: Any) -> Answer:
        assert video is None
        on_usage(CallUsage("m", 1, 1))
        self.questions.append(question)
        return Answer(self.answers.pop(0))


async def asked(model: Scripted) -> str:
    def read(text: str) -> Reading[str]:
        return Reading(text, tuple(f"fault {number}" for number in range(30)) if text == "bad" else ())

    question = Question(model="m", instruction="i", text="t", schema={}, max_output_tokens=1)
    return await ask_and_repair(model, question, read, video=None, on_usage=lambda _: None, stage="SOP")


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
