"""Which reconciliations need no listing of pods of their own."""

from collections.abc import AsyncIterator
from typing import Any

from runops.videojob import videojob_name
from runops_operator.informer.pod_listing import PodListing, groups_by_job, pods_of
from tests.operator.world import World


def pod(job: str, *, owner: str = "job-1", name: str = "pod") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"batch.kubernetes.io/job-name": job},
            "ownerReferences": [{"uid": owner, "controller": True}],
        },
    }


def listing(*groups: tuple[str, list[dict[str, Any]]], jobs: tuple[str, ...] = ("vj-1", "vj-2")) -> PodListing:
    listed = PodListing()
    listed.begin(jobs)
    for job, pods in groups:
        listed.add(job, pods)
    listed.end()
    return listed


async def _grouped(*pods: dict[str, Any]) -> list[tuple[str, list[str]]]:
    async def source() -> AsyncIterator[dict[str, Any]]:
        for one in pods:
            yield one

    return [(job, [one["metadata"]["name"] for one in group]) async for job, group in groups_by_job(source())]


async def test_listed_pods_are_grouped_by_job_in_the_order_of_the_listing() -> None:
    pods = [pod("vj-1", name="a"), pod("vj-1", name="b"), pod("vj-2", name="c"), pod("vj-1", name="by-hand")]
    assert await _grouped(*pods) == [("vj-1", ["a", "b"]), ("vj-2", ["c"]), ("vj-1", ["by-hand"])]
    assert await _grouped() == []


async def test_a_pod_without_labels_belongs_to_no_job() -> None:
    assert await _grouped({"metadata": {"name": "a", "labels": None}}, pod("vj-1", name="b")) == [
        ("", ["a"]),
        ("vj-1", ["b"]),
    ]


def test_pods_of_a_listing_can_be_taken_once() -> None:
    listed = listing(("vj-1", [pod("vj-1", name="a"), pod("vj-1", name="b")]))
    taken = listed.take("vj-1", "job-1")
    assert taken is not None
    assert [one.name for one in taken] == ["a", "b"]
    assert listed.take("vj-1", "job-1") is None


def test_pods_of_a_job_can_be_taken_before_the_listing_ends() -> None:
    listed = PodListing()
    listed.begin(["vj-1", "vj-2"])
    assert listed.add("vj-1", [pod("vj-1", name="a")])
    assert [one.name for one in listed.take("vj-1", "job-1") or ()] == ["a"]
    assert listed.take("vj-2", "job-1") is None


def test_a_pod_listed_apart_from_the_others_invalidates_its_job() -> None:
    listed = PodListing()
    listed.begin(["vj-1", "vj-2"])
    assert listed.add("vj-1", [pod("vj-1", name="a")])
    assert listed.add("vj-2", [pod("vj-2", name="b")])
    assert not listed.add("vj-1", [pod("vj-1", name="named-by-hand")])
    listed.end()
    assert listed.take("vj-1", "job-1") is None
    assert [one.name for one in listed.take("vj-2", "job-1") or ()] == ["b"]


def test_a_job_without_a_pod_is_known_to_have_none_once() -> None:
    listed = listing()
    assert listed.take("vj-2", "job-1") == []
    assert listed.take("vj-2", "job-1") is None


def test_nothing_is_known_of_a_job_that_was_not_asked_about() -> None:
    assert listing(("vj-3", [pod("vj-3")])).take("vj-3", "job-1") is None


def test_pods_of_a_former_job_of_that_name_are_left_out() -> None:
    former = pod("vj-1", owner="job-0")
    assert listing(("vj-1", [former])).take("vj-1", "job-1") == []
    assert pods_of([former, pod("vj-1", name="mine")], "job-1") == pods_of([pod("vj-1", name="mine")], "job-1")


def test_a_pod_without_an_owner_counts_for_the_job_of_its_label() -> None:
    orphan = pod("vj-1", name="orphan")
    orphan["metadata"]["ownerReferences"] = None
    assert [one.name for one in pods_of([orphan], "job-1")] == ["orphan"]


def test_an_unfinished_listing_says_nothing_about_jobs_without_pods() -> None:
    listed = PodListing()
    listed.begin(["vj-1"])
    assert listed.take("vj-1", "job-1") is None
    listed.end()
    assert listed.take("vj-1", "job-1") == []


def test_a_new_listing_replaces_the_one_before() -> None:
    listed = listing(("vj-1", [pod("vj-1")]))
    listed.begin(["vj-2"])
    assert listed.take("vj-1", "job-1") is None
    assert listed.take("vj-2", "job-1") is None


def test_a_job_that_changes_during_the_listing_is_asked_about() -> None:
    listed = PodListing()
    listed.begin(["vj-1", "vj-2"])
    listed.add("vj-1", [pod("vj-1")])
    listed.invalidate("vj-1")
    listed.invalidate("vj-2")
    listed.end()
    assert listed.take("vj-1", "job-1") is None
    assert listed.take("vj-2", "job-1") is None
    assert not listed.add("vj-2", [pod("vj-2")])


async def test_comparison_of_everything_lists_pods_once_and_sees_what_it_should(world: World) -> None:
    jobs = [world.jobs.add() for _ in range(3)]
    await world.take_in()
    await world.settle()
    for job in jobs:
        world.cluster.run_pod(videojob_name(job), node="node-7")
    world.start_operator()
    world.cluster.pod_listings.clear()
    await world.compare()
    await world.settle()
    assert world.cluster.pod_listings == ["*"]
    assert {world.status(job)["workerPod"]["node"] for job in jobs} == {"node-7"}


async def test_change_of_a_job_after_the_comparison_is_seen_with_its_pods(world: World) -> None:
    job = world.jobs.add()
    await world.take_in()
    await world.settle()
    await world.resync.once()
    world.cluster.run_pod(videojob_name(job), node="node-7")
    world.cluster.pod_listings.clear()
    await world.settle()
    assert videojob_name(job) in world.cluster.pod_listings
    assert world.status(job)["phase"] == "Running"
