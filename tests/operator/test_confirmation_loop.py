"""Claimed rows get their VideoJobs as soon as they are confirmed, and later after each failure."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import Claim, JobRow, Lane, stamped_metadata
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.breakers.breakers import Breakers
from runops_operator.intake.confirm import ADOPTIONS_AT_ONCE, Confirmation
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

    def __init__(self, *, grace: float = 0.0, adoption: float = 0.0) -> None:
        self.failure: Exception | None = None
        self.reads: list[float] = []
        self.rows_read: list[int] = []
        self.adoption = adoption
        self.at_once = self.most_at_once = 0
        self.back = 0.0
        self.adopted: list[UUID] = []
        self.in_hand: list[UUID] = []
        self.metrics = Metrics()
        self.wake = asyncio.Event()
        parts: Any = self
        self.confirmation = Confirmation(
            jobs=parts,
            adopter=parts,
            config=CONFIG.model_copy(update={"confirm_seconds": grace}),
            breakers=Breakers(CONFIG),
            metrics=self.metrics,
            now=lambda: datetime.fromtimestamp(asyncio.get_running_loop().time() - self.back, UTC),
            sizes_of=self._sizes_of,
            wake=self.wake,
        )

    async def _sizes_of(self, _job_ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {}

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        self.reads.append(asyncio.get_running_loop().time())
        if self.failure is not None:
            raise self.failure
        there = {job_id: claimed(job_id.int) for job_id in job_ids}
        self.rows_read.append(len(there))
        return there

    async def adopt(self, row: JobRow, _claim: Claim, **_: Any) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.adoption)
        self.at_once -= 1
        self.adopted.append(row.job_id)
        return True

    def take_in_hand(self, job_id: UUID, _lane: Lane, _user: str) -> None:
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


async def test_many_rows_are_read_500_at_a_time_and_20_videojobs_are_made_at_once() -> None:
    site = Site(adoption=1.0)
    site.add(*range(1, 502))
    assert [await site.confirmation.settle() for _ in range(3)] == [500, 1, 0]
    assert site.rows_read == [500, 1]
    assert site.most_at_once == ADOPTIONS_AT_ONCE == 20
    assert site.adopted[-1] == UUID(int=501), "the last to come is the last to be confirmed"


async def test_a_rival_has_the_whole_grace_after_the_youngest_claim() -> None:
    site = Site(grace=5.0)
    began = asyncio.get_running_loop().time()
    site.add(1)
    await asyncio.sleep(3)
    site.add(2)
    await site.confirmation.settle()
    assert site.reads == [pytest.approx(began + 8.0)]


async def test_rows_whose_grace_is_over_are_confirmed_at_once() -> None:
    site = Site(grace=5.0)
    site.add(1)
    await asyncio.sleep(60)
    before = asyncio.get_running_loop().time()
    await site.confirmation.settle()
    assert site.reads == [before]


async def test_a_clock_that_goes_back_does_not_hold_up_the_confirmation() -> None:
    site = Site(grace=5.0)
    site.add(1)
    site.back = 3600.0
    before = asyncio.get_running_loop().time()
    await site.confirmation.settle()
    assert site.reads == [pytest.approx(before + 5.0)]
