"""What is found after the start, or beside what this operator knows, and put right."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.failures import FailureClass, Reason
from runops.job_row import Claim, stamped_metadata
from runops.retry_policy import History
from runops.videojob import videojob_name
from runops_operator.intake.rows import read_is_due
from tests.operator.world import CONFIG, World


def _held(world: World, by: str, *, bound: bool = False) -> UUID:
    claim = Claim(claim=f"{uuid4()}{'/pod-9' if bound else ''}", by=by)
    return world.jobs.add(status="processing", metadata=stamped_metadata(None, claim))


async def test_a_row_of_this_installation_without_videojob_is_adopted_at_once(world: World) -> None:
    job_id = _held(world, CONFIG.installation, bound=True)
    await world.rows.once()
    await world.settle()
    name = videojob_name(job_id)
    token = world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"]
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert token == claim.token
    assert b'runops_drift_repaired_total{kind="RowWithoutVideoJob"} 1.0' in world.metrics.text()


async def test_a_row_of_another_installation_is_left_alone_until_it_is_stale(world: World) -> None:
    theirs = _held(world, "somebody/else")
    nobodys = world.jobs.add(status="processing")
    assert await world.take_in() == 0
    world.wait(CONFIG.stale_after_seconds + 120)
    assert await world.take_in() == 2
    await world.settle()
    for job_id in (theirs, nobodys):
        claim = world.jobs.rows[job_id].claim
        assert claim is not None
        assert claim.by == CONFIG.installation
        assert videojob_name(job_id) in world.cluster.jobs
    taken = world.jobs.rows[theirs].claim
    assert taken is not None
    assert (taken.attempt, taken.history) == (2, History(waits={FailureClass.INFRASTRUCTURE: 1}))
    assert b'runops_drift_repaired_total{kind="StaleRow"} 2.0' in world.metrics.text()


async def test_rows_nobody_works_on_now_are_kept_alive(world: World) -> None:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    before = world.jobs.rows[job_id].updated_at
    await world.rows.once()
    assert world.jobs.rows[job_id].updated_at == before, "not more often than needed"
    for _ in range(9):
        world.wait(CONFIG.rows_seconds)
        await world.rows.once()
    await world.rows.once()
    assert world.jobs.rows[job_id].updated_at != before
    world.cluster.run_pod(videojob_name(job_id))
    await world.settle()
    before = world.jobs.rows[job_id].updated_at
    for _ in range(9):
        world.wait(CONFIG.rows_seconds)
        await world.rows.once()
    await world.rows.once()
    assert world.jobs.rows[job_id].updated_at == before, "a running worker does it itself, or it is not alive"


async def test_a_claim_that_an_old_consumer_wrote_over_is_given_up_to_it(world: World) -> None:
    job_id = world.jobs.add()
    claim = world.jobs.claim

    async def overtaken(*args: object, **kwargs: object) -> object:
        won = await claim(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        world.jobs.set(job_id, status="processing")
        return won

    world.jobs.claim = overtaken  # type: ignore[assignment,method-assign]
    assert await world.take_in() == 0
    await world.settle()
    row = world.jobs.rows[job_id]
    assert (row.status, row.claim) == ("processing", None)
    assert world.cluster.videojobs == {}
    await world.rows.once()
    assert world.cluster.videojobs == {}


async def test_a_finished_videojob_whose_row_was_not_told_tells_it(world: World) -> None:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 66)
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"
    # As after a restore of the database from before.
    world.jobs.set(job_id, status="processing", error=None)
    await world.rows.once()
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"


async def test_a_videojob_learns_from_its_row_how_it_ended_though_its_job_is_gone(world: World) -> None:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    await world.settle()
    job = world.cluster.jobs.pop(name)
    world.store.drop_job(name, job["metadata"]["uid"])
    world.jobs.set(job_id, status="error", error="It is damaged.")
    await world.rows.once()
    await world.settle()
    assert world.status(job_id)["reason"] == Reason.JOB_DELETED
    assert world.status(job_id)["message"] == "It is damaged."


async def test_a_pause_is_kept_though_the_event_of_an_adopted_videojob_comes_before_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = Claim(claim=str(uuid4()), by=CONFIG.installation, failures=1, not_before=world.now + timedelta(seconds=60))
    job_id = world.jobs.add(status="processing", metadata=stamped_metadata(None, claim))
    create = world.cluster.create_videojob

    async def answered_late(manifest: Mapping[str, Any]) -> dict[str, Any]:
        made = await create(manifest)
        await world.settle()
        return made

    monkeypatch.setattr(world.cluster, "create_videojob", answered_late)
    await world.rows.once()
    await world.settle()
    assert world.cluster.jobs == {}
    world.wait(61)
    await world.look(videojob_name(job_id))
    assert videojob_name(job_id) in world.cluster.jobs


async def test_the_next_attempts_claim_is_found_in_the_row_after_a_crash(world: World) -> None:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    annotate = world.cluster.annotate_videojob
    world.cluster.annotate_videojob = _killed  # type: ignore[assignment,method-assign]
    world.cluster.end_pod(name, 108)
    try:
        await world.settle()
    except _KilledError:
        world.cluster.annotate_videojob = annotate  # type: ignore[method-assign]
    world.start_operator()
    await world.compare()
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.failures == 1
    assert world.cluster.videojobs[name]["metadata"]["annotations"]["runops.dev/claim"] == claim.claim
    assert world.status(job_id)["reason"] == "ModelFileRejected"
    assert name not in world.cluster.jobs


class _KilledError(BaseException):
    pass


async def _killed(*_: object, **__: object) -> None:
    raise _KilledError


@pytest.mark.parametrize(
    ("claimed", "unfinished", "since", "due"),
    [(0, False, 5.0, False), (0, False, 60.0, True), (1, False, 5.0, True), (0, True, 5.0, True)],
)
def test_claimed_rows_are_looked_at_where_there_may_be_some(
    claimed: int, unfinished: bool, since: float, due: bool
) -> None:
    assert read_is_due(claimed=claimed, unfinished=unfinished, since=since) is due
