"""What `runops check` says about spending: by what ConfigMaps, VideoJobs and pods say, and without a cluster."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from typer.testing import Result

from runops.spending_record import KEY_IN_RECORD, Record, write_record
from runops.standstill import CONDITION
from runops_cli.checks.spending import cap_findings, spent_by_days
from runops_cli.cluster.releases import Installed, installed_in

Runops = Callable[..., Result]
TODAY = date(2026, 11, 30)
DOLLAR = 1_000_000
RECORD = Record("2026-11", "2026-11-30", 41 * DOLLAR, 3_200_000, {"ann": 3 * DOLLAR, "ben": 200_000})


def shown(cost: dict[str, Any], record: Record = RECORD, *, today: date = TODAY) -> list[str]:
    found = cap_findings(Installed("runops", cost, "lease"), record, "", today=today)
    assert all(one.ok and (one.remedy is not None) == one.warns for one in found)
    return [f"{'warning ' if one.warns else ''}{one.name}: {one.detail}" for one in found]


def test_what_is_spent_is_shown_beside_each_cap() -> None:
    cost = {"maxPerVideoUsd": 2, "maxPerUserAndDayUsd": 4, "maxPerDayUsd": 50, "maxPerMonthUsd": 40.5}
    assert shown(cost) == [
        "spending: 3.20 USD today and 41.00 USD this month, in UTC",
        "cap per video: 2 USD, over all attempts",
        "cap per day: 3.20 of 50 USD (6%)",
        "warning cap per month: 41.00 of 40.5 USD (101%): nothing is claimed until the next month",
        "cap per user and day: 4 USD; the most that one user has spent today is 3.00 USD (75%)",
    ]


def test_a_cap_that_is_just_reached_is_a_warning_with_the_value_to_raise() -> None:
    found = cap_findings(Installed("ours", {"maxPerDayUsd": "3.2"}, ""), RECORD, "", today=TODAY)[-1]
    assert found.remedy == "Wait, or raise cost.maxPerDayUsd with `helm upgrade ours`; see docs/cost.md."
    assert shown({"maxPerUserAndDayUsd": 3})[-1].endswith("(100%): the rows of 1 user wait until tomorrow")
    assert shown({"maxPerUserAndDayUsd": 0.1})[-1].endswith("the rows of 2 users wait until tomorrow")


def test_what_was_spent_on_another_day_or_in_another_month_is_over() -> None:
    cost = {"maxPerUserAndDayUsd": 1, "maxPerDayUsd": 1, "maxPerMonthUsd": 41}
    assert shown(cost, today=date(2026, 12, 1)) == [
        "spending: 0.00 USD today and 0.00 USD this month, in UTC",
        "cap per day: 0.00 of 1 USD (0%)",
        "cap per month: 0.00 of 41 USD (0%)",
        "cap per user and day: 1 USD; the most that one user has spent today is 0.00 USD (0%)",
    ]


def test_what_videojobs_report_is_added_by_day() -> None:
    days = [{"day": "2026-11-30", "costUsd": "0.25"}, {"day": "2026-11-01", "costUsd": "1"}]
    lines = "\n".join([json.dumps(days), "", json.dumps([{"day": "2026-10-31", "costUsd": "9"}, {}]), "<none>"])
    assert spent_by_days(lines, today=TODAY) == (250_000, 1_250_000)
    assert spent_by_days("", today=TODAY) == (0, 0)


def test_releases_are_found_by_their_configuration(installed: Callable[..., dict[str, Any]]) -> None:
    others = [
        {"metadata": {"name": "pace"}},
        {"metadata": {"name": "broken"}, "data": {"operator.yaml": "a: [b"}},
        {"metadata": {"name": "no-section"}, "data": {"operator.yaml": "text"}},
    ]
    found = installed_in(
        {"items": [*others, installed({"maxPerDayUsd": 5}, release="b"), installed(None, release="a")]}
    )
    assert [(one.release, dict(one.cost), one.lease, one.counts) for one in found] == [
        ("a", {}, "runops-operator", False),
        ("b", {"maxPerDayUsd": 5}, "runops-operator", True),
    ]
    assert installed_in({}) == []


def _found(result: Result) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(result.stdout)}


def test_the_operators_count_is_read_and_a_stop_of_the_claims_is_a_warning(
    runops: Runops, kubectl_answers: Callable[[dict[str, str]], None], installed: Callable[..., dict[str, Any]]
) -> None:
    message = "Videos have cost 3.20 USD today. No rows are claimed since 2026-11-30T10:00:00Z."
    condition = {"type": CONDITION, "status": "False", "reason": "SpendingCapReached", "message": message}
    kubectl_answers(
        {
            "get configmaps": json.dumps({"items": [installed({"maxPerDayUsd": 9999, "record": "spent"})]}),
            "get configmap spent": json.dumps({"data": {KEY_IN_RECORD: write_record(RECORD)}}),
            "get lease runops-operator": json.dumps({"spec": {"holderIdentity": "operator-1"}}),
            "get pod operator-1": json.dumps({"status": {"conditions": [{"type": "Ready"}, condition]}}),
        }
    )
    result = runops("check", "-o", "json")
    assert result.exit_code == 0, result.output
    found = _found(result)
    assert found["cap per day"]["detail"].endswith("of 9999 USD (0%)")
    assert found["claims"] == {
        "name": "claims",
        "ok": True,
        "warns": True,
        "detail": f"SpendingCapReached: {message}",
        "remedy": "Wait, or raise the cap with `helm upgrade runops`; see docs/cost.md.",
    }
    assert "with 1 of" in result.stderr
    lines = " ".join(runops("check").stdout.split())
    assert "claims warning SpendingCapReached: Videos have cost 3.20 USD today." in lines


def test_a_count_that_cannot_be_read_is_a_problem(
    runops: Runops, kubectl_answers: Callable[[dict[str, str]], None], installed: Callable[..., dict[str, Any]]
) -> None:
    kubectl_answers(
        {
            "get configmaps": json.dumps({"items": [installed({"maxPerMonthUsd": 5, "record": "spent"})]}),
            "get configmap spent": json.dumps({"data": {KEY_IN_RECORD: "much"}}),
        }
    )
    result = runops("check", "-o", "json")
    assert result.exit_code == 1
    assert "ConfigMap spent cannot be read" in _found(result)["spending"]["detail"]


def test_without_a_cap_the_videojobs_are_added_up(
    runops: Runops, kubectl_answers: Callable[[dict[str, str]], None], installed: Callable[..., dict[str, Any]]
) -> None:
    kubectl_answers(
        {"get configmaps": json.dumps({"items": [installed({"requirePrices": False})]}), "get videojobs": "[]\n"}
    )
    found = _found(runops("check", "-o", "json"))["spending"]
    assert found["detail"].startswith("0.00 USD today and 0.00 USD this month, in UTC, by the VideoJobs")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"release": "runops", "namespace": "videos"}, "videos/runops@0f5c1c2e-uid"),
        ({"release": "runops", "namespace": "videos", "installation": "prod-eu"}, "prod-eu"),
    ],
    ids=["default", "chosen"],
)
def test_the_name_under_which_rows_are_claimed_is_shown(
    runops: Runops,
    kubectl_answers: Callable[[dict[str, str]], None],
    installed: Callable[..., dict[str, Any]],
    settings: dict[str, str],
    name: str,
) -> None:
    configs = {"items": [installed(None, **settings)]}
    kubectl_answers(
        {"get configmaps": json.dumps(configs), "get namespace videos": "0f5c1c2e-uid", "get videojobs": ""}
    )
    assert _found(runops("check", "-o", "json"))["installation"]["detail"] == f"claims rows as {name}"


def test_without_the_right_to_read_the_namespace_it_says_who_knows_the_name(
    runops: Runops, kubectl_answers: Callable[[dict[str, str]], None], installed: Callable[..., dict[str, Any]]
) -> None:
    configs = {
        "items": [installed(None, release="a", namespace="videos"), installed(None, release="b", namespace="videos")]
    }
    kubectl_answers({"get configmaps": json.dumps(configs), "get videojobs": ""})
    found = _found(runops("check", "-o", "json"))
    assert "`helm test b` shows it" in found["installation of b"]["detail"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [({}, "asked for"), ({"get configmaps": '{"items": []}'}, "no release of the chart is installed in the current")],
    ids=["no right", "no release"],
)
def test_what_cannot_be_known_is_said(
    runops: Runops, kubectl_answers: Callable[[dict[str, str]], None], answers: dict[str, str], words: str
) -> None:
    kubectl_answers(answers)
    result = runops("check", "-o", "json")
    assert result.exit_code == 0, result.output
    assert _found(result)["spending"]["detail"].startswith("not known: ")
    assert words in _found(result)["spending"]["detail"]


@pytest.mark.parametrize("options", [[], ["--no-cluster"]])
def test_without_a_cluster_it_says_that_it_cannot_know(runops: Runops, options: list[str]) -> None:
    found = _found(runops("check", "-o", "json", *options))["spending"]
    assert found["ok"]
    assert "not known here" in found["detail"]
    assert "--max-cost-usd" in found["detail"]
