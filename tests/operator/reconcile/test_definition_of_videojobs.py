"""A row of a deleted VideoJob is ended when the definition of VideoJobs has outlived it, and not where both went."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from runops_operator.planning.actions import Action, DeleteJob, FailRow
from runops_operator.reconcile.deletions import Deletions
from tests.operator.planning.observations import condition, videojob

pytestmark = pytest.mark.virtual_time
JOB = UUID(int=1)


class Outside:
    """A store with deleted VideoJobs by name, a cluster that answers as a test says, and an executor."""

    def __init__(self, *names: str) -> None:
        self.gone: dict[str, Any] = {name: videojob(name=name, uid=f"uid-of-{name}") for name in names}
        self.served = True
        self.answers_after = self.writes_for = 0.0
        self.asked: list[float] = []
        self.done: list[tuple[float, str, Action]] = []

    def deletions(self) -> Deletions:
        parts: Any = self
        return Deletions(parts, parts, parts)

    def deleted(self, name: str) -> Any:
        return self.gone.get(name)

    def deleted_uids(self) -> list[str]:
        return [view.uid for view in self.gone.values()]

    def job(self, _name: str) -> None:
        return None

    def forget_deleted(self, view: Any) -> None:
        self.gone.pop(view.name, None)

    def forget_all_deleted(self) -> None:
        self.gone.clear()

    async def serves_videojobs(self, _name: str) -> bool:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.answers_after)
        return self.served

    async def run(self, name: str, _job_id: Any, action: Action) -> None:
        self.done.append((asyncio.get_running_loop().time(), name, action))
        await asyncio.sleep(self.writes_for)

    def ended(self) -> list[tuple[float, str]]:
        return [(at, name) for at, name, action in self.done if isinstance(action, FailRow)]


async def test_a_row_ends_one_second_after_its_videojob_where_the_definition_is_still_served() -> None:
    outside, begun = Outside("vj-1"), asyncio.get_running_loop().time()
    await outside.deletions().end("vj-1", JOB)
    ((at, name),) = outside.ended()
    assert name == "vj-1"
    assert at - begun == pytest.approx(1.0)
    assert outside.gone == {}


async def test_an_answer_counts_from_when_it_was_asked_for() -> None:
    outside, begun = Outside("vj-1"), asyncio.get_running_loop().time()
    outside.answers_after = 0.7
    await outside.deletions().end("vj-1", JOB)
    ((at, _),) = outside.ended()
    # Asked at 0, 0.9 and 1.8 s. The last one is the first that was asked for a second after the deletion.
    assert at - begun == pytest.approx(2.5)


async def test_where_the_definition_went_too_no_row_ends_and_nothing_is_remembered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outside = Outside("vj-1", "vj-2")
    outside.served = False
    deletions = outside.deletions()
    await asyncio.gather(deletions.end("vj-1", JOB), deletions.end("vj-2", JOB))
    assert (outside.ended(), outside.gone) == ([], {})
    assert "The definition of VideoJobs was deleted" in caplog.text
    # The definition is back, and a VideoJob of that name is deleted by a person: its own second counts.
    outside.served, outside.gone = True, {"vj-1": videojob(name="vj-1", uid="uid-of-vj-1")}
    await asyncio.sleep(100)
    begun = asyncio.get_running_loop().time()
    await deletions.end("vj-1", JOB)
    assert [at - begun for at, _ in outside.ended()] == [pytest.approx(1.0)]


async def test_one_that_went_while_another_was_waited_for_is_not_ended() -> None:
    outside = Outside("vj-1")
    waiting = asyncio.create_task(outside.deletions().end("vj-1", JOB))
    await asyncio.sleep(0.5)
    outside.gone.clear()
    await waiting
    assert outside.done == []


async def test_a_burst_waits_for_one_second_together_and_asks_five_times_a_second_at_most() -> None:
    names = [f"vj-{number}" for number in range(50)]
    outside, begun = Outside(*names), asyncio.get_running_loop().time()
    deletions = outside.deletions()
    for name in names:
        await deletions.end(name, JOB)
    assert {round(at - begun, 3) for at, _ in outside.ended()} == {1.0}
    assert len(outside.asked) <= 6
    assert all(later - earlier >= 0.1 for earlier, later in zip(outside.asked, outside.asked[1:], strict=False))


async def test_what_was_deleted_ten_seconds_ago_is_ended_without_a_further_wait() -> None:
    outside = Outside("vj-1", "vj-2")
    deletions = outside.deletions()
    await deletions.end("vj-1", JOB)
    await asyncio.sleep(10)
    begun = asyncio.get_running_loop().time()
    await deletions.end("vj-2", JOB)
    assert [at - begun for at, name in outside.ended() if name == "vj-2"] == [pytest.approx(0.0)]


async def test_a_finished_videojob_ends_nothing_and_is_asked_about_by_nobody() -> None:
    outside = Outside("vj-1")
    outside.gone["vj-1"] = videojob(condition("Finished"), name="vj-1", uid="uid-of-vj-1")
    outside.served = False
    await outside.deletions().end("vj-1", JOB)
    assert (outside.asked, outside.gone) == ([], {})
    assert not any(isinstance(action, DeleteJob) for _, _, action in outside.done)


async def test_the_definition_may_go_while_a_row_is_ended() -> None:
    outside = Outside("vj-1", "vj-2")
    outside.writes_for = 5.0
    deletions = outside.deletions()
    ending = asyncio.create_task(deletions.end("vj-1", JOB))
    await asyncio.sleep(2)
    outside.served = False
    await deletions.end("vj-2", JOB)
    await ending
    assert {name for _, name in outside.ended()} == {"vj-1"}


async def test_without_a_grace_a_definition_that_is_there_now_is_enough() -> None:
    outside, begun = Outside("vj-1"), asyncio.get_running_loop().time()
    deletions = outside.deletions()
    deletions.grace_seconds = 0.0
    await deletions.end("vj-1", JOB)
    assert [at - begun for at, _ in outside.ended()] == [0.0]


@pytest.mark.parametrize(("apart", "questions"), [(0.09, 1), (0.1, 2)])
async def test_an_answer_is_used_for_a_tenth_of_a_second(apart: float, questions: int) -> None:
    outside = Outside("vj-1", "vj-2")
    deletions = outside.deletions()
    deletions.grace_seconds = 0.0
    await deletions.end("vj-1", JOB)
    await asyncio.sleep(apart)
    deletions.grace_seconds = -1.0
    await deletions.end("vj-2", JOB)
    assert len(outside.asked) == questions
