"""When the intake recalls, reads, claims and pauses."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from runops.breakers.reason_breakers import Pause
from runops.failures import Reason
from runops.job_row import JobRow
from runops.polling import Poll
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.heartbeats import Heartbeat
from runops_operator.intake.admission import Admission
from runops_operator.intake.chooser import Choice
from runops_operator.intake.intake import Intake
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.intake.missed_hints import NO_FEED, Hints, RowFeed
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from tests.operator.admissions import admission

pytestmark = pytest.mark.virtual_time
AWAY = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")


def rows(count: int) -> list[JobRow]:
    return [JobRow(job_id=UUID(int=number)) for number in range(count)]


class Site:
    """An intake whose parts answer as a test says; it keeps the order of the calls."""

    def __init__(self, *choices: Choice, slots: int = 3, feed: RowFeed = NO_FEED, jitter: float = 0.0) -> None:
        self.calls: list[str] = []
        self.choices = list(choices)
        self.offer: Admission | Exception = admission(slots)
        self.claim_failure: Exception | None = None
        self.admissions = 0
        self.read_seconds = 0.0
        self.metrics = Metrics()
        self.status = IntakeStatus(self.metrics)
        self.wake = asyncio.Event()
        parts: Any = self
        self.intake = Intake(
            slots=parts,
            chooser=parts,
            claimer=parts,
            recall=self._recall,
            hints=Hints(self.wake, feed),
            status=self.status,
            poll=Poll(),
            jitter=lambda: jitter,
        )

    async def know_drain(self) -> None:
        """The order to drain is known."""

    def claimed_to_try(self) -> None:
        self.calls.append("claimed to try")

    def free_slots(self) -> float:
        """Return what the metric of free slots shows."""
        found = re.search(r"^runops_free_slots (\S+)$", self.metrics.text().decode(), re.MULTILINE)
        assert found is not None
        return float(found[1])

    def claims_nothing(self) -> None:
        self.calls.append("claims nothing")

    async def _recall(self) -> None:
        self.calls.append("recall")

    def admission(self) -> Admission:
        self.admissions += 1
        if isinstance(self.offer, Exception):
            raise self.offer
        return self.offer

    async def choose(self, admission: Admission) -> Choice:
        self.calls.append(f"choose {admission.claimable}")
        await asyncio.sleep(self.read_seconds)
        return self.choices.pop(0) if self.choices else Choice([], 0)

    async def claim(self, chosen: Sequence[JobRow]) -> int:
        self.calls.append(f"claim {len(chosen)}")
        if self.claim_failure is not None:
            raise self.claim_failure
        return len(chosen)


async def test_rows_are_recalled_before_the_first_claim_and_not_again() -> None:
    site = Site(Choice(rows(2), 0), Choice(rows(1), 0))
    assert await site.intake.claim_what_fits() == 2
    assert await site.intake.claim_what_fits() == 1
    assert site.calls == ["recall", "choose 3", "claim 2", "choose 3", "claim 1"]


async def test_while_the_installation_drains_rows_are_recalled_and_none_is_read() -> None:
    site = Site(Choice(rows(2), 0))
    site.offer = admission(0, None, Reason.DRAINED)
    assert await site.intake.claim_what_fits() == 0
    assert site.calls == ["recall", "claims nothing"]
    assert site.status.is_intended


async def test_slots_that_were_taken_while_rows_were_chosen_are_not_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site(Choice(rows(3), 0))
    offers = iter([admission(3), admission(1)])
    monkeypatch.setattr(site, "admission", lambda: next(offers))
    assert await site.intake.claim_what_fits() == 1
    assert site.calls == ["recall", "choose 3", "claim 1"]


async def test_rows_are_recalled_after_a_claim_whose_result_is_unknown() -> None:
    site = Site(Choice(rows(1), 0), Choice(rows(1), 0))
    site.claim_failure = AWAY
    with pytest.raises(SupabaseError):
        await site.intake.claim_what_fits()
    site.claim_failure = None
    await site.intake.claim_what_fits()
    await site.intake.claim_what_fits()
    assert site.calls.count("recall") == 2
    assert site.calls[3] == "recall"


async def test_nothing_is_read_while_videojobs_cannot_be_made() -> None:
    site = Site()
    site.offer = ClusterError("The API server is away.")
    with pytest.raises(ClusterError):
        await site.intake.claim_what_fits()
    assert site.calls == ["recall"]


async def test_nothing_is_read_while_every_video_would_fail() -> None:
    site = Site()
    site.offer = admission(0, None, Reason.KEY_REJECTED)
    assert await site.intake.claim_what_fits() == 0
    assert site.calls == ["recall"]
    assert site.status.needs_a_key


async def test_without_a_free_slot_nothing_is_read_and_that_is_no_trouble() -> None:
    site = Site(slots=0)
    site.status.pause("Away.", Reason.DATABASE_UNAVAILABLE)
    assert await site.intake.claim_what_fits() == 0
    assert site.calls == ["recall"]
    assert site.status.trouble is None


async def test_rows_are_recalled_once_also_while_no_slot_is_free() -> None:
    site = Site(slots=0)
    for _ in range(3):
        await site.intake.claim_what_fits()
    assert site.calls == ["recall"]


async def test_one_free_slot_is_enough_to_read() -> None:
    site = Site(Choice(rows(1), 0), slots=1)
    assert await site.intake.claim_what_fits() == 1


async def test_with_too_many_claimed_rows_nothing_is_read_and_a_trouble_stays() -> None:
    site = Site()
    site.offer = admission(5, claimed=1000)
    site.status.pause("Away.", Reason.DATABASE_UNAVAILABLE)
    assert await site.intake.claim_what_fits() == 0
    assert site.calls == ["recall"]
    assert site.status.trouble == "Away."


async def test_the_table_is_read_again_behind_refused_rows_until_the_slots_are_filled() -> None:
    site = Site(Choice(rows(1), refused=5), Choice(rows(3), refused=5), Choice([], 0))
    assert await site.intake.claim_what_fits() == 3
    assert site.calls == ["recall", "choose 3", "choose 3", "claim 3"]
    assert site.status.last_read_at is not None


async def test_the_table_is_not_read_again_where_nothing_was_refused() -> None:
    site = Site(Choice(rows(1), refused=0), Choice(rows(3), refused=0))
    assert await site.intake.claim_what_fits() == 1


async def test_reading_behind_refused_rows_has_an_end() -> None:
    site = Site(*[Choice([], refused=5)] * 100)
    assert await site.intake.claim_what_fits() == 0
    assert site.calls.count("choose 3") == 20


async def _run(site: Site, seconds: float) -> list[str]:
    """Run the loop for a while of virtual time and return the calls of that while."""
    site.calls.clear()
    task = asyncio.create_task(site.intake.run())
    await asyncio.sleep(seconds)
    assert not task.done(), "nothing ends the intake"
    task.cancel()
    await asyncio.wait([task])
    return site.calls


async def test_without_a_claim_the_table_is_read_at_the_idle_pace() -> None:
    calls = await _run(Site(), seconds=10)
    assert calls.count("choose 3") == 4, "every 3.25 s, the least of a pace of 5 s"


class LiveFeed:
    """Reports every queued row."""

    live = True

    def distrust(self) -> None:
        """Do nothing."""


async def test_while_realtime_reports_rows_the_table_is_read_at_the_slow_pace() -> None:
    calls = await _run(Site(feed=LiveFeed()), seconds=60)
    assert calls.count("choose 3") == 4, "every 19.5 s, the least of a pace of 30 s"


async def test_the_pauses_are_spread_so_that_several_operators_do_not_read_in_step() -> None:
    calls = await _run(Site(jitter=1.0), seconds=10)
    assert calls.count("choose 3") == 3, "every 4.25 s, the most of a pace of 5 s"


async def test_a_claim_has_the_table_read_at_the_busy_pace_for_ten_minutes() -> None:
    site = Site(Choice(rows(1), 0))
    assert (await _run(site, seconds=10)).count("choose 3") == 16, "every 0.65 s, the least of a pace of 1 s"
    await asyncio.sleep(600)
    assert (await _run(site, seconds=10)).count("choose 3") == 4


async def test_a_full_operator_reads_at_the_idle_pace_also_after_a_claim() -> None:
    site = Site(Choice(rows(1), 0))
    await site.intake.claim_what_fits()
    site.intake.movement()
    site.offer = admission(0)
    await _run(site, seconds=10)
    assert site.admissions == 6, "two for the claim, then every 3.25 s"


async def test_a_video_that_ends_has_the_table_read_at_once() -> None:
    site = Site()
    task = asyncio.create_task(site.intake.run())
    await asyncio.sleep(1)
    site.calls.clear()
    site.intake.movement()
    await asyncio.sleep(0.001)
    assert site.calls == ["choose 3", "claim 0"]
    await asyncio.sleep(1)
    assert site.calls.count("choose 3") == 2, "the busy pace"
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (AWAY, "The database is away."),
        (ClusterError("The API server is away."), "The API server is away."),
        (RuntimeError("bug"), "An unexpected error occurred; see the operator's log."),
    ],
)
async def test_a_failure_pauses_the_intake_with_growing_pauses(
    failure: Exception, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    site.offer = failure
    await _run(site, seconds=10)
    assert site.status.trouble == sentence
    assert site.admissions == 5, "after 0.5, 1, 2 and 4 s"
    assert ("Unexpected error while rows were claimed." in caplog.text) is isinstance(failure, RuntimeError)
    site.offer = admission(3)
    await _run(site, seconds=1)
    assert site.status.trouble is None


async def test_a_success_ends_the_growing_pauses() -> None:
    site = Site()
    site.offer = AWAY
    task = asyncio.create_task(site.intake.run())
    await asyncio.sleep(10)
    site.offer = admission(3)
    await asyncio.sleep(10)
    site.offer, site.admissions = AWAY, 0
    site.wake.set()
    await asyncio.sleep(1)
    assert site.admissions == 2, "the first pause is half a second again"
    task.cancel()
    await asyncio.wait([task])


async def test_the_duration_of_a_read_is_taken_off_the_pause() -> None:
    site = Site()
    site.read_seconds = 2.0
    assert (await _run(site, seconds=10)).count("choose 3") == 4, "every 3.25 s all the same"


BEGUN = datetime(2026, 12, 1, tzinfo=UTC)
FAULT = Pause(Reason.MODEL_UNAVAILABLE, "HTTP 503", may_try=True, since=BEGUN, next_try=None)


async def test_one_row_is_claimed_to_try_whether_a_fault_is_over_and_the_pause_stays() -> None:
    site = Site(Choice(rows(1), 0))
    site.offer = admission(3, None, Reason.MODEL_UNAVAILABLE, to_try=True, fault=FAULT)
    assert await site.intake.claim_what_fits() == 1
    assert site.calls == ["recall", "choose 1", "claim 1", "claimed to try"]
    assert site.status.standstill is not None
    assert site.status.standstill.since == BEGUN
    assert site.status.last_read_at is not None


async def test_free_slots_are_shown_unless_something_stops_the_claims() -> None:
    site = Site(Choice([], 0), Choice([], 0, users_at_limit=True))
    await site.intake.claim_what_fits()
    assert site.free_slots() == 3
    site.offer = admission(2)
    await site.intake.claim_what_fits()
    assert site.free_slots() == 2, "what the last read found is not known yet"
    await site.intake.claim_what_fits()
    assert site.free_slots() == 0, "only rows of users at their limit wait"
    await site.intake.claim_what_fits()
    assert site.free_slots() == 2
    site.offer = admission(2, None, Reason.KEY_REJECTED)
    await site.intake.claim_what_fits()
    assert site.free_slots() == 0


async def test_the_slots_are_looked_at_again_only_where_rows_were_chosen() -> None:
    site = Site(Choice([], 0), Choice(rows(1), 0))
    await site.intake.claim_what_fits()
    assert site.admissions == 1
    await site.intake.claim_what_fits()
    assert site.admissions == 3


@pytest.mark.parametrize(
    ("failure", "cause"), [(AWAY, "The database is away."), (RuntimeError("a bug"), "RuntimeError: a bug")]
)
async def test_a_read_that_fails_is_told_with_its_cause_and_the_loop_does_not_stand_still(
    failure: Exception, cause: str
) -> None:
    site = Site()
    site.offer = failure
    beat = Heartbeat("claims", asyncio.get_running_loop().time)
    task = asyncio.create_task(site.intake.run(beat))
    await asyncio.sleep(200)
    assert (beat.trouble, beat.stands_still) == (f"The loop 'claims' fails: {cause}", 0.0)
    site.offer = admission(3)
    await asyncio.sleep(61)
    assert beat.trouble is None
    task.cancel()
    await asyncio.wait([task])
