"""Events are a courtesy: named by what they tell, posted beside the work, given up rather than waited for."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError, Conflict
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability import events
from runops_operator.observability.events import EventPoster, event_manifest
from runops_operator.observability.happenings import Happening
from tests.operator import journey
from tests.operator.world import World
from tests.simulation.cluster import START


class _Recorder:
    """An API server that takes events, or answers with what it was given."""

    def __init__(self, *answers: Exception | None) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.asked = 0
        self._answers = list(answers)

    async def create_event(self, manifest: Mapping[str, Any]) -> None:
        self.asked += 1
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer
        self.taken.append(manifest)


class _Poster:
    def __init__(self, recorder: _Recorder) -> None:
        self.dropped = 0
        self.poster = EventPoster(
            recorder,
            namespace="runops",
            instance="replica-1",
            now=lambda: START,
            dropped=self._drop,
            pause_seconds=0.0,
        )

    def _drop(self) -> None:
        self.dropped += 1

    async def post_all(self, *, rounds: int = 50) -> None:
        task = asyncio.create_task(self.poster.run())
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def new_videojob(world: World) -> VideoJobView:
    await journey.claimed(world)
    return world.looks[0][1]


def _manifest(videojob: VideoJobView, happening: Happening) -> dict[str, Any]:
    return event_manifest(videojob, happening, namespace="runops", instance="replica-1", now=START)


async def test_an_event_points_at_its_videojob_and_says_who_tells(new_videojob: VideoJobView) -> None:
    manifest = _manifest(new_videojob, Happening("Stalled", "No node has room.", warning=True))
    assert manifest["involvedObject"] == {
        "apiVersion": "runops.dev/v1alpha1",
        "kind": "VideoJob",
        "name": new_videojob.name,
        "namespace": "runops",
        "uid": new_videojob.uid,
    }
    assert (manifest["type"], manifest["reason"], manifest["message"]) == ("Warning", "Stalled", "No node has room.")
    assert manifest["source"] == {"component": "runops-operator"}
    assert manifest["firstTimestamp"] == manifest["lastTimestamp"] == "2026-11-24T12:00:00Z"


async def test_two_replicas_give_one_name_to_one_happening_and_others_to_others(new_videojob: VideoJobView) -> None:
    def name(videojob: VideoJobView, happening: Happening) -> str:
        return str(_manifest(videojob, happening)["metadata"]["name"])

    pulled = Happening("ImagePullFailed", "There is no such image.")
    assert name(new_videojob, pulled) == name(new_videojob, pulled)
    others = {
        name(new_videojob, Happening("ImagePullFailed", "Not allowed.")),
        name(new_videojob, Happening("Pending", "There is no such image.")),
        name(replace(new_videojob, claim="another"), pulled),
        name(replace(new_videojob, uid="another"), pulled),
    }
    assert name(new_videojob, pulled) not in others
    assert len(others) == 4


async def test_a_long_message_is_cut_between_characters(new_videojob: VideoJobView) -> None:
    message = _manifest(new_videojob, Happening("Failed", "é" * 2000))["message"]
    assert len(message.encode()) <= 1024
    assert set(message) == {"é"}


async def test_what_happens_is_posted_in_its_order(world: World) -> None:
    recorder = _Recorder()
    poster = _Poster(recorder)
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.completed(world, job_id, name)
    for before, after in world.looks:
        poster.poster.see(before, after)
    await poster.post_all()
    assert [event["reason"] for event in recorder.taken] == ["Claimed", "Pending", "Started", "Completed"]
    assert poster.dropped == 0


async def test_one_that_another_replica_has_told_is_passed_over(new_videojob: VideoJobView) -> None:
    poster = _Poster(_Recorder(Conflict("it exists", status=409)))
    poster.poster.see(None, new_videojob)
    await poster.post_all()
    assert poster.dropped == 0


async def test_one_that_is_refused_is_counted_and_the_next_ones_follow(new_videojob: VideoJobView) -> None:
    recorder = _Recorder(ClusterError("forbidden", status=403))
    poster = _Poster(recorder)
    poster.poster.see(None, new_videojob)
    poster.poster.see(None, replace(new_videojob, uid="another"))
    await poster.post_all()
    assert poster.dropped == 1
    assert [event["involvedObject"]["uid"] for event in recorder.taken] == ["another"]


async def test_one_that_meets_an_unexpected_error_is_counted_and_the_next_ones_follow(
    new_videojob: VideoJobView, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = _Recorder(ValueError("cannot be encoded"))
    poster = _Poster(recorder)
    poster.poster.see(None, new_videojob)
    poster.poster.see(None, replace(new_videojob, uid="another"))
    await poster.post_all()
    assert poster.dropped == 1
    assert [event["involvedObject"]["uid"] for event in recorder.taken] == ["another"]
    assert caplog.messages == ["Unexpected error about an event."]


async def test_an_api_server_that_is_away_is_not_asked_on_and_on(new_videojob: VideoJobView) -> None:
    recorder = _Recorder(*(ClusterError("no answer") for _ in range(50)))
    poster = _Poster(recorder)
    for number in range(50):
        poster.poster.see(None, replace(new_videojob, uid=str(number)))
    await poster.post_all()
    assert recorder.asked == 1, "it pauses after the first"


async def test_what_waits_is_bounded(new_videojob: VideoJobView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_WAITING", 3)
    recorder = _Recorder()
    poster = _Poster(recorder)
    for number in range(5):
        poster.poster.see(None, replace(new_videojob, uid=str(number)))
    await poster.post_all()
    assert (len(recorder.taken), poster.dropped) == (3, 2)
