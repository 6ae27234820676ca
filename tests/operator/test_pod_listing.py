"""Which looks need no listing of pods of their own."""

from typing import Any

from runops.videojob import videojob_name
from runops_operator.informer.pod_listing import PodListing, pods_of
from tests.operator.world import World


def pod(job: str, *, owner: str = "job-1", name: str = "pod") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"batch.kubernetes.io/job-name": job},
            "ownerReferences": [{"uid": owner, "controller": True}],
        },
    }


def listing(*pods: dict[str, Any], jobs: tuple[str, ...] = ("vj-1", "vj-2")) -> PodListing:
    listed = PodListing()
    listed.begin(jobs)
    for one in pods:
        listed.see(one)
    listed.end()
    return listed


def test_pods_of_a_listing_can_be_taken_once() -> None:
    listed = listing(pod("vj-1", name="a"), pod("vj-1", name="b"))
    taken = listed.take("vj-1", "job-1")
    assert taken is not None
    assert [one.name for one in taken] == ["a", "b"]
    assert listed.take("vj-1", "job-1") is None


def test_pods_of_a_job_can_be_taken_as_soon_as_the_next_jobs_are_listed() -> None:
    listed = PodListing()
    listed.begin(["vj-1", "vj-2"])
    assert [listed.see(pod("vj-1", name="a")), listed.see(pod("vj-1", name="b"))] == [None, None]
    assert listed.see(pod("vj-2", name="c")) == "vj-1"
    assert [one.name for one in listed.take("vj-1", "job-1") or ()] == ["a", "b"]
    assert listed.take("vj-2", "job-1") is None


def test_pod_that_is_listed_after_those_of_other_jobs_leaves_its_job_in_doubt() -> None:
    listed = listing(pod("vj-1", name="a"), pod("vj-2", name="b"), pod("vj-1", name="named-by-hand"))
    assert listed.take("vj-1", "job-1") is None
    assert [one.name for one in listed.take("vj-2", "job-1") or ()] == ["b"]


def test_job_without_a_pod_is_known_to_have_none() -> None:
    assert listing().take("vj-2", "job-1") == []


def test_nothing_is_known_of_a_job_that_was_not_asked_about() -> None:
    assert listing(pod("vj-3")).take("vj-3", "job-1") is None


def test_pods_of_a_former_job_of_that_name_are_left_out() -> None:
    former = pod("vj-1", owner="job-0")
    assert listing(former).take("vj-1", "job-1") == []
    assert pods_of([former, pod("vj-1", name="mine")], "job-1") == pods_of([pod("vj-1", name="mine")], "job-1")


def test_listing_that_was_broken_off_says_nothing() -> None:
    listed = PodListing()
    listed.begin(["vj-1"])
    listed.see(pod("vj-1"))
    assert listed.take("vj-1", "job-1") is None


def test_job_that_changed_while_pods_were_listed_is_asked_about() -> None:
    listed = PodListing()
    listed.begin(["vj-1"])
    listed.see(pod("vj-1"))
    listed.doubt("vj-1")
    listed.end()
    assert listed.take("vj-1", "job-1") is None


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
