"""How many rows may be claimed, and what stops all claims: every rule of the admission."""

from typing import Any

import pytest

from runops.failures import Reason
from runops_operator.config import OperatorConfig
from runops_operator.intake.admission import Admission, admit
from runops_operator.manifests.observed import VideoJobView, parse_videojob
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.world import CONFIG

USER = "11111111-2222-4333-8444-555555555555"


def _config(slots: int) -> OperatorConfig:
    return CONFIG.model_copy(update={"max_concurrent": slots})


def _videojob(
    *,
    user: str | None = USER,
    suspend: bool = False,
    blocked_by: str | None = None,
    model: dict[str, str] | None = None,
    spec: Any = None,
) -> VideoJobView:
    conditions = []
    if blocked_by is not None:
        conditions = [
            {"type": "Blocked", "status": "True", "reason": blocked_by, "lastTransitionTime": "2026-01-01T00:00:00Z"}
        ]
    given: dict[str, Any] = {"jobId": "00000000-0000-4000-8000-000000000001", "userId": user, "suspend": suspend}
    if model is not None:
        given["model"] = model
    return parse_videojob(
        {
            "metadata": {"name": "vj-1", "uid": "u"},
            "spec": given if spec is None else spec,
            "status": {"conditions": conditions},
        }
    )


def _admit(*videojobs: VideoJobView, slots: int = 3, claimed: dict[str, int] | None = None) -> Admission:
    return admit(videojobs, _config(slots), claimed=claimed or {})


def test_each_unfinished_videojob_and_each_claimed_row_takes_a_slot() -> None:
    admission = _admit(_videojob(), claimed={USER: 1})
    assert (admission.slots, dict(admission.active), admission.full) == (1, {USER: 2}, False)


def test_slots_wait_for_estimates_where_spending_leaves_no_room() -> None:
    verdicts = (SpendingVerdict(room=0), SpendingVerdict(room=1), SpendingVerdict())
    assert [admit([], _config(3), claimed={}, spending=one).for_estimates for one in verdicts] == [True, False, False]
    assert not admit([], _config(3), claimed={USER: 3}, spending=SpendingVerdict(room=0)).for_estimates, (
        "no slot is free"
    )


def test_a_cap_on_spending_stops_all_claims_and_says_why() -> None:
    spending = SpendingVerdict("Videos have cost 5 USD.", capped_users=frozenset({USER}))
    admission = admit([_videojob()], _config(3), claimed={}, spending=spending)
    assert (admission.slots, admission.full) == (0, False)
    assert (admission.paused, admission.why_paused) == (Reason.SPENDING_CAP_REACHED, "Videos have cost 5 USD.")


def test_a_user_at_the_cap_stops_nobody_else() -> None:
    spending = SpendingVerdict(capped_users=frozenset({USER}))
    admission = admit([], _config(3), claimed={}, spending=spending)
    assert (admission.slots, admission.paused) == (3, None)
    assert admission.spending is spending


@pytest.mark.parametrize(("room", "slots"), [(None, 3), (9, 3), (2, 2), (0, 0)])
def test_no_more_are_claimed_than_spending_has_room_for(room: int | None, slots: int) -> None:
    admission = admit([], _config(3), claimed={}, spending=SpendingVerdict(room=room))
    assert (admission.slots, admission.paused, admission.for_quota) == (slots, None, False)


def test_a_key_that_blocks_is_named_before_a_cap() -> None:
    blocked = _videojob(blocked_by="ModelKeyRejected")
    admission = admit([blocked], _config(3), claimed={}, spending=SpendingVerdict("Videos have cost 5 USD."))
    assert (admission.paused, admission.why_paused) == (Reason.MODEL_KEY_REJECTED, None)


def test_a_suspended_videojob_takes_no_slot() -> None:
    assert _admit(_videojob(suspend=True)).slots == 3


@pytest.mark.parametrize("first", [_videojob(), _videojob(suspend=True), _videojob(blocked_by="NotAReason")])
def test_no_videojob_hides_those_behind_it(first: VideoJobView) -> None:
    alone = _admit(first).active.total()
    admission = _admit(first, _videojob(blocked_by=Reason.KEY_REJECTED), _videojob())
    assert (admission.paused, admission.active.total()) == (Reason.KEY_REJECTED, alone + 2)


def test_a_videojob_with_a_malformed_spec_takes_a_slot_of_no_user() -> None:
    admission = _admit(_videojob(spec={"jobId": 5}))
    assert (admission.slots, dict(admission.active)) == (2, {"": 1})


def test_a_videojob_without_a_user_counts_for_nobody() -> None:
    assert dict(_admit(_videojob(user=None)).active) == {"": 1}


@pytest.mark.parametrize(("videojobs", "slots"), [(2, 1), (3, 0), (5, 0)])
def test_slots_never_go_below_none(videojobs: int, slots: int) -> None:
    admission = _admit(*[_videojob()] * videojobs)
    assert (admission.slots, admission.full) == (slots, slots == 0)


@pytest.mark.parametrize(
    ("reason", "model", "paused"),
    [
        pytest.param(Reason.KEY_REJECTED, None, Reason.KEY_REJECTED, id="a key blocks every video"),
        pytest.param(
            Reason.KEY_REJECTED,
            {"transcribe": "other", "sop": "other"},
            Reason.KEY_REJECTED,
            id="a key blocks videos of other models too",
        ),
        pytest.param(Reason.QUOTA_EXCEEDED, None, Reason.QUOTA_EXCEEDED, id="a quota of our models"),
        pytest.param(
            Reason.QUOTA_EXCEEDED,
            {"transcribe": "other", "sop": CONFIG.models.sop},
            Reason.QUOTA_EXCEEDED,
            id="a quota of one of our models",
        ),
        pytest.param(Reason.QUOTA_EXCEEDED, {"transcribe": "other", "sop": "other"}, None, id="other models' quota"),
        pytest.param("ReasonOfANewerVersion", None, None, id="an unknown reason"),
    ],
)
def test_a_blocked_video_stops_all_claims(reason: str, model: dict[str, str] | None, paused: Reason | None) -> None:
    admission = _admit(_videojob(blocked_by=reason, model=model))
    assert admission.paused == paused
    assert admission.slots == (2 if paused is None else 0)
    assert not admission.full


def test_a_quota_that_blocks_a_malformed_videojob_stops_nothing() -> None:
    assert _admit(_videojob(blocked_by=Reason.QUOTA_EXCEEDED, spec={"jobId": 5})).paused is None


def test_a_suspended_videojob_that_is_blocked_stops_nothing() -> None:
    assert _admit(_videojob(suspend=True, blocked_by=Reason.KEY_REJECTED)).paused is None


def test_a_blocked_video_stops_claims_also_when_others_are_not_blocked() -> None:
    assert _admit(_videojob(blocked_by=Reason.KEY_REJECTED), _videojob()).paused is Reason.KEY_REJECTED


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
    assert (admission.slots, admission.for_quota, admission.full) == (slots, for_quota, slots == 0)


def test_a_pause_has_its_own_reason_whatever_the_quota_per_minute_feeds() -> None:
    blocked = _videojob(blocked_by="ModelKeyRejected")
    admission = admit((blocked,), _config(3), claimed={}, room=0)
    assert (admission.paused, admission.for_quota) == (Reason.MODEL_KEY_REJECTED, False)
