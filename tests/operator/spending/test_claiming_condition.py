"""The condition and the event by which the operator's own pod shows that a cap stops the claims."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, Manifest
from runops_operator.spending.claiming_condition import CONDITION, ClaimingCondition
from tests.simulation.cluster import START


class Pod:
    """The API server with the operator's pod."""

    def __init__(self) -> None:
        self.now = START
        self.conditions: list[Mapping[str, Any]] = []
        self.events: list[Mapping[str, Any]] = []
        self.error: ClusterError | None = None
        self.condition = ClaimingCondition(self, pod="pod-1", namespace="ns", now=lambda: self.now)

    async def patch_pod_condition(self, pod: str, condition: Mapping[str, Any]) -> Manifest:
        assert pod == "pod-1"
        if self.error is not None:
            raise self.error
        self.conditions.append(condition)
        return {"metadata": {"name": pod, "uid": "uid-1"}}

    async def create_event(self, manifest: Mapping[str, Any]) -> None:
        self.events.append(manifest)

    def statuses(self) -> list[tuple[str, str]]:
        return [(item["status"], item["lastTransitionTime"]) for item in self.conditions]


@pytest.fixture
def pod() -> Pod:
    return Pod()


async def test_a_pause_is_shown_at_once_and_again_every_hour(pod: Pod) -> None:
    for _ in range(25):
        await pod.condition.announce("Videos have cost 5 USD.")
        pod.now += timedelta(minutes=5)
    assert pod.statuses() == [("False", "2026-11-24T12:00:00Z")] * 3
    assert {item["type"] for item in pod.conditions} == {CONDITION}
    assert [(event["type"], event["reason"]) for event in pod.events] == [("Warning", "SpendingCapReached")] * 3
    assert len({event["metadata"]["name"] for event in pod.events}) == 3
    assert pod.events[0]["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "pod-1",
        "namespace": "ns",
        "uid": "uid-1",
    }


async def test_the_end_of_a_pause_is_shown_once(pod: Pod) -> None:
    for reached in (None, None, "Videos have cost 5 USD.", None, None):
        await pod.condition.announce(reached)
        pod.now += timedelta(minutes=5)
    assert [status for status, _ in pod.statuses()] == ["True", "False", "True"]
    assert [event["reason"] for event in pod.events] == ["SpendingCapReached", "ClaimsResumed"]


async def test_a_replica_that_stands_by_does_not_show_what_it_showed_while_it_led(pod: Pod) -> None:
    await pod.condition.announce("Videos have cost 5 USD.")
    await pod.condition.stand_by()
    assert [status for status, _ in pod.statuses()] == ["False", "Unknown"]
    assert len(pod.events) == 1


async def test_a_replica_stands_by_although_its_pod_cannot_be_written_or_is_none(
    pod: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    pod.error = ClusterError("PATCH pods/status: 403 forbidden", status=403)
    await pod.condition.stand_by()
    assert "403 forbidden" in caplog.text
    await ClaimingCondition(pod, pod=None, namespace="ns", now=lambda: pod.now).stand_by()
    assert pod.conditions == []


async def test_a_refusal_is_logged_and_tried_again(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.error = ClusterError("PATCH pods/status: 403 forbidden", status=403)
    await pod.condition.announce("Videos have cost 5 USD.")
    assert "403 forbidden" in caplog.text
    pod.error = None
    await pod.condition.announce("Videos have cost 5 USD.")
    assert len(pod.conditions) == 1


async def test_an_event_that_exists_is_no_trouble(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    async def there(_manifest: Mapping[str, Any]) -> None:
        raise Conflict("exists", status=409)

    monkeypatch.setattr(pod, "create_event", there)
    for _ in range(2):
        await pod.condition.announce("Videos have cost 5 USD.")
    assert len(pod.conditions) == 1


async def test_outside_a_pod_nothing_is_written(pod: Pod) -> None:
    await ClaimingCondition(pod, pod=None, namespace="ns", now=lambda: START).announce("Videos have cost 5 USD.")
    assert pod.conditions == []
