"""The loop that reads, plans and acts: what it does with changed objects, errors, and rows that must be read again."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from runops.failures import TABLE, Reason
from runops.logs import job_id_in_logs
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import (
    Action,
    CompleteRow,
    CreateJob,
    DeleteJob,
    FailRow,
    PatchStatus,
    RequeueAfter,
)
from runops_operator.planning.observation import Observation
from runops_operator.reconcile.execute import JobRefused, Overtaken
from runops_operator.reconcile.reconciler import Reconciler
from tests.operator.planning.observations import INSTALLATION, JOB_ID, JOB_UID, NAME, NOW, TOKEN, UID, kinds, row
from tests.operator.reconcile.recorder import Recorder, until
from tests.operator.world import CONFIG

CANCELLED = TABLE[Reason.CANCELLED].sentence


def body(*conditions: str, version: int = 1, claim: str | None = TOKEN) -> dict[str, Any]:
    annotations = {} if claim is None else {"runops.dev/claim": claim, "runops.dev/by": INSTALLATION}
    return {
        "metadata": {"name": NAME, "uid": UID, "resourceVersion": str(version), "annotations": annotations},
        "spec": {"jobId": str(JOB_ID)},
        "status": {
            "conditions": [
                {"type": kind, "status": "True", "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
                for kind in conditions
            ]
        },
    }


def job_body(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": NAME,
            "uid": JOB_UID,
            "resourceVersion": "1",
            "annotations": {"runops.dev/claim": TOKEN},
            "ownerReferences": [{"uid": UID, "controller": True}],
        },
        "status": status,
    }


COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


class Reader:
    """Observes what the test says."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.row: Any = row()
        self.results = True
        self.reads: list[str] = []
        self.forgotten: list[str] = []
        self.failure: Exception | None = None

    def forget(self, name: str) -> None:
        self.forgotten.append(name)

    async def observe(self, videojob: VideoJobView, job_id: UUID) -> Observation:
        assert job_id == JOB_ID
        self.reads.append("cluster")
        return Observation(videojob=videojob, job=self.store.job(videojob.name))

    async def with_row(self, seen: Observation, job_id: UUID) -> Observation:
        assert job_id == JOB_ID
        self.reads.append("row")
        if self.failure is not None:
            raise self.failure
        return replace(seen, row=self.row)

    async def with_results(self, seen: Observation, job_id: UUID) -> Observation:
        assert job_id == JOB_ID
        self.reads.append("results")
        return replace(seen, results=self.results)


class Executor:
    """Records actions; `on` answers an action's type with an error or a call."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.on: dict[type, Exception | Callable[[], None]] = {}

    async def run(self, name: str, job_id: UUID, action: Action) -> None:
        assert (name, job_id) == (NAME, JOB_ID)
        self.actions.append(action)
        answer = self.on.get(type(action))
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer()


class Bench:
    """A reconciler between a real store and queue, and stand-ins."""

    def __init__(self, **cluster: Any) -> None:
        self.store, self.queue, self.metrics = Store(), WorkQueue(jitter=lambda: 0.0), Metrics()
        answers = {"serves_videojobs": True, **cluster}
        self.reader, self.executor, self.cluster = Reader(self.store), Executor(), Recorder(**answers)
        parts: dict[str, Any] = {"cluster": self.cluster, "reader": self.reader, "executor": self.executor}
        self.reconciler = Reconciler(
            queue=self.queue, store=self.store, config=CONFIG, metrics=self.metrics, now=lambda: NOW, **parts
        )
        self.reconciler.deletions.grace_seconds = 0.0

    async def reconcile(self) -> list[str]:
        await self.reconciler.reconcile(NAME)
        return kinds(self.executor.actions)


async def test_a_new_videojob_of_a_fresh_claim_gets_its_job_without_a_read_of_the_row() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.fresh_claims.mark(NAME, TOKEN)
    assert await bench.reconcile() == ["CreateJob", "RequeueAfter"]
    assert bench.reader.reads == ["cluster"]
    await bench.reconcile()
    assert bench.reader.reads == ["cluster", "cluster", "row"], "a claim is fresh for one plan only"


async def test_a_mark_that_is_left_over_of_an_earlier_claim_does_not_spare_the_read_of_the_row() -> None:
    """The next attempt waits, and only the row says until when."""
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.fresh_claims.mark(NAME, "the-claim-before")
    await bench.reconcile()
    assert bench.reader.reads == ["cluster", "row"]


async def test_the_row_and_the_results_are_read_where_the_plan_asks_for_them() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))
    assert await bench.reconcile() == ["CompleteRow", "PatchStatus", "DeleteJob"]
    assert bench.reader.reads == ["cluster", "row", "results"]


async def test_a_marked_row_is_read_before_the_plan_is_made_and_only_once() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))
    bench.reader.row = None
    bench.store.rows_to_read.mark(NAME)
    assert await bench.reconcile() == ["DeleteJob", "RemoveObjects", "PatchStatus"]
    assert bench.reader.reads == ["cluster", "row"]
    assert not bench.store.rows_to_read.take(NAME)


async def test_a_row_that_nobody_marked_is_not_read_for_a_running_videojob() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))
    assert await bench.reconcile() == ["PatchStatus", "Recheck"]
    assert bench.reader.reads == ["cluster"]


@pytest.mark.parametrize(("conditions", "marked"), [(["Started"], True), (["Started", "Finished"], False)])
async def test_a_completed_row_is_read_each_time_until_its_videojob_ends(conditions: list[str], marked: bool) -> None:
    bench = Bench()
    bench.store.see_videojob(body(*conditions))
    bench.store.rows_to_read.mark(NAME)
    bench.reader.row = row("completed")
    await bench.reconcile()
    assert bench.store.rows_to_read.take(NAME) is marked


async def test_a_row_that_is_not_completed_is_not_marked_again() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.rows_to_read.mark(NAME)
    bench.reader.row = row("error")
    await bench.reconcile()
    assert not bench.store.rows_to_read.take(NAME)


async def test_a_marked_row_stays_marked_until_it_could_be_read() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.rows_to_read.mark(NAME)
    bench.reader.failure = SupabaseError(ErrorKind.UNAVAILABLE, "away")
    with pytest.raises(SupabaseError):
        await bench.reconcile()
    assert bench.store.rows_to_read.take(NAME)
    assert bench.executor.actions == []


async def test_a_row_that_can_never_be_read_ends_its_videojob() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))
    bench.store.rows_to_read.mark(NAME)
    bench.reader.failure = SupabaseError(ErrorKind.INVALID, "It is no row.", code=UNREADABLE)
    assert await bench.reconcile() == ["DeleteJob", "FailRow", "PatchStatus"]
    assert bench.executor.actions[1] == FailRow(TOKEN, "It is no row.", required=False)
    patch = bench.executor.actions[2]
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "DatabaseRefused"
    assert patch.status["completionTime"] == "2026-01-02T03:04:05Z"


async def test_a_plan_that_was_overtaken_is_made_again_from_a_new_read_of_videojob_and_row() -> None:
    bench = Bench(get_videojob=body(version=2))
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))

    def overtaken_once() -> None:
        bench.executor.on.clear()
        raise Overtaken

    bench.executor.on[CompleteRow] = overtaken_once
    done = ["CompleteRow", "CompleteRow", "PatchStatus", "DeleteJob"]
    assert await bench.reconcile() == done, "the first plan ended at once"
    assert bench.reader.reads == ["cluster", "row", "results", "cluster", "row", "results"]
    assert bench.cluster.calls == [("get_videojob", (NAME,), {})]
    view = bench.store.videojob(NAME)
    assert view is not None
    assert view.version == 2


async def test_the_row_of_a_running_videojob_is_read_after_its_plan_was_overtaken() -> None:
    bench = Bench(get_videojob=body(version=2))
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))

    def overtaken_once() -> None:
        bench.executor.on.clear()
        raise Overtaken

    bench.executor.on[PatchStatus] = overtaken_once
    await bench.reconcile()
    assert bench.reader.reads == ["cluster", "cluster", "row"], "somebody else may hold the row now"


async def test_a_plan_that_asks_for_the_same_read_for_ever_is_an_error() -> None:
    bench = Bench()
    bench.store.see_videojob(body())

    async def as_it_was(seen: Observation, job_id: UUID) -> Observation:
        assert job_id == JOB_ID
        bench.reader.reads.append("row")
        assert len(bench.reader.reads) < 10, "it would never end"
        return seen

    bench.reader.with_row = as_it_was  # type: ignore[method-assign]
    assert await bench.reconcile() == ["ReadRow"], "the executor refuses it"
    assert bench.reader.reads == ["cluster", "row", "row"]


async def test_a_videojob_that_is_gone_meanwhile_ends_the_reconciliation() -> None:
    bench = Bench(get_videojob=NotFound("gone", status=404))
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))
    bench.executor.on[CompleteRow] = Overtaken()
    assert await bench.reconcile() == ["CompleteRow"]
    assert bench.store.videojob(NAME) is None
    assert bench.reader.forgotten == [NAME]
    async with asyncio.timeout(1):
        assert await bench.queue.get() == NAME, "its row is ended next, whether or not the event of the deletion comes"


async def test_a_plan_that_is_overtaken_again_and_again_is_tried_later() -> None:
    bench = Bench(get_videojob=body(version=2))
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))
    bench.executor.on[CompleteRow] = Overtaken()
    later: list[tuple[str, float]] = []

    async def add_after(key: str, seconds: float) -> None:
        later.append((key, seconds))

    bench.queue.add_after = add_after  # type: ignore[method-assign]
    assert await bench.reconcile() == ["CompleteRow"] * 5
    assert later == [(NAME, 1.0)]


async def test_a_refused_job_is_shown_and_then_retried() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.executor.on[CreateJob] = JobRefused("exceeded quota")
    with pytest.raises(JobRefused):
        await bench.reconcile()
    create, patch = bench.executor.actions
    assert isinstance(create, CreateJob)
    assert isinstance(patch, PatchStatus)
    assert "exceeded quota" in patch.status["message"]


async def test_a_refused_job_of_a_videojob_that_changed_meanwhile_is_retried_all_the_same() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.executor.on[CreateJob] = JobRefused("exceeded quota")
    bench.executor.on[PatchStatus] = Overtaken()
    with pytest.raises(JobRefused):
        await bench.reconcile()


REFUSED = SupabaseError(ErrorKind.INVALID, "The constraint refuses it.", code="23514")


async def test_a_row_whose_write_is_refused_ends_its_videojob_and_is_retried() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))
    bench.executor.on[CompleteRow] = REFUSED
    with pytest.raises(SupabaseError):
        await bench.reconcile()
    refused, patch = bench.executor.actions
    assert isinstance(refused, CompleteRow)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("DatabaseRefused", "The constraint refuses it.")


async def test_an_outage_of_the_database_ends_no_videojob() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))
    bench.executor.on[CompleteRow] = SupabaseError(ErrorKind.UNAVAILABLE, "away", code="57P01")
    with pytest.raises(SupabaseError):
        await bench.reconcile()
    assert kinds(bench.executor.actions) == ["CompleteRow"]


async def test_a_plan_for_a_videojob_that_was_made_again_meanwhile_is_not_carried_out() -> None:
    again = body(version=9)
    again["metadata"]["uid"] = "another-uid"
    bench = Bench(get_videojob=again)
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(**COMPLETE))

    def made_again() -> None:
        bench.store.see_videojob(again)

    bench.executor.on[CompleteRow] = made_again
    assert await bench.reconcile() == ["CompleteRow", "DeleteJob", "RequeueAfter"], "its Job is an earlier one's"


async def test_a_deleted_videojob_ends_its_job_and_its_row_once() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))
    bench.store.see_videojob(body(), deleted=True)
    assert await bench.reconcile() == ["DeleteJob", "FailRow", "FailRow"]
    assert bench.executor.actions[1] == FailRow(TOKEN, CANCELLED, required=False)
    assert bench.store.deleted(NAME) is None
    assert bench.reader.forgotten == [NAME]


async def test_a_deleted_videojob_is_remembered_until_its_row_was_ended() -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_videojob(body(), deleted=True)
    bench.executor.on[FailRow] = ClusterError("away")
    with pytest.raises(ClusterError):
        await bench.reconcile()
    assert bench.store.deleted(NAME) is not None


async def test_a_videojob_with_an_impossible_name_is_left_alone_and_forgotten() -> None:
    bench = Bench()
    odd = body()
    odd["metadata"]["name"] = "vj-odd"
    bench.store.see_videojob(odd)
    await bench.reconciler.reconcile("vj-odd")
    bench.store.see_videojob(odd, deleted=True)
    await bench.reconciler.reconcile("vj-odd")
    assert (bench.executor.actions, bench.reader.reads) == ([], [])
    assert bench.store.deleted("vj-odd") is None


@pytest.mark.parametrize(
    ("error", "result", "line"),
    [
        (None, "done", None),
        (ClusterError("away"), "again", "ClusterError: away Retrying in"),
        (SupabaseError(ErrorKind.TIMEOUT, "slow"), "again", "SupabaseError: slow Retrying in"),
        (JobRefused("exceeded quota"), "again", "JobRefused: exceeded quota Retrying in"),
        (TimeoutError(), "failed", "Unexpected error. Retrying in"),
    ],
)
async def test_no_error_stops_the_loop_and_each_is_counted_logged_and_retried(
    error: Exception | None, result: str, line: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.store.see_videojob(body())
    bench.store.see_job(job_body(active=1))
    if error is not None:
        bench.executor.on[PatchStatus] = error
    await bench.queue.add(NAME)
    with caplog.at_level(logging.INFO):
        loop = asyncio.create_task(bench.reconciler.run(workers=1))
        await until(lambda: b"runops_reconcile_seconds_count 1.0" in bench.metrics.text())
    assert f'runops_reconciles_total{{result="{result}"}} 1.0'.encode() in bench.metrics.text()
    assert [message.startswith(line or "") for message in caplog.messages] == ([True] if line is not None else [])
    assert (b'runops_supabase_errors_total{kind="timeout"} 1.0' in bench.metrics.text()) is isinstance(
        error, SupabaseError
    )
    assert not loop.done()
    # The key was given back: it can be handed out again.
    await bench.queue.add(NAME)
    bench.executor.on.clear()
    await until(lambda: b"runops_reconcile_seconds_count 2.0" in bench.metrics.text())
    loop.cancel()


async def test_draining_waits_for_what_is_under_way_and_starts_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    may_end = asyncio.Event()
    begun: list[str] = []

    async def slow(name: str) -> None:
        begun.append(name)
        await may_end.wait()

    bench.reconciler.reconcile = slow  # type: ignore[method-assign]
    await bench.queue.add("vj-1")
    loop = asyncio.create_task(bench.reconciler.run(workers=1))
    async with asyncio.timeout(5):
        await until(lambda: bool(begun))
        await bench.queue.add("vj-2")
        await bench.reconciler.drain(0.01)
        assert caplog.messages == ["stopping during 1 reconciliations; they are repeated after the start"]
        may_end.set()
        await bench.reconciler.drain(5)
        await loop
    assert begun == ["vj-1"]


async def test_a_videojob_that_changes_after_the_drain_began_is_left_for_the_next_start() -> None:
    bench = Bench()
    begun: list[str] = []

    async def begins(name: str) -> None:
        begun.append(name)

    get, is_waiting = bench.queue.get, asyncio.Event()

    async def waits() -> str:
        is_waiting.set()
        return await get()

    bench.reconciler.reconcile = begins  # type: ignore[method-assign]
    bench.queue.get = waits  # type: ignore[method-assign]
    loop = asyncio.create_task(bench.reconciler.run(workers=1))
    async with asyncio.timeout(5):
        await is_waiting.wait()
        await bench.reconciler.drain(5)
        await bench.queue.add("vj-1")
        await loop
    assert begun == []


class Slow:
    """Reconciliations that take as long as the test says; it keeps their names and those of their log lines."""

    def __init__(self, bench: Bench, seconds: float) -> None:
        self.seconds = seconds
        self.under_way = self.most = 0
        self.names: list[str] = []
        self.log_ids: list[str | None] = []
        bench.reconciler.reconcile = self  # type: ignore[method-assign]

    async def __call__(self, name: str) -> None:
        self.names.append(name)
        self.log_ids.append(job_id_in_logs.get())
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.seconds)
        self.under_way -= 1


@pytest.mark.virtual_time
async def test_twenty_videojobs_are_reconciled_at_once_each_under_its_id_in_the_log_and_its_time_is_counted() -> None:
    bench = Bench()
    slow = Slow(bench, 3.0)
    for number in range(30):
        await bench.queue.add(f"vj-{number}")
    await asyncio.sleep(100)
    loop = asyncio.create_task(bench.reconciler.run())
    await asyncio.sleep(10)
    loop.cancel()
    assert (slow.most, len(slow.log_ids)) == (20, 30)
    assert [f"vj-{job_id}" for job_id in slow.log_ids] == slow.names == [f"vj-{number}" for number in range(30)]
    assert b"runops_reconcile_seconds_count 30.0" in bench.metrics.text()
    assert b"runops_reconcile_seconds_sum 90.0" in bench.metrics.text()


@pytest.mark.virtual_time
async def test_draining_waits_for_the_last_of_several(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    slow = Slow(bench, 10.0)
    await bench.queue.add("vj-1")
    loop = asyncio.create_task(bench.reconciler.run(workers=2))
    await asyncio.sleep(5)
    await bench.queue.add("vj-2")
    await asyncio.sleep(1)
    await bench.reconciler.drain(1)
    assert caplog.messages == ["stopping during 2 reconciliations; they are repeated after the start"]
    await bench.reconciler.drain(60)
    assert (slow.under_way, len(caplog.messages)) == (0, 1)
    loop.cancel()


async def test_draining_an_idle_reconciler_takes_no_time(caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(1):
        await Bench().reconciler.drain(60)
    assert caplog.messages == []


def test_actions_are_compared_by_value() -> None:
    assert DeleteJob(NAME, JOB_UID) == DeleteJob(NAME, JOB_UID)
    assert RequeueAfter(1.0) != RequeueAfter(2.0)
