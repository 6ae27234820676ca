"""The pace of calls within one process, in virtual time."""

import asyncio

import pytest

from runops.failures import Failed, Reason
from runops.pacing.refusal import Counted, MinuteQuota, Refusal
from runops_worker.model.call_gate import CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question, QuotaRefused

MODEL = "gemini-3.8-flash"
QUESTION = Question(model=MODEL, instruction="", text="", schema={}, max_output_tokens=1)
ESTIMATE = CallEstimate(model=MODEL, text_tokens=1000, most_output_tokens=1, usual_output_tokens=1)
TWENTY = QuotaRefused(Refusal(MODEL, 53.0, (MinuteQuota(Counted.REQUESTS, 20),)), "used up")

pytestmark = pytest.mark.virtual_time


async def _times(pace: OwnPace, users: list[str]) -> list[tuple[float, str]]:
    loop = asyncio.get_running_loop()
    began, went = loop.time(), list[tuple[float, str]]()

    async def one(user: str) -> None:
        await pace.of(user).before(QUESTION, estimate=ESTIMATE)
        went.append((round(loop.time() - began, 3), user))

    await asyncio.gather(*(one(user) for user in users))
    return went


async def test_calls_go_at_once_before_the_first_refusal() -> None:
    assert [at for at, _ in await _times(OwnPace(), ["ada"] * 50)] == [0.0] * 50


async def test_after_a_refusal_the_calls_of_all_videos_go_one_by_one_and_users_take_turns() -> None:
    pace = OwnPace()
    pace.of("ada").after(CallResult(estimate=ESTIMATE, failure=TWENTY))

    went = await _times(pace, ["ada", "ada", "ada", "bob"])

    assert [at for at, _ in went] == [53.0, 56.15, 59.3, 62.45]
    assert {user for _, user in went[:2]} == {"ada", "bob"}


async def test_a_failure_of_another_kind_paces_nothing() -> None:
    pace = OwnPace()
    pace.of("ada").after(CallResult(estimate=ESTIMATE, failure=Failed(Reason.QUOTA_EXCEEDED, "daily")))

    assert [at for at, _ in await _times(pace, ["ada"] * 3)] == [0.0] * 3


async def test_a_call_that_is_cancelled_takes_no_turn() -> None:
    pace = OwnPace()
    pace.of("ada").after(CallResult(estimate=ESTIMATE, failure=TWENTY))
    cancelled = asyncio.ensure_future(pace.of("ada").before(QUESTION, estimate=ESTIMATE))
    await asyncio.sleep(1.0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)

    assert [at for at, _ in await _times(pace, ["ada"])] == [52.0]
