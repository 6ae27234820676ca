"""A VideoJob that somebody made by hand: when it may run its row, and when it is refused."""

import pytest

from runops.job_row import JobRow
from runops_operator.planning.actions import AdoptClaim, ClaimRow, PatchStatus, ReadRow, RequeueAfter
from runops_operator.planning.plan import plan
from tests.operator.planning.observations import (
    INSTALLATION,
    JOB_ID,
    NOW,
    OTHER_TOKEN,
    USER,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

BY_HAND = videojob(claim=None, version=5)
BY_HAND_FOR_USER = videojob(claim=None, spec=spec(user_id=USER))


def test_the_row_is_read_first() -> None:
    assert plan(seen(BY_HAND), CONFIG, NOW) == [ReadRow()]


@pytest.mark.parametrize("status", ["queued", "completed", "error", "cancelled", None])
def test_a_row_that_nobody_works_on_is_claimed(status: str | None) -> None:
    found = row(status, claim=None)
    assert plan(seen(BY_HAND, row=found), CONFIG, NOW) == [ClaimRow(found)]


def test_a_row_of_the_same_user_is_claimed() -> None:
    found = row("completed", claim=None, user=USER)
    assert plan(seen(BY_HAND_FOR_USER, row=found), CONFIG, NOW) == [ClaimRow(found)]


def test_a_row_without_a_user_is_claimed_whatever_user_the_spec_names() -> None:
    found = row("completed", claim=None)
    assert plan(seen(BY_HAND_FOR_USER, row=found), CONFIG, NOW) == [ClaimRow(found)]


def test_a_row_that_this_installation_works_on_lends_its_token() -> None:
    found = row(claim=f"{OTHER_TOKEN}/pod-1", by=INSTALLATION)
    assert plan(seen(BY_HAND, row=found), CONFIG, NOW) == [AdoptClaim(OTHER_TOKEN, 5)]


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        pytest.param(None, "RowMissing", f"There is no row in jobs with job_id {JOB_ID}.", id="no row"),
        pytest.param(
            row("completed", claim=None, user=USER),
            "InvalidSpec",
            f"The row belongs to user {USER}; spec.userId must say so, or the SOP would be shown to others.",
            id="a user's row for everybody",
        ),
        pytest.param(
            row(by="other/installation"),
            "ClaimLost",
            "The row is being processed by other/installation; wait until it ends, or set it back to queued.",
            id="another installation's",
        ),
        pytest.param(
            row(by="x" * 120),
            "ClaimLost",
            f"The row is being processed by {'x' * 100}; wait until it ends, or set it back to queued.",
            id="a long name",
        ),
        pytest.param(
            row(claim=None),
            "ClaimLost",
            "The row is being processed by a consumer that leaves no name; "
            "wait until it ends, or set it back to queued.",
            id="an old worker's",
        ),
    ],
)
def test_a_row_that_must_not_run_is_refused(found: JobRow | None, reason: str, words: str) -> None:
    (patch,) = plan(seen(BY_HAND, row=found), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == (reason, words)
    assert patch.status["phase"] == "Failed"


def test_another_users_row_is_refused() -> None:
    other = videojob(claim=None, spec=spec(user_id="22222222-2222-4333-8444-555555555555"))
    (patch,) = plan(seen(other, row=row("completed", claim=None, user=USER)), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "InvalidSpec"


def test_a_row_with_a_malformed_user_is_refused() -> None:
    (patch,) = plan(seen(BY_HAND, row=row("completed", claim=None, user="me")), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "InvalidUser"
    assert "'me'" in patch.status["message"]


def test_without_a_free_slot_the_row_is_not_claimed_and_the_wait_is_told() -> None:
    assert plan(seen(BY_HAND, slot_free=False), CONFIG, NOW) == [ReadRow()]
    refused = plan(seen(BY_HAND, row=None, slot_free=False), CONFIG, NOW)
    assert [type(action) for action in refused] == [PatchStatus], "what cannot run needs no slot"
    patch, requeue = plan(seen(BY_HAND, row=row("completed"), slot_free=False), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "NoSlot"
    assert "maxConcurrent" in patch.status["message"]
    assert requeue == RequeueAfter(15.0)
