"""What the row watch does about claimed rows: it compares them, refreshes them, and corrects what does not match."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import Claim, ClaimedRow, JobRow
from runops.logs import job_id_in_logs
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.videojob import videojob_name
from runops_operator.informer.store import Store
from runops_operator.intake.rows import RowWatch
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from tests.operator.reconcile.recorder import Recorder
from tests.operator.world import CONFIG

TOKEN, OTHER = str(uuid4()), str(uuid4())
T0, T1 = "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:30+00:00"
REFUSED = SupabaseError(ErrorKind.INVALID, "The table refuses it.", code="23514")
AWAY = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
AT = "2026-01-01T00:00:00Z"


def job(number: int) -> UUID:
    return UUID(int=number)


def name(number: int) -> str:
    return videojob_name(job(number))


def claimed(number: int, *, token: str = TOKEN, updated_at: str | None = T0) -> ClaimedRow:
    return ClaimedRow(job_id=job(number), claim=token, updated_at=updated_at)


def body(number: int, *conditions: str, claim: str | None = TOKEN, phase: str = "Pending") -> dict[str, Any]:
    said = [{"type": kind, "status": "True", "reason": "R", "lastTransitionTime": AT} for kind in conditions]
    annotations = {} if claim is None else {"runops.dev/claim": claim}
    metadata = {"name": name(number), "uid": f"u{number}", "resourceVersion": "1", "annotations": annotations}
    status = {"phase": phase, "conditions": said}
    return {"metadata": metadata, "spec": {"jobId": str(job(number))}, "status": status}


class Bench:
    """A row watch between a real store and stand-ins, with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rows: list[ClaimedRow] = []
        self.stored: dict[UUID, JobRow | Exception] = {}
        self.refused_together: set[UUID] = set()
        self.refreshed: list[list[int]] = []
        self.failed: list[tuple[int, str, str]] = []
        self.held: set[UUID] = set()
        self.refused: list[tuple[int, str]] = []
        self.adopted: list[tuple[int, str]] = []
        self.held_meanwhile: list[set[UUID]] = []
        self.log_ids: list[str | None] = []
        self.adoption: dict[UUID, Exception | bool] = {}
        self.store, self.queue, self.metrics = Store(), Recorder(), Metrics()
        parts: dict[str, Any] = {"jobs": self, "adopter": self, "queue": self.queue, "refused": self._refuse}
        self.watch = RowWatch(**parts, store=self.store, config=CONFIG, metrics=self.metrics, clock=lambda: self.now)

    def _refuse(self, row: JobRow, claim: Claim) -> None:
        self.refused.append((row.job_id.int, claim.claim))

    async def claims_of(self, installation: str) -> AsyncIterator[ClaimedRow]:
        assert installation == CONFIG.installation
        for row in self.rows:
            yield row

    async def get(self, job_id: UUID) -> JobRow | None:
        found = self.stored.get(job_id)
        if isinstance(found, Exception):
            raise found
        return found

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        self.failed.append((job_id.int, token, sentence))
        return True

    async def keep_alive(self, installation: str, job_ids: Sequence[UUID]) -> None:
        assert installation == CONFIG.installation
        if set(job_ids) & self.refused_together:
            self.refreshed.append([-job_id.int for job_id in job_ids])
            raise REFUSED
        self.refreshed.append([job_id.int for job_id in job_ids])

    @contextlib.contextmanager
    def in_hand(self, job_id: UUID) -> Iterator[None]:
        self.held.add(job_id)
        yield
        self.held.discard(job_id)

    def is_in_hand(self, job_id: UUID) -> bool:
        return job_id in self.held

    async def adopt(self, row: JobRow, claim: Claim) -> bool:
        self.held_meanwhile.append(set(self.held))
        self.log_ids.append(job_id_in_logs.get())
        answer = self.adoption.get(row.job_id, True)
        if isinstance(answer, Exception):
            raise answer
        self.adopted.append((row.job_id.int, claim.claim))
        return answer

    def hold(self, *numbers: int, token: str = TOKEN) -> None:
        """Put claimed rows into the table, which can be read whole, too."""
        for number in numbers:
            self.rows.append(claimed(number, token=token))
            metadata = {"runops": {"claim": token, "by": CONFIG.installation}}
            self.stored[job(number)] = JobRow(job_id=job(number), status="processing", metadata=metadata)

    async def later(self, seconds: float) -> list[list[int]]:
        """Read again after so many seconds, in steps that are short enough to count; return what was refreshed."""
        while seconds > 0:
            step = min(seconds, CONFIG.rows_seconds)
            self.now += step
            seconds -= step
            self.refreshed.clear()
            await self.watch.once()
        return [ids for ids in self.refreshed if ids]

    def to_reconcile(self) -> list[str]:
        return [arguments[0] for _, arguments, _ in self.queue.calls]

    def counted(self, kind: str) -> bool:
        return f'runops_drift_repaired_total{{kind="{kind}"}} 1.0'.encode() in self.metrics.text()


async def test_rows_that_match_their_videojobs_need_nothing() -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.store.see_videojob(body(1))
    bench.store.see_videojob(body(2))
    assert await bench.watch.once() == 2
    assert (bench.to_reconcile(), bench.adopted, bench.refreshed) == ([], [], [[]])


async def test_a_row_of_another_claim_than_its_videojobs_is_read_by_the_reconciliation() -> None:
    bench = Bench()
    bench.hold(1, token=OTHER)
    bench.store.see_videojob(body(1))
    await bench.watch.once()
    assert bench.to_reconcile() == [name(1)]
    assert bench.store.rows_to_read.take(name(1))


async def test_a_videojob_whose_row_is_gone_or_not_claimed_any_more_is_reconciled() -> None:
    bench = Bench()
    bench.hold(1)
    bench.store.see_videojob(body(1))
    bench.store.see_videojob(body(2))
    bench.store.see_videojob(body(3, claim=None))
    assert await bench.watch.once() == 1
    assert bench.to_reconcile() == [name(2)], "one without a claim need not show in the table yet"
    assert bench.store.rows_to_read.take(name(2))


async def test_a_row_that_nobody_refreshes_for_too_long_is_reconciled() -> None:
    bench = Bench()
    bench.hold(1, 2)
    for number in (1, 2):
        bench.store.see_videojob(body(number, phase="Running"))
    await bench.watch.once()
    limit = CONFIG.deadlines.no_progress_seconds
    await bench.later(limit - 30)
    bench.rows[1] = claimed(2, updated_at=T1)
    await bench.later(30)
    assert bench.to_reconcile() == [], "not before the limit is over"
    await bench.later(1)
    assert bench.to_reconcile() == [name(1)], "the other one was refreshed meanwhile"


async def test_rows_without_a_running_worker_are_refreshed_after_forty_seconds() -> None:
    bench = Bench()
    bench.hold(1, 2, 3)
    bench.store.see_videojob(body(1))
    bench.store.see_videojob(body(2, phase="Running"))
    bench.adoption[job(3)] = False
    await bench.watch.once()
    assert await bench.later(39.9) == []
    assert await bench.later(0.1) == [[1]]


async def test_a_row_that_cannot_be_refreshed_costs_no_other_its_refresh(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.hold(1, 2, 3, 4, 5)
    for number in range(1, 6):
        bench.store.see_videojob(body(number))
    await bench.watch.once()
    bench.refused_together = {job(4)}
    assert await bench.later(40) == [[-1, -2, -3, -4, -5], [1, 2], [-3, -4, -5], [3], [-4, -5], [-4], [5]]
    assert caplog.messages == ["row not refreshed: The table refuses it."]
    assert vars(caplog.records[0])["job_id"] == str(job(4))


@pytest.mark.parametrize("found", [None, "row"])
async def test_how_long_a_row_is_quiet_counts_from_its_last_refresh_that_was_read(found: str | None) -> None:
    bench = Bench()
    bench.hold(1, 2)
    for number in (1, 2):
        bench.store.see_videojob(body(number, phase="Running"))
    await bench.watch.once()
    await bench.later(20)
    bench.rows[1] = claimed(2, updated_at=T1)
    await bench.later(10)

    def quiet(number: int, *, updated_at: str = T0, token: str = TOKEN) -> float:
        row = JobRow(job_id=job(number), updated_at=updated_at, metadata={"runops": {"claim": token, "by": "b"}})
        return bench.watch.quiet_seconds(job(number), row if found else None)

    assert quiet(1) == pytest.approx(30)
    assert quiet(2, updated_at=T1) == pytest.approx(10, abs=CONFIG.rows_seconds)
    if found is not None:
        assert quiet(1, updated_at=T1) == 0, "it was refreshed since"
        assert quiet(1, updated_at=T1, token=OTHER) == 0
        bench.now += 1
        assert quiet(1, updated_at=T1, token=OTHER) == pytest.approx(1)
        assert quiet(1, updated_at=T1) == 0, "another claim"


async def test_a_row_that_is_not_claimed_any_more_is_forgotten() -> None:
    bench = Bench()
    bench.hold(1)
    await bench.later(30)
    assert bench.watch.quiet_seconds(job(1)) > 0
    bench.rows.clear()
    await bench.later(10)
    assert bench.watch.quiet_seconds(job(1)) == 0


async def test_a_row_without_a_claim_tells_nothing_new_of_how_long_it_is_quiet() -> None:
    bench = Bench()
    bench.hold(1)
    bench.store.see_videojob(body(1, phase="Running"))
    await bench.watch.once()
    await bench.later(10)
    assert bench.watch.quiet_seconds(job(1), JobRow(job_id=job(1))) == pytest.approx(10)


async def test_a_claimed_row_without_a_videojob_is_adopted_while_it_is_in_hand(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.hold(1)
    with caplog.at_level("INFO"):
        await bench.watch.once()
    assert (bench.adopted, bench.held_meanwhile, bench.held) == ([(1, TOKEN)], [{job(1)}], set())
    assert bench.log_ids == [str(job(1))]
    assert job_id_in_logs.get() is None
    assert bench.counted("RowWithoutVideoJob")
    (record,) = caplog.records
    assert record.message == "row adopted: it was claimed earlier and has no VideoJob"
    assert vars(record)["earlier_videojob"] is False


async def test_a_row_of_a_later_claim_than_its_finished_videojob_is_adopted(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.hold(1, token=OTHER)
    bench.store.see_videojob(body(1, "Finished"))
    with caplog.at_level("INFO"):
        await bench.watch.once()
    assert bench.adopted == [(1, OTHER)]
    assert vars(caplog.records[0])["earlier_videojob"] is True


async def test_a_row_that_its_finished_videojob_did_not_end_is_reconciled_and_the_next_ones_are_adopted() -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.store.see_videojob(body(1, "Finished"))
    await bench.watch.once()
    assert bench.to_reconcile() == [name(1)]
    assert bench.store.rows_to_read.take(name(1))
    assert bench.counted("RowNotTold")
    assert bench.adopted == [(2, TOKEN)]


async def test_a_row_that_changed_since_it_was_listed_is_left_alone() -> None:
    bench = Bench()
    bench.hold(1, 2, 3, 4)
    del bench.stored[job(1)]
    bench.stored[job(2)] = JobRow(job_id=job(2), status="processing")
    bench.stored[job(3)] = JobRow(
        job_id=job(3), status="processing", metadata={"runops": {"claim": OTHER, "by": CONFIG.installation}}
    )
    bench.adoption[job(4)] = False
    await bench.watch.once()
    assert bench.adopted == [(4, TOKEN)]
    assert not bench.counted("RowWithoutVideoJob"), "nobody made a VideoJob for it"


async def test_a_row_that_can_never_be_read_is_set_to_error_under_its_token(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.stored[job(1)] = SupabaseError(ErrorKind.INVALID, "It is no row.", code=UNREADABLE)
    await bench.watch.once()
    assert bench.failed == [(1, TOKEN, "It is no row.")]
    assert caplog.messages == ["row refused: It is no row."]
    assert bench.adopted == [(2, TOKEN)]


async def test_an_outage_while_rows_are_adopted_ends_the_read() -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.stored[job(1)] = AWAY
    with pytest.raises(SupabaseError, match="away"):
        await bench.watch.once()
    assert (bench.failed, bench.adopted) == ([], [])


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_a_row_whose_videojob_is_refused_is_handed_over_and_the_others_are_adopted(status: int) -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.adoption[job(1)] = ClusterError("exceeded quota", status=status)
    assert await bench.watch.once() == 2
    assert bench.refused == [(1, TOKEN)]
    assert bench.adopted == [(2, TOKEN)]


async def test_an_api_server_that_does_not_work_ends_the_read() -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.adoption[job(1)] = ClusterError("away", status=500)
    with pytest.raises(ClusterError, match="away"):
        await bench.watch.once()
    assert bench.adopted == []


async def test_a_row_that_the_table_does_not_set_to_error_keeps_no_other_from_its_videojob(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.hold(1, 2)
    bench.adoption[job(1)] = REFUSED
    await bench.watch.once()
    assert caplog.messages == ["row not set to error: The table refuses it."]
    assert bench.adopted == [(2, TOKEN)]


async def test_two_reads_at_once_follow_each_other() -> None:
    bench = Bench()
    bench.hold(1)
    await asyncio.gather(bench.watch.once(), bench.watch.once())
    assert bench.held_meanwhile == [{job(1)}, {job(1)}]
