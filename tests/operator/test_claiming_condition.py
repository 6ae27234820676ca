"""The condition and the event by which the operator's own pod shows why no rows are claimed."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from runops.standstill import CONDITION, Standstill
from runops_operator.heartbeats import Heartbeats
from runops_operator.intake.claiming_condition import ClaimingCondition
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, Manifest, NotFound
from tests.simulation.cluster import START


class Pod:
    """The API server with the operator's pod."""

    def __init__(self) -> None:
        self.now = START
        self.conditions: list[Mapping[str, Any]] = []
        self.events: list[Mapping[str, Any]] = []
        self.error: ClusterError | None = None
        self.uid = "uid-1"
        self.condition = ClaimingCondition(self, pod="pod-1", namespace="ns", now=lambda: self.now)

    async def patch_pod_condition(self, pod: str, condition: Mapping[str, Any]) -> Manifest:
        assert pod.startswith("p")
        if self.error is not None:
            raise self.error
        self.conditions.append(condition)
        return {"metadata": {"name": pod, "uid": self.uid}}

    async def create_event(self, manifest: Mapping[str, Any]) -> None:
        self.events.append(manifest)

    def statuses(self) -> list[tuple[str, str]]:
        return [(item["status"], item["lastTransitionTime"]) for item in self.conditions]

    async def show(self, *standstills: Standstill | None) -> None:
        """Show one after the other, five minutes apart."""
        for one in standstills:
            await self.condition.show(one)
            self.now += timedelta(minutes=5)


@pytest.fixture
def pod() -> Pod:
    return Pod()


def capped(since: datetime = START - timedelta(minutes=1)) -> Standstill:
    return Standstill("SpendingCapReached", "Videos have cost 5 USD.", since)


def away(outlook: str = "") -> Standstill:
    return Standstill("ModelUnavailable", "The model could not be reached.", START - timedelta(minutes=1), outlook)


async def test_a_pause_is_shown_at_once_and_its_event_again_every_hour(pod: Pod) -> None:
    await pod.show(*[capped()] * 25)
    assert set(pod.statuses()) == {("False", "2026-11-24T11:59:00Z")}
    assert {(item["type"], item["reason"]) for item in pod.conditions} == {(CONDITION, "SpendingCapReached")}
    assert {item["message"] for item in pod.conditions} == {
        "Videos have cost 5 USD. No rows are claimed since 2026-11-24T11:59:00Z."
    }
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
    await pod.show(None, None, capped(), None, None)
    assert [status for status, _ in pod.statuses()] == ["True", "False", "True"]
    assert [event["reason"] for event in pod.events] == ["SpendingCapReached", "ClaimsResumed"]


async def test_an_event_is_whole_as_kubernetes_has_it(pod: Pod) -> None:
    await pod.show(capped(), None)
    event, resumed = pod.events
    name = event["metadata"]["name"]
    assert re.fullmatch(r"pod-1\.[0-9a-f]{16}", name)
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "ns"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "pod-1", "namespace": "ns", "uid": "uid-1"},
        "reason": "SpendingCapReached",
        "message": "Videos have cost 5 USD. No rows are claimed since 2026-11-24T11:59:00Z.",
        "type": "Warning",
        "source": {"component": "runops-operator"},
        "reportingComponent": "runops-operator",
        "reportingInstance": "pod-1",
        "firstTimestamp": "2026-11-24T12:00:00Z",
        "lastTimestamp": "2026-11-24T12:00:00Z",
        "count": 1,
    }
    assert (resumed["type"], resumed["reason"], resumed["message"]) == (
        "Normal",
        "ClaimsResumed",
        "Rows are claimed again.",
    )


async def test_pods_of_one_name_have_events_of_different_names(pod: Pod) -> None:
    await pod.show(capped())
    other = Pod()
    other.uid = "uid-2"
    await other.show(capped())
    assert pod.events[0]["metadata"]["name"] != other.events[0]["metadata"]["name"]
    other.uid, other.now = "", START
    other.condition = ClaimingCondition(other, pod=f"p{'o' * 150}d", namespace="ns", now=lambda: other.now)
    await other.show(capped())
    assert other.events[1]["involvedObject"]["uid"] == ""
    assert other.events[1]["reportingInstance"] == f"p{'o' * 127}"


async def test_a_replica_that_stands_by_says_that_another_one_claims(pod: Pod) -> None:
    await pod.condition.stand_by()
    assert pod.conditions == [
        {
            "type": CONDITION,
            "status": "Unknown",
            "reason": "StandsBy",
            "message": "The replica that holds the Lease claims rows, or shows why it does not.",
            "lastTransitionTime": "2026-11-24T12:00:00Z",
        }
    ]


async def test_each_further_try_is_shown_and_makes_no_event(pod: Pod) -> None:
    await pod.show(away("The next video tries at 1."), away("The next video tries at 2."), away("It tries now."))
    assert [item["message"].rpartition("Z. ")[2] for item in pod.conditions] == [
        "The next video tries at 1.",
        "The next video tries at 2.",
        "It tries now.",
    ]
    assert len(set(pod.statuses())) == 1
    assert len(pod.events) == 1


async def test_another_reason_is_shown_with_its_own_event(pod: Pod) -> None:
    await pod.show(away(), capped())
    assert [item["reason"] for item in pod.conditions] == ["ModelUnavailable", "SpendingCapReached"]
    assert [event["reason"] for event in pod.events] == ["ModelUnavailable", "SpendingCapReached"]


async def test_what_is_over_within_ten_seconds_is_not_shown(pod: Pod) -> None:
    pod.now = START + timedelta(seconds=9)
    await pod.condition.show(capped(START))
    assert pod.conditions == []
    pod.now += timedelta(seconds=1)
    await pod.condition.show(capped(START))
    assert len(pod.conditions) == 1


async def test_a_replica_that_stands_by_does_not_show_what_it_showed_while_it_led(pod: Pod) -> None:
    await pod.condition.show(capped())
    await pod.condition.stand_by()
    assert [status for status, _ in pod.statuses()] == ["False", "Unknown"]
    assert len(pod.events) == 1


async def test_a_replica_stands_by_although_its_pod_cannot_be_written_or_is_none(
    pod: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    pod.error = ClusterError("PATCH pods/status: 500 broken", status=500)
    await pod.condition.stand_by()
    assert "500 broken" in caplog.text
    await ClaimingCondition(pod, pod=None, namespace="ns", now=lambda: pod.now).stand_by()
    assert pod.conditions == []


@pytest.mark.virtual_time
async def test_an_error_is_logged_and_tried_again(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.error = ClusterError("PATCH pods/status: 500 broken", status=500)
    beats = Heartbeats(asyncio.get_running_loop().time)
    beat = beats.begin("claiming condition", essential=False)
    running = asyncio.ensure_future(pod.condition.run(capped, beat))
    await asyncio.sleep(300)
    assert "500 broken" in caplog.text
    assert "500 broken" in str(beat.trouble)
    pod.error = None
    await asyncio.sleep(120)
    assert beat.trouble is None
    assert len(pod.conditions) == 1
    running.cancel()


@pytest.mark.virtual_time
async def test_a_missing_right_is_told_once_with_its_remedy(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.error = ClusterError("PATCH pods/status: 403 forbidden", status=403)
    await pod.condition.stand_by()
    assert caplog.records == []
    running = asyncio.ensure_future(pod.condition.run(capped))
    await asyncio.sleep(7200)
    (record,) = caplog.records
    assert "Its role needs `patch` on `pods/status`." in record.message
    assert not running.done()
    running.cancel()


@pytest.mark.virtual_time
async def test_what_stops_the_claims_is_looked_at_every_few_seconds(pod: Pod) -> None:
    now: list[Standstill | None] = [None]
    running = asyncio.ensure_future(pod.condition.run(lambda: now[0]))
    for one in (None, capped(), None):
        now[0] = one
        await asyncio.sleep(6)
    assert [status for status, _ in pod.statuses()] == ["True", "False", "True"]
    running.cancel()


async def test_an_event_that_exists_is_no_trouble(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    async def there(_manifest: Mapping[str, Any]) -> None:
        raise Conflict("exists", status=409)

    monkeypatch.setattr(pod, "create_event", there)
    await pod.show(capped(), capped())
    assert len(pod.conditions) == 1


async def test_a_process_outside_the_cluster_has_no_pod_and_asks_once(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def none(name: str, _condition: Mapping[str, Any]) -> Manifest:
        asked.append(name)
        raise NotFound("pods not found", status=404)

    monkeypatch.setattr(pod, "patch_pod_condition", none)
    await pod.show(capped(), capped())
    await pod.condition.stand_by()
    assert len(asked) == 2
    assert pod.events == []


async def test_without_a_name_of_a_pod_nothing_is_written(pod: Pod) -> None:
    await ClaimingCondition(pod, pod=None, namespace="ns", now=lambda: START).show(capped())
    assert pod.conditions == []
