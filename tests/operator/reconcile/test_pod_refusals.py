"""Events about refused pods: read for all Jobs at once, at most every ten seconds, and the last one counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.reconcile.pod_refusals import PodRefusals
from tests.operator.planning.observations import JOB_UID, NOW, job
from tests.operator.reconcile.recorder import Recorder


def event(words: str, *, uid: str = JOB_UID, at: str = "2026-01-02T03:04:05Z") -> dict[str, Any]:
    return {"involvedObject": {"uid": uid}, "message": words, "lastTimestamp": at}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def refusals(*events: dict[str, Any]) -> tuple[Recorder, Clock, PodRefusals]:
    cluster, clock = Recorder(list_pod_refusals=list(events)), Clock()
    service: Any = cluster
    return cluster, clock, PodRefusals(service, clock)


async def test_each_job_gets_the_last_words_about_its_own_pod() -> None:
    late, early = event("late", at="2026-01-02T03:04:06Z"), event("early")
    _, _, found = refusals(late, early, event("another Job's", uid="other"))
    assert await found.words(job()) == "late"
    assert await found.words(job(uid="other")) == "another Job's"
    assert await found.words(job(uid="third")) is None


@pytest.mark.parametrize(("seconds", "reads"), [(0.0, 1), (9.9, 1), (10.0, 2)])
async def test_the_events_are_read_at_most_every_ten_seconds(seconds: float, reads: int) -> None:
    cluster, clock, found = refusals(event("no"))
    await found.words(job())
    clock.now += timedelta(seconds=seconds)
    assert await found.words(job()) == "no"
    assert len(cluster.calls) == reads


async def test_events_that_cannot_be_read_explain_nothing_and_are_logged_with_their_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster, clock, found = refusals()
    cluster.answers["list_pod_refusals"] = ClusterError("forbidden", status=403)
    assert await found.words(job()) is None
    assert caplog.messages == ["the events that explain missing pods cannot be read: ClusterError: forbidden"]
    cluster.answers["list_pod_refusals"] = [event("no")]
    assert await found.words(job()) is None, "it is tried again after the pause"
    clock.now += timedelta(seconds=10)
    assert await found.words(job()) == "no"
