"""How large a recording is: asked once, when its row is claimed, and never insisted on."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import ObjectInfo
from runops.videojob import WorkerResources
from runops_operator.config import OperatorConfig
from runops_operator.intake import recording_size
from runops_operator.intake.recording_size import RecordingSizes
from tests.operator.world import World

pytestmark = pytest.mark.virtual_time


class _Storage:
    def __init__(self, answer: ObjectInfo | SupabaseError | None, *, seconds: float = 0.0) -> None:
        self._answer = answer
        self._seconds = seconds
        self.newest: dict[str, int] = {}
        self.looks = 0

    async def stat(self, bucket: str, key: str) -> ObjectInfo | None:  # noqa: ARG002 - one answer for all
        self.looks += 1
        await asyncio.sleep(self._seconds)
        if isinstance(self._answer, SupabaseError):
            raise self._answer
        return self._answer

    async def newest_sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        assert (bucket, prefix) == ("videos", "raw")
        await asyncio.sleep(self._seconds)
        if isinstance(self._answer, SupabaseError):
            raise self._answer
        return self.newest


async def _size(storage: Any) -> int | None:
    job_id = uuid4()
    return (await RecordingSizes(storage).of([job_id])).get(job_id)


async def test_it_is_what_storage_says() -> None:
    assert await _size(_Storage(ObjectInfo(7, None, None))) == 7


@pytest.mark.parametrize("answer", [None, SupabaseError(ErrorKind.UNAVAILABLE, "Storage is away.")])
async def test_it_is_not_known_where_storage_does_not_say(answer: SupabaseError | None) -> None:
    assert await _size(_Storage(answer)) is None


async def test_a_burst_is_seen_in_one_listing_and_the_rest_one_by_one() -> None:
    storage: Any = _Storage(ObjectInfo(7, None, None))
    job_ids = [uuid4() for _ in range(1000)]
    storage.newest = {f"raw/{job_id}.mp4": number for number, job_id in enumerate(job_ids[:990])}
    assert await RecordingSizes(storage).of(job_ids) == {
        job_id: number if number < 990 else 7 for number, job_id in enumerate(job_ids)
    }
    assert storage.looks == 10


async def test_a_burst_is_worked_on_where_storage_cannot_be_listed() -> None:
    storage: Any = _Storage(SupabaseError(ErrorKind.UNAVAILABLE, "Storage is away."))
    assert await RecordingSizes(storage).of([uuid4() for _ in range(1000)]) == {}
    assert storage.looks == 100


async def test_slow_storage_delays_a_thousand_rows_no_longer_than_one() -> None:
    storage: Any = _Storage(ObjectInfo(7, None, None), seconds=60)
    async with asyncio.timeout(recording_size._PATIENCE_SECONDS + 1):
        assert await RecordingSizes(storage).of([uuid4() for _ in range(1000)]) == {}


async def test_it_stands_in_the_videojob_and_in_what_its_worker_asks_for(world: World) -> None:
    job_id = UUID("0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
    world.config = _with_disk(world.config)
    world.start_operator()
    world.jobs.sizes[f"videos/raw/{job_id}.mp4"] = 100 * 2**20
    world.jobs.add(job_id=job_id)
    await world.take_in()
    await world.settle()
    name = f"vj-{job_id}"
    assert world.cluster.videojobs[name]["metadata"]["annotations"]["runops.dev/source-bytes"] == str(100 * 2**20)
    pod = world.cluster.jobs[name]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"]["ephemeral-storage"] == "612Mi"


def _with_disk(config: OperatorConfig) -> OperatorConfig:
    resources = WorkerResources.model_validate({"requests": {"ephemeral-storage": "9Gi"}})
    return config.model_copy(update={"worker": config.worker.model_copy(update={"resources": resources})})


@pytest.mark.parametrize(("count", "single"), [(20, 20), (21, 0)])
async def test_up_to_twenty_recordings_are_asked_for_one_by_one(count: int, single: int) -> None:
    storage: Any = _Storage(ObjectInfo(7, None, None))
    job_ids = [uuid4() for _ in range(count)]
    storage.newest = {f"raw/{job_id}.mp4": 7 for job_id in job_ids}
    assert await RecordingSizes(storage).of(job_ids) == dict.fromkeys(job_ids, 7)
    assert storage.looks == single
