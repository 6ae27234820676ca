"""What an error of the Gemini API means, and how long the worker waits for it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import Reason
from runops.pacing.refusal import Counted, MinuteQuota, Refusal
from runops_worker.gemini.judge_error import (
    LONGEST_WAIT_SECONDS,
    Action,
    ApiError,
    CallFailed,
    Verdict,
    judge,
    retry_delay,
)
from runops_worker.gemini.retry import MODEL_RETRIES, CallRetries

RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "53.25s"}


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


@pytest.mark.parametrize(
    ("trouble", "action", "reason"),
    [
        (ApiError(400, message="Unknown name"), Action.FAIL, Reason.MODEL_REFUSED_REQUEST),
        (ApiError(400, details=({"reason": "API_KEY_INVALID"},)), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (ApiError(400, message="The File x is not in an ACTIVE state"), Action.RETRY, Reason.MODEL_FILE_REJECTED),
        (ApiError(400, message="The input token count (9) exceeds"), Action.TOO_LARGE, Reason.MODEL_REFUSED_REQUEST),
        (ApiError(401), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (
            ApiError(403, message="no permission to access the File abc"),
            Action.UPLOAD_AGAIN,
            Reason.MODEL_FILE_REJECTED,
        ),
        (ApiError(403, message="no permission"), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (ApiError(404), Action.FAIL, Reason.MODEL_NOT_FOUND),
        (ApiError(408), Action.RETRY, Reason.MODEL_TIMEOUT),
        (ApiError(413), Action.TOO_LARGE, Reason.MODEL_REFUSED_REQUEST),
        (ApiError(418), Action.FAIL, Reason.MODEL_REFUSED_REQUEST),
        (ApiError(400, message="The schema is too complex"), Action.DROP_SCHEMA, Reason.MODEL_REFUSED_REQUEST),
        (
            ApiError(400, message="a constraint that has too many states"),
            Action.DROP_SCHEMA,
            Reason.MODEL_REFUSED_REQUEST,
        ),
        (ApiError(429), Action.RETRY, Reason.QUOTA_EXCEEDED),
        (ApiError(429, details=(RETRY_INFO,)), Action.RETRY, Reason.QUOTA_EXCEEDED),
        (ApiError(429, message="Please retry in 120s."), Action.RETRY, Reason.QUOTA_EXCEEDED),
        (ApiError(429, message="Please retry in 121s."), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (ApiError(429, details=(quota("RequestsPerDay"),)), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (ApiError(429, message="Please retry in 19.5s."), Action.RETRY, Reason.QUOTA_EXCEEDED),
        (ApiError(429, details=(quota("RequestsPerDay"), RETRY_INFO)), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (ApiError(429, message="Please retry in 700.5s."), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (ApiError(500), Action.RETRY, Reason.MODEL_UNAVAILABLE),
        (ApiError(503), Action.RETRY, Reason.MODEL_UNAVAILABLE),
        (ApiError(503, details=(RETRY_INFO,)), Action.RETRY, Reason.MODEL_UNAVAILABLE),
        (ApiError(503, message="Please retry in 121s."), Action.FAIL, Reason.MODEL_UNAVAILABLE),
        (ApiError(504), Action.RETRY, Reason.MODEL_TIMEOUT),
        (ApiError(599), Action.RETRY, Reason.MODEL_UNAVAILABLE),
    ],
)
def test_each_error_of_the_api_has_its_verdict(trouble: ApiError, action: Action, reason: Reason) -> None:
    verdict = judge(trouble, model="m")
    assert (verdict.action, verdict.reason) == (action, reason)
    assert verdict.text.endswith((".", ")")) or trouble.message in verdict.text


LIMIT_ZERO = (
    "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\n"
    "Please retry in 20.4s."
)
DEPLETED = "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing."
NO_FREE_TIER = "Gemini 2.5 Pro Preview doesn't have a free quota tier. Please use another model."


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429, message=LIMIT_ZERO, details=(quota("GenerateRequestsPerDay"), RETRY_INFO)),
        ApiError(429, message=DEPLETED),
        ApiError(429, message=NO_FREE_TIER, details=(RETRY_INFO,)),
        ApiError(429, details=({"violations": [{"quotaId": "GenerateRequestsPerMinute", "quotaValue": "0"}]},)),
        ApiError(400, "FAILED_PRECONDITION", "The free tier is not available. Please enable billing on your project."),
    ],
    ids=["limit-0", "credits", "no-free-tier", "value-0", "billing"],
)
def test_a_plan_that_allows_nothing_is_a_setting_and_told_in_the_words_of_the_api(error: ApiError) -> None:
    verdict = judge(error, model="m")
    assert (verdict.action, verdict.reason, verdict.refusal) == (Action.FAIL, Reason.MODEL_NOT_IN_PLAN, None)
    assert " ".join(error.message.split())[:200] in verdict.text


@pytest.mark.parametrize("limit", ["10", "1", "250000"])
def test_a_quota_that_allows_something_is_waited_for(limit: str) -> None:
    error = ApiError(429, message=LIMIT_ZERO.replace("limit: 0", f"limit: {limit}"), details=(RETRY_INFO,))
    assert judge(error, model="m").reason is Reason.QUOTA_EXCEEDED


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429, "RESOURCE_EXHAUSTED", "No capacity available for model on the server"),
        ApiError(429, "RESOURCE_EXHAUSTED", "Busy.", ({"reason": "MODEL_CAPACITY_EXHAUSTED"}, RETRY_INFO)),
    ],
)
def test_servers_without_room_are_no_quota(error: ApiError) -> None:
    verdict = judge(error, model="m")
    assert (verdict.action, verdict.reason, verdict.refusal) == (Action.RETRY, Reason.MODEL_UNAVAILABLE, None)
    assert verdict.of_model
    assert error.message in verdict.text


def test_a_region_that_is_not_served_is_a_setting() -> None:
    error = ApiError(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
    verdict = judge(error, model="m")
    assert (verdict.action, verdict.reason) == (Action.FAIL, Reason.MODEL_REGION_REFUSED)
    assert error.message in verdict.text


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("SERVICE_DISABLED", "Generative Language API has not been used in project 7 before or it is disabled."),
        ("API_KEY_HTTP_REFERRER_BLOCKED", 'Requests from referer "empty" are blocked.'),
        ("API_KEY_SERVICE_BLOCKED", "Requests to this API method are blocked."),
    ],
)
def test_why_a_key_is_rejected_is_told_in_the_words_of_the_api(reason: str, said: str) -> None:
    verdict = judge(ApiError(403, "PERMISSION_DENIED", said, ({"reason": reason},)), model="m")
    assert verdict.reason is Reason.MODEL_KEY_REJECTED
    assert reason in verdict.text
    assert said in verdict.text


def test_a_key_that_the_message_repeats_is_not_told() -> None:
    said = "Permission denied: Consumer 'api_key:AQ.notAKeyOfAKnownForm123' has been suspended."
    text = judge(ApiError(403, "PERMISSION_DENIED", said, ({"reason": "CONSUMER_SUSPENDED"},)), model="m").text
    assert "notAKey" not in text
    assert "has been suspended" in text


@pytest.mark.parametrize("details", [({"violations": None},), ({"violations": [None, "x", 5]},), ({"reason": None},)])
def test_details_of_any_form_are_read(details: tuple[dict[str, Any], ...]) -> None:
    assert judge(ApiError(429, details=details), model="m").reason is Reason.QUOTA_EXCEEDED


def test_a_page_of_something_on_the_way_is_not_told_as_words() -> None:
    assert judge(ApiError(502, message="<html>Bad gateway</html>"), model="m").text == (
        "The model could not be reached. (HTTP 502, m)"
    )
    assert "The model is overloaded." in judge(ApiError(503, message="The model is overloaded."), model="m").text


def test_the_wait_is_read_from_the_details_or_the_sentence() -> None:
    assert retry_delay(ApiError(429, details=(RETRY_INFO,))) == 53.25
    assert retry_delay(ApiError(429, message="Please retry in 7.5s.")) == 7.5
    assert retry_delay(ApiError(429, details=({"@type": "x.RetryInfo", "retryDelay": "soon"},))) is None


def test_a_quota_per_minute_is_told_with_its_limits() -> None:
    details = (
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [
                {
                    "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                    "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                    "quotaDimensions": {"location": "global", "model": "m"},
                    "quotaValue": "20",
                }
            ],
        },
        RETRY_INFO,
    )

    verdict = judge(ApiError(429, details=details), model="m")

    assert verdict.refusal == Refusal("m", 53.25, (MinuteQuota(Counted.REQUESTS, 20),))


@pytest.mark.parametrize("trouble", [ApiError(429, details=(quota("RequestsPerDay"), RETRY_INFO)), ApiError(503)])
def test_other_refusals_steer_no_pace(trouble: ApiError) -> None:
    assert judge(trouble, model="m").refusal is None


async def waits(verdict: Verdict, retries: CallRetries | None = None) -> list[float]:
    """Return the waits between calls that all end with the same verdict."""
    noted: list[float] = []

    async def note(seconds: float) -> None:
        noted.append(seconds)

    async def fail() -> None:
        raise CallFailed(verdict)

    with pytest.raises(CallFailed):
        await replace(MODEL_RETRIES, sleep=note).run(fail, retries or CallRetries())
    return noted


@given(st.floats(0, LONGEST_WAIT_SECONDS))
async def test_a_wait_in_the_pod_is_as_long_as_the_api_asked_for(asked: float) -> None:
    noted = await waits(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, wait=asked))
    assert len(noted) == 4
    assert all(asked <= wait <= asked + 1 for wait in noted)


@given(st.sampled_from([503, 504]))
async def test_an_overloaded_model_is_asked_five_times_with_growing_waits(code: int) -> None:
    noted = await waits(judge(ApiError(code), model="m"))
    assert len(noted) == 4
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(noted, [8, 16, 32, 60], strict=True))


async def test_a_quota_without_a_wait_is_waited_for_twice_and_then_left_to_the_queue() -> None:
    noted = await waits(judge(ApiError(429), model="m"))
    assert [int(wait) for wait in noted] == [5, 10]


async def test_behind_a_gate_a_quota_per_minute_is_waited_for_there() -> None:
    noted = await waits(judge(ApiError(429, details=(RETRY_INFO,)), model="m"), CallRetries(paced=True))
    # One second at most is the jitter of every wait.
    assert len(noted) == 4
    assert all(wait <= 1 for wait in noted)


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.RETRY])
async def test_only_the_verdict_retry_makes_another_call(action: Action) -> None:
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        raise CallFailed(Verdict(action, Reason.MODEL_UNAVAILABLE))

    with pytest.raises(CallFailed):
        await MODEL_RETRIES.run(fail, CallRetries())
    assert calls == 1


@pytest.mark.parametrize("code", [404, 500, 503, 504])
def test_another_model_may_answer_where_the_model_itself_is_the_trouble(code: int) -> None:
    assert judge(ApiError(code, "ANY", "any"), model="m").of_model


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429),
        ApiError(429, details=(quota("GenerateRequestsPerDayPerProject"),)),
        ApiError(400, message="API key not valid", details=({"reason": "API_KEY_INVALID"},)),
        ApiError(400, message="too many tokens"),
        ApiError(401),
        ApiError(403),
        ApiError(403, message="no permission to access the File abc"),
        ApiError(408),
        ApiError(413),
        ApiError(502, "Bad Gateway", "<html>"),
    ],
    ids=lambda error: f"{error.code} {error.message[:20]}",
)
def test_no_other_model_helps_against_a_fault_of_the_key_the_quota_or_the_request(error: ApiError) -> None:
    assert not judge(error, model="m").of_model
