"""Which model answers where one is retired or overloaded, and what is remembered of that."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops_worker.model.fallback import OVERLOADED_SECONDS, ModelWithFallback, no_model_left
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, InputTooLarge, ModelOut, Question, UploadedVideo

GONE = ModelOut(Reason.MODEL_NOT_FOUND, "Gemini has no model 'a'.")
BUSY = ModelOut(Reason.MODEL_UNAVAILABLE, "It is overloaded.")
SLOW = ModelOut(Reason.MODEL_TIMEOUT, "It did not answer in time.", retry_after=7200)


@dataclass(frozen=True)
class Shown:
    path: Path


UPLOADED = Shown(Path("slim.mp4"))


@dataclass
class Service:
    """Answers as each model's entry says: with an answer, or by raising."""

    state: dict[str, Answer | Exception]
    asked: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    uploads: list[tuple[Path, UUID, float, int]] = field(default_factory=list)
    shown: list[UploadedVideo | None] = field(default_factory=list)

    async def check(self, *models: str) -> None:
        self.checked += models
        for name in models:
            found = self.state[name]
            if isinstance(found, ModelOut) and found.reason is Reason.MODEL_NOT_FOUND:
                raise found
            if isinstance(found, Failed) and found.reason is Reason.MODEL_KEY_REJECTED:
                raise found

    async def open(self) -> None:
        self.asked.append("open")

    def uploaded(
        self, video: Path, *, job_id: UUID, seconds: float, fps: int
    ) -> AbstractAsyncContextManager[UploadedVideo]:
        self.uploads.append((video, job_id, seconds, fps))
        return nullcontext(UPLOADED)

    async def ask(
        self, question: Question, *, video: UploadedVideo | None = None, on_usage: Callable[[CallUsage], None]
    ) -> Answer:
        assert question.fallback == ()
        self.shown.append(video)
        self.asked.append(question.model)
        on_usage(CallUsage(question.model, 1, 1))
        found = self.state[question.model]
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


ANSWER = Answer("words")


async def asked(model: ModelWithFallback, *names: str) -> str:
    question = Question(model=names[0], fallback=names[1:], instruction="i", text="t", schema={}, max_output_tokens=1)
    answer = await model.ask(question, on_usage=lambda _: None)
    assert answer.text == "words"
    return answer.model


@pytest.mark.parametrize("trouble", [GONE, BUSY, SLOW], ids=lambda failure: failure.reason)
async def test_the_next_model_is_asked_where_one_is_retired_or_overloaded(trouble: ModelOut) -> None:
    service = Service({"a": trouble, "b": ANSWER})
    assert await asked(ModelWithFallback(service), "a", "b") == "b"
    assert service.asked == ["a", "b"]


@pytest.mark.parametrize(
    "failure",
    [
        Failed(Reason.MODEL_KEY_REJECTED),
        Failed(Reason.QUOTA_EXCEEDED, retry_after=9),
        Failed(Reason.MODEL_FILE_REJECTED),
        Failed(Reason.MODEL_REFUSED_REQUEST),
        Failed(Reason.MODEL_UNAVAILABLE, "Gemini could not be reached."),
        InputTooLarge(Reason.MODEL_REFUSED_REQUEST),
    ],
    ids=lambda failure: f"{type(failure).__name__}-{failure.reason}",
)
async def test_no_other_model_is_asked_for_a_fault_of_the_key_the_quota_or_the_recording(failure: Failed) -> None:
    service = Service({"a": failure, "b": ANSWER})
    with pytest.raises(Failed) as failed:
        await asked(ModelWithFallback(service), "a", "b")
    assert failed.value is failure
    assert service.asked == ["a"]


async def test_an_answer_that_is_refused_is_a_result_of_the_first_model() -> None:
    service = Service({"a": Answer("words", AnswerEnd.REFUSED, "SAFETY"), "b": ANSWER})
    assert await asked(ModelWithFallback(service), "a", "b") == "a"


async def test_a_retired_model_is_never_asked_again_and_an_overloaded_one_after_a_while() -> None:
    clock = Clock()
    service = Service({"gone": GONE, "busy": BUSY, "slow": SLOW, "b": ANSWER})
    model = ModelWithFallback(service, clock=clock)
    for name in ("gone", "busy", "slow"):
        assert await asked(model, name, "b") == "b"
    service.asked.clear()
    clock.now = OVERLOADED_SECONDS - 1
    for name in ("gone", "busy", "slow"):
        assert await asked(model, name, "b") == "b"
    assert service.asked == ["b"] * 3
    service.state |= {"gone": ANSWER, "busy": ANSWER, "slow": ANSWER}
    clock.now = OVERLOADED_SECONDS
    assert [await asked(model, name, "b") for name in ("gone", "busy", "slow")] == ["b", "busy", "b"]
    clock.now = 7200
    assert [await asked(model, name, "b") for name in ("gone", "slow")] == ["b", "slow"]


async def test_a_video_is_uploaded_once_and_shown_to_each_model() -> None:
    service = Service({"a": BUSY, "b": ANSWER})
    model = ModelWithFallback(service)
    question = Question(model="a", fallback=("b",), instruction="i", text="t", schema={}, max_output_tokens=1)
    async with model.uploaded(UPLOADED.path, job_id=UUID(int=7), seconds=2.5, fps=3) as video:
        await model.ask(question, video=video, on_usage=lambda _: None)
    assert service.uploads == [(UPLOADED.path, UUID(int=7), 2.5, 3)]
    assert service.shown == [UPLOADED, UPLOADED]


async def test_where_no_model_is_left_the_failure_names_them_all() -> None:
    service = Service({"a": GONE, "b": BUSY, "c": GONE})
    with pytest.raises(ModelOut, match=r"It is overloaded\. No answer from a, c either\.") as failed:
        await asked(ModelWithFallback(service), "a", "b", "c")
    assert failed.value.reason is Reason.MODEL_UNAVAILABLE
    with pytest.raises(ModelOut, match=r"^It is overloaded\.$|: It is overloaded\.$"):
        await asked(ModelWithFallback(service), "b")


def test_of_several_failures_the_one_that_may_pass_is_told_with_its_wait() -> None:
    failure = no_model_left({"a": GONE, "b": SLOW})
    assert (failure.reason, failure.retry_after) == (Reason.MODEL_TIMEOUT, 7200)
    assert no_model_left({"a": GONE}).detail == GONE.detail
    assert no_model_left({"a": GONE, "b" * 99: GONE}).detail == f"{GONE.detail} No answer from {'b' * 80} either."


async def test_a_first_model_that_does_not_exist_is_passed_over_without_a_call() -> None:
    service = Service({"a": GONE, "b": ANSWER})
    model = ModelWithFallback(service)
    await model.check("a", "b")
    assert await asked(model, "a", "b") == "b"
    assert (service.checked, service.asked) == (["a", "b"], ["b"])


async def test_a_fallback_model_that_does_not_exist_stops_nothing() -> None:
    service = Service({"a": ANSWER, "b": GONE})
    model = ModelWithFallback(service)
    await model.check("a", "b")
    assert await asked(model, "a", "b") == "a"


async def test_a_run_of_whose_models_none_exists_ends_before_it_begins() -> None:
    model = ModelWithFallback(Service({"a": GONE, "b": GONE}))
    with pytest.raises(ModelOut, match=r"no model 'a'\. No answer from b either") as failed:
        await model.check("a", "b")
    assert failed.value.reason is Reason.MODEL_NOT_FOUND


async def test_a_rejected_key_ends_the_check() -> None:
    service = Service({"a": Failed(Reason.MODEL_KEY_REJECTED), "b": ANSWER})
    with pytest.raises(Failed) as failed:
        await ModelWithFallback(service).check("a", "b")
    assert failed.value.reason is Reason.MODEL_KEY_REJECTED
    assert service.checked == ["a"]
