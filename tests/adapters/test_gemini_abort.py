"""An answer that is given up is given up at Gemini, too: its connection is closed at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devstack.gemini.behaviour import Behaviour, CallRecord, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops.retrying import RetryPolicy
from runops_worker.gemini.call import CallDeadlines
from runops_worker.gemini.model import GeminiModel
from runops_worker.model.protocol import Answer, AnswerEnd, Question

QUESTION = Question(
    model="gemini-3.8-flash",
    instruction="Answer in JSON.",
    text='{"transcript":[]} ' + "word " * 400,
    schema={"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    max_output_tokens=32_768,
)
ENDLESS = Turn(outcome=Outcome.LOOP_TEXT, times=None)


@pytest.fixture
def control(stack: StackInfo) -> Any:
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        yield control
        control.reset()


@pytest.fixture
async def errors_of_the_loop() -> AsyncIterator[list[str]]:
    """Collect what asyncio reports about tasks and generators that nobody waits for."""
    loop, found = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: found.append(str(context)))
    yield found
    loop.set_exception_handler(None)


def model(stack: StackInfo, **deadlines: float) -> GeminiModel:
    patience = CallDeadlines(**{"total_seconds": 60, "first_seconds": 30, "idle_seconds": 30, **deadlines})
    return GeminiModel(stack.gemini_api_key, stack.gemini_url, retries=RetryPolicy(attempts=1), calls=patience)


async def call_when_given_up(control: GeminiControl) -> CallRecord:
    """Return the only call once the stand-in has noticed that the client is gone."""
    async with asyncio.timeout(240):
        while not control.calls()[0].client_gone:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    (call,) = control.calls()
    return call


async def ask(model: GeminiModel) -> Answer:
    return await model.ask(QUESTION, on_usage=lambda _: None)


async def test_an_endless_answer_is_given_up(
    stack: StackInfo, control: GeminiControl, errors_of_the_loop: list[str]
) -> None:
    control.behave(Behaviour(pause_seconds=0.1, turns=[ENDLESS]))
    async with model(stack) as gemini:
        answer = await ask(gemini)
        assert answer.end is AnswerEnd.LOOPED
        assert (await call_when_given_up(control)).events < 30
    assert errors_of_the_loop == []


@pytest.mark.parametrize("deadlines", [{"total_seconds": 1.0}, {"idle_seconds": 0.5}], ids=["total", "idle"])
async def test_an_answer_that_misses_a_deadline_is_given_up(
    *, stack: StackInfo, control: GeminiControl, errors_of_the_loop: list[str], deadlines: dict[str, float]
) -> None:
    control.behave(Behaviour(pause_seconds=0.8, turns=[ENDLESS]))
    async with model(stack, **deadlines) as gemini:
        with pytest.raises(Failed) as failed:
            await ask(gemini)
        assert failed.value.reason is Reason.MODEL_TIMEOUT
        assert (await call_when_given_up(control)).events < 5
    assert errors_of_the_loop == []


async def test_a_cancelled_question_is_given_up(
    stack: StackInfo, control: GeminiControl, errors_of_the_loop: list[str]
) -> None:
    control.behave(Behaviour(pause_seconds=0.2, turns=[ENDLESS]))
    async with model(stack) as gemini:
        asking = asyncio.ensure_future(ask(gemini))
        async with asyncio.timeout(240):
            while not any(call.events for call in control.calls()):  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await call_when_given_up(control)).events < 10
    assert errors_of_the_loop == []
