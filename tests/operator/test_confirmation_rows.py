"""What becomes of each claimed row when it is confirmed."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.failures import TABLE, Reason
from runops.job_row import Claim, JobRow, Lane, stamped_metadata
from runops.logs import job_id_in_logs
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.breakers.breakers import Breakers
from runops_operator.heartbeats import Heartbeat
from runops_operator.intake.confirm import Confirmation
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics
from tests.operator.world import CONFIG

pytestmark = pytest.mark.virtual_time
FIRST = Claim(claim=str(uuid4()), by="ours")
LATER = Claim(claim=str(uuid4()), by="ours", attempt=3, failures=1)
USER = str(UUID(int=77))


def claimed(number: int, claim: Claim = FIRST, **fields: Any) -> JobRow:
    metadata = stamped_metadata(fields.pop("metadata", None), claim)
    return JobRow(job_id=UUID(int=number), status="processing", metadata=metadata, **fields)


class Site:
    """A confirmation whose table has the rows of a test; it keeps what was adopted and given way to."""

    def __init__(self) -> None:
        self.there: dict[int, JobRow] = {}
        self.sizes: dict[int, int] = {}
        self.fails: dict[int, Exception] = {}
        self.tried: dict[int, list[float]] = {}
        self.adopted: list[tuple[int, Claim, bool, Arrival]] = []
        self.rows: list[JobRow] = []
        self.made: set[int] = set()
        """Whose VideoJob is there already."""
        self.left: list[tuple[int, str]] = []
        self.failed: list[tuple[int, str, str]] = []
        self.log_ids: list[str | None] = []
        self.in_hand: list[int] = []
        self.metrics = Metrics()
        self.breakers = Breakers(CONFIG, self._now)
        parts: Any = self
        self.confirmation = Confirmation(
            jobs=parts,
            adopter=parts,
            config=CONFIG.model_copy(update={"confirm_seconds": 0.0}),
            breakers=self.breakers,
            metrics=self.metrics,
            now=self._now,
            sizes_of=self._sizes_of,
            wake=asyncio.Event(),
        )

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        self.failed.append((job_id.int, token, sentence))
        return True

    async def _sizes_of(self, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {job_id: self.sizes[job_id.int] for job_id in job_ids if job_id.int in self.sizes}

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        return {job_id: self.there[job_id.int] for job_id in job_ids if job_id.int in self.there}

    async def adopt(self, row: JobRow, claim: Claim, *, fresh: bool = False, arrival: Arrival | None = None) -> bool:
        self.log_ids.append(job_id_in_logs.get())
        number = row.job_id.int
        self.tried.setdefault(number, []).append(self.clock())
        if number in self.fails:
            raise self.fails[number]
        await asyncio.sleep(1)
        assert arrival is not None
        self.adopted.append((number, claim, fresh, arrival))
        self.rows.append(row)
        return True

    async def is_made(self, job_id: UUID) -> bool:
        return job_id.int in self.made

    async def give_way(self, job_id: UUID, token: str) -> None:
        self.left.append((job_id.int, token))

    def take_in_hand(self, job_id: UUID, _lane: Lane, _user: str) -> None:
        self.in_hand.append(job_id.int)

    def release(self, job_id: UUID) -> None:
        self.in_hand.remove(job_id.int)

    def add(self, row: JobRow, claim: Claim = FIRST, *, there: JobRow | None = None) -> None:
        self.confirmation.add(row, claim, Arrival(queued_at=f"q{row.job_id.int}"))
        self.there[row.job_id.int] = there or row


async def test_a_row_is_adopted_with_what_was_known_of_it_and_the_size_of_its_recording() -> None:
    site = Site()
    site.add(claimed(1))
    site.add(claimed(2, LATER), LATER)
    site.sizes = {2: 1_048_576}
    assert await site.confirmation.settle() == 2
    assert site.adopted == [
        (1, FIRST, True, Arrival(queued_at="q1")),
        (2, LATER, False, Arrival(queued_at="q2", source_bytes=1_048_576)),
    ], "only a claim without a history needs no further read of the row"
    assert site.log_ids == [str(UUID(int=1)), str(UUID(int=2))]


async def test_a_videojob_is_made_of_the_row_as_it_is_when_it_is_read_again() -> None:
    site = Site()
    corrected = claimed(1, metadata={"user_id": USER})
    site.add(claimed(1), there=corrected)
    assert await site.confirmation.settle() == 1
    assert site.rows == [corrected]


async def test_a_lost_row_and_one_of_a_rival_get_no_videojob() -> None:
    site = Site()
    site.add(claimed(1), there=claimed(1, LATER))
    site.add(claimed(2, updated_at="2026-01-01T00:00:00Z"), there=claimed(2, updated_at="2026-01-01T00:00:01Z"))
    assert await site.confirmation.settle() == 0
    assert (site.adopted, site.left) == ([], [(2, FIRST.claim)])
    assert b'runops_drift_repaired_total{kind="RivalConsumer"} 1.0' in site.metrics.text()
    assert (len(site.confirmation), site.in_hand) == (0, [])


async def test_a_row_whose_videojob_was_made_is_not_left_to_a_rival() -> None:
    """The answer to its making was lost. Without a claim the row would be claimed again by that VideoJob."""
    site = Site()
    for number in (1, 2):
        site.add(
            claimed(number, updated_at="2026-01-01T00:00:00Z"), there=claimed(number, updated_at="2026-01-01T00:00:01Z")
        )
    site.made = {2}
    assert await site.confirmation.settle() == 1
    assert site.left == [(1, FIRST.claim)]
    assert [number for number, *_ in site.adopted] == [2]
    assert (len(site.confirmation), site.in_hand) == (0, [])


async def test_a_videojob_that_cannot_be_made_keeps_no_other_from_being_made() -> None:
    site = Site()
    for number in (1, 2, 3):
        site.add(claimed(number))
    site.fails[1] = ClusterError("away", status=500)
    site.there[3] = claimed(3, LATER)
    with pytest.raises(ClusterError, match="away"):
        await site.confirmation.settle()
    assert [number for number, *_ in site.adopted] == [2], "it was under way when the first one failed"
    assert site.in_hand == [1]


async def test_a_refused_videojob_waits_alone_and_is_tried_again_with_growing_pauses() -> None:
    site = Site()
    site.add(claimed(1))
    site.fails[1] = ClusterError("a policy forbids it", status=403)
    assert await site.confirmation.settle() == 0
    assert (len(site.confirmation), site.in_hand, site.confirmation.failure) == (1, [1], None)
    site.add(claimed(2))
    assert await site.confirmation.settle() == 1, "the refused one is not due yet"
    del site.fails[1]
    await asyncio.sleep(1)
    assert await site.confirmation.settle() == 1
    assert (len(site.confirmation), site.in_hand) == (0, [])


async def test_a_videojob_that_stays_refused_while_others_are_made_ends_its_row() -> None:
    site = Site()
    site.add(claimed(1))
    site.fails[1] = ClusterError("a policy forbids it", status=403)
    for number in range(2, 12):
        site.add(claimed(number))
        await site.confirmation.settle()
        await asyncio.sleep(60)
    ((job, token, sentence),) = site.failed
    assert (job, token) == (1, FIRST.claim)
    assert "a policy forbids it" in sentence
    assert TABLE[Reason.VIDEOJOB_REFUSED].remedy in sentence
    assert (len(site.confirmation), site.in_hand) == (0, [])


@pytest.mark.parametrize("words", ["a policy forbids it", "exceeded quota: videojobs"])
async def test_refused_videojobs_wait_where_no_other_is_made_or_a_quota_is_used_up(words: str) -> None:
    site = Site()
    site.add(claimed(1))
    site.fails[1] = ClusterError(words, status=403)
    for _ in range(20):
        await site.confirmation.settle()
        await asyncio.sleep(60)
    if "quota" in words:
        site.add(claimed(2))
    for _ in range(20):
        await site.confirmation.settle()
        await asyncio.sleep(60)
    assert (site.failed, site.in_hand) == ([], [1])


async def test_rows_that_are_cancelled_while_their_videojobs_are_refused_stop_nothing_any_more() -> None:
    site = Site()
    for number in (1, 2):
        site.add(claimed(number))
        site.fails[number] = ClusterError("a policy forbids it", status=403)
    await site.confirmation.settle()
    pause = site.breakers.pause()
    assert pause is not None
    assert pause.reason is Reason.VIDEOJOB_REFUSED
    for left in (True, False):
        number = 1 if left else 2
        site.there[number] = JobRow(job_id=UUID(int=number), status="cancelled")
        await asyncio.sleep(60)
        await site.confirmation.settle()
        assert (site.breakers.pause() is not None) is left
    assert (len(site.confirmation), site.in_hand) == (0, [])


async def test_a_row_that_is_claimed_again_while_it_is_confirmed_is_confirmed_again() -> None:
    site = Site()
    site.add(claimed(1))
    settling = asyncio.create_task(site.confirmation.settle())
    await asyncio.sleep(0.5)
    site.add(claimed(1, LATER), LATER)
    assert await settling == 1
    assert (len(site.confirmation), site.in_hand) == (1, [1])
    assert await site.confirmation.settle() == 1
    assert [claim for _, claim, _, _ in site.adopted] == [FIRST, LATER]
    assert site.in_hand == []


async def test_waiting_rows_are_counted_by_lane_and_user() -> None:
    site, other = Site(), str(UUID(int=78))
    for number, user in ((1, USER), (2, USER), (3, other)):
        site.add(claimed(number, metadata={"user_id": user}))
    site.add(claimed(4, metadata={"user_id": other, "backfill": True}))
    assert site.confirmation.by_user() == {Lane.FRESH: {USER: 2, other: 1}, Lane.BACKFILL: {other: 1}}


REFUSED = ClusterError("spec.fps: Invalid value", status=422)


async def test_a_refused_row_is_tried_again_when_it_is_due_though_nothing_else_comes() -> None:
    site = Site()
    site.add(claimed(1))
    site.fails = {1: REFUSED}
    began = site.clock()
    task = asyncio.create_task(site.confirmation.run())
    await asyncio.sleep(4)
    task.cancel()
    # A quarter of a second after the first try, then twice as long each time.
    assert [round(at - began, 2) for at in site.tried[1]] == [0.0, 0.25, 0.75, 1.75, 3.75]


async def test_a_row_that_comes_while_a_refused_one_waits_is_confirmed_without_it() -> None:
    site = Site()
    site.add(claimed(1))
    site.fails = {1: REFUSED}
    assert await site.confirmation.settle() == 0
    site.add(claimed(2))
    assert await site.confirmation.settle() == 1
    assert (len(site.tried[1]), len(site.confirmation)) == (1, 1)


async def test_a_row_that_ends_since_its_videojob_stays_refused_is_no_videojob() -> None:
    site = Site()
    site.add(claimed(1))
    site.fails = {1: REFUSED}
    counts = []
    for other in range(2, 7):
        site.add(claimed(other))
        counts.append(await site.confirmation.settle())
        await asyncio.sleep(60)
    assert counts == [1] * 5, "the other one each time"
    assert [number for number, _, _ in site.failed] == [1]


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (SupabaseError(ErrorKind.UNAVAILABLE, "The database is away."), "The database is away."),
        (ClusterError("The API server is away."), "The API server is away."),
        (RuntimeError("a bug"), "RuntimeError: a bug"),
    ],
)
async def test_a_failure_is_told_with_its_cause_and_when_the_next_turn_comes(failure: Exception, cause: str) -> None:
    site = Site()
    site.add(claimed(1))
    site.fails = {1: failure}
    beat = Heartbeat("confirmation", site.clock)
    task = asyncio.create_task(site.confirmation.run(beat))
    await asyncio.sleep(100)
    assert beat.trouble == f"The loop 'confirmation' fails: {cause}"
    # It takes its turns a minute apart by then, and does not stand still between them.
    assert beat.stands_still == 0.0
    site.fails.clear()
    await asyncio.sleep(100)
    assert beat.trouble is None
    task.cancel()
