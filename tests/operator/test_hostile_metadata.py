"""Metadata that real jsonb keeps and hardly anybody can read, before the operator: real PostgreSQL and PostgREST."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops.videojob import videojob_name
from runops_operator.assembly import Operator, assemble
from runops_operator.observability.metrics import Metrics
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster

Tables = psycopg.Connection[tuple[Any, ...]]
_DEEP = "[" * 5000 + "]" * 5000
_DIGITS = "9" * 5000
_HUGE = json.dumps("\u202e" + "x" * 1_000_000)
_TOKEN = "5f6e1d1c-0000-4000-8000-000000000001"
_OURS = f'"by": "{CONFIG.installation}"'

_UNREADABLE = {
    "nested": f'{{"a": {_DEEP}}}',
    "digits": f'{{"a": {_DIGITS}}}',
    "user of digits": f'{{"user_id": {_DIGITS}}}',
}
_MALFORMED = {
    "user of a megabyte": f'{{"user_id": {_HUGE}}}',
    "a megabyte": _HUGE,
    "user in lists": '{"user_id": [["x"]]}',
    "text": '"{}"',
}
_RUNNABLE = {
    "a megabyte beside": f'{{"note": {_HUGE}}}',
    "claim of a megabyte": f'{{"runops": {{"claim": {_HUGE}, {_OURS}}}}}',
    "a pattern as claim": f'{{"runops": {{"claim": "%", {_OURS}}}}}',
    "counts of another world": f'{{"runops": {{"claim": "{_TOKEN}", "by": "x", "attempt": "no", "waits": 1000000}}}}',
    "year 9999": f'{{"runops": {{"claim": "{_TOKEN}", "by": "x", "not_before": "9999-12-31T23:59:59Z"}}}}',
    "priority of a million": '{"priority": 1000000}',
    "priority of lists": '{"priority": [[100]]}',
    "control characters": '{"a": "\\u0001\\u001b[31m\\u202e", "\\t": "\\n"}',
}
_CLAIMS_OF_OURS = {
    "no claim": f'{{"runops": {{{_OURS}}}}}',
    "null": f'{{"runops": {{"claim": null, {_OURS}}}}}',
    "empty": f'{{"runops": {{"claim": "", {_OURS}}}}}',
    "a pattern": f'{{"runops": {{"claim": "%", {_OURS}}}}}',
    "a megabyte": f'{{"runops": {{"claim": {_HUGE}, {_OURS}}}}}',
    "an object": f'{{"runops": {{"claim": {{"a": 1}}, {_OURS}}}}}',
}


class Project:
    """An operator between a cluster in memory and real tables."""

    def __init__(self, operator: Operator, cluster: MemoryCluster, database: Tables) -> None:
        self.operator = operator
        self.cluster = cluster
        self._database = database

    def add(self, metadata: str | None, *, status: str = "queued", hours_ago: int = 0) -> UUID:
        job_id = uuid4()
        self._database.execute(
            "insert into public.jobs (job_id, status, metadata, updated_at) "
            "values (%s, %s, %s::jsonb, now() - make_interval(hours => %s))",
            (job_id, status, metadata, hours_ago),
        )
        return job_id

    def row(self, job_id: UUID) -> tuple[Any, ...]:
        found = self._database.execute("select status, error from public.jobs where job_id = %s", (job_id,)).fetchone()
        assert found is not None
        return found

    async def work(self) -> None:
        """One round of every loop."""
        await self.operator.intake.claim_what_fits()
        await self.operator.confirmation.settle()
        await self.operator.resync.once()
        await self.operator.rows.once()
        while len(self.operator.queue):
            name = await self.operator.queue.get()
            await self.operator.reconciler.reconcile(name)
            await self.operator.queue.done(name)


@pytest.fixture
async def project(stack: StackInfo, database: Tables) -> AsyncIterator[Project]:
    cluster = MemoryCluster()
    config = CONFIG.model_copy(update={"max_concurrent": 50})
    async with Supabase(stack.url, stack.secret_key) as supabase:
        yield Project(assemble(config, cluster, supabase, Metrics()), cluster, database)


async def test_queued_rows_are_told_or_run_in_one_round_whatever_their_metadata(project: Project) -> None:
    good = [project.add(None)]
    bad = {name: project.add(text) for name, text in (_UNREADABLE | _MALFORMED).items()}
    runnable = {name: project.add(text) for name, text in _RUNNABLE.items()}
    good.append(project.add(json.dumps({"user_id": str(uuid4())})))
    await project.work()
    for name, job_id in bad.items():
        status, error = project.row(job_id)
        assert status == "error", name
        assert 20 < len(error) < 400, name
    for name, job_id in runnable.items():
        assert project.row(job_id)[0] == "processing", name
        assert videojob_name(job_id) in project.cluster.jobs, name
    assert all(videojob_name(job_id) in project.cluster.jobs for job_id in good)


async def test_stale_rows_are_told_or_taken_over_whatever_their_metadata(project: Project) -> None:
    bad = {name: project.add(text, status="processing", hours_ago=2) for name, text in _UNREADABLE.items()}
    texts = _RUNNABLE | _CLAIMS_OF_OURS
    stale = {name: project.add(text, status="processing", hours_ago=2) for name, text in texts.items()}
    good = project.add(None)
    await project.work()
    assert {name: project.row(job_id)[0] for name, job_id in bad.items()} == dict.fromkeys(bad, "error")
    missing = [name for name, job_id in stale.items() if videojob_name(job_id) not in project.cluster.jobs]
    assert missing == [], "not taken over"
    assert videojob_name(good) in project.cluster.jobs


async def test_rows_that_name_us_without_a_token_are_left_alone_while_they_are_alive(project: Project) -> None:
    alive = {name: project.add(text, status="processing") for name, text in _CLAIMS_OF_OURS.items()}
    good = project.add(None)
    await project.work()
    assert videojob_name(good) in project.cluster.jobs
    assert list(project.cluster.videojobs) == [videojob_name(good)]
    assert {project.row(job_id)[0] for job_id in alive.values()} == {"processing"}


@pytest.mark.parametrize("extra", [_DEEP, _DIGITS])
async def test_a_row_of_ours_that_became_unreadable_is_told_and_keeps_nobody_waiting(
    project: Project, extra: str
) -> None:
    forgotten = project.add(f'{{"a": {extra}, "runops": {{"claim": "{_TOKEN}", {_OURS}}}}}', status="processing")
    by_hand = project.add(f'{{"a": {extra}}}', status="completed")
    name = videojob_name(by_hand)
    await project.cluster.create_videojob({"metadata": {"name": name}, "spec": {"jobId": str(by_hand)}})
    good = project.add(None)
    await project.work()
    assert project.row(forgotten)[0] == "error"
    assert "nested too deeply" in project.row(forgotten)[1]
    assert project.cluster.videojobs[name]["status"]["reason"] == "DatabaseRefused"
    assert project.row(by_hand)[0] == "completed", "its row was not ours to end"
    assert videojob_name(good) in project.cluster.jobs


def test_a_nul_in_metadata_is_refused_by_the_database_itself(database: Tables) -> None:
    with pytest.raises(psycopg.errors.UntranslatableCharacter):
        database.execute('insert into public.jobs (job_id, metadata) values (gen_random_uuid(), \'{"a": "\\u0000"}\')')


@pytest.mark.parametrize("bucket", ["no such bucket", "line\nfeed\r\t\x1b[31m", "..", "a/b?c#d"])
async def test_a_videojob_without_row_ends_whatever_bucket_it_names(project: Project, bucket: str) -> None:
    job_id = uuid4()
    metadata = {"name": videojob_name(job_id), "annotations": {"runops.dev/claim": _TOKEN}}
    spec = {"jobId": str(job_id), "source": {"bucket": bucket}}
    await project.cluster.create_videojob({"metadata": metadata, "spec": spec})
    for _ in range(3):
        await project.work()
    status = project.cluster.videojobs[videojob_name(job_id)]["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "ClaimLost")
