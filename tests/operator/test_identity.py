"""A release acts on its own rows and VideoJobs only, keeps them through a renaming, and survives an app's writes."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.failures import Reason
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from tests.operator.world import CONFIG, World

SHARED = f"{CONFIG.namespace}/videos"
"""The default name of earlier releases: the same in each cluster that has such a release."""


def _named(uid: str, **changes: Any) -> OperatorConfig:
    """Return the settings of a release with the default name, in the cluster whose Namespace has this uid."""
    given = {**CONFIG.model_dump(), "installation": "", "release": "videos", **changes}
    return OperatorConfig.model_validate(given).named(uid)


def _restarted(world: World, config: OperatorConfig) -> World:
    world.config = config
    world.start_operator()
    return world


def _beside(first: World, config: OperatorConfig) -> World:
    """Return an operator in a cluster of its own, on the same tables."""
    second = World(config)
    second.jobs = first.jobs
    second.start_operator()
    return second


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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CONFIG, CONFIG.model_copy(update={"installation": "test/renamed", "former_installations": ("test/runops",)})),
        (CONFIG.model_copy(update={"installation": SHARED}), _named("uid-1")),
    ],
    ids=["told its former name", "the default name of an earlier release"],
)
async def test_a_video_that_waits_for_a_node_when_the_release_is_renamed_is_never_stale(
    before: OperatorConfig, after: OperatorConfig
) -> None:
    world = World(before)
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    _restarted(world, after)
    await world.compare()
    await world.settle()
    for _ in range(5):
        world.wait(after.stale_after_seconds / 4)
        await world.compare()
        await world.settle()
    row = world.jobs.rows[job_id]
    assert row.claim is not None
    assert row.claim.by == after.installation
    other = _beside(world, CONFIG.model_copy(update={"installation": "test/other"}))
    assert await other.take_in() == 0, "another release on this table takes it for abandoned"


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


def _by(world: World, job_id: UUID) -> str | None:
    claim = world.jobs.rows[job_id].claim
    return None if claim is None else claim.by


async def test_two_clusters_with_the_same_namespace_and_release_leave_each_other_alone() -> None:
    ours = World(_named("uid-1"))
    theirs = _beside(ours, _named("uid-2"))
    job_id, name = await _running(ours)
    unadopted = ours.jobs.add()
    await ours.intake.claim_what_fits()
    for _ in range(3):
        await theirs.compare()
        await theirs.take_in()
        await theirs.settle()
    assert theirs.cluster.videojobs == {}
    assert {_by(ours, job_id), _by(ours, unadopted)} == {"runops/videos@uid-1"}
    await ours.take_in()
    await ours.settle()
    assert ours.status(job_id)["phase"] == "Running"
    assert {name, videojob_name(unadopted)} <= set(ours.cluster.jobs)


async def test_an_upgrade_from_the_name_that_clusters_shared_takes_its_videos_along() -> None:
    world = World(CONFIG.model_copy(update={"installation": SHARED}))
    job_id, name = await _running(world)
    _restarted(world, _named("uid-1"))
    await world.compare()
    await world.settle()
    assert _by(world, job_id) == "runops/videos@uid-1"
    assert world.cluster.videojobs[name]["metadata"]["annotations"]["runops.dev/by"] == "runops/videos@uid-1"
    world.cluster.end_pod(name, 108, Report(reason=Reason.MODEL_FILE_REJECTED, message="It failed."))
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert (claim.by, claim.failures) == ("runops/videos@uid-1", 1)


async def test_an_upgrade_takes_along_a_video_whose_next_attempt_had_just_been_prepared() -> None:
    world = World(CONFIG.model_copy(update={"installation": SHARED}))
    job_id, name = await _running(world)
    row = world.jobs.rows[job_id]
    assert row.claim is not None
    ended = world.cluster.jobs[name]["metadata"]["uid"]
    following = row.claim.after(ended, row.claim.history, not_before=None, reason=Reason.MODEL_FILE_REJECTED)
    assert await world.jobs.succeed(row, following)
    _restarted(world, _named("uid-1"))
    for _ in range(2):
        await world.compare()
        await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert (claim.token, claim.by) == (following.claim, "runops/videos@uid-1")
    assert world.status(job_id).get("phase") != "Failed"


async def test_after_an_upgrade_a_row_of_the_shared_name_without_a_videojob_here_is_left_until_it_is_stale() -> None:
    theirs = World(CONFIG.model_copy(update={"installation": SHARED}))
    job_id, _ = await _running(theirs)
    ours = _beside(theirs, _named("uid-1"))
    ours.now = theirs.now
    await ours.compare()
    await ours.take_in()
    await ours.settle()
    assert (ours.cluster.videojobs, _by(theirs, job_id)) == ({}, SHARED)
    for world in (ours, theirs):
        world.wait(CONFIG.stale_after_seconds + 60)
    await ours.take_in()
    await ours.settle()
    assert _by(theirs, job_id) == "runops/videos@uid-1", "nobody has touched it for so long"
    assert videojob_name(job_id) in ours.cluster.jobs


@pytest.mark.parametrize("told", [True, False], ids=["told its former name", "not told"])
async def test_after_a_move_or_a_new_namespace_rows_are_worked_on_at_once_where_the_name_is_told(told: bool) -> None:
    before = World(_named("uid-1"))
    job_id, _ = await _running(before)
    former = (before.config.installation,) if told else ()
    after = _beside(before, _named("uid-2", former_installations=former))
    await after.compare()
    await after.settle()
    await after.compare()
    await after.settle()
    if told:
        assert _by(before, job_id) == "runops/videos@uid-2"
        assert videojob_name(job_id) in after.cluster.jobs
    else:
        assert (_by(before, job_id), after.cluster.videojobs) == ("runops/videos@uid-1", {})


async def test_videojobs_restored_into_a_new_namespace_are_carried_on_where_the_name_is_told() -> None:
    before = World(_named("uid-1"))
    job_id, name = await _running(before)
    after = _beside(before, _named("uid-2", former_installations=(before.config.installation,)))
    restored = before.cluster.videojobs[name]
    metadata = {"name": name, "annotations": dict(restored["metadata"]["annotations"])}
    await after.cluster.create_videojob({"metadata": metadata, "spec": restored["spec"]})
    for _ in range(2):
        await after.compare()
        await after.settle()
    assert _by(before, job_id) == "runops/videos@uid-2"
    assert after.cluster.videojobs[name]["metadata"]["annotations"]["runops.dev/by"] == "runops/videos@uid-2"
    assert name in after.cluster.jobs
