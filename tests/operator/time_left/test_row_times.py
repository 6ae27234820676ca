"""Rows say when they are expected to end, where the settings allow it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.job_row import TIME_LEFT_KEY, JobRow
from runops.progress import Stage
from runops_operator.time_left import row_times_loop
from tests.operator import journey
from tests.operator.time_left.history_of_world import SECONDS, complete, finish_some
from tests.operator.world import CONFIG, World

IN_ROWS = CONFIG.model_copy(update={"time_left": CONFIG.time_left.model_copy(update={"in_rows": True})})
USER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def world() -> World:
    return World(IN_ROWS)


async def _tell(world: World) -> int:
    """Let half a minute pass, and tell the rows."""
    assert world.row_times is not None
    world.wait(31)
    while await world.time_left.once():
        pass
    await world.settle()
    return await world.row_times.once()


def _told(world: World, job_id: UUID) -> dict[str, Any] | None:
    told: dict[str, Any] | None = (world.jobs.rows[job_id].metadata or {}).get(TIME_LEFT_KEY)
    return told


async def test_rows_say_nothing_where_the_settings_do_not_allow_it() -> None:
    assert World().row_times is None


async def test_a_row_at_work_says_what_its_videojob_says(world: World) -> None:
    await finish_some(world)
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.reached(world, name, Stage.PREPARING_VIDEO)
    before = world.jobs.rows[job_id]
    assert await _tell(world) == 1
    shown = world.cluster.videojobs[name]["status"]["timeLeft"]
    assert _told(world, job_id) == {key: shown[key] for key in ("earliest", "likely", "latest")}
    after = world.jobs.rows[job_id]
    assert after.claim == before.claim
    assert after.updated_at == before.updated_at
    assert await _tell(world) == 0, "nothing moved"


async def test_rows_in_the_queue_say_their_places_and_lose_nothing_by_it(world: World) -> None:
    await finish_some(world)
    for _ in range(3):
        _, name = await journey.claimed(world)
        await journey.started(world, name)
    waiting = [world.jobs.add(metadata={"user_id": USER, "title": "t"}) for _ in range(3)]
    before = {job_id: world.jobs.rows[job_id] for job_id in waiting}
    await _tell(world)
    told = [_told(world, job_id) or {} for job_id in waiting]
    assert [one["position"] for one in told] == [1, 2, 3]
    likely = [datetime.fromisoformat(one["likely"]) for one in told]
    assert likely == sorted(likely)
    assert likely[0] > world.now + timedelta(seconds=60)
    for job_id in waiting:
        row = world.jobs.rows[job_id]
        assert row.updated_at == before[job_id].updated_at
        assert {key: value for key, value in row.metadata.items() if key != TIME_LEFT_KEY} == before[job_id].metadata
        assert len(str(row.metadata[TIME_LEFT_KEY])) < 200


async def test_a_queued_row_of_which_only_the_sop_is_made_again_is_expected_to_take_only_that_long(
    world: World,
) -> None:
    await finish_some(world)
    sop = world.jobs.add(metadata={"user_id": USER, "runops": {"from": "sop"}})
    whole = world.jobs.add(metadata={"user_id": USER})
    await _tell(world)
    left = {
        job_id: (datetime.fromisoformat((_told(world, job_id) or {})["likely"]) - world.now).total_seconds()
        for job_id in (sop, whole)
    }
    assert left[whole] - left[sop] == pytest.approx(
        SECONDS[Stage.PREPARING_VIDEO] + SECONDS[Stage.TRANSCRIBING], rel=0.15
    )


async def test_a_claim_removes_what_a_row_said_and_a_completed_row_says_nothing(world: World) -> None:
    await finish_some(world)
    job_id = world.jobs.add(user=USER)
    await _tell(world)
    assert (_told(world, job_id) or {})["position"] == 1
    await world.take_in()
    await world.settle()
    assert world.jobs.rows[job_id].claim is not None
    assert _told(world, job_id) is None
    name = f"vj-{job_id}"
    await journey.started(world, name)
    await _tell(world)
    assert "likely" in (_told(world, job_id) or {})
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert await world.jobs.complete(job_id, claim.token, said={"took": {}})
    assert _told(world, job_id) is None


async def test_while_nothing_is_claimed_rows_say_their_place_and_that_they_wait(world: World) -> None:
    await finish_some(world)
    world.intake.status.pause("Nothing is claimed.", "Drained")
    job_id = world.jobs.add(user=USER)
    await _tell(world)
    assert _told(world, job_id) == {"position": 1, "unknown": "Paused"}


async def test_so_many_rows_are_written_to_in_one_pass_and_those_first_that_come_first(world: World) -> None:
    await finish_some(world)
    waiting = [world.jobs.add(user=USER) for _ in range(50)]
    assert await _tell(world) == row_times_loop._WRITES
    assert [_told(world, job_id) is not None for job_id in waiting] == [True] * 20 + [False] * 30


async def test_a_row_that_changed_meanwhile_is_left_alone(world: World) -> None:
    await finish_some(world)
    job_id = world.jobs.add(user=USER)
    row = world.jobs.rows[job_id]
    world.jobs.set(job_id, updated_at="2026-01-01T00:00:09+00:00")
    assert await world.jobs.put_beside(row, TIME_LEFT_KEY, {"position": 1}) is None
    assert _told(world, job_id) is None


async def test_where_a_trigger_changes_updated_at_one_row_in_the_queue_is_written_to_and_no_more(world: World) -> None:
    await finish_some(world)
    waiting = [world.jobs.add(user=USER) for _ in range(5)]
    update = world.jobs.database.update

    def triggered(row: JobRow, values: Mapping[str, Any], *, by: str) -> JobRow:
        return update(row, {**values, "updated_at": "now"}, by=by)

    world.jobs.database.update = triggered  # type: ignore[method-assign]
    assert await _tell(world) == 1
    assert await _tell(world) == 0
    assert [_told(world, job_id) is not None for job_id in waiting] == [True, False, False, False, False]


async def test_what_an_app_wrote_there_is_replaced(world: World) -> None:
    await finish_some(world)
    odd = world.jobs.add(metadata={"user_id": USER, TIME_LEFT_KEY: ["odd"]})
    text = world.jobs.add(metadata="a text")
    await _tell(world)
    assert (_told(world, odd) or {})["position"] == 1
    assert world.jobs.rows[text].metadata == "a text"


async def test_rows_that_differ_in_nothing_else_are_claimed_in_one_request(world: World) -> None:
    await finish_some(world)
    for _ in range(3):
        world.jobs.add(user=USER)
    await _tell(world)
    requests: list[int] = []
    claim_batch = world.jobs.claim_batch

    async def counted(rows: Any, *args: Any, **options: Any) -> Any:
        requests.append(len(rows))
        return await claim_batch(rows, *args, **options)

    world.jobs.claim_batch = counted  # type: ignore[method-assign]
    assert await world.take_in() == 3
    assert requests == [3]
    assert all(TIME_LEFT_KEY not in row.metadata for row in world.jobs.rows.values() if row.metadata)


async def test_a_video_that_ends_takes_itself_out_of_what_others_wait_for(world: World) -> None:
    await finish_some(world)
    started = []
    for _ in range(3):
        job_id, name = await journey.claimed(world)
        await journey.started(world, name)
        started.append((job_id, name))
    waiting = [world.jobs.add(user=USER) for _ in range(2)]
    await _tell(world)
    assert [(_told(world, job_id) or {})["position"] for job_id in waiting] == [1, 2]
    await complete(world, *started[0])
    await world.take_in()
    await world.settle()
    await _tell(world)
    assert _told(world, started[0][0]) is None
    assert (_told(world, waiting[1]) or {})["position"] == 1
