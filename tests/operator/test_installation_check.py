"""What `helm test` says of what it found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runops.supabase.probe import Finding
from runops_operator.installation_check import about_lease, about_pods, lines

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _pod(name: str, **conditions: str) -> dict[str, Any]:
    told = [{"type": kind, "status": status} for kind, status in conditions.items()]
    return {"metadata": {"name": name}, "status": {"conditions": told}}


def test_one_ready_pod_is_enough() -> None:
    found = about_pods([_pod("a", Ready="False"), _pod("b", Ready="True")])
    assert (found.ok, found.detail) == (True, "1 of 2 pods ready (b)")


@pytest.mark.parametrize("pods", [[_pod("a", Ready="False")], [_pod("a", Initialized="True")], [{"metadata": {}}]])
def test_pods_that_are_not_ready_are_not_enough(pods: list[dict[str, Any]]) -> None:
    found = about_pods(pods)
    assert (found.ok, found.detail) == (False, "none of 1 pods is ready")


def test_without_pods_the_number_of_replicas_is_in_question() -> None:
    found = about_pods([])
    assert not found.ok
    assert found.remedy == "Is replicas 0?"


def _lease(holder: str | None, age: float) -> dict[str, Any]:
    renewed = (NOW - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}}


@pytest.mark.parametrize(("age", "ok"), [(0, True), (-20, True), (40, True), (46, False), (86400, False)])
def test_a_leader_has_to_renew_its_lease(age: float, ok: bool) -> None:
    assert about_lease(_lease("pod-1", age), now=NOW).ok == ok


@pytest.mark.parametrize("lease", [None, {}, {"spec": None}, _lease("", 0), _lease(None, 0)])
def test_where_nobody_holds_the_lease_nobody_leads(lease: dict[str, Any] | None) -> None:
    found = about_lease(lease, now=NOW)
    assert (found.ok, found.detail) == (False, "no replica leads")


def test_each_failure_says_the_way_out_and_the_last_line_counts_them() -> None:
    told = lines(
        [Finding("operator", ok=True, detail="ready"), Finding("keys", ok=False, detail="none", remedy="Make it.")]
    )
    assert told == ["ok      operator: ready", "FAILED  keys: none", "        -> Make it.", "1 of 2 checks failed."]
    assert lines([Finding("operator", ok=True, detail="ready")])[-1] == "All checks passed."
    warned = lines([Finding("values in jobs", ok=True, detail="not tried", remedy="Check again.", warns=True)])
    assert warned == ["warning values in jobs: not tried", "        -> Check again.", "All checks passed."]
