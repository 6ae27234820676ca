"""A release acts on its own rows and VideoJobs only, keeps them through a renaming, and survives an app's writes."""

from uuid import UUID, uuid4

import pytest

from runops.failures import Reason
from runops.report import Report
from runops.videojob import videojob_name
from tests.operator.world import CONFIG, World


async def _running(world: World, user: str | None = None) -> tuple[UUID, str]:
    job_id = world.jobs.add(user=user)
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    await world.settle()
    return job_id, name


async def test_two_releases_in_one_namespace_leave_each_other_alone() -> None:
    ours = World()
    worker = CONFIG.worker.model_copy(update={"image": "other:9", "secret_name": "other-keys"})
    theirs = World(CONFIG.model_copy(update={"installation": "test/other", "worker": worker}))
    theirs.cluster, theirs.jobs = ours.cluster, ours.jobs
    theirs.start_operator()
    ours.cluster.watchers = [ours.events, theirs.events]
    job_id = ours.jobs.add()
    await ours.take_in()
    await theirs.compare()
    await theirs.settle()
    name = videojob_name(job_id)
    assert name not in ours.cluster.jobs, "the release that did not claim the row makes no Job"
    await ours.settle()
    assert name in ours.cluster.jobs
    await ours.cluster.delete_videojob(name, uid=ours.cluster.videojobs[name]["metadata"]["uid"])
    await theirs.settle()
    assert ours.jobs.rows[job_id].status == "processing", "nor does it end the row of a VideoJob that is deleted"


async def test_a_videojob_made_by_hand_is_taken_by_one_release_and_forgotten_by_the_other() -> None:
    ours = World()
    theirs = World(CONFIG.model_copy(update={"installation": "test/other"}))
    theirs.cluster, theirs.jobs = ours.cluster, ours.jobs
    theirs.start_operator()
    ours.cluster.watchers = [ours.events, theirs.events]
    job_id = ours.jobs.add(status="completed")
    name = videojob_name(job_id)
    await ours.cluster.create_videojob({"metadata": {"name": name}, "spec": {"jobId": str(job_id)}})
    await ours.settle()
    assert name in ours.cluster.jobs
    await theirs.settle()
    assert theirs.store.videojob(name) is None
    assert theirs.store.count_unfinished() == 0
    await theirs.compare()
    await theirs.settle()
    row = ours.jobs.rows[job_id]
    assert row.claim is not None
    assert (row.status, row.claim.by) == ("processing", CONFIG.installation)


@pytest.mark.parametrize("told", [True, False], ids=["told its former name", "not told"])
async def test_a_release_that_was_renamed_carries_on_what_it_had_in_hand(told: bool) -> None:
    world = World()
    job_id, name = await _running(world)
    former = (CONFIG.installation,) if told else ()
    world.config = CONFIG.model_copy(update={"installation": "test/renamed", "former_installations": former})
    world.start_operator()
    await world.compare()
    await world.settle()
    world.cluster.end_pod(name, 108, Report(reason=Reason.MODEL_FILE_REJECTED, message="It failed."))
    await world.settle()
    row = world.jobs.rows[job_id]
    assert row.claim is not None
    assert row.status == "processing"
    if told:
        assert (row.claim.by, row.claim.failures) == ("test/renamed", 1)
        annotations = world.cluster.videojobs[name]["metadata"]["annotations"]
        assert annotations["runops.dev/by"] == "test/renamed"
        assert annotations["runops.dev/claim"] == row.claim.token
    else:
        assert (row.claim.by, row.claim.failures) == (CONFIG.installation, 0), "nobody touches it"
        assert world.status(job_id).get("phase") != "Failed"


async def test_a_row_of_a_former_name_without_a_videojob_is_adopted() -> None:
    world = World()
    job_id = world.jobs.add()
    await world.intake.claim_what_fits()
    world.config = CONFIG.model_copy(
        update={"installation": "test/renamed", "former_installations": (CONFIG.installation,)}
    )
    world.start_operator()
    await world.compare()
    await world.settle()
    await world.compare()
    await world.settle()
    row = world.jobs.rows[job_id]
    assert row.claim is not None
    assert row.claim.by == "test/renamed"
    assert videojob_name(job_id) in world.cluster.jobs


async def test_an_app_that_writes_over_the_claim_loses_no_work() -> None:
    world = World()
    user = str(uuid4())
    job_id, name = await _running(world, user)
    before = world.jobs.rows[job_id].claim
    world.jobs.set(job_id, metadata={"user_id": user, "title": "renamed by the user"})
    await world.compare()
    await world.settle()
    row = world.jobs.rows[job_id]
    assert before is not None
    assert row.claim is not None
    assert (row.status, row.claim.token) == ("processing", before.token)
    assert row.metadata["title"] == "renamed by the user"
    assert name in world.cluster.jobs
    assert world.status(job_id)["phase"] == "Running"
    assert b'runops_drift_repaired_total{kind="RowWithoutClaim"} 1.0' in world.metrics.text()


async def test_the_videojob_of_another_installation_keeps_its_name_and_the_row_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    job_id = world.jobs.add()
    name = videojob_name(job_id)
    theirs = {"runops.dev/by": "somebody/else", "runops.dev/claim": "their-token"}
    await world.cluster.create_videojob(
        {"metadata": {"name": name, "annotations": theirs}, "spec": {"jobId": str(job_id)}}
    )
    for _ in range(3):
        await world.take_in()
        await world.settle()
        world.wait(60)
        await world.rows.once()
    assert world.cluster.jobs == {}
    said = [record.getMessage() for record in caplog.records if "belongs to the installation" in record.getMessage()]
    assert said == [f"The row waits: its VideoJob {name} belongs to the installation somebody/else."]
