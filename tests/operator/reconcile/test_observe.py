"""What is read for a plan, and how long a VideoJob has waited."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.breakers.shared_faults import SharedFaults
from runops.failures import Reason
from runops.job_row import JobRow
from runops_operator.breakers.breakers import Breakers
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import NotFound
from runops_operator.manifests.observed import VideoJobView
from runops_operator.reconcile.hand_made import HandMadeSlots
from runops_operator.reconcile.observe import ObservationReader
from tests.operator.planning.observations import JOB_ID, JOB_UID, NAME, NOW, condition, row, seen, videojob
from tests.operator.reconcile.recorder import Recorder
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster

FINISHED = videojob(condition("Finished"))


def job_body(uid: str = JOB_UID, *, suspend: bool = False, **status: Any) -> dict[str, Any]:
    metadata = {"name": NAME, "uid": uid, "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {"suspend": suspend}, "status": status}


def pod_body(uid: str = JOB_UID, *, phase: str = "Running", exit_code: int | None = None) -> dict[str, Any]:
    metadata = {
        "name": "pod-1",
        "uid": "pod-uid",
        "labels": {"batch.kubernetes.io/job-name": NAME},
        "ownerReferences": [{"uid": uid}],
    }
    state = {} if exit_code is None else {"terminated": {"exitCode": exit_code}}
    return {"metadata": metadata, "status": {"phase": phase, "containerStatuses": [{"name": "worker", "state": state}]}}


COMPLETE: dict[str, Any] = {"conditions": [{"type": "Complete", "status": "True"}]}
REFUSAL = {"involvedObject": {"uid": JOB_UID}, "message": "exceeded quota", "lastTimestamp": "2026-01-02T03:04:05Z"}


class Bench:
    """A reader between a real store and recorders, with a clock that the test moves."""

    def __init__(self, *pods: dict[str, Any], slots: Any = None, **answers: Any) -> None:
        self.now: datetime = NOW
        self.store = Store()
        self.cluster = Recorder(list_pods=list(pods), list_pod_refusals=[REFUSAL], **answers)
        self.jobs, self.results = Recorder(get=row()), Recorder(transcript_count=1, sop_count=1)
        self.asked: list[JobRow | None] = []
        self.breakers = Breakers(CONFIG, lambda: self.now)
        slots = slots or HandMadeSlots(
            self.store, lambda _lane: {}, CONFIG, drain=DrainWatch(MemoryCluster(), CONFIG, changed=int)
        )
        parts: dict[str, Any] = {"cluster": self.cluster, "jobs": self.jobs, "results": self.results}
        self.reader = ObservationReader(
            store=self.store,
            breakers=self.breakers,
            slots=slots,
            quiet_seconds=self._quiet_seconds,
            now=lambda: self.now,
            **parts,
        )

    def _quiet_seconds(self, job_id: UUID, found: JobRow | None) -> float:
        assert job_id == JOB_ID
        self.asked.append(found)
        return 5.0 if found is None else 1.0

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def observe(self, view: Any = None) -> Any:
        return await self.reader.observe(view or videojob(), JOB_ID)


async def test_a_videojob_without_a_job_needs_no_request() -> None:
    bench = Bench()
    found = await bench.observe()
    assert (found.job, list(found.pods), found.quiet_seconds) == (None, [], 5.0)
    assert (bench.cluster.calls, bench.jobs.calls) == ([], [])


class TakenSlots:
    """Slots of an installation that drains and has no slot free, with a cap that is reached."""

    drained = "Drained by ann."

    def is_free(self, _videojob: VideoJobView) -> bool:
        return False

    def capped(self, videojob: VideoJobView) -> str | None:
        return f"The cap of {videojob.name} is reached."


async def test_a_slot_and_the_cap_matter_only_to_a_videojob_without_a_claim_and_a_drain_to_all() -> None:
    bench = Bench(slots=TakenSlots())
    found = await bench.observe(videojob(claim=None))
    assert (found.slot_free, found.capped, found.drained) == (
        False,
        f"The cap of {NAME} is reached.",
        "Drained by ann.",
    )
    found = await bench.observe()
    assert (found.slot_free, found.capped, found.drained) == (True, None, "Drained by ann.")


async def test_what_other_videos_met_is_part_of_an_observation() -> None:
    bench = Bench()
    free = await bench.observe()
    assert (free.slot_free, free.capped, free.drained, free.hold, free.faults) == (
        True,
        None,
        None,
        None,
        SharedFaults(),
    )
    bench.breakers.failed("another", Reason.KEY_REJECTED, met_in=None, words="HTTP 403.")
    found = await bench.observe()
    assert found.hold.words == "HTTP 403."
    assert found.faults.open == {Reason.KEY_REJECTED}


async def test_the_pods_of_a_job_are_read() -> None:
    bench = Bench(pod_body(), pod_body("an earlier Job's uid"))
    bench.store.see_job(job_body())
    found = await bench.observe()
    assert found.job is bench.store.job(NAME)
    assert [pod.works for pod in found.pods] == [True], "a pod of an earlier Job is not its own"
    assert bench.cluster.calls == [("list_pods", ({NAME},), {})]


async def test_pods_from_the_listing_of_all_are_used_once() -> None:
    bench = Bench()
    bench.store.see_job(job_body())
    bench.store.pods.begin([NAME])
    bench.store.pods.add(NAME, [pod_body()])
    assert len((await bench.observe()).pods) == 1
    assert bench.cluster.calls == []
    await bench.observe()
    assert bench.cluster.names() == ["list_pods"]


async def test_the_pods_of_a_job_that_ended_are_read_again() -> None:
    bench = Bench(pod_body(exit_code=0))
    bench.store.see_job(job_body(**COMPLETE))
    bench.store.pods.begin([NAME])
    bench.store.pods.add(NAME, [pod_body()])
    assert [pod.exit_code for pod in (await bench.observe()).pods] == [0]
    assert bench.cluster.names() == ["list_pods"], "the Job is not read again: it has ended"


async def test_the_pods_of_a_finished_videojob_are_not_read() -> None:
    bench = Bench(pod_body())
    bench.store.see_job(job_body())
    assert list((await bench.observe(FINISHED)).pods) == []
    assert bench.cluster.calls == []


async def test_a_job_whose_worker_exited_is_read_in_case_its_event_is_late() -> None:
    ended = job_body(**COMPLETE)
    ended["metadata"]["resourceVersion"] = "2"
    bench = Bench(pod_body(exit_code=0), get_job=ended)
    bench.store.see_job(job_body())
    found = await bench.observe()
    assert found.job.complete
    assert bench.cluster.calls[1:] == [("get_job", (NAME,), {})]


async def test_a_job_that_is_gone_by_then_stays_as_it_is_known() -> None:
    bench = Bench(pod_body(exit_code=0), get_job=NotFound("gone", status=404))
    bench.store.see_job(job_body())
    assert not (await bench.observe()).job.complete


async def test_the_time_of_a_wait_counts_from_when_it_was_first_observed() -> None:
    bench = Bench(pod_body(phase="Pending"))
    bench.store.see_job(job_body())
    assert (await bench.observe()).waited_seconds == 0
    bench.wait(60)
    assert (await bench.observe()).waited_seconds == 60
    bench.cluster.answers["list_pods"] = [pod_body()]
    assert (await bench.observe()).waited_seconds == 0, "a running worker waits for nothing"
    bench.cluster.answers["list_pods"] = [pod_body(phase="Pending")]
    assert (await bench.observe()).waited_seconds == 0, "a new wait begins"
    bench.wait(5)
    bench.reader.forget(NAME)
    assert (await bench.observe()).waited_seconds == 0, "a later VideoJob of the same name"


async def test_a_missing_pod_is_explained_by_its_event_after_the_job_controller_had_time() -> None:
    bench = Bench()
    bench.store.see_job(job_body())
    assert (await bench.observe()).pod_refused is None
    bench.wait(3.9)
    assert (await bench.observe()).pod_refused is None
    bench.wait(0.1)
    found = await bench.observe()
    assert found.pod_refused == "exceeded quota"
    assert bench.cluster.names().count("list_pod_refusals") == 1
    bench.reader.forget(NAME)
    assert (await bench.observe()).pod_refused is None


async def test_a_job_that_loses_its_pod_gives_the_job_controller_its_time_again() -> None:
    bench = Bench()
    bench.store.see_job(job_body())
    await bench.observe()
    bench.cluster.answers["list_pods"] = [pod_body(phase="Pending")]
    await bench.observe()
    bench.wait(10)
    bench.cluster.answers["list_pods"] = []
    assert (await bench.observe()).pod_refused is None
    bench.wait(4)
    assert (await bench.observe()).pod_refused == "exceeded quota"


async def test_a_job_that_is_resumed_begins_a_new_wait() -> None:
    bench = Bench()
    bench.store.see_job(job_body(suspend=True))
    await bench.observe()
    bench.wait(60)
    resumed = job_body()
    resumed["metadata"]["resourceVersion"] = "2"
    bench.store.see_job(resumed)
    assert (await bench.observe()).waited_seconds == 0


async def test_the_wait_for_a_refused_pod_is_a_wait_of_its_own() -> None:
    bench = Bench()
    bench.store.see_job(job_body())
    for _ in range(2):
        found = await bench.observe()
        bench.wait(5)
    assert (found.pod_refused, found.waited_seconds) == ("exceeded quota", 0)
    assert (await bench.observe()).waited_seconds == 5


@pytest.mark.parametrize(
    ("view", "body", "pods"),
    [
        pytest.param(videojob(), job_body(), [pod_body(phase="Pending")], id="there is a pod"),
        pytest.param(videojob(), job_body(suspend=True), [], id="the Job is suspended"),
        pytest.param(videojob(), job_body(**COMPLETE), [], id="the Job has ended"),
        pytest.param(FINISHED, job_body(), [], id="the VideoJob is finished"),
        pytest.param(videojob(), job_body("another"), [], id="it is another Job"),
    ],
)
async def test_a_missing_pod_is_not_explained_where_none_is_missing(view: Any, body: Any, pods: list[Any]) -> None:
    bench = Bench()
    bench.store.see_job(job_body())
    await bench.observe()
    bench.wait(10)
    bench.store.drop_job(NAME, "nobody's")
    body["metadata"]["resourceVersion"] = "9"
    if body["metadata"]["uid"] != JOB_UID:
        bench.store.drop_job(NAME, JOB_UID)
    bench.store.see_job(body)
    bench.cluster.answers["list_pods"] = pods
    assert (await bench.observe(view)).pod_refused is None
    assert "list_pod_refusals" not in bench.cluster.names()


async def test_a_row_that_was_read_comes_with_how_long_it_was_quiet() -> None:
    bench = Bench()
    found = await bench.reader.with_row(seen(), JOB_ID)
    assert (found.row, found.quiet_seconds, found.completed_seconds) == (row(), 1.0, 0.0)
    assert bench.jobs.calls == [("get", (JOB_ID,), {})]
    assert bench.asked == [row()]


async def test_the_time_since_a_row_was_first_read_as_completed_is_counted() -> None:
    bench = Bench()
    bench.jobs.answers["get"] = row("completed")
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 0
    bench.wait(20)
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 20
    assert (await bench.reader.with_row(seen(FINISHED), JOB_ID)).completed_seconds == 0
    bench.wait(20)
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 0, "it was forgotten at the end"
    bench.wait(20)
    bench.jobs.answers["get"] = row()
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 0
    bench.jobs.answers["get"] = row("completed")
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 0, "completed again"
    bench.wait(20)
    bench.reader.forget(NAME)
    assert (await bench.reader.with_row(seen(), JOB_ID)).completed_seconds == 0


async def test_a_row_that_does_not_exist_was_never_completed() -> None:
    bench = Bench()
    bench.jobs.answers["get"] = None
    found = await bench.reader.with_row(seen(), JOB_ID)
    assert (found.row, found.completed_seconds, found.quiet_seconds) == (None, 0.0, 5.0)


@pytest.mark.parametrize(
    ("transcripts", "sops", "present"), [(1, 1, True), (2, 3, True), (0, 1, False), (1, 0, False), (0, 0, False)]
)
async def test_results_exist_where_both_tables_have_them(transcripts: int, sops: int, present: bool) -> None:
    bench = Bench()
    bench.results.answers |= {"transcript_count": transcripts, "sop_count": sops}
    assert (await bench.reader.with_results(seen(), JOB_ID)).results is present
    assert bench.results.calls[0] == ("transcript_count", (JOB_ID,), {})
