"""VideoJobs say when they are expected to end, learned from those that ended before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runops.failures import TABLE, Reason
from runops.progress import Stage
from runops.report import Report
from runops_operator.kubernetes_api.cluster import Conflict
from runops_operator.time_left import time_left_loop
from tests.operator import journey
from tests.operator.time_left.history_of_world import SECONDS, finish_some
from tests.operator.world import CONFIG, World

WHOLE = sum(SECONDS.values())
MANY = CONFIG.model_copy(update={"max_concurrent": 60})


async def _shown(world: World, name: str, *, after_seconds: float = 31) -> dict[str, Any]:
    """Let a round of estimates pass, and return what a VideoJob shows."""
    world.wait(after_seconds)
    while await world.time_left.once():
        pass
    await world.settle()
    shown: dict[str, Any] = world.cluster.videojobs[name]["status"].get("timeLeft") or {}
    return shown


def _seconds(world: World, text: str) -> float:
    return (datetime.fromisoformat(text) - world.now).total_seconds()


async def test_a_running_video_has_a_range_and_a_text_for_the_column(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.reached(world, name, Stage.PREPARING_VIDEO)
    shown = await _shown(world, name)
    earliest, likely, latest = (_seconds(world, shown[key]) for key in ("earliest", "likely", "latest"))
    assert 0 <= earliest <= likely <= latest
    assert likely == pytest.approx(WHOLE - 31, rel=0.15)
    early = datetime.fromisoformat(shown["earliest"]).astimezone(UTC)
    assert shown["ends"].startswith(f"{early:%H:%M}-")
    assert "unknown" not in shown


async def test_a_video_of_which_only_the_sop_is_made_again_has_the_range_of_that(world: World) -> None:
    await finish_some(world)
    job_id = world.jobs.add(metadata={"user_id": journey.USER, "runops": {"from": "sop"}})
    await world.take_in()
    await world.settle()
    name = f"vj-{job_id}"
    await journey.started(world, name)
    likely = _seconds(world, (await _shown(world, name, after_seconds=1))["likely"])
    assert likely == pytest.approx(SECONDS[Stage.PARSING_SOP] + SECONDS[Stage.FINALIZING] - 1, abs=3)


async def test_the_range_moves_with_the_stages(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    left = []
    for stage in SECONDS:
        await journey.reached(world, name, stage)
        world.wait(SECONDS[stage] / 2)
        left.append(_seconds(world, (await _shown(world, name, after_seconds=0))["likely"]))
        world.wait(SECONDS[stage] / 2)
    assert left == sorted(left, reverse=True)
    assert left[-1] < 5


async def test_nothing_is_said_before_enough_videos_have_finished(world: World) -> None:
    await finish_some(world, count=4)
    _, name = await journey.claimed(world)
    assert await _shown(world, name) == {"position": 1, "unknown": "TooFewFinished"}
    await journey.started(world, name)
    assert await _shown(world, name) == {"unknown": "TooFewFinished"}


async def test_thousands_of_running_videos_are_not_written_to_while_nothing_is_known(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    assert await world.time_left.once() == 0
    assert "timeLeft" not in world.cluster.videojobs[name]["status"]


async def test_an_operator_that_starts_anew_learns_from_what_is_there(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    world.start_operator()
    await world.compare()
    assert "likely" in await _shown(world, name)


async def test_videos_that_wait_for_their_worker_have_places_in_the_order_of_their_creation(world: World) -> None:
    await finish_some(world)
    names = [(await journey.claimed(world))[1] for _ in range(3)]
    await journey.started(world, names[0])
    places = [(await _shown(world, name)).get("position") for name in names]
    assert places == [None, 1, 2]


async def test_a_suspended_video_has_no_range_and_says_why(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.reached(world, name, Stage.PREPARING_VIDEO)
    assert "likely" in await _shown(world, name)
    world.cluster.edit_videojob(name, suspend=True)
    await world.settle()
    shown = await _shown(world, name)
    assert shown == {"unknown": "Suspended"}


async def test_while_a_fault_stops_every_video_none_has_a_range(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.reached(world, name, Stage.PREPARING_VIDEO)
    assert "likely" in await _shown(world, name)
    _, other = await journey.claimed(world)
    await journey.started(world, other)
    fault = Report(reason=Reason.MODEL_KEY_REJECTED, message="The API says why.")
    await journey.failed(world, other, fault, code=TABLE[Reason.MODEL_KEY_REJECTED].exit_code or 1)
    assert (await _shown(world, name))["unknown"] == "Paused"
    assert (await _shown(world, other))["unknown"] == "Blocked"


async def test_a_video_that_ended_shows_no_expected_end(world: World) -> None:
    await finish_some(world)
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    assert "likely" in await _shown(world, name)
    await journey.completed(world, job_id, name)
    assert "timeLeft" not in world.cluster.videojobs[name]["status"]


async def test_a_video_longer_than_any_before_it_has_no_range(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.reached(world, name, Stage.TRANSCRIBING)
    world.wait(3000)
    assert (await _shown(world, name))["unknown"] == "LongerThanOthers"


class _Writes:
    """Counts writes of expected ends; some of them meet another write."""

    def __init__(self, world: World) -> None:
        self.of_name: dict[str, int] = {}
        self.conflicts = 0
        self._patch = world.cluster.patch_videojob_status
        world.cluster.patch_videojob_status = self._count  # type: ignore[method-assign]

    async def _count(self, name: str, status: Any, **options: Any) -> Any:
        if "timeLeft" in status and status["timeLeft"] is not None:
            self.of_name[name] = self.of_name.get(name, 0) + 1
            if self.conflicts:
                self.conflicts -= 1
                raise Conflict(name, status=409)
        return await self._patch(name, status, **options)


async def test_as_long_as_all_goes_as_expected_a_video_is_written_to_a_few_times(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    writes = _Writes(world)
    for stage, seconds in SECONDS.items():
        await journey.reached(world, name, stage)
        for _ in range(max(1, int(seconds / 5))):
            world.wait(5)
            await world.time_left.once()
    assert 1 <= writes.of_name[name] <= 4


async def test_a_definition_of_an_earlier_version_is_named_and_not_written_to_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await finish_some(world)
    for _ in range(3):
        _, name = await journey.claimed(world)
        await journey.started(world, name)
    writes = _Writes(world)
    patch = world.cluster.patch_videojob_status

    async def pruned(name: str, status: Any, **options: Any) -> Any:
        stored = await patch(name, status, **options)
        world.cluster.videojobs[name]["status"].pop("timeLeft", None)
        stored["status"].pop("timeLeft", None)
        return stored

    with monkeypatch.context() as earlier:
        earlier.setattr(world.cluster, "patch_videojob_status", pruned)
        for _ in range(100):
            world.wait(5)
            await world.time_left.once()
        assert sum(writes.of_name.values()) == 1
        assert "Apply the one of this version" in caplog.text
    world.wait(600)
    assert await _shown(world, name), "once the definition has been applied"


async def test_many_videos_are_written_to_at_a_bounded_rate_and_all_in_the_end() -> None:
    world = World(MANY)
    await finish_some(world)
    names = [(await journey.claimed(world, waited_seconds=0))[1] for _ in range(50)]
    writes = _Writes(world)
    passes = []
    while len(writes.of_name) < 50:
        passes.append(await world.time_left.once())
        world.wait(5)
        assert len(passes) < 20
    assert max(passes) <= time_left_loop._WRITES
    assert set(writes.of_name) == set(names)


async def test_a_write_that_meets_another_one_is_made_in_the_next_round(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    writes = _Writes(world)
    writes.conflicts = 1
    await world.time_left.once()
    assert "timeLeft" not in world.cluster.videojobs[name]["status"]
    assert "likely" in await _shown(world, name)


async def test_an_expected_end_makes_no_reconciliation(world: World) -> None:
    await finish_some(world)
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    before = world.store.videojob(name)
    assert before is not None
    body = {**world.cluster.videojobs[name]}
    body["metadata"] = {**body["metadata"], "resourceVersion": str(before.version + 1000)}
    body["status"] = {**body["status"], "timeLeft": {"likely": (world.now + timedelta(hours=1)).isoformat()}}
    assert not world.store.see_videojob(body)
