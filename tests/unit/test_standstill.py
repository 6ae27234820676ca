"""Why no rows are claimed: what the pod's condition says, and what is read from it again."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE, Reason
from runops.standstill import CONDITION, Standstill, Told, next_try, told_by

AT = datetime(2026, 11, 24, 12, 0, 5, 900_000, tzinfo=UTC)
REMEDY = TABLE[Reason.MODEL_NOT_IN_PLAN].remedy


def condition(**changes: Any) -> dict[str, Any]:
    given = {"type": CONDITION, "status": "False", "reason": "ModelNotInPlan", "message": f"Words. {REMEDY} Since 1."}
    return given | changes


def test_the_message_has_sentence_since_and_outlook() -> None:
    still = Standstill("ModelNotInPlan", "Words.", AT.astimezone(timezone(timedelta(hours=2))), "It is tried at 2.")
    assert still.message == "Words. No rows are claimed since 2026-11-24T12:00:05Z. It is tried at 2."
    assert Standstill("conflict", "Words.", AT).message == "Words. No rows are claimed since 2026-11-24T12:00:05Z."


@pytest.mark.parametrize(("reason", "shown"), [("conflict", "Conflict"), ("KeyRejected", "KeyRejected"), ("", "")])
def test_a_condition_has_its_reason_in_camel_case(reason: str, shown: str) -> None:
    assert Standstill(reason, "Words.", AT).condition_reason == shown


def test_the_outlook_is_the_time_of_the_next_try_or_that_one_is_under_way() -> None:
    pause = Pause(Reason.MODEL_UNAVAILABLE, "", may_try=False, since=AT, next_try=AT + timedelta(seconds=20))
    assert next_try(pause) == "The next video tries at 2026-11-24T12:00:25Z whether it is over."
    under_way = Pause(Reason.MODEL_UNAVAILABLE, "", may_try=False, since=AT, next_try=None)
    assert next_try(under_way) == "One video tries now whether it is over."


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([], None),
        ([condition(type="Ready")], None),
        ([condition(status="True")], None),
        ([condition(status="Unknown")], None),
        ([condition(type="Ready"), condition()], Told("ModelNotInPlan", "Words. Since 1.", REMEDY)),
        ([condition(message="Other words.")], Told("ModelNotInPlan", "Other words.", None)),
        ([condition(reason="ClusterUnavailable")], Told("ClusterUnavailable", f"Words. {REMEDY} Since 1.", None)),
        ([{"type": CONDITION, "status": "False"}], Told("None", "None", None)),
    ],
)
def test_what_conditions_tell(conditions: list[dict[str, Any]], told: Told | None) -> None:
    assert told_by(conditions) == told


@given(reason=st.sampled_from(Reason), words=st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=50))
def test_what_is_told_of_a_failure_comes_back_without_its_remedy_beside_it(reason: Reason, words: str) -> None:
    said = f"Gemini says: {words}."
    still = Standstill(reason, TABLE[reason].with_remedy(said), AT)
    told = told_by([condition(reason=still.condition_reason, message=still.message)])
    assert told is not None
    assert (told.reason, told.remedy) == (reason, TABLE[reason].remedy)
    assert told.detail == " ".join(f"{said} No rows are claimed since 2026-11-24T12:00:05Z.".split())


@pytest.mark.parametrize("reason", Reason)
def test_a_remedy_is_told_once(reason: Reason) -> None:
    failure = TABLE[reason]
    assert failure.with_remedy() == f"{failure.sentence} {failure.remedy}"
    told = failure.with_remedy("Words.")
    assert told == f"Words. {failure.remedy}"
    assert failure.with_remedy(told) == told
