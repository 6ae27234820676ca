"""Which rows are claimed, what keeps others waiting, and what becomes of a row between its claim and its VideoJob."""

from collections.abc import Iterable
from uuid import UUID, uuid4

import pytest

from runops.failures import Reason
from runops.job_row import JobRow
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.spending.caps import SpendingVerdict
from tests.operator import journey
from tests.operator.world import CONFIG, World

USER = "11111111-2222-4333-8444-55555555abcd"
USER_IN_CAPITALS = USER.upper()


async def test_claims_stop_at_the_limit_and_go_on_when_a_slot_is_free(world: World) -> None:
    ids = [world.jobs.add() for _ in range(5)]
    assert await world.take_in() == CONFIG.max_concurrent
    await world.settle()
    assert await world.take_in() == 0
    name = videojob_name(ids[0])
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
    await world.settle()
    assert await world.take_in() == 1


async def test_a_videojob_that_does_not_go_away_holds_up_its_own_row_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, name = await journey.claimed(world)
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
    await world.settle()

    async def held_by_a_finalizer(_name: str, *, uid: str) -> None:
        assert uid

    monkeypatch.setattr(world.cluster, "delete_videojob", held_by_a_finalizer)
    world.jobs.set(job_id, status="queued")
    other = world.jobs.add()
    for _ in range(3):
        await world.take_in()
        await world.rows.once()
        await world.settle()
    assert videojob_name(other) in world.cluster.jobs
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"] != claim.token
    assert b'runops_drift_repaired_total{kind="RowWithoutVideoJob"}' not in world.metrics.text()
    monkeypatch.undo()
    await world.rows.once()
    await world.settle()
    assert world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"] == claim.token


async def test_a_trouble_that_is_over_is_not_told_on_while_no_slot_is_free(world: World) -> None:
    for _ in range(5):
        world.jobs.add()
    await world.take_in()
    await world.settle()
    world.intake.status.pause("The table is away.", "DatabaseUnavailable")
    assert await world.intake.claim_what_fits() == 0
    assert world.intake.status.trouble is None
    assert b'runops_intake_paused{reason="DatabaseUnavailable"} 1.0' not in world.metrics.text()


async def test_a_row_queued_again_and_claimed_again_while_it_is_confirmed_is_worked_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = world.jobs.add()
    get_many = world.jobs.get_many

    async def and_claimed_again(job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        monkeypatch.undo()
        world.jobs.set(job_id, status="queued")
        there = await get_many(job_ids)
        assert await world.intake.claim_what_fits() == 1
        return there

    monkeypatch.setattr(world.jobs, "get_many", and_claimed_again)
    await world.take_in()
    await world.compare()
    await world.take_in()
    await world.settle()
    row = world.jobs.rows[job_id]
    assert row.claim is not None
    assert world.cluster.jobs[videojob_name(job_id)]["metadata"]["annotations"]["runops.dev/claim"] == row.claim.claim
    assert not world.confirmation._adopter.is_in_hand(job_id)


async def test_nothing_more_is_claimed_while_the_api_server_is_away(world: World) -> None:
    for _ in range(12):
        world.jobs.add()
    await world.take_in()
    world.start_operator()
    for row in list(world.jobs.rows.values()):
        world.jobs.set(row.job_id, status="queued")
    world.cluster.videojobs.clear()
    world.cluster.broken = 1000
    for _ in range(6):
        with pytest.raises(ClusterError):
            await world.take_in()
    claimed = [row for row in world.jobs.rows.values() if row.status == "processing"]
    assert len(claimed) <= CONFIG.max_concurrent
    world.cluster.broken = 0
    await world.take_in()
    await world.settle()
    assert len(world.cluster.jobs) == CONFIG.max_concurrent


async def test_rows_claimed_before_a_crash_hold_their_slots(world: World) -> None:
    for _ in range(9):
        world.jobs.add()
    world.cluster.broken = 1000
    with pytest.raises(ClusterError):
        await world.take_in()
    world.cluster.broken = 0
    world.start_operator()
    await world.take_in()
    await world.settle()
    assert len(world.cluster.jobs) == CONFIG.max_concurrent


@pytest.mark.parametrize("spelled", [USER, USER_IN_CAPITALS])
async def test_another_users_row_is_seen_behind_a_long_queue(world: World, spelled: str) -> None:
    for _ in range(300):
        world.jobs.add(user=spelled)
    other = world.jobs.add(user=str(uuid4()))
    await world.take_in()
    assert world.jobs.rows[other].status == "processing"


async def test_no_more_videos_begin_than_a_quota_per_minute_feeds() -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 50}))
    _, name = await journey.claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    for _ in range(20):
        world.jobs.add()
    limits = [{"counted": "requests", "perMinute": 3}]
    refused = {"model": CONFIG.models.transcribe, "at": world.now.isoformat(), "limits": limits}
    world.cluster.write("videojob", world.cluster.videojobs, name, {"status": {"pace": {"refused": [refused]}}})
    await world.settle()
    await world.pace.once()

    # Six calls fill two minutes, and one video is at work.
    assert await world.take_in() == 5
    assert b"runops_intake_waits_for_quota 1.0" in world.metrics.text()
    await world.settle()
    assert await world.take_in() <= 1, "one at most: no call waits yet"
    assert world.intake.status.trouble is None, "that is no trouble"
    assert b"runops_intake_paused{" not in world.metrics.text()


async def test_slots_that_wait_for_estimates_are_told_of_and_are_no_trouble(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.jobs.add()
    monkeypatch.setattr(world.intake._slots, "_spending", lambda _claimed: SpendingVerdict(room=0))
    assert await world.take_in() == 0
    assert "Slots stay free: it is not known yet" in caplog.text
    assert world.intake.status.trouble is None


async def test_a_cap_on_spending_stops_the_claims_with_its_figures_and_is_no_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.jobs.add()
    reached = SpendingVerdict("Videos have cost 5.00 USD today; the cap is 5 USD.")
    with monkeypatch.context() as at_the_cap:
        at_the_cap.setattr(world.intake._slots, "_spending", lambda _claimed: reached)
        assert await world.take_in() == 0
        assert world.intake.status.trouble == reached.reached
        assert world.intake.status.is_intended
    assert await world.take_in() == 1
    assert world.intake.status.trouble is None
    assert not world.intake.status.is_intended
