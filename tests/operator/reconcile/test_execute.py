"""Each action becomes exactly the requests that it names, with its preconditions."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.failures import FailureClass, Reason
from runops.job_row import Claim, JobRow
from runops.object_names import answers_folder, made_objects
from runops.progress import Stage
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops_operator.breakers.breakers import Breakers
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    CheckResults,
    ClaimRow,
    CompleteRow,
    CreateJob,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    NextAttempt,
    NoteFailure,
    PatchStatus,
    ReadRow,
    Recheck,
    RemoveObjects,
    RequeueAfter,
    RestampRow,
    SuspendJob,
)
from runops_operator.reconcile.execute import Executor, JobRefused, Overtaken
from runops_operator.reconcile.hand_made import HandMadeSlots
from tests.operator.planning.observations import INSTALLATION, JOB_ID, NAME, OTHER_TOKEN, TOKEN, UID, row
from tests.operator.reconcile.recorder import Recorder
from tests.operator.world import CONFIG
from tests.simulation.cluster import START, MemoryCluster

JOB_BODY = {"metadata": {"name": NAME, "uid": "job-uid", "resourceVersion": "2"}}
CLAIM_ANNOTATIONS = {"runops.dev/claim": TOKEN, "runops.dev/by": INSTALLATION}
PROMPTS = {"runops.dev/prompts": "prompts-1"}


def videojob_body(version: int = 1, **annotations: str) -> dict[str, Any]:
    metadata = {"name": NAME, "uid": UID, "resourceVersion": str(version), "annotations": annotations}
    return {"metadata": metadata, "spec": {"jobId": str(JOB_ID)}}


class Bench:
    """An executor, and everything around it as recorders."""

    def __init__(self, *, cluster: Recorder | None = None, jobs: Recorder | None = None) -> None:
        self.cluster, self.jobs, self.objects = cluster or Recorder(), jobs or Recorder(), Recorder(list_prefix=[])
        self.queue, self.stopping, self.store = Recorder(), Recorder(), Store()
        self.metrics, self.movements = Metrics(), 0
        self.breakers = Breakers(CONFIG, lambda: START)
        parts: dict[str, Any] = {
            "breakers": self.breakers,
            "slots": HandMadeSlots(
                self.store, lambda _lane: {}, CONFIG, drain=DrainWatch(MemoryCluster(), CONFIG, changed=int)
            ),
            "cluster": self.cluster,
            "jobs": self.jobs,
            "objects": self.objects,
            "queue": self.queue,
            "stopping": self.stopping,
        }
        self.executor = Executor(
            **parts, store=self.store, config=CONFIG, metrics=self.metrics, on_movement=self._moved
        )

    def _moved(self) -> None:
        self.movements += 1

    async def run(self, action: Action) -> None:
        await self.executor.run(NAME, JOB_ID, action)

    def counted(self, line: str) -> bool:
        return line.encode() in self.metrics.text()


async def test_a_requeue_adds_the_key_after_its_pause() -> None:
    bench = Bench()
    await bench.run(RequeueAfter(2.5))
    assert bench.queue.calls == [("add_after", (NAME, 2.5), {})]


@pytest.mark.parametrize(
    ("unfinished", "pause"),
    [(0, 15.0), (100, 200.0), (149, 298.0), (150, None)],
    ids=["few", "limited by the rate", "just before the resync", "the resync comes sooner"],
)
async def test_a_recheck_is_spread_over_all_unfinished_videojobs(unfinished: int, pause: float | None) -> None:
    bench = Bench()
    for number in range(unfinished):
        bench.store.see_videojob({"metadata": {"name": f"vj-{number}", "uid": f"uid-{number}", "resourceVersion": "1"}})
    await bench.run(Recheck(seconds=15.0, most_per_second=0.5))
    assert CONFIG.resync_seconds == 300
    assert bench.queue.calls == ([] if pause is None else [("add_after", (NAME, pause), {})])


async def test_a_job_is_created_and_known() -> None:
    bench = Bench(cluster=Recorder(create_job=JOB_BODY))
    await bench.run(CreateJob({"metadata": {"name": NAME}}))
    assert bench.cluster.calls == [("create_job", ({"metadata": {"name": NAME}},), {})]
    assert bench.store.job(NAME) is not None


async def test_a_job_that_exists_is_read() -> None:
    bench = Bench(cluster=Recorder(create_job=Conflict("exists", status=409), get_job=JOB_BODY))
    await bench.run(CreateJob({"metadata": {"name": NAME}}))
    assert bench.cluster.calls[1:] == [("get_job", (NAME,), {})]
    assert bench.store.job(NAME) is not None


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_a_job_that_kubernetes_refuses_is_reported_in_its_words(status: int) -> None:
    bench = Bench(cluster=Recorder(create_job=ClusterError("exceeded quota", status=status)))
    with pytest.raises(JobRefused, match="exceeded quota"):
        await bench.run(CreateJob({"metadata": {"name": NAME}}))


@pytest.mark.parametrize("status", [None, 401, 429, 500])
async def test_an_api_server_that_does_not_work_refuses_nothing(status: int | None) -> None:
    bench = Bench(cluster=Recorder(create_job=ClusterError("away", status=status)))
    with pytest.raises(ClusterError):
        await bench.run(CreateJob({"metadata": {"name": NAME}}))


async def test_a_job_is_deleted_by_its_uid_and_its_pods_are_stopped() -> None:
    bench = Bench()
    bench.store.see_job(JOB_BODY)
    await bench.run(DeleteJob(NAME, "job-uid"))
    assert bench.cluster.calls == [("delete_job", (NAME,), {"uid": "job-uid"})]
    assert bench.stopping.calls == [("begin", (NAME, "job-uid"), {})]
    assert bench.store.job(NAME) is None


async def test_a_job_that_could_not_be_deleted_is_still_known() -> None:
    bench = Bench(cluster=Recorder(delete_job=ClusterError("away")))
    bench.store.see_job(JOB_BODY)
    with pytest.raises(ClusterError):
        await bench.run(DeleteJob(NAME, "job-uid"))
    assert bench.store.job(NAME) is not None
    assert bench.stopping.calls == []


async def test_the_deletion_of_an_earlier_job_does_not_drop_the_later_one() -> None:
    bench = Bench()
    bench.store.see_job(JOB_BODY)
    await bench.run(DeleteJob(NAME, "earlier"))
    assert bench.store.job(NAME) is not None


@pytest.mark.parametrize("suspend", [True, False])
async def test_a_job_is_suspended_or_resumed_and_reconciled(suspend: bool) -> None:
    bench = Bench(cluster=Recorder(suspend_job=JOB_BODY | {"spec": {"suspend": suspend}}))
    await bench.run(SuspendJob(NAME, suspend))
    assert bench.cluster.calls == [("suspend_job", (NAME,), {"suspend": suspend})]
    assert bench.queue.calls == [("add", (NAME,), {})]
    job = bench.store.job(NAME)
    assert job is not None
    assert job.suspended is suspend


@pytest.mark.parametrize(("status", "movements"), [({"phase": "Pending"}, 0), ({"completionTime": "now"}, 1)])
async def test_a_status_is_patched_and_an_end_frees_a_slot(status: dict[str, str], movements: int) -> None:
    bench = Bench(cluster=Recorder(patch_videojob_status=videojob_body(2)))
    bench.store.see_videojob(videojob_body(1))
    await bench.run(PatchStatus(status))
    assert bench.cluster.calls == [("patch_videojob_status", (NAME, status), {"version": 1})]
    assert bench.movements == movements
    view = bench.store.videojob(NAME)
    assert view is not None
    assert view.version == 2
    assert bench.queue.calls == []


async def test_a_videojob_that_is_gone_is_dropped_and_reconciled() -> None:
    bench = Bench(cluster=Recorder(patch_videojob_status=NotFound("gone", status=404)))
    bench.store.see_videojob(videojob_body())
    await bench.run(PatchStatus({"completionTime": "now"}))
    assert bench.store.videojob(NAME) is None
    assert bench.store.deleted(NAME) is not None
    assert bench.queue.calls == [("add", (NAME,), {})]
    assert bench.movements == 0


async def test_a_status_that_another_replica_wrote_meanwhile_ends_the_plan() -> None:
    bench = Bench(cluster=Recorder(patch_videojob_status=Conflict("changed", status=409)))
    bench.store.see_videojob(videojob_body())
    with pytest.raises(Overtaken):
        await bench.run(PatchStatus({"completionTime": "now"}))
    assert (bench.movements, bench.queue.calls) == (0, [])


async def test_a_videojob_that_another_replica_finished_meanwhile_stays_finished() -> None:
    bench = Bench(cluster=Recorder(patch_videojob_status=videojob_body(9)))
    finished = {"type": "Finished", "status": "True", "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    bench.store.see_videojob(videojob_body(8) | {"status": {"conditions": [finished]}})
    with pytest.raises(Overtaken):
        await bench.run(PatchStatus({"phase": "Running"}))
    assert bench.cluster.calls == []


async def test_the_status_of_a_videojob_that_is_gone_is_not_written() -> None:
    bench = Bench()
    await bench.run(PatchStatus({"phase": "Running"}))
    assert bench.cluster.calls == []
    assert bench.queue.calls == [("add", (NAME,), {})]


async def test_a_videojob_is_deleted_by_its_uid() -> None:
    bench = Bench()
    await bench.run(DeleteVideoJob(UID))
    assert bench.cluster.calls == [("delete_videojob", (NAME,), {"uid": UID})]


async def test_a_claim_is_adopted_only_on_the_version_that_was_read() -> None:
    bench = Bench(cluster=Recorder(annotate_videojob=videojob_body(8, **CLAIM_ANNOTATIONS)))
    await bench.run(AdoptClaim(TOKEN, 7))
    assert bench.cluster.calls == [("annotate_videojob", (NAME, CLAIM_ANNOTATIONS), {"version": 7})]
    view = bench.store.videojob(NAME)
    assert view is not None
    assert view.claim == TOKEN
    assert bench.queue.calls == [("add", (NAME,), {})]


@pytest.mark.parametrize("error", [Conflict("changed", status=409), NotFound("gone", status=404)])
async def test_a_videojob_that_changed_ends_the_plan(error: ClusterError) -> None:
    bench = Bench(cluster=Recorder(annotate_videojob=error))
    with pytest.raises(Overtaken):
        await bench.run(AdoptClaim(TOKEN, 7))
    assert bench.queue.calls == []


async def test_an_adoption_that_cannot_be_written_is_repeated() -> None:
    bench = Bench(cluster=Recorder(annotate_videojob=ClusterError("away")))
    with pytest.raises(ClusterError, match="away"):
        await bench.run(AdoptClaim(TOKEN, 7))


@pytest.mark.parametrize(("known", "written"), [({}, PROMPTS), ({"runops.dev/prompts": "prompts-0"}, {})])
async def test_the_prompts_of_the_first_attempt_are_written_once(
    known: dict[str, str], written: dict[str, str]
) -> None:
    bench = Bench(cluster=Recorder(annotate_videojob=videojob_body(2)))
    bench.store.see_videojob(videojob_body(1, **known))
    await bench.run(AdoptClaim(TOKEN, 1))
    assert bench.cluster.calls[0][1] == (NAME, CLAIM_ANNOTATIONS | written)


@pytest.mark.parametrize(("before", "attempt"), [({"claim": None}, 1), ({"claim": OTHER_TOKEN, "attempt": 4}, 5)])
async def test_a_row_is_claimed_and_its_token_written_on_the_videojob(before: dict[str, Any], attempt: int) -> None:
    found = row("completed", **before)
    bench = Bench(jobs=Recorder(claim=found), cluster=Recorder(annotate_videojob=videojob_body(2)))
    bench.store.see_videojob(videojob_body())
    await bench.run(ClaimRow(found))
    ((name, (claimed, claim), named),) = bench.jobs.calls
    assert (name, claimed, named) == ("claim", found, {"from_status": "completed"})
    assert (claim.by, claim.attempt) == (INSTALLATION, attempt)
    assert UUID(claim.claim).version == 4
    assert claim.claim != before["claim"]
    ((_, (_, annotations), given),) = bench.cluster.calls
    assert annotations["runops.dev/claim"] == claim.claim
    assert given == {"version": None}
    assert bench.movements == 1
    assert bench.counted('runops_claims_total{from_status="completed"} 1.0')


async def test_a_row_without_a_status_is_claimed_as_it_is() -> None:
    bench = Bench(jobs=Recorder(claim=row()), cluster=Recorder(annotate_videojob=videojob_body(2)))
    bench.store.see_videojob(videojob_body())
    await bench.run(ClaimRow(row(None)))
    assert bench.jobs.calls[0][2] == {"from_status": ""}
    assert bench.counted('runops_claims_total{from_status="other"} 1.0')


async def test_a_row_that_somebody_else_claimed_ends_the_plan() -> None:
    bench = Bench(jobs=Recorder(claim=None))
    bench.store.see_videojob(videojob_body())
    with pytest.raises(Overtaken):
        await bench.run(ClaimRow(row("queued")))
    assert [name for name, _, _ in bench.jobs.calls] == ["claim"]
    assert (bench.cluster.calls, bench.movements) == ([], 0)


async def test_a_row_is_not_claimed_while_all_slots_are_taken() -> None:
    bench = Bench(jobs=Recorder(claim=row("queued")))
    bench.store.see_videojob(videojob_body())
    for number in range(CONFIG.max_concurrent):
        other = videojob_body(1, **{"runops.dev/claim": TOKEN})
        bench.store.see_videojob(
            {**other, "metadata": {**other["metadata"], "name": f"vj-{number}", "uid": f"u{number}"}}
        )
    with pytest.raises(Overtaken):
        await bench.run(ClaimRow(row("queued")))
    assert bench.jobs.calls == []


async def test_a_failure_is_noted_and_a_job_that_would_meet_it_is_not_created() -> None:
    bench = Bench()
    await bench.run(NoteFailure(Reason.MODEL_KEY_REJECTED, "HTTP 403.", Stage.TRANSCRIBING, 400.0))
    pause = bench.breakers.pause()
    assert pause is not None
    assert pause.next_try == pause.since + timedelta(seconds=400)
    assert bench.breakers.breaker(Reason.MODEL_KEY_REJECTED).met_in is Stage.TRANSCRIBING
    assert (pause.reason, pause.words, pause.may_try) == (Reason.MODEL_KEY_REJECTED, "HTTP 403.", False)
    with pytest.raises(Overtaken):
        await bench.run(CreateJob(JOB_BODY))
    assert bench.cluster.calls == []


@pytest.mark.parametrize(
    ("before", "kind"), [(None, "RowWithoutClaim"), (row(by="old/name"), "RowOfFormerInstallation")]
)
async def test_a_claim_is_written_into_a_row_again(before: JobRow | None, kind: str) -> None:
    found = before or row(claim=None)
    claim = Claim(claim=TOKEN, by=INSTALLATION)
    bench = Bench(jobs=Recorder(restamp=True))
    await bench.run(RestampRow(found, claim))
    assert bench.jobs.calls == [("restamp", (found, claim), {})]
    assert bench.counted(f'runops_drift_repaired_total{{kind="{kind}"}} 1.0')
    with pytest.raises(Overtaken):
        await Bench(jobs=Recorder(restamp=False)).run(RestampRow(found, claim))


NEXT = Claim(claim=OTHER_TOKEN, by=INSTALLATION, reason=Reason.MODEL_TIMEOUT, failures=2, waits={FailureClass.KEY: 1})


async def test_the_next_attempt_is_written_into_the_row_as_it_was_read(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jobs=Recorder(succeed=True))
    with caplog.at_level(logging.INFO):
        await bench.run(NextAttempt(row(), NEXT))
    assert bench.jobs.calls == [("succeed", (row(), NEXT), {})]
    assert bench.counted('runops_attempts_ended_total{reason="ModelTimeout"} 1.0')
    (record,) = caplog.records
    assert record.message == "another attempt follows"
    assert {key: vars(record)[key] for key in ("reason", "failures", "waits")} == {
        "reason": "ModelTimeout",
        "failures": 2,
        "waits": 1,
    }


async def test_a_row_that_changed_gets_no_next_attempt() -> None:
    bench = Bench(jobs=Recorder(succeed=False))
    with pytest.raises(Overtaken):
        await bench.run(NextAttempt(row(), NEXT))
    assert not bench.counted("runops_attempts_ended_total{")


async def test_a_row_is_completed_under_its_token() -> None:
    bench = Bench(jobs=Recorder(complete=True))
    await bench.run(CompleteRow(TOKEN))
    assert bench.jobs.calls == [("complete", (JOB_ID, TOKEN), {})]
    assert bench.counted('runops_drift_repaired_total{kind="RowNotCompleted"} 1.0')


async def test_a_row_that_is_held_no_longer_is_not_completed() -> None:
    bench = Bench(jobs=Recorder(complete=False))
    with pytest.raises(Overtaken):
        await bench.run(CompleteRow(TOKEN))
    assert not bench.counted("runops_drift_repaired_total{")


@pytest.mark.parametrize(
    ("held", "required", "line"),
    [
        (True, True, "row set to error"),
        (True, False, "row set to error"),
        (False, False, "row not set to error: the claim was lost"),
    ],
)
async def test_a_row_is_set_to_error_under_its_token(
    held: bool, required: bool, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(jobs=Recorder(fail=held))
    with caplog.at_level(logging.INFO):
        await bench.run(FailRow(TOKEN, "It is damaged.", required))
    assert bench.jobs.calls == [("fail", (JOB_ID, TOKEN, "It is damaged."), {})]
    assert caplog.messages == [line]


async def test_a_plan_that_depends_on_the_row_ends_where_the_claim_was_lost() -> None:
    bench = Bench(jobs=Recorder(fail=False))
    with pytest.raises(Overtaken):
        await bench.run(FailRow(TOKEN, "It is damaged."))


async def test_the_objects_made_of_a_video_are_removed() -> None:
    answers = [f"{answers_folder(JOB_ID)}/1.json", f"{answers_folder(JOB_ID)}/2.json"]
    bench = Bench()
    bench.objects.answers["list_prefix"] = answers
    await bench.run(RemoveObjects("videos"))
    assert bench.objects.calls[-1] == ("remove", ("videos", [*made_objects(JOB_ID), *answers]), {})


@pytest.mark.parametrize(
    ("kind", "stops"),
    [
        (ErrorKind.NOT_FOUND, False),
        (ErrorKind.INVALID, False),
        (ErrorKind.FORBIDDEN, False),
        (ErrorKind.UNAVAILABLE, True),
    ],
)
async def test_a_storage_that_refuses_to_delete_stops_no_plan(
    kind: ErrorKind, stops: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.objects.answers["remove"] = SupabaseError(kind, "No.", service=Service.STORAGE)
    if stops:
        with pytest.raises(SupabaseError):
            await bench.run(RemoveObjects("videos"))
    else:
        await bench.run(RemoveObjects("videos"))
        assert caplog.messages == ["SupabaseError: No. What was made of the video stays in storage."]


@pytest.mark.parametrize("action", [ReadRow(), CheckResults()])
async def test_reads_are_not_carried_out_here(action: Action) -> None:
    with pytest.raises(AssertionError, match="the reconciler does all reads"):
        await Bench().run(action)
