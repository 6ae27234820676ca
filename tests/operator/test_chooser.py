"""One read of the table: which rows are chosen, and which are refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Reason
from runops.job_row import JobRow, Lane
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.intake.candidates import Wanted
from runops_operator.intake.chooser import Chooser
from runops_operator.intake.refused_claims import RefusedClaims
from runops_operator.intake.server_clock import ServerClock
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.admissions import admission
from tests.operator.world import CONFIG
from tests.simulation.cluster import START

ANN, BEN = str(UUID(int=100)), str(UUID(int=200))
SKEW = 7.0
FROZEN = SupabaseError(ErrorKind.INVALID, "This row is frozen.", code="P0001")


def queued(number: int, user: str, *, waited: float = 0.0, priority: int = 0, backfill: bool = False) -> JobRow:
    created = (START + timedelta(seconds=SKEW - waited)).isoformat()
    metadata = {"user_id": user, "priority": priority, "backfill": backfill}
    return JobRow(job_id=UUID(int=number), status="queued", created_at=created, metadata=metadata)


class Site:
    """A chooser in front of a table with some rows; it keeps what it was asked."""

    def __init__(self, rows: Sequence[JobRow], **settings: Any) -> None:
        self.rows = list(rows)
        self.reads: list[tuple[int, dict[str, int], datetime]] = []
        self.asked: set[Lane] = set()
        self.beside = 0
        self.compared: list[tuple[list[JobRow], datetime]] = []
        self.refused: list[int] = []
        self.seconds = 0.0
        self.refused_claims = RefusedClaims(lambda: self.seconds)
        parts: Any = self
        self.chooser = Chooser(
            candidates=parts,
            claimer=parts,
            refused=self.refused_claims,
            hints=parts,
            clock=ServerClock(lambda: START, lambda: SKEW),
            config=CONFIG.model_copy(update=settings),
        )

    async def read(self, wanted: Mapping[Lane, Wanted], *, server_time: datetime) -> dict[Lane, list[JobRow]]:
        self.asked = set(wanted)
        if Lane.FRESH in wanted:
            self.beside = wanted[Lane.FRESH].beside
            self.reads.append((wanted[Lane.FRESH].slots, dict(wanted[Lane.FRESH].active), server_time))
        return {lane: [row for row in self.rows if row.lane is lane] for lane in wanted}

    def compare(self, rows: list[JobRow], *, at: datetime) -> None:
        self.compared.append((rows, at))

    async def refuse(self, rows: Sequence[JobRow]) -> None:
        self.refused += [row.job_id.int for row in rows]

    async def choose(self, slots: int, **active: int) -> tuple[list[int], int]:
        choice = await self.chooser.choose(admission(slots, active))
        return [row.job_id.int for row in choice.rows], choice.refused


async def test_rows_are_chosen_for_the_free_slots_as_of_now_on_the_servers_clock() -> None:
    site = Site([queued(1, ANN), queued(2, BEN)])
    assert await site.choose(1, ann=2) == ([1], 0)
    now = START + timedelta(seconds=SKEW)
    assert site.reads == [(1, {"ann": 2}, now)]
    assert site.compared == [(site.rows, now)]


async def test_rows_of_a_user_at_the_cap_wait_and_are_passed_over() -> None:
    site = Site([queued(1, ANN), queued(2, ANN.upper()), queued(3, BEN)])
    spending = SpendingVerdict(capped_users=frozenset({ANN}))
    choice = await site.chooser.choose(admission(3, spending=spending))
    assert [row.job_id.int for row in choice.rows] == [3]
    assert site.reads[0][1] == {ANN: 1}


@pytest.mark.parametrize(("rooms", "chosen"), [({ANN: 1}, [1, 4]), ({ANN: 0}, [4]), ({ANN: None}, [1, 2, 4])])
async def test_no_user_has_more_chosen_than_spending_has_room_for(
    rooms: dict[str, int | None], chosen: list[int]
) -> None:
    site = Site([queued(1, ANN), queued(2, ANN), queued(4, BEN), queued(5, BEN)])
    spending = SpendingVerdict(user_rooms=rooms, other_user_room=1)
    choice = await site.chooser.choose(admission(9, spending=spending))
    assert sorted(row.job_id.int for row in choice.rows) == chosen
    assert site.reads[0][1] == ({ANN: 1} if rooms[ANN] == 0 else {})


@pytest.mark.parametrize(("limit", "chosen"), [(None, [1, 2, 3]), (2, [1, 2]), (1, [1])])
async def test_no_user_has_more_at_work_than_the_setting_allows(limit: int | None, chosen: list[int]) -> None:
    site = Site([queued(number, ANN) for number in (1, 2, 3)], max_concurrent_per_user=limit)
    assert await site.choose(3) == (chosen, 0)


@pytest.mark.parametrize(
    ("limit", "active", "at_limit"),
    [
        (None, {ANN: 9, BEN: 9}, False),
        (2, {ANN: 2, BEN: 3}, True),
        (2, {ANN: 2, BEN: 1}, False),
        (2, {ANN: 2}, False),
        (1, {ANN: 1}, False),
    ],
)
async def test_rows_of_none_but_users_at_the_limit_are_told(
    limit: int | None, active: dict[str, int], *, at_limit: bool
) -> None:
    site = Site([queued(1, ANN), queued(2, BEN)], max_concurrent_per_user=limit)
    assert (await site.chooser.choose(admission(3, active))).users_at_limit is at_limit


async def test_an_empty_queue_is_no_user_at_the_limit() -> None:
    site = Site([], max_concurrent_per_user=1)
    assert not (await site.chooser.choose(admission(3))).users_at_limit


async def test_videos_at_work_count_for_their_user() -> None:
    site = Site([queued(1, ANN), queued(2, BEN)])
    assert await site.choose(1, **{ANN: 1}) == ([2], 0)


@pytest.mark.parametrize(("ageing_seconds", "first"), [(60.0, 1), (3600.0, 2)])
async def test_the_setting_says_how_much_waiting_outweighs_priority(ageing_seconds: float, first: int) -> None:
    site = Site([queued(1, ANN, waited=600), queued(2, ANN, priority=5)], ageing_seconds=ageing_seconds)
    assert await site.choose(1) == ([first], 0)


async def test_rows_that_cannot_be_worked_on_are_refused_and_take_no_slot() -> None:
    site = Site([queued(1, "no uuid"), queued(2, ANN), queued(3, "nor this")])
    assert await site.choose(1) == ([2], 2)
    assert site.refused == [1, 3]


async def _choose(site: Site, **given: Any) -> list[int]:
    choice = await site.chooser.choose(admission(**given))
    return [row.job_id.int for row in choice.rows]


def _site_with_backfills(**settings: Any) -> Site:
    old = [queued(number, ANN, waited=9000, priority=100, backfill=True) for number in range(1, 6)]
    return Site([*old, *(queued(number, BEN) for number in (11, 12, 13))], **settings)


async def test_each_lane_has_its_own_slots_however_old_and_urgent_the_backfills_are() -> None:
    assert await _choose(_site_with_backfills(), fresh=2, backfill=1) == [11, 12, 1]
    assert await _choose(_site_with_backfills(), fresh=9, backfill=0) == [11, 12, 13]
    assert await _choose(_site_with_backfills(), fresh=0, backfill=2) == [1, 2]


async def test_a_lane_without_a_free_slot_is_not_read() -> None:
    site = _site_with_backfills()
    await _choose(site, fresh=0, backfill=2)
    assert site.asked == {Lane.BACKFILL}
    await _choose(site, fresh=1, backfill=0)
    assert site.asked == {Lane.FRESH}


async def test_the_row_that_tries_whether_a_fault_is_over_is_a_fresh_one_where_there_is_any() -> None:
    fault = {"fresh": 1, "backfill": 1, "paused": Reason.MODEL_UNAVAILABLE, "to_try": True}
    assert await _choose(_site_with_backfills(), **fault) == [11]
    backfills = Site([queued(1, ANN, backfill=True), queued(2, ANN, backfill=True)])
    assert await _choose(backfills, **fault) == [1]


@pytest.mark.parametrize(("room", "chosen"), [(0, [11, 12, 13]), (3, [11, 12, 13]), (4, [11, 12, 13, 1])])
async def test_what_the_quota_feeds_is_for_fresh_rows_first(room: int, chosen: list[int]) -> None:
    assert await _choose(_site_with_backfills(), fresh=9, backfill=9, room=room) == chosen


async def test_the_limit_per_user_holds_in_each_lane_by_itself() -> None:
    site = Site([*_site_with_backfills().rows, queued(14, ANN)], max_concurrent_per_user=1)
    assert await _choose(site, fresh=9, backfill=9) == [11, 14, 1]
    assert await _choose(site, fresh=9, backfill=9, at_backfill={ANN: 1}) == [11, 14]


async def test_what_a_user_may_still_spend_is_for_fresh_rows_first() -> None:
    rows = [queued(1, ANN, backfill=True), queued(2, ANN, backfill=True), queued(3, ANN)]
    spending = SpendingVerdict(user_rooms={ANN: 2}, other_user_room=1)
    assert await _choose(Site(rows), fresh=9, backfill=9, spending=spending) == [3, 1]


async def test_a_row_whose_claim_was_refused_takes_no_slot_for_a_while() -> None:
    site = Site([queued(1, ANN), queued(2, ANN)])
    site.refused_claims.note(site.rows[0], FROZEN)
    assert await site.choose(1) == ([2], 0)
    site.seconds = 2.0
    assert await site.choose(1) == ([1], 0)


async def test_a_row_that_was_changed_since_its_claim_was_refused_is_tried_at_once() -> None:
    site = Site([queued(1, ANN), queued(2, ANN)])
    site.refused_claims.note(site.rows[0], FROZEN)
    site.rows[0] = site.rows[0].model_copy(update={"updated_at": "2026-01-01T00:00:00+00:00"})
    assert await site.choose(1) == ([1], 0)


async def test_as_many_more_rows_are_read_as_are_passed_over() -> None:
    site = Site([queued(number, ANN) for number in range(1, 80)])
    for row in site.rows[:70]:
        site.refused_claims.note(row, FROZEN)
    assert await site.choose(1) == ([71], 0)
    assert site.beside == 70
