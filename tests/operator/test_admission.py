"""How many rows may be claimed, and what stops all claims: every rule of the admission."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE, Reason
from runops.job_row import JobRow, Lane
from runops_operator.config import Backfill, OperatorConfig
from runops_operator.intake.admission import Admission, LaneSlots, admit
from runops_operator.manifests.observed import VideoJobView, parse_videojob
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.world import CONFIG
from tests.simulation.cluster import START

USER = "11111111-2222-4333-8444-555555555555"


def _config(slots: int, backfill: int = 0) -> OperatorConfig:
    """Return settings with so many slots for fresh rows; what is said of them holds without backfills, too."""
    return CONFIG.model_copy(update={"max_concurrent": slots, "backfill": Backfill(max_concurrent=backfill)})


def _videojob(
    *,
    user: str | None = USER,
    suspend: bool = False,
    spec: Any = None,
) -> VideoJobView:
    given: dict[str, Any] = {"jobId": "00000000-0000-4000-8000-000000000001", "userId": user, "suspend": suspend}
    return parse_videojob(
        {
            "metadata": {"name": "vj-1", "uid": "u", "annotations": {"runops.dev/claim": "token"}},
            "spec": given if spec is None else spec,
        }
    )


def _pause(reason: Reason, words: str, *, may_try: bool) -> Pause:
    return Pause(reason, words, may_try=may_try, since=START, next_try=None)


def _fresh(admission: Admission) -> LaneSlots:
    return admission.lanes[Lane.FRESH]


def _admit(*videojobs: VideoJobView, slots: int = 3, claimed: dict[str, int] | None = None) -> Admission:
    return admit(videojobs, _config(slots), claimed={Lane.FRESH: claimed or {}})


def test_each_unfinished_videojob_and_each_claimed_row_takes_a_slot() -> None:
    admission = _admit(_videojob(), claimed={USER: 1})
    assert (_fresh(admission).free, dict(_fresh(admission).active), admission.full) == (1, {USER: 2}, False)


def test_slots_wait_for_estimates_where_spending_leaves_no_room() -> None:
    verdicts = (SpendingVerdict(room=0), SpendingVerdict(room=1), SpendingVerdict())
    assert [admit([], _config(3), claimed={}, spending=one).for_estimates for one in verdicts] == [True, False, False]
    assert not admit([], _config(3), claimed={Lane.FRESH: {USER: 3}}, spending=SpendingVerdict(room=0)).for_estimates, (
        "no slot is free"
    )


def test_a_cap_on_spending_stops_all_claims_and_says_why() -> None:
    spending = SpendingVerdict("Videos have cost 5 USD.", capped_users=frozenset({USER}))
    admission = admit([_videojob()], _config(3), claimed={}, spending=spending)
    assert (_fresh(admission).free, admission.full) == (0, False)
    assert (admission.paused, admission.why_paused) == (Reason.SPENDING_CAP_REACHED, "Videos have cost 5 USD.")


def test_a_user_at_the_cap_stops_nobody_else() -> None:
    spending = SpendingVerdict(capped_users=frozenset({USER}))
    admission = admit([], _config(3), claimed={}, spending=spending)
    assert (_fresh(admission).free, admission.paused) == (3, None)
    assert admission.spending is spending


@pytest.mark.parametrize(("room", "slots"), [(None, 3), (9, 3), (2, 2), (0, 0)])
def test_no_more_are_claimed_than_spending_has_room_for(room: int | None, slots: int) -> None:
    admission = admit([], _config(3), claimed={}, spending=SpendingVerdict(room=room))
    assert (_fresh(admission).free, admission.paused, admission.for_quota) == (slots, None, False)


def test_a_key_that_blocks_is_named_before_a_cap() -> None:
    fault = _pause(Reason.MODEL_KEY_REJECTED, "", may_try=False)
    spending = SpendingVerdict("Videos have cost 5 USD.")
    admission = admit([_videojob()], _config(3), claimed={}, fault=fault, spending=spending)
    assert (admission.paused, admission.why_paused) == (Reason.MODEL_KEY_REJECTED, None)


def test_a_suspended_videojob_takes_no_slot_and_hides_no_other() -> None:
    assert _fresh(_admit(_videojob(suspend=True))).free == 3
    assert _fresh(_admit(_videojob(suspend=True), _videojob())).free == 2


def test_a_videojob_with_a_malformed_spec_takes_a_slot_of_no_user() -> None:
    admission = _admit(_videojob(spec={"jobId": 5}))
    assert (_fresh(admission).free, dict(_fresh(admission).active)) == (2, {"": 1})


def test_a_videojob_without_a_user_counts_for_nobody() -> None:
    assert dict(_fresh(_admit(_videojob(user=None))).active) == {"": 1}


@pytest.mark.parametrize(("videojobs", "slots"), [(2, 1), (3, 0), (5, 0)])
def test_slots_never_go_below_none(videojobs: int, slots: int) -> None:
    admission = _admit(*[_videojob()] * videojobs)
    assert (_fresh(admission).free, admission.full) == (slots, slots == 0)


@pytest.mark.parametrize(
    ("words", "why"), [("", None), ("HTTP 403.", f"HTTP 403. {TABLE[Reason.KEY_REJECTED].remedy}")]
)
def test_a_fault_that_all_videos_meet_stops_all_claims_and_says_why(words: str, why: str | None) -> None:
    admission = admit([_videojob()], _config(3), claimed={}, fault=_pause(Reason.KEY_REJECTED, words, may_try=False))
    assert (admission.paused, admission.why_paused, _fresh(admission).free) == (Reason.KEY_REJECTED, why, 0)
    assert (admission.full, admission.to_try) == (False, False)
    assert admission.fault is not None
    assert admission.fault.since == START


def test_one_row_may_try_whether_a_fault_is_over_where_a_slot_is_free() -> None:
    fault = _pause(Reason.MODEL_UNAVAILABLE, "", may_try=True)
    one = admit([_videojob()], _config(3), claimed={}, fault=fault)
    assert (one.paused, _fresh(one).free, one.claimable, one.to_try) == (Reason.MODEL_UNAVAILABLE, 1, 1, True)
    none = admit([_videojob()] * 3, _config(3), claimed={}, fault=fault)
    assert (_fresh(none).free, none.to_try) == (0, False)


@pytest.mark.parametrize(
    ("slots", "waiting", "left"), [(10, 1, 9), (10, 5, 5), (10, 5000, 5), (3, 5000, 2), (1, 5000, 0), (1, 0, 1)]
)
def test_videojobs_made_by_hand_that_wait_keep_half_of_the_slots_at_most(slots: int, waiting: int, left: int) -> None:
    admission = _admit(*[replace(_videojob(), claim=None)] * waiting, slots=slots)
    assert (_fresh(admission).free, _fresh(admission).active.total()) == (left, 0)


@pytest.mark.parametrize(("at_work", "left"), [(0, 4), (1, 4), (2, 4), (3, 3)])
def test_no_slot_is_kept_for_a_videojob_made_by_hand_whose_user_is_at_the_limit(at_work: int, left: int) -> None:
    config = _config(6).model_copy(update={"max_concurrent_per_user": 2})
    by_hand = [replace(_videojob(), claim=None)] * 5
    admission = admit([*by_hand, *[_videojob()] * at_work], config, claimed={})
    assert _fresh(admission).free == left


@pytest.mark.parametrize(
    ("slots", "claimed", "claimable"), [(5000, 0, 1000), (5000, 900, 100), (10, 900, 10), (5000, 1000, 0)]
)
def test_rows_are_claimed_a_thousand_ahead_of_their_videojobs_at_most(slots: int, claimed: int, claimable: int) -> None:
    admission = _admit(slots=slots + claimed, claimed={USER: claimed})
    assert (admission.claimable, admission.full) == (claimable, False)


@pytest.mark.parametrize(
    ("room", "slots", "for_quota"),
    [(None, 3, False), (5, 3, False), (3, 3, False), (2, 2, True), (0, 0, True), (-4, 0, True)],
)
def test_no_more_rows_are_claimed_than_the_quota_per_minute_feeds(
    room: int | None, slots: int, for_quota: bool
) -> None:
    admission = admit((), _config(3), claimed={}, room=room)
    assert (_fresh(admission).free, admission.for_quota, admission.full) == (slots, for_quota, slots == 0)


def test_a_pause_has_its_own_reason_whatever_the_quota_per_minute_feeds() -> None:
    fault = _pause(Reason.MODEL_KEY_REJECTED, "", may_try=False)
    admission = admit((), _config(3), claimed={}, fault=fault, room=0)
    assert (admission.paused, admission.for_quota) == (Reason.MODEL_KEY_REJECTED, False)


def _backfill(**given: Any) -> VideoJobView:
    return replace(_videojob(**given), lane=Lane.BACKFILL)


def _free(admission: Admission) -> tuple[int, int]:
    return _fresh(admission).free, admission.lanes[Lane.BACKFILL].free


def test_backfills_take_no_slot_of_fresh_rows_nor_do_these_take_theirs() -> None:
    admission = admit([_backfill()] * 9, _config(3, 2), claimed={Lane.BACKFILL: {USER: 5}})
    assert (_free(admission), _fresh(admission).active.total(), admission.full) == ((3, 0), 0, False)
    admission = admit([_videojob()] * 9, _config(3, 2), claimed={Lane.FRESH: {USER: 5}})
    assert (_free(admission), admission.claimable, admission.full) == ((0, 2), 2, True)


def test_rows_ahead_of_their_videojobs_are_counted_by_lane() -> None:
    admission = admit((), _config(5000, 5000), claimed={Lane.BACKFILL: {USER: 1000}})
    assert [slots.claimable for slots in admission.lanes.values()] == [1000, 0]


def test_videojobs_made_by_hand_keep_slots_of_their_own_lane() -> None:
    waiting = replace(_backfill(), claim=None)
    assert _free(admit([waiting], _config(3, 2), claimed={})) == (3, 1)


def test_backfills_at_work_take_nothing_of_the_quota_from_fresh_rows() -> None:
    admission = admit([_backfill()] * 2, _config(3, 4), claimed={}, room=1)
    assert (_free(admission), admission.room) == ((3, 1), 1), "how many fresh rows were chosen is known later"
    assert _free(admit([_backfill()] * 2, _config(3, 4), claimed={}, room=-2)) == (0, 0)


@pytest.mark.parametrize(("room", "free"), [(0, (0, 0)), (3, (3, 0)), (4, (3, 1)), (9, (3, 2)), (None, (3, 2))])
def test_of_what_may_be_spent_backfills_leave_what_the_free_slots_of_fresh_rows_may_need(
    room: int | None, free: tuple[int, int]
) -> None:
    assert _free(admit((), _config(3, 2), claimed={}, spending=SpendingVerdict(room=room))) == free


@pytest.mark.parametrize(("may_try", "free"), [(True, (1, 1)), (False, (0, 0))])
def test_a_fault_stops_both_lanes_but_for_one_row_to_try(may_try: bool, free: tuple[int, int]) -> None:
    fault = _pause(Reason.MODEL_UNAVAILABLE, "", may_try=may_try)
    admission = admit((), _config(3, 2), claimed={}, fault=fault)
    assert (_free(admission), admission.to_try, admission.claimable) == (free, may_try, int(may_try))


def test_who_drains_claims_no_backfill_either() -> None:
    fault = _pause(Reason.MODEL_UNAVAILABLE, "", may_try=True)
    admission = admit((), _config(3, 2), claimed={}, drained="It drains.", fault=fault)
    assert (_free(admission), admission.to_try, admission.fault) == ((0, 0), False, None)


@pytest.mark.parametrize(
    ("slots", "fit"),
    [((9, 9), [1, 2, 3, 4]), ((1, 1), [1, 3]), ((0, 9), [3, 4]), ((9, 0), [1, 2]), ((0, 0), [])],
)
def test_slots_that_were_taken_since_rows_were_chosen_are_counted_by_lane(
    slots: tuple[int, int], fit: list[int]
) -> None:
    chosen = [
        JobRow(job_id=UUID(int=number), metadata={"backfill": backfill})
        for number, backfill in ((1, False), (2, False), (3, True), (4, True))
    ]
    assert [row.job_id.int for row in admit((), _config(*slots), claimed={}).fitting(chosen)] == fit
    fault = _pause(Reason.MODEL_UNAVAILABLE, "", may_try=True)
    assert len(admit((), _config(*slots), claimed={}, fault=fault).fitting(chosen)) == min(1, len(fit))


def test_a_user_who_came_to_the_limit_since_rows_were_chosen_waits_and_others_do_not() -> None:
    other = USER.replace("1", "2")
    chosen = [
        JobRow(job_id=UUID(int=number), metadata={"user_id": user, "backfill": backfill})
        for number, user, backfill in ((1, USER, False), (2, other, False), (3, other, False), (4, USER, True))
    ]
    config = _config(9, 9).model_copy(update={"max_concurrent_per_user": 1})
    fit = admit([_videojob()], config, claimed={}).fitting(chosen)
    assert [row.job_id.int for row in fit] == [2, 4]


def test_each_chosen_row_takes_one_slot_of_its_lane_and_one_of_its_user() -> None:
    chosen = [JobRow(job_id=UUID(int=number), metadata={"user_id": USER}) for number in (1, 2, 3)]
    chosen.append(JobRow(job_id=UUID(int=4), metadata={"user_id": USER.replace("1", "2")}))
    config = _config(3).model_copy(update={"max_concurrent_per_user": 2})
    assert [row.job_id.int for row in admit((), config, claimed={}).fitting(chosen)] == [1, 2, 4]


def test_a_videojob_made_by_hand_counts_for_its_user_from_the_moment_it_claims_its_row() -> None:
    waiting = replace(_videojob(), claim=None)
    for claiming, of_user, free in ((set(), 0, 2), ({"vj-1"}, 1, 2), ({"vj-2"}, 0, 2)):
        admission = admit([waiting], _config(3), claimed={}, claiming=claiming)
        assert (_fresh(admission).active[USER], _fresh(admission).free) == (of_user, free)
