"""What a run costs: expected before, reported during, capped, and counted over attempts."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops.report import Usage
from runops_worker.checkpoint.format import read_checkpoint
from runops_worker.cost.cap import Cap
from tests.worker.gate import Gate
from tests.worker.job import Job
from tests.worker.pod import Pod


@dataclass
class Reported:
    """What a run reports of its cost, in its order."""

    usages: list[Usage] = field(default_factory=list)
    before_calls: list[int] = field(default_factory=list)
    """Calls under way by days, as reported when a call waited for its report."""

    async def written(self) -> None:
        self.before_calls.append(len(self.usages[-1].under_way))

    def costs(self) -> list[Decimal]:
        return [Decimal(usage.cost_usd or "0") for usage in self.usages]


async def ledger_of(job: Job) -> Usage:
    stored = await job.supabase.storage.read_json("videos", job.task.checkpoint_object)
    return read_checkpoint(stored).ledger.usage(media_seconds=0)


async def test_a_run_reports_its_estimate_before_the_first_call_and_each_bill_after_it(job: Job) -> None:
    reported = Reported()
    report = await job.run(on_usage=reported.usages.append, usage_reported=reported.written)
    assert report.usage is not None
    first, last = reported.usages[0], reported.usages[-1]
    assert (first.cost_usd, first.total_tokens) == (None, 0)
    assert Decimal(first.estimated_cost_usd or "0") > 0
    assert last.cost_usd == report.usage.cost_usd
    assert reported.costs() == sorted(reported.costs())
    assert len(set(reported.costs())) == 3, "none, the transcript, and the SOP"
    assert reported.before_calls == [1, 1], "each of both calls is reported before it is made"
    assert last.under_way == ()
    assert last.ledger
    assert [attempt.calls for attempt in last.attempts] == [2]
    assert sum(Decimal(day.cost_usd) for day in last.days) == Decimal(last.cost_usd or "0")


async def test_a_video_that_would_cost_too_much_is_refused_before_any_paid_call(
    job: Job, control: GeminiControl
) -> None:
    with pytest.raises(Failed) as failed:
        await job.run(cap=Cap(most_usd=Decimal("0.001")))
    assert failed.value.reason is Reason.COST_CAP_REACHED
    for word in ("0.001 USD", "cost.maxPerVideoUsd", "Nothing was spent"):
        assert word in failed.value.detail
    assert control.calls() == []


async def test_a_cap_that_is_reached_on_the_way_stops_before_the_next_call_and_a_raise_goes_on(
    job: Job, control: GeminiControl
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.STATUS, status=400, kind="sop")]))
    with pytest.raises(Failed):
        await job.run()
    first = await ledger_of(job)
    made = len(control.calls())
    control.behave(Behaviour())
    with pytest.raises(Failed, match="What is finished is kept") as failed:
        await job.run(cap=Cap(most_usd=Decimal(first.cost_usd or "0") + Decimal("0.001")))
    assert failed.value.reason is Reason.COST_CAP_REACHED, failed.value.detail
    assert len(control.calls()) == made
    assert (await ledger_of(job)).cost_usd == first.cost_usd
    report = await job.run(cap=Cap(most_usd=Decimal(5)))
    assert [call.kind for call in control.calls()[made:]] == ["sop"]
    assert report.usage is not None
    assert report.usage.ledger == first.ledger
    assert [attempt.calls for attempt in report.usage.attempts] == [1, 1]


async def test_a_call_under_way_when_a_worker_is_killed_is_counted_by_the_next_attempt(
    job: Job, control: GeminiControl, gate: Gate, tmp_path: Path
) -> None:
    control.behave(Behaviour(latency_seconds=3600))
    pod = Pod(job, gate, tmp_path / "killed")
    await pod.start()
    async with asyncio.timeout(120):
        while not control.calls():  # noqa: ASYNC110 - another process makes the call
            await asyncio.sleep(0.05)
    pod.kill()
    assert await pod.ended() == -9
    assert (await ledger_of(job)).cost_usd is None
    control.behave(Behaviour())
    report = await job.run()
    assert report.usage is not None
    assert report.usage.transcribing is not None
    assert report.usage.transcribing.estimated_calls == 1
    assert [attempt.calls for attempt in report.usage.attempts] == [1, 2]
