"""Rows and claims: who holds a row, what the next claim is, and whom a row belongs to."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from runops.failures import Failed, FailureClass, Reason
from runops.job_row import (
    LONGEST_UUID,
    TIME_LEFT_KEY,
    Claim,
    ClaimedRow,
    JobRow,
    begins_with_sop,
    metadata_of_queued,
    metadata_saying,
    metadata_to_claim,
    new_token,
    stamped_metadata,
    successor,
    user_of,
    without_time_left,
)
from runops.retry_policy import History

ID = UUID(int=1)
TOKEN = "6b1f8a0e-0000-4000-8000-000000000001"
USER = UUID(int=7)


def row(metadata: Any, status: str = "processing") -> JobRow:
    return JobRow(job_id=ID, status=status, metadata=metadata)


def held(claim: str = TOKEN, status: str = "processing") -> JobRow:
    return row({"runops": {"claim": claim, "by": "ours"}}, status)


@pytest.mark.parametrize(
    ("claim", "status", "token", "is_held", "was_held"),
    [
        pytest.param(TOKEN, "processing", TOKEN, True, True, id="the claim itself"),
        pytest.param(f"{TOKEN}/pod", "processing", TOKEN, True, True, id="a token without a pod matches any pod"),
        pytest.param(f"{TOKEN}/pod", "processing", f"{TOKEN}/pod", True, True, id="the bound pod"),
        pytest.param(f"{TOKEN}/pod", "processing", f"{TOKEN}/other", False, False, id="another pod"),
        pytest.param(TOKEN, "processing", f"{TOKEN}/pod", False, False, id="a pod that is not bound"),
        pytest.param(TOKEN, "processing", TOKEN[:-1], False, False, id="the beginning of a token"),
        pytest.param(TOKEN, "completed", TOKEN, False, True, id="a completed row"),
        pytest.param(TOKEN, "queued", TOKEN, False, True, id="a row that was queued again"),
    ],
)
def test_who_holds_a_row(claim: str, status: str, token: str, is_held: bool, was_held: bool) -> None:
    one = held(claim, status)
    assert (one.is_held_by(token), one.was_held_by(token)) == (is_held, was_held)


@pytest.mark.parametrize(
    ("updated_at", "untouched"),
    [
        ("2026-01-02T03:03:59.999999+00:00", True),
        ("2026-01-02T04:03:59+01:00", True),
        ("2026-01-02T03:04:00+00:00", False),
        ("2026-01-02T03:04:01+00:00", False),
        ("2026-01-02T03:03:59", False),
        ("yesterday", False),
        ("", False),
        (None, False),
    ],
)
def test_a_row_is_untouched_if_its_own_time_is_earlier_and_has_a_zone(updated_at: str | None, untouched: bool) -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert JobRow(job_id=ID, updated_at=updated_at).untouched_since(at) is untouched


@pytest.mark.parametrize(
    ("metadata", "left"),
    [
        ({"user_id": "ann", TIME_LEFT_KEY: {"seconds": 5}}, {"user_id": "ann"}),
        ({TIME_LEFT_KEY: None}, {}),
        ({"user_id": "ann"}, {"user_id": "ann"}),
        ({}, {}),
        ([TIME_LEFT_KEY], [TIME_LEFT_KEY]),
        (TIME_LEFT_KEY, TIME_LEFT_KEY),
        (None, None),
    ],
)
def test_what_is_said_of_the_expected_end_goes_and_everything_else_stays(metadata: Any, left: Any) -> None:
    assert without_time_left(metadata) == left


@pytest.mark.parametrize("metadata", [None, [], "text", {}, {"runops": None}, {"runops": {"claim": TOKEN}}])
def test_a_row_without_a_readable_claim_is_held_by_nobody(metadata: Any) -> None:
    assert row(metadata).claim is None
    assert not row(metadata).was_held_by(TOKEN)


@pytest.mark.parametrize(
    "claim", ["", "a/b/c", "a b", "100%", "a/", "/b", "a" * 65, "a/" + "b" * 65, f"{TOKEN}\n", None]
)
def test_a_token_that_could_act_as_a_pattern_is_no_claim(claim: Any) -> None:
    assert row({"runops": {"claim": claim, "by": "ours"}}).claim is None


@pytest.mark.parametrize("by", ["", "x" * 301, None])
def test_a_claim_names_an_installation(by: Any) -> None:
    with pytest.raises(ValidationError):
        Claim.model_validate({"claim": TOKEN, "by": by})


@pytest.mark.parametrize("claim", ["a", "a" * 64, "a" * 64 + "/" + "b" * 64])
def test_a_token_may_be_so_long(claim: str) -> None:
    assert Claim(claim=claim, by="x" * 300).claim == claim


def test_a_malformed_field_of_a_claim_counts_as_absent() -> None:
    odd = {"claim": TOKEN, "by": "ours", "attempt": 0, "failures": -1, "waits": "many", "more_memory": None}
    odd |= {"not_before": "yesterday", "reason": "ReasonOfANewerVersion", "of_a_newer_version": 1}
    claim = row({"runops": odd}).claim
    assert claim == Claim(claim=TOKEN, by="ours")
    assert claim is not None
    assert claim.attempt == 1


def test_a_token_is_bound_to_one_pod() -> None:
    claim = Claim(claim=TOKEN, by="ours")
    assert not claim.bound
    bound = claim.model_copy(update={"claim": claim.bound_to("pod-1")})
    assert (bound.claim, bound.token, bound.bound) == (f"{TOKEN}/pod-1", TOKEN, True)
    assert bound.bound_to("pod-2") == f"{TOKEN}/pod-2", "it replaces the former pod"
    assert ClaimedRow(job_id=ID, claim=bound.claim).token == TOKEN


def test_the_next_claim_follows_from_the_token_and_the_attempt_that_ended() -> None:
    claim = Claim(claim=f"{TOKEN}/pod-1", by="ours", attempt=3)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    history = History(failures=1, waits={FailureClass.QUOTA: 2}, more_memory=True)
    after = claim.after("job-uid", history, not_before=at, reason=Reason.CLAIM_LOST)
    assert after.claim == claim.token_after("job-uid") == successor(TOKEN, "job-uid")
    assert after.claim != successor(TOKEN, "another-job")
    assert after.claim != successor("another-token", "job-uid")
    assert after.history == history
    assert (after.by, after.attempt, after.not_before, after.reason) == ("ours", 3, at, Reason.CLAIM_LOST)
    assert not after.bound


def test_a_successor_stays_the_same_for_all_versions() -> None:
    assert successor(TOKEN, "job-uid") == "46d0aa54-7285-5a42-b645-0de575643d28"


def test_a_stamp_says_only_what_is_not_the_default() -> None:
    assert Claim(claim=TOKEN, by="ours").stamp() == {"claim": TOKEN, "by": "ours", "attempt": 1}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    full = Claim(claim=TOKEN, by="ours", attempt=2, failures=1, not_before=at, reason=Reason.CLAIM_LOST)
    assert full.stamp() == {
        "claim": TOKEN,
        "by": "ours",
        "attempt": 2,
        "failures": 1,
        "not_before": "2026-01-01T00:00:00Z",
        "reason": "ClaimLost",
    }
    assert row({"runops": full.stamp()}).claim == full


@pytest.mark.parametrize(
    ("metadata", "stamped"),
    [
        (None, {}),
        ({}, {}),
        ({"user_id": "u", "runops": {"claim": "old", "x": 1}}, {"user_id": "u"}),
        ([1], {"not_an_object": [1]}),
        ("text", {"not_an_object": "text"}),
    ],
)
def test_a_stamp_keeps_all_other_metadata(metadata: Any, stamped: dict[str, Any]) -> None:
    claim = Claim(claim=TOKEN, by="ours")
    assert stamped_metadata(metadata, claim) == {**stamped, "runops": claim.stamp()}


STAMP = {"claim": "old", "by": "ours", "attempt": 3, "from": "sop"}


@pytest.mark.parametrize(
    ("status", "stamp", "begins"),
    [
        pytest.param("queued", {"from": "sop"}, True, id="an order for this run"),
        pytest.param("queued", STAMP, False, id="a row that an app queued again, with the claim of an earlier run"),
        pytest.param("completed", STAMP, False, id="a completed row that is run again by a VideoJob made by hand"),
        pytest.param("processing", STAMP, True, id="a row that is taken over"),
        pytest.param("queued", {"from": "transcript"}, False, id="a stage of another version"),
        pytest.param("queued", "sop", False, id="no object"),
    ],
)
def test_only_an_order_for_this_run_begins_with_the_sop(status: str, stamp: Any, *, begins: bool) -> None:
    claimed = stamped_metadata(metadata_to_claim(row({"a": 1, "runops": stamp}, status)), Claim(claim=TOKEN, by="ours"))
    assert begins_with_sop(claimed) is begins
    assert (claimed["a"], claimed["runops"]["claim"]) == (1, TOKEN)


@pytest.mark.parametrize("written", [None, {}, {"user_id": "u"}, {"runops": None}, "text"])
def test_a_claim_that_is_written_again_still_begins_with_the_sop(written: Any) -> None:
    """An app wrote over all of the metadata: only the token is left of the claim, in the VideoJob and in the worker."""
    token = new_token(row({"runops": {"from": "sop"}}, "queued"))
    assert Claim(claim=token, by="ours").token == token
    for one in (token, successor(token, "job-uid"), successor(successor(token, "a"), "b"), f"{token}/pod-1"):
        assert begins_with_sop(stamped_metadata(written, Claim(claim=one, by="ours")))
    other = new_token(row({"runops": STAMP}, "queued"))
    assert UUID(other).version == 4
    assert not begins_with_sop(stamped_metadata(written, Claim(claim=successor(other, "a"), by="ours")))
    assert new_token(row({"runops": STAMP}, "processing")).startswith("sop-")


@pytest.mark.parametrize("metadata", [None, {}, {"a": 1}, {"a": 1, "runops": STAMP}, "text", [1]])
def test_a_queued_row_says_whether_it_begins_with_the_sop_and_nothing_of_former_claims(metadata: Any) -> None:
    ordered = metadata_of_queued(metadata, only_sop=True)
    assert ordered["runops"] == {"from": "sop"}
    kept = {key: value for key, value in ordered.items() if key != "runops"}
    assert metadata_of_queued(metadata, only_sop=False) == kept
    assert kept == ({"not_an_object": metadata} if isinstance(metadata, str | list) else {"a": 1} if metadata else {})


def test_another_token_keeps_everything_else() -> None:
    metadata = {"user_id": "u", "runops": {"claim": "old", "by": "ours", "of_a_newer_version": [1]}}
    assert metadata_saying(metadata, {"claim": "new"}) == {
        "user_id": "u",
        "runops": {"claim": "new", "by": "ours", "of_a_newer_version": [1]},
    }
    assert metadata["runops"]["claim"] == "old"  # type: ignore[index]


def test_notes_keep_everything_else_and_replace_earlier_ones() -> None:
    metadata = {
        "user_id": "u",
        "runops": {"claim": TOKEN, "by": "ours", "of_a_newer_version": [1], "notes": [{"a": 1}]},
    }
    assert metadata_saying(metadata, {"notes": [{"b": 2}]}) == {
        "user_id": "u",
        "runops": {"claim": TOKEN, "by": "ours", "of_a_newer_version": [1], "notes": [{"b": 2}]},
    }


@pytest.mark.parametrize(
    ("priority", "counts"),
    [(0, 0), (5, 5), (-100, -100), (100, 100), (101, 0), (-101, 0), (True, 0), ("5", 0), (1.5, 0), (None, 0)],
)
def test_a_priority_is_a_whole_number_from_minus_to_plus_a_hundred(priority: Any, counts: int) -> None:
    assert row({"priority": priority}).priority == counts


@pytest.mark.parametrize("metadata", [None, [], "text", {}])
def test_metadata_without_a_priority_has_none(metadata: Any) -> None:
    assert row(metadata).priority == 0


MADE, LATER = "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(
    ("status", "created_at", "updated_at", "since"),
    [
        pytest.param("queued", MADE, None, MADE, id="never touched"),
        pytest.param("queued", MADE, MADE, MADE, id="inserted"),
        pytest.param("queued", MADE, LATER, LATER, id="queued again"),
        pytest.param("queued", LATER, MADE, LATER, id="touched before it was made"),
        pytest.param("processing", MADE, LATER, MADE, id="not queued"),
        pytest.param("queued", None, LATER, None, id="no time of creation"),
        pytest.param("queued", MADE, "soon", MADE, id="a time that cannot be read"),
        pytest.param("queued", MADE, "2026-01-02T00:00:00", MADE, id="a time without a zone"),
    ],
)
def test_since_when_a_row_waits(status: str, created_at: str | None, updated_at: str | None, since: str | None) -> None:
    waiting = JobRow(job_id=ID, status=status, created_at=created_at, updated_at=updated_at)
    assert waiting.waiting_since == since


@pytest.mark.parametrize("metadata", [None, {}, {"user_id": None}])
def test_a_row_may_name_no_user(metadata: Any) -> None:
    assert user_of(row(metadata)) is None


@pytest.mark.parametrize("text", [str(USER), USER.hex, f"{{{USER}}}", f"urn:uuid:{USER}", str(USER).upper()])
def test_a_user_is_a_uuid_in_any_spelling(text: str) -> None:
    assert user_of(row({"user_id": text})) == USER


def test_a_spelling_has_a_longest_length() -> None:
    longest = "urn:uuid:{" + str(USER) + "}"
    assert len(longest) == LONGEST_UUID == 47
    assert user_of(row({"user_id": longest})) == USER
    with pytest.raises(Failed):
        user_of(row({"user_id": longest + "-"}))
    # Python would take these, with any number of hyphens.
    assert user_of(row({"user_id": str(USER) + "-" * 11})) == USER
    with pytest.raises(Failed):
        user_of(row({"user_id": str(USER) + "-" * 12}))


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("ann", "'ann'"),
        ("", "''"),
        ("x" * 100, "'" + "x" * 59),
        ("x" * 60 + "'", "'" + "x" * 59),  # what is cut off does not decide the quotes either
        (5, "a number"),
        (1.5, "a number"),
        (True, "true or false"),
        ({"a": 1}, "an object"),
        ([1], "a list"),
    ],
)
def test_a_malformed_user_is_an_error_that_shows_it(user: Any, shown: str) -> None:
    with pytest.raises(Failed) as caught:
        user_of(row({"user_id": user}))
    assert caught.value.reason is Reason.INVALID_USER
    assert caught.value.detail.startswith(f"metadata.user_id of the row is {shown}, which is not a UUID. ")


@pytest.mark.parametrize("metadata", [[], "text", '{"user_id": "u"}', 5, {"not_an_object": [1]}])
def test_metadata_that_may_hide_a_user_is_an_error(metadata: Any) -> None:
    with pytest.raises(Failed) as caught:
        user_of(row(metadata))
    assert caught.value.reason is Reason.INVALID_USER
    assert caught.value.detail.startswith("metadata of the row is not a JSON object")
