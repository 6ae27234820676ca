"""Claimed rows get their VideoJobs as soon as they are confirmed, and later after each failure."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import Claim, JobRow, stamped_metadata
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.intake.confirm import Confirmation
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics
from tests.operator.world import CONFIG

pytestmark = pytest.mark.virtual_time
CLAIM = Claim(claim=str(uuid4()), by="ours")
AWAY = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
COUNTED = 'runops_supabase_errors_total{kind="unavailable"} '


def claimed(number: int) -> JobRow:
    return JobRow(job_id=UUID(int=number), status="processing", metadata=stamped_metadata(None, CLAIM))


class Site:
    """A confirmation whose table answers as a test says; it keeps the times of the reads and what was adopted."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.reads: list[float] = []
        self.adopted: list[UUID] = []
        self.in_hand: list[UUID] = []
        self.metrics = Metrics()
        self.wake = asyncio.Event()
        parts: Any = self
        self.confirmation = Confirmation(
            jobs=parts,
            adopter=parts,
            config=CONFIG,
            metrics=self.metrics,
            now=lambda: datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC),
            sizes_of=self._sizes_of,
            wake=self.wake,
        )

    async def _sizes_of(self, _job_ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {}

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        self.reads.append(asyncio.get_running_loop().time())
        if self.failure is not None:
            raise self.failure
        return {job_id: claimed(job_id.int) for job_id in job_ids}

    async def adopt(self, row: JobRow, _claim: Claim, **_: Any) -> bool:
        self.adopted.append(row.job_id)
        return True

    def take_in_hand(self, job_id: UUID) -> None:
        self.in_hand.append(job_id)

    def release(self, job_id: UUID) -> None:
        self.in_hand.remove(job_id)

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.confirmation.add(claimed(number), CLAIM, Arrival())

    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.reads, self.reads[1:], strict=False)]


async def test_rows_are_confirmed_as_they_come_and_nothing_is_read_without_any() -> None:
    site = Site()
    task = asyncio.create_task(site.confirmation.run())
    await asyncio.sleep(60)
    assert site.reads == []
    site.add(1, 2)
    assert (len(site.confirmation), site.in_hand) == (2, [UUID(int=1), UUID(int=2)])
    await asyncio.sleep(1)
    site.add(3)
    await asyncio.sleep(60)
    task.cancel()
    assert site.adopted == [UUID(int=1), UUID(int=2), UUID(int=3)]
    assert (len(site.confirmation), site.in_hand, len(site.reads)) == (0, [], 2)


@pytest.mark.parametrize("failure", [AWAY, ClusterError("The API server is away."), RuntimeError("a bug")])
async def test_after_a_failure_the_rows_are_confirmed_again_with_growing_pauses(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    site.failure = failure
    site.add(1)
    task = asyncio.create_task(site.confirmation.run())
    await asyncio.sleep(5)
    assert site.pauses() == pytest.approx([0.25, 0.5, 1.0, 2.0])
    assert len(site.confirmation) == 1
    assert caplog.text.count("Unexpected error while VideoJobs were made.") == 5 * isinstance(failure, RuntimeError)
    assert (f"{COUNTED}5.0" in site.metrics.text().decode()) is isinstance(failure, SupabaseError)
    site.failure = None
    await asyncio.sleep(5)
    task.cancel()
    assert site.adopted == [UUID(int=1)]


@pytest.mark.parametrize("failure", [AWAY, ClusterError("The API server is away.")])
async def test_while_rows_get_no_videojobs_the_reason_is_shown_and_its_end_wakes_the_intake(
    failure: SupabaseError | ClusterError,
) -> None:
    site = Site()
    site.failure = failure
    site.add(1)
    task = asyncio.create_task(site.confirmation.run())
    await asyncio.sleep(1)
    assert (site.confirmation.failure, site.wake.is_set()) == (failure, False)
    site.failure = None
    await asyncio.sleep(5)
    task.cancel()
    assert (site.confirmation.failure, site.wake.is_set()) == (None, True)


async def test_a_confirmation_that_succeeds_ends_the_growing_pauses() -> None:
    site = Site()
    task = asyncio.create_task(site.confirmation.run())
    for number in (1, 2):
        site.failure = AWAY
        site.reads.clear()
        site.add(number)
        await asyncio.sleep(5)
        assert site.pauses()[0] == pytest.approx(0.25)
        site.failure = None
        await asyncio.sleep(10)
    task.cancel()
    assert site.adopted == [UUID(int=1), UUID(int=2)]
