"""The light worker and the rival consumer, against the real tables."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.fake_kubelet import Exit, Pod
from devstack.light_worker import Fate, Ledger, LightWorker, Pace
from devstack.operator_runs.rival_consumer import RivalConsumer
from devstack.stack import StackInfo
from runops.failures import Reason
from runops.job_row import Claim
from runops.progress import Stage
from runops.report import Report, parse_report
from runops.supabase.connection import Supabase

Tables = psycopg.Connection[tuple[Any, ...]]


class _Queue:
    """Rows, claimed as the operator would."""

    def __init__(self, database: Tables, supabase: Supabase) -> None:
        self.supabase = supabase
        self._database = database

    def queue(self, fate: Fate | None = None) -> UUID:
        job_id = uuid4()
        metadata = {} if fate is None else {"fate": fate.model_dump(mode="json")}
        self._database.execute(
            "insert into public.jobs (job_id, metadata) values (%s, %s)", (job_id, json.dumps(metadata))
        )
        return job_id

    async def claimed(self, fate: Fate | None = None) -> Pod:
        job_id = self.queue(fate)
        row = await self.supabase.jobs.get(job_id)
        assert row is not None
        claim = Claim(claim=str(uuid4()), by="test")
        assert await self.supabase.jobs.claim(row, claim)
        environment = {"RUNOPS_JOB_ID": str(job_id), "RUNOPS_CLAIM": claim.claim}
        return Pod("any", "any", "any", "worker", "any", environment, 30)

    def ends(self) -> list[tuple[Any, ...]]:
        return self._database.execute(
            "select status, (select count(*) from public.transcripts t where t.job_id = jobs.job_id), "
            "(select count(*) from public.sops s where s.job_id = jobs.job_id) from public.jobs"
        ).fetchall()


@pytest.fixture
async def rows(stack: StackInfo, database: Tables) -> AsyncIterator[_Queue]:
    async with Supabase(stack.url, stack.secret_key) as supabase:
        yield _Queue(database, supabase)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def worker(rows: _Queue, ledger: Ledger) -> LightWorker:
    return LightWorker(rows.supabase, ledger, pace=Pace(seconds=0.02))


def _report(ended: Exit) -> Report:
    report = parse_report(ended.message)
    assert report is not None
    return report


async def test_a_row_is_completed_with_its_results(rows: _Queue, worker: LightWorker, ledger: Ledger) -> None:
    ended = await worker(await rows.claimed(), asyncio.Event())
    assert ended.code == 0
    assert _report(ended).stage is Stage.COMPLETED
    assert rows.ends() == [("completed", 1, 1)]
    assert (ledger.calls, ledger.transcodes) == (2, 1)


@pytest.mark.parametrize(
    ("fate", "reason", "code"),
    [
        (Fate(kind="permanent", stage=Stage.PREPARING_VIDEO), Reason.NOT_A_VIDEO, 66),
        (Fate(kind="transient"), Reason.STORAGE_UNAVAILABLE, 100),
        (Fate(kind="quota", stage=Stage.PARSING_SOP), Reason.QUOTA_EXCEEDED, 120),
    ],
)
async def test_a_fate_strikes(rows: _Queue, worker: LightWorker, fate: Fate, reason: Reason, code: int) -> None:
    ended = await worker(await rows.claimed(fate), asyncio.Event())
    assert (ended.code, _report(ended).reason) == (code, reason)
    assert rows.ends() == [("processing", 0, 0)], "the operator decides what becomes of the row"


async def test_what_a_checkpoint_holds_is_not_done_again(rows: _Queue, worker: LightWorker, ledger: Ledger) -> None:
    pod = await rows.claimed(Fate(kind="transient", times=2, stage=Stage.FINALIZING))
    assert [(await worker(pod, asyncio.Event())).code for _ in range(3)] == [100, 100, 0]
    assert (ledger.calls, ledger.transcodes) == (2, 1)
    assert (ledger.repeated_calls, ledger.repeated_transcodes) == (0, 0)


async def test_a_checkpoint_that_is_lost_shows_in_the_ledger(rows: _Queue, worker: LightWorker, ledger: Ledger) -> None:
    pod = await rows.claimed(Fate(kind="transient", stage=Stage.FINALIZING))
    await worker(pod, asyncio.Event())
    key = f"transcripts/{pod.environment['RUNOPS_JOB_ID']}.checkpoint.json"
    await rows.supabase.storage.upload_json("videos", key, {})
    await worker(pod, asyncio.Event())
    assert (ledger.repeated_calls, ledger.repeated_transcodes) == (2, 1)


async def test_a_worker_that_hangs_obeys_a_sigterm(rows: _Queue, worker: LightWorker) -> None:
    sigterm = asyncio.Event()
    working = asyncio.ensure_future(worker(await rows.claimed(Fate(kind="hang")), sigterm))
    await asyncio.sleep(0.5)
    assert not working.done()
    sigterm.set()
    ended = await asyncio.wait_for(working, 120)
    assert (ended.code, _report(ended).reason) == (143, Reason.TERMINATED)


async def test_a_lost_claim_ends_it_and_nothing_is_written(rows: _Queue, worker: LightWorker, database: Tables) -> None:
    pod = await rows.claimed()
    database.execute("update public.jobs set metadata = '{}'")
    ended = await worker(pod, asyncio.Event())
    assert (ended.code, _report(ended).reason) == (90, Reason.CLAIM_LOST)
    assert rows.ends() == [("processing", 0, 0)]


async def test_the_rival_consumes_a_queue_by_itself(rows: _Queue, stack: StackInfo) -> None:
    for _ in range(3):
        rows.queue()
    rival = RivalConsumer(stack, interval_seconds=0.01, work_seconds=0.02)
    consuming = asyncio.ensure_future(rival.run())
    try:
        async with asyncio.timeout(120):
            while rival.finished < 3:  # noqa: ASYNC110 - it says nothing
                await asyncio.sleep(0.05)
    finally:
        consuming.cancel()
        with suppress(asyncio.CancelledError):
            await consuming
    assert rows.ends() == [("completed", 1, 1)] * 3
