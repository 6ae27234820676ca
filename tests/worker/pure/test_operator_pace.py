"""What a worker does while the operator paces a model, in virtual time against a status in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from runops.pacing.refusal import Counted, MinuteQuota, Refusal
from runops_worker.model.call_gate import CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question, QuotaRefused
from runops_worker.reporting.operator_pace import OperatorPace

MODEL = "gemini-3.8-flash"
QUESTION = Question(model=MODEL, instruction="", text="", schema={}, max_output_tokens=1)
CLIP = CallEstimate(
    model=MODEL,
    text_tokens=2_000,
    video_tokens=84_000,
    audio_tokens=10_000,
    most_output_tokens=1,
    usual_output_tokens=1,
)
TWENTY = QuotaRefused(Refusal(MODEL, 53.0, (MinuteQuota(Counted.REQUESTS, 20),)), "used up")

pytestmark = pytest.mark.virtual_time


@dataclass
class Status:
    """`status.pace` at an API server that may be away."""

    pace: dict[str, Any] = field(default_factory=dict)
    writes: list[Mapping[str, Any]] = field(default_factory=list)
    away: bool = False
    requests: int = 0

    async def exchange_pace(self, pace: Mapping[str, Any]) -> Mapping[str, Any] | None:
        await asyncio.sleep(0.01)
        self.requests += 1
        if self.away:
            return None
        if pace:
            self.writes.append(pace)
            self.pace |= pace
        return dict(self.pace)

    def grant(self, calls: int, *, paced: bool = True) -> None:
        self.pace["granted"] = [{"model": MODEL, "paced": paced, "calls": calls}]

    @property
    def wanted(self) -> dict[str, Any]:
        return dict(self.pace["wanted"][0])


@pytest.fixture
def status() -> Status:
    return Status()


@pytest.fixture
def gate(status: Status) -> OperatorPace:
    return OperatorPace(status, own=OwnPace(), user="ada")


class Calls:
    """Calls that were begun at the gate."""

    def __init__(self, gate: OperatorPace) -> None:
        self._gate = gate
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, number: int) -> None:
        self.tasks += [asyncio.ensure_future(self._gate.before(QUESTION, estimate=CLIP)) for _ in range(number)]

    async def went(self, *, after: float) -> int:
        await asyncio.sleep(after)
        return sum(task.done() for task in self.tasks)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_without_a_refusal_nothing_waits_and_nothing_is_written(status: Status, gate: OperatorPace) -> None:
    calls = Calls(gate)
    calls.begin(3)

    assert await calls.went(after=0.5) == 3
    assert status.writes == []


async def test_three_clips_of_one_pod_wait_for_three_grants(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(3)

    assert await calls.went(after=5.0) == 0
    assert status.wanted == {"model": MODEL, "calls": 3, "tokens": [96_000] * 3}
    status.grant(1)
    assert await calls.went(after=12.0) == 1
    assert status.wanted == {"model": MODEL, "calls": 3, "tokens": [96_000] * 2}
    status.grant(3)
    assert await calls.went(after=6.0) == 3
    await calls.end()


async def test_a_long_wait_asks_the_api_server_every_three_seconds(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(3)

    await calls.went(after=10.0)
    first = status.requests
    assert await calls.went(after=60.0) == 0
    assert 15 <= status.requests - first <= 42
    status.grant(3)
    assert await calls.went(after=6.0) == 3


async def test_a_pod_that_follows_another_one_counts_from_what_was_granted(status: Status, gate: OperatorPace) -> None:
    status.grant(7)
    status.pace["wanted"] = [{"model": MODEL, "calls": 10, "tokens": [1, 1, 1]}]
    calls = Calls(gate)
    calls.begin(1)

    assert await calls.went(after=3.0) == 0
    assert status.wanted["calls"] == 8
    status.grant(8)
    assert await calls.went(after=6.0) == 1


async def test_a_refused_call_is_reported_and_waits_although_the_operator_said_nothing_yet(
    status: Status, gate: OperatorPace
) -> None:
    calls = Calls(gate)
    calls.begin(1)
    assert await calls.went(after=0.5) == 1
    gate.after(CallResult(estimate=CLIP, failure=TWENTY))
    calls.begin(1)

    assert await calls.went(after=5.0) == 1
    (refused,) = status.pace["refused"]
    assert (refused["model"], refused["retryAfterSeconds"]) == (MODEL, 53.0)
    assert refused["limits"] == [{"counted": "requests", "perMinute": 20}]
    assert status.wanted["calls"] == 1
    status.grant(1)
    assert await calls.went(after=6.0) == 2


async def test_when_the_pace_ends_calls_go_without_a_grant(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(2)
    assert await calls.went(after=5.0) == 0
    status.grant(0, paced=False)

    assert await calls.went(after=6.0) == 2


async def test_a_grant_for_a_call_that_was_cancelled_serves_the_next_one(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(1)
    await calls.went(after=3.0)
    await calls.end()
    status.grant(1)

    later = Calls(gate)
    later.begin(1)
    assert await later.went(after=3.0) == 1


async def test_an_operator_that_is_away_stops_nobody(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(2)

    assert await calls.went(after=595.0) == 0
    assert await calls.went(after=10.0) == 2


async def test_while_the_api_server_is_away_the_pace_of_the_pod_counts(status: Status, gate: OperatorPace) -> None:
    status.grant(0)
    calls = Calls(gate)
    calls.begin(1)
    await calls.went(after=5.0)
    status.away = True
    gate.after(CallResult(estimate=CLIP, failure=TWENTY))
    calls.begin(2)

    # The hold of 53 s is over before a minute of silence is, then one call goes after the other.
    assert await calls.went(after=50.0) == 0
    assert await calls.went(after=25.0) == 3
    await calls.end()


async def test_an_outage_delays_no_call_while_nothing_is_paced(status: Status, gate: OperatorPace) -> None:
    status.away = True
    calls = Calls(gate)
    calls.begin(3)

    assert await calls.went(after=0.5) == 3


async def test_a_pace_that_cannot_be_read_is_like_none(status: Status, gate: OperatorPace) -> None:
    status.pace = {"granted": "three"}
    calls = Calls(gate)
    calls.begin(1)

    assert await calls.went(after=0.5) == 1
