"""What `runops check` says while the operator claims nothing: by the condition of its pod, in the API's own words.

The words are Gemini's, as people have met them: judged by the worker, kept by the operator's breakers, shown in its
pod, and read by the command.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import Result

from runops.failures import TABLE, Reason
from runops.standstill import CONDITION
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_cli.checks.claims import claims_finding
from runops_cli.cluster.releases import Installed
from runops_operator.breakers.breakers import Breakers
from runops_operator.intake.admission import admit
from runops_operator.intake.claiming_condition import ClaimingCondition
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.kubernetes_api.cluster import Manifest
from runops_operator.observability.metrics import Metrics
from runops_worker.gemini.judge_error import ApiError, judge
from tests.operator.world import CONFIG
from tests.simulation.cluster import START

Runops = Callable[..., Result]
RELEASE = Installed("runops", {}, "lease")
LIMIT_0 = ApiError(
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\n"
    "Please retry in 20.4s.",
    ({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20s"},),
)
DEPLETED = ApiError(
    429,
    "RESOURCE_EXHAUSTED",
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project "
    "and billing.",
)
DISABLED = ApiError(
    403,
    "PERMISSION_DENIED",
    "Generative Language API has not been used in project 411082643095 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview?project=411082643095 "
    "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
    "retry.",
    ({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"},),
)
OVERLOADED = ApiError(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


class Operator:
    """Breakers, the intake's status and the condition of the pod, as the operator puts them together."""

    def __init__(self) -> None:
        self.now = START
        self.breakers = Breakers(CONFIG, lambda: self.now)
        self.status = IntakeStatus(Metrics(), lambda: self.now)
        self.condition: Mapping[str, Any] = {}
        self.events: list[Mapping[str, Any]] = []
        self._shows = ClaimingCondition(self, pod="pod-1", namespace="ns", now=lambda: self.now)

    async def patch_pod_condition(self, _pod: str, condition: Mapping[str, Any]) -> Manifest:
        self.condition = condition
        return {"metadata": {"name": "pod-1", "uid": "uid-1"}}

    async def create_event(self, manifest: Mapping[str, Any]) -> None:
        self.events.append(manifest)

    def videos_meet(self, error: ApiError) -> None:
        verdict = judge(error, model="gemini-2.5-pro")
        for video in ("vj-1", "vj-2"):
            self.breakers.failed(video, verdict.reason, met_in=None, words=verdict.text)

    async def look(self, seconds: float = 0, *, drained: str | None = None) -> None:
        """Let time pass, then read the table as the intake does, and show the result in the pod."""
        self.now += timedelta(seconds=seconds)
        admission = admit([], CONFIG, claimed={}, fault=self.breakers.pause(), drained=drained)
        if admission.paused is None:
            self.status.resume()
        else:
            self.status.pause_for_failure(admission.paused, why=admission.why_paused, fault=admission.fault)
        await self._shows.show(self.status.standstill)

    def check(self) -> tuple[str, str | None]:
        """Return what `runops check` finds, and the remedy."""
        finding = claims_finding(RELEASE, [{"status": {"conditions": [{"type": "Ready"}, self.condition]}}], "")
        state = "warning" if finding.warns else "ok" if finding.ok else "problem"
        return f"{state} {finding.name}: {finding.detail}", finding.remedy


@pytest.mark.parametrize(
    ("error", "told", "remedy"),
    [
        pytest.param(
            LIMIT_0,
            "problem claims: ModelNotInPlan: The plan of the Gemini project allows no calls to gemini-2.5-pro. Gemini "
            "says: You exceeded your current quota, please check your plan and billing details. * Quota exceeded for "
            "metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: "
            "gemini-2.5-pro Please retry in 20.4s. No rows are claimed since 2026-11-24T12:00:00Z. The next video "
            "tries at 2026-11-24T12:00:12Z whether it is over.",
            TABLE[Reason.MODEL_NOT_IN_PLAN].remedy,
            id="limit 0",
        ),
        pytest.param(
            DEPLETED,
            "problem claims: ModelNotInPlan: The plan of the Gemini project allows no calls to gemini-2.5-pro. Gemini "
            "says: Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to "
            "manage your project and billing. No rows are claimed since 2026-11-24T12:00:00Z. The next video tries at "
            "2026-11-24T12:00:12Z whether it is over.",
            TABLE[Reason.MODEL_NOT_IN_PLAN].remedy,
            id="credits",
        ),
        pytest.param(
            DISABLED,
            "problem claims: ModelKeyRejected: Gemini rejected the key (HTTP 403, SERVICE_DISABLED). Gemini says: "
            "Generative Language API has not been used in project 411082643095 before or it is disabled. Enable it by "
            "visiting https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview"
            "?project=411082643095 then retry. If you enabled this API recently, wait a few minutes for the action to "
            "propagate to our systems and retry. No rows are claimed since 2026-11-24T12:00:00Z. The next video tries "
            "at 2026-11-24T12:00:12Z whether it is over.",
            "Do what Gemini says, or put a valid GOOGLE_GEMINI_API_KEY into the Secret or the environment.",
            id="disabled",
        ),
        pytest.param(
            OVERLOADED,
            "warning claims: ModelUnavailable: The model could not be reached. (HTTP 503, gemini-2.5-pro: The model is "
            "overloaded. Please try again later.) No rows are claimed since 2026-11-24T12:00:00Z. The next video tries "
            "at 2026-11-24T12:00:20Z whether it is over.",
            TABLE[Reason.MODEL_UNAVAILABLE].remedy,
            id="overloaded",
        ),
    ],
)
async def test_an_open_breaker_is_told_with_cause_remedy_since_and_next_try(
    error: ApiError, told: str, remedy: str
) -> None:
    operator = Operator()
    operator.videos_meet(error)
    await operator.look(12)
    assert operator.check() == (told, remedy)
    assert operator.condition["message"].count(remedy) == 1
    assert operator.condition["lastTransitionTime"] == "2026-11-24T12:00:00Z"
    assert [event["reason"] for event in operator.events] == [operator.condition["reason"]]


async def test_a_drain_is_told_with_who_ordered_it_and_how_to_end_it_also_while_a_breaker_is_open() -> None:
    operator = Operator()
    operator.videos_meet(OVERLOADED)
    for seconds in (0, 12):
        await operator.look(seconds, drained="Drained since 2026-11-24T12:00:00Z by ann: the database moves.")
    told = (
        "Drained since 2026-11-24T12:00:00Z by ann: the database moves. No rows are claimed since 2026-11-24T12:00:00Z."
    )
    assert operator.check() == (f"warning claims: Drained: {told}", TABLE[Reason.DRAINED].remedy)
    assert [event["reason"] for event in operator.events] == ["Drained"]


async def test_the_condition_follows_the_tries_and_is_cleared_when_the_breaker_closes() -> None:
    operator = Operator()
    operator.videos_meet(OVERLOADED)
    await operator.look(15)
    assert operator.check()[0].endswith("The next video tries at 2026-11-24T12:00:20Z whether it is over.")
    operator.now += timedelta(seconds=5)
    assert operator.breakers.begin("vj-1")
    await operator.look()
    assert operator.check()[0].endswith("One video tries now whether it is over.")
    operator.breakers.failed("vj-1", Reason.MODEL_UNAVAILABLE, met_in=None, words="HTTP 503.")
    await operator.look()
    assert operator.check()[0].endswith(
        "HTTP 503. No rows are claimed since 2026-11-24T12:00:00Z. The next video tries at 2026-11-24T12:01:00Z "
        "whether it is over."
    )
    operator.breakers.passed("vj-2", Reason.MODEL_UNAVAILABLE)
    await operator.look()
    assert operator.check() == ("ok claims: rows are claimed when a slot is free", None)
    assert [event["reason"] for event in operator.events] == ["ModelUnavailable", "ClaimsResumed"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SupabaseError(ErrorKind.CONFLICT, "Ever changing."), "Conflict"),
        (SupabaseError(ErrorKind.KEY_REJECTED, "No."), "KeyRejected"),
    ],
)
async def test_a_table_that_cannot_be_read_is_told_since_it_began(error: SupabaseError, reason: str) -> None:
    operator = Operator()
    for _ in range(3):
        operator.status.pause_for(error)
        operator.now += timedelta(seconds=10)
    await operator._shows.show(operator.status.standstill)
    assert operator.condition["reason"] == reason
    assert operator.condition["message"].endswith("No rows are claimed since 2026-11-24T12:00:00Z.")
    assert operator.check()[0].startswith("problem" if reason == "KeyRejected" else "warning")


def test_a_pod_without_the_condition_and_one_that_stands_by_say_nothing() -> None:
    stands_by: dict[str, Any] = {
        "status": {"conditions": [{"type": CONDITION, "status": "Unknown", "reason": "StandsBy"}]}
    }
    several: list[list[Mapping[str, Any]]] = [[], [{}], [stands_by]]
    for pods in several:
        finding = claims_finding(RELEASE, pods, " of runops")
        assert (finding.name, finding.ok, finding.warns) == ("claims of runops", True, False)
        assert finding.detail.startswith("not known: ")


@pytest.mark.parametrize("leads", [True, False], ids=["by the Lease", "by the labels"])
def test_the_pod_of_the_operator_is_found(
    runops: Runops,
    kubectl_answers: Callable[[dict[str, str]], None],
    installed: Callable[..., dict[str, Any]],
    leads: bool,
) -> None:
    message = f"Away. {TABLE[Reason.MODEL_UNAVAILABLE].remedy} No rows are claimed since 1."
    condition = {"type": CONDITION, "status": "False", "reason": "ModelUnavailable", "message": message}
    pod = {"status": {"conditions": [condition]}}
    answers = {"get configmaps": json.dumps({"items": [installed(None)]}), "get videojobs": "[]\n"}
    if leads:
        answers |= {
            "get lease runops-operator": json.dumps({"spec": {"holderIdentity": "operator-1"}}),
            "get pod operator-1": json.dumps(pod),
        }
    else:
        answers |= {
            "get lease runops-operator": "",
            "get pods --selector=app.kubernetes.io/component=operator,app.kubernetes.io/instance=runops": json.dumps(
                {"items": [pod]}
            ),
        }
    kubectl_answers(answers)
    result = runops("check", "-o", "json")
    assert result.exit_code == 0, result.output
    (found,) = (one for one in json.loads(result.stdout) if one["name"] == "claims")
    assert found["warns"]
    assert found["detail"] == "ModelUnavailable: Away. No rows are claimed since 1."
    assert found["remedy"] == TABLE[Reason.MODEL_UNAVAILABLE].remedy


def test_what_cannot_be_read_is_said(runops: Runops, kubectl_answers: Callable[[dict[str, str]], None]) -> None:
    kubectl_answers({})
    (found,) = (one for one in json.loads(runops("check", "-o", "json").stdout) if one["name"] == "claims")
    assert found["detail"].startswith("not known: ")


def test_without_a_cluster_it_says_that_it_cannot_know(runops: Runops) -> None:
    (found,) = (
        one for one in json.loads(runops("check", "--no-cluster", "-o", "json").stdout) if one["name"] == "claims"
    )
    assert found["ok"]
    assert "not known here" in found["detail"]
