"""What keeps thousands of VideoJobs from costing thousands of times as much."""

import asyncio
from asyncio.sslproto import SSLProtocol
from typing import Any

import pytest

from runops.job_row import Lane
from runops_operator.config import OperatorConfig
from runops_operator.informer.kopf_settings import NoMemories
from runops_operator.informer.store import Store
from runops_operator.intake.admission import Admission, admit
from runops_operator.kubernetes_api.tls_context import TlsContext
from runops_operator.manifests.observed import parse_videojob
from runops_operator.planning.actions import Recheck
from tests.operator.world import CONFIG, World

pytestmark = pytest.mark.virtual_time


def videojob(number: int, *, finished: bool = False, version: int = 1) -> dict[str, Any]:
    said = {"type": "Finished", "status": str(finished), "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {
        "metadata": {"name": f"vj-{number}", "uid": f"u-{number}", "resourceVersion": str(version)},
        "spec": {"jobId": f"00000000-0000-4000-8000-{number:012d}"},
        "status": {
            "conditions": [said],
            "resolved": {"image": "worker:1", "prompts": [{"name": "sop.md", "sha256": "0" * 64}]},
        },
    }


def test_rechecks_become_rarer_with_the_number_of_videojobs() -> None:
    recheck = Recheck(seconds=15.0, most_per_second=2.0)
    pauses = [recheck.pause(count, resync_seconds=300) for count in (0, 30, 60, 599, 600, 10_000)]
    assert pauses == [15.0, 15.0, 30.0, 299.5, None, None], "the resync reconciles all of them after 300 s"


def test_unfinished_videojobs_are_counted_as_they_come_end_begin_anew_and_go() -> None:
    store = Store()
    for number in range(3):
        store.see_videojob(videojob(number))
    store.see_videojob(videojob(0, finished=True, version=2))
    assert (store.count_unfinished(), {view.name for view in store.unfinished()}) == (2, {"vj-1", "vj-2"})
    store.see_videojob(videojob(0, version=3))
    store.see_videojob(videojob(1), deleted=True)
    assert (store.count_unfinished(), {view.name for view in store.unfinished()}) == (2, {"vj-0", "vj-2"})


async def test_a_connection_to_the_api_server_has_small_buffers() -> None:
    loop = asyncio.get_running_loop()
    protocol = SSLProtocol(loop, asyncio.Protocol(), TlsContext(), loop.create_future())
    assert len(protocol.get_buffer(-1)) == 64 * 1024, (
        "asyncio's own are of 256 KiB, of which 44 connections hold two each"
    )


def test_what_videojobs_have_in_common_is_kept_once() -> None:
    first, second = (parse_videojob(videojob(number)) for number in range(2))
    assert first.spec is not None
    assert second.spec is not None
    assert first.spec.source is second.spec.source
    assert first.spec.model is second.spec.model
    assert (first.status.conditions or [])[0] is (second.status.conditions or [])[0]
    assert first.status.resolved is not None
    assert first.status.resolved.prompts
    assert first.status.resolved is second.status.resolved


async def test_no_more_rows_are_claimed_ahead_of_their_videojobs_than_the_api_server_can_follow() -> None:
    world = World(OperatorConfig.model_validate(CONFIG.model_dump(by_alias=True) | {"maxConcurrent": 3000}))
    for _ in range(1600):
        world.jobs.add()
    assert await world.intake.claim_what_fits() == 1000
    assert await world.intake.claim_what_fits() == 0
    made = await world.confirmation.settle()
    assert made == 500
    assert await world.intake.claim_what_fits() == 500
    while await world.take_in():
        pass
    assert len(world.cluster.videojobs) == 1600


async def test_a_claim_that_is_old_enough_is_confirmed_at_once() -> None:
    world = World(OperatorConfig.model_validate(CONFIG.model_dump(by_alias=True) | {"confirmSeconds": 30}))
    world.jobs.add()
    await world.intake.claim_what_fits()
    world.wait(30)
    async with asyncio.timeout(5):
        assert await world.confirmation.settle() == 1


async def test_kopf_remembers_nothing_of_an_object_after_its_event() -> None:
    memories = NoMemories()
    body: Any = videojob(1)
    assert await memories.recall(body) is not await memories.recall(body)
    assert not list(memories.iter_all_memories())


async def test_operator_without_a_free_slot_looks_for_one_at_the_idle_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    admissions: list[int] = []

    def counted(*arguments: Any, **named: Any) -> Admission:
        admission = admit(*arguments, **named)
        admissions.append(admission.lanes[Lane.FRESH].free)
        return admission

    monkeypatch.setattr("runops_operator.intake.slots.admit", counted)
    poll = {"busySeconds": 0.01, "idleSeconds": 60}
    world = World(OperatorConfig.model_validate(CONFIG.model_dump(by_alias=True) | {"maxConcurrent": 1, "poll": poll}))
    world.jobs.add()
    await world.take_in()
    await world.settle()
    intake = asyncio.create_task(world.intake.run())
    await asyncio.sleep(0.3)
    # The first claim asked twice: before its rows were chosen, and after.
    assert admissions[2:] == [0]
    world.intake.movement()
    await asyncio.sleep(0.1)
    assert admissions[2:] == [0, 0], "a slot that becomes free wakes the reader"
    intake.cancel()


def test_what_is_listed_in_the_version_that_is_known_is_not_read_again() -> None:
    seen: list[str] = []
    store = Store(lambda _before, after: seen.append(after.name))
    store.see_videojob(videojob(1, version=5))
    before = store.videojob("vj-1")
    store.begin_listing()
    assert not store.see_videojob(videojob(1, finished=True, version=5))
    assert store.end_listing() == [], "it is there all the same"
    assert store.videojob("vj-1") is before
    assert store.see_videojob(videojob(1, finished=True, version=6))
    assert seen == ["vj-1", "vj-1"]


def test_one_of_the_same_name_that_was_made_anew_is_read_whatever_its_version() -> None:
    store = Store()
    store.see_videojob(videojob(1, version=5))
    anew = videojob(1, version=5)
    anew["metadata"]["uid"] = "another"
    store.see_videojob(anew)
    view = store.videojob("vj-1")
    assert view is not None
    assert view.uid == "another"
