"""The claim that is put into a row, and what follows from each answer."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.failures import FailureClass
from runops.job_row import Claim, JobRow, Lane
from runops.logs import job_id_in_logs
from runops.retry_policy import MOST_COUNTED
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import BatchClaim
from runops.supabase.jobs_requests import CLAIMED_AT_ONCE
from runops_operator.intake.claiming import Claimer, fault_of, is_stale, new_claim
from runops_operator.intake.refused_claims import RefusedClaims
from runops_operator.intake.server_clock import ServerClock
from runops_operator.manifests.build_videojob import Arrival
from tests.simulation.cluster import START

TOKEN = str(uuid4())
BEFORE = Claim(
    claim=str(uuid4()), by="work/host", attempt=4, failures=2, waits={FailureClass.INFRASTRUCTURE: 3}, more_memory=1
)


def row(status: str, before: Claim | None = None, **named: Any) -> JobRow:
    metadata = {} if before is None else {"runops": before.stamp()}
    return JobRow(
        job_id=named.pop("job_id", UUID(int=1)), status=status, metadata=metadata | named.pop("extra", {}), **named
    )


def _claim(one: JobRow) -> Claim:
    return new_claim(one, token=TOKEN, installation="ours")


def test_a_first_claim_has_no_history() -> None:
    assert _claim(row("queued")) == Claim(claim=TOKEN, by="ours", attempt=1)


def test_a_row_that_was_queued_again_begins_a_new_history() -> None:
    assert _claim(row("queued", BEFORE)) == Claim(claim=TOKEN, by="ours", attempt=5)


def test_a_stale_row_keeps_its_history_and_the_takeover_counts_as_a_wait() -> None:
    assert _claim(row("processing", BEFORE)) == Claim(
        claim=TOKEN, by="ours", attempt=5, failures=2, waits={FailureClass.INFRASTRUCTURE: 4}, more_memory=1
    )


def test_waits_are_counted_up_to_a_bound() -> None:
    before = BEFORE.model_copy(update={"waits": {FailureClass.INFRASTRUCTURE: MOST_COUNTED}})
    assert _claim(row("processing", before)).waits == {FailureClass.INFRASTRUCTURE: MOST_COUNTED}


def test_a_stale_row_without_a_claim_begins_a_history() -> None:
    assert _claim(row("processing")) == Claim(claim=TOKEN, by="ours", attempt=1)


@pytest.mark.parametrize(("status", "stale"), [("queued", False), ("processing", True)])
def test_a_row_in_processing_is_stale(status: str, stale: bool) -> None:
    assert is_stale(row(status)) is stale


def test_a_row_with_a_malformed_user_cannot_be_worked_on() -> None:
    assert fault_of(row("queued", extra={"user_id": "ann"})) is not None
    assert fault_of(row("queued", extra={"user_id": str(UUID(int=5))})) is None


FROZEN = SupabaseError(ErrorKind.INVALID, "This row is frozen.", code="P0001")


class Table:
    """Answers claims as a test says, and keeps them."""

    def __init__(
        self,
        *,
        lost: Sequence[int] = (),
        broken: Sequence[int] = (),
        frozen: Sequence[int] = (),
        mute: Sequence[int] = (),
    ) -> None:
        self.lost, self.broken, self.frozen, self.mute = lost, broken, frozen, mute
        self.explained: list[tuple[int, str]] = []
        self.failure = ErrorKind.INVALID
        self.claims: list[tuple[list[int], str]] = []
        self.tokens: set[str] = set()
        self.refused: list[tuple[int, str]] = []
        self.held_meanwhile: list[set[int]] = []
        self.adopter = InHand()
        self.at_once = self.most_at_once = 0

    async def claim_batch(self, rows: list[JobRow], claim: Claim, *, from_status: str) -> BatchClaim:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(1 if rows[0].job_id.int in self.broken else 5):
            await asyncio.sleep(0)
        self.at_once -= 1
        ids = [one.job_id.int for one in rows]
        self.held_meanwhile.append(set(self.adopter.held))
        self.claims.append((ids, from_status))
        self.tokens.add(claim.claim)
        if set(ids) & set(self.broken):
            raise SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
        claimed = {"status": "processing", "updated_at": "2026-01-01T00:00:09+00:00"}
        none = {*self.lost, *self.frozen}
        return BatchClaim(
            [one.model_copy(update=claimed) for one in rows if one.job_id.int not in none],
            [(one, FROZEN) for one in rows if one.job_id.int in self.frozen],
        )

    async def explain(self, one: JobRow, sentence: str) -> bool:
        self.explained.append((one.job_id.int, sentence))
        if one.job_id.int in self.mute:
            raise SupabaseError(self.failure, "No.", code="23514")
        return True

    async def refuse(self, refused: JobRow, sentence: str) -> bool:
        if refused.job_id.int in self.broken:
            raise SupabaseError(self.failure, "No.", code="23514")
        self.refused.append((refused.job_id.int, sentence))
        return refused.job_id.int not in self.lost


class InHand:
    """The rows in hand."""

    def __init__(self) -> None:
        self.held: set[int] = set()

    def in_hand(self, job_id: UUID, _lane: Lane, _user: str) -> Any:
        held = self.held

        class Mark:
            def __enter__(self) -> None:
                held.add(job_id.int)

            def __exit__(self, *_: object) -> None:
                held.discard(job_id.int)

        return Mark()


class Site:
    """A claimer and what it reports."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.confirmed: list[tuple[int, Claim, Arrival]] = []
        self.metrics: list[tuple[str, Any]] = []
        collaborators: Any = self
        self.seconds = 0.0
        self.refused = RefusedClaims(lambda: self.seconds)
        jobs: Any = table
        adopter: Any = table.adopter
        self.claimer = Claimer(
            jobs=jobs,
            adopter=adopter,
            confirmation=collaborators,
            refused=self.refused,
            installation="ours",
            metrics=collaborators,
            clock=ServerClock(lambda: START, lambda: 2.0),
        )

    def add(self, added: JobRow, claim: Claim, arrival: Arrival) -> None:
        self.confirmed.append((added.job_id.int, claim, arrival))

    def repaired(self, kind: str) -> None:
        self.metrics.append(("repaired", kind))

    def claim_refused(self) -> None:
        self.metrics.append(("refused", None))

    def claim_lost(self) -> None:
        self.metrics.append(("lost", None))

    def claimed(self, status: str, *, waited_seconds: float | None) -> None:
        self.metrics.append((status, waited_seconds))


def queued(number: int, **named: Any) -> JobRow:
    return row("queued", job_id=UUID(int=number), **named)


async def test_rows_of_the_same_metadata_are_claimed_together_and_confirmed_under_one_claim() -> None:
    site = Site(Table())
    assert await site.claimer.claim([queued(1), queued(2), queued(3, extra={"a": 1})]) == 3
    assert sorted(site.table.claims) == [([1, 2], "queued"), ([3], "queued")]
    assert [number for number, _, _ in site.confirmed] == [1, 2, 3]
    tokens = [claim.claim for _, claim, _ in site.confirmed]
    assert tokens[0] == tokens[1] != tokens[2]
    assert site.table.tokens == set(tokens)
    assert site.confirmed[0][1].by == "ours"


async def test_no_request_claims_more_rows_than_fit_into_its_url() -> None:
    site = Site(Table())
    assert await site.claimer.claim([queued(number) for number in range(2 * CLAIMED_AT_ONCE + 1)]) == 81
    assert sorted(len(ids) for ids, _ in site.table.claims) == [1, CLAIMED_AT_ONCE, CLAIMED_AT_ONCE]


async def test_a_row_that_another_consumer_won_is_not_confirmed(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(Table(lost=[1]))
    caplog.set_level(logging.INFO)
    assert await site.claimer.claim([queued(1), queued(2)]) == 1
    assert [number for number, _, _ in site.confirmed] == [2]
    assert [what for what, _ in site.metrics] == ["lost", "queued"]
    assert [record.message for record in caplog.records] == [
        "skipped: another consumer claimed the row, or an app wrote to it",
        "row claimed",
    ]


async def test_a_row_is_in_hand_while_it_is_claimed_and_not_longer() -> None:
    site = Site(Table())
    await site.claimer.claim([queued(1), queued(2)])
    assert site.table.held_meanwhile == [{1, 2}]
    assert site.table.adopter.held == set()


async def test_other_rows_are_claimed_and_confirmed_when_a_request_fails() -> None:
    site = Site(Table(broken=[1]))
    with pytest.raises(SupabaseError):
        await site.claimer.claim([queued(1), queued(2, extra={"a": 1})])
    assert [number for number, _, _ in site.confirmed] == [2]
    assert site.table.adopter.held == set()


async def test_ten_requests_are_made_at_once() -> None:
    site = Site(Table())
    await site.claimer.claim([queued(number, extra={"a": number}) for number in range(25)])
    assert site.table.most_at_once == 10


async def test_the_wait_is_measured_on_the_servers_clock() -> None:
    site = Site(Table())
    since = (START - timedelta(seconds=5)).isoformat()
    await site.claimer.claim([queued(1, created_at=since)])
    assert site.metrics == [("queued", 7.0)]
    assert site.confirmed[0][2] == Arrival(queued_at=since)


async def test_a_row_queued_again_waited_since_then() -> None:
    site = Site(Table())
    made, again = (START - timedelta(days=5)).isoformat(), (START - timedelta(seconds=5)).isoformat()
    await site.claimer.claim([queued(1, created_at=made, updated_at=again)])
    assert site.metrics[0][1] == 7.0
    assert site.confirmed[0][2] == Arrival(queued_at=again)


async def test_a_stale_row_is_a_repair_and_its_wait_is_not_measured() -> None:
    site = Site(Table())
    await site.claimer.claim([row("processing", created_at=START.isoformat())])
    assert site.metrics == [("repaired", "StaleRow"), ("processing", None)]
    assert site.table.claims == [([1], "processing")]


async def test_the_wait_of_a_backfill_is_not_measured() -> None:
    site = Site(Table())
    await site.claimer.claim([queued(1, extra={"backfill": True})])
    assert [waited for _, waited in site.metrics] == [None]


async def test_a_row_whose_claim_is_refused_says_why_at_the_third_refusal(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(Table(frozen=[1]))
    for _ in range(4):
        assert await site.claimer.claim([queued(1), queued(2)]) == 1
    assert [what for what, _ in site.metrics] == ["queued", "refused"] * 4, "nobody else had claimed it"
    assert site.table.explained == [
        (1, "This video cannot be started yet, and is tried again: This row is frozen."),
    ]
    assert caplog.messages.count("row not claimed, it is tried again later: This row is frozen.") == 4


async def test_a_row_that_cannot_even_say_why_it_waits_keeps_no_other(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(Table(frozen=[1], mute=[1]))
    for _ in range(3):
        assert await site.claimer.claim([queued(1), queued(2)]) == 1
    assert "the row cannot say why it waits: No." in caplog.messages


async def test_a_stale_row_whose_claim_is_refused_is_not_told() -> None:
    site = Site(Table(frozen=[row("processing").job_id.int]))
    for _ in range(5):
        await site.claimer.claim([row("processing")])
    assert site.table.explained == []


async def test_where_the_table_refuses_five_rows_and_takes_none_that_is_the_trouble() -> None:
    site = Site(Table(frozen=range(1, 9)))
    for number in (1, 2, 3, 4):
        assert await site.claimer.claim([queued(number)]) == 0
    with pytest.raises(SupabaseError, match="frozen"):
        await site.claimer.claim([queued(5)])
    with pytest.raises(SupabaseError, match="frozen"):
        await site.claimer.claim([])
    assert await site.claimer.claim([queued(10)]) == 1
    assert await site.claimer.claim([queued(6)]) == 0


async def test_a_row_is_refused_with_its_fault(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(Table(lost=[2]))
    bad = {"user_id": "ann"}
    await site.claimer.refuse([queued(1, extra=bad), queued(2, extra=bad), queued(3)])
    assert [number for number, _ in site.table.refused] == [1, 2]
    assert "ann" in site.table.refused[0][1]
    assert [record.levelname for record in caplog.records] == ["WARNING"], "the second row changed meanwhile"


async def test_a_row_that_the_table_does_not_set_to_error_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(Table(broken=[1]))
    bad = {"user_id": "ann"}
    await site.claimer.refuse([queued(1, extra=bad), queued(2, extra=bad)])
    assert [number for number, _ in site.table.refused] == [2]
    assert caplog.messages[0] == "row not set to error: No."


async def test_an_outage_while_rows_are_refused_is_an_error() -> None:
    site = Site(Table(broken=[1]))
    site.table.failure = ErrorKind.UNAVAILABLE
    with pytest.raises(SupabaseError):
        await site.claimer.refuse([queued(1, extra={"user_id": "ann"})])


async def test_each_log_line_about_a_row_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ids: list[str | None] = []

    def note(_: logging.LogRecord) -> bool:
        ids.append(job_id_in_logs.get())
        return True

    caplog.handler.addFilter(note)
    site = Site(Table(lost=[2], frozen=[4]))
    await site.claimer.claim([queued(1), queued(2), queued(4)])
    await site.claimer.refuse([queued(3, extra={"user_id": "ann"})])
    caplog.handler.removeFilter(note)
    assert ids == [str(UUID(int=number)) for number in (1, 2, 4, 3)]
