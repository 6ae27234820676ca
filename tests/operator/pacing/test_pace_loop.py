"""Grants: which calls go while a quota per minute is used up, and what a new leader makes of it."""

from datetime import timedelta

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError
from tests.operator.pacing.pace_site import KEPT, MODEL, Site


@pytest.fixture
def site() -> Site:
    return Site()


async def test_before_the_first_refusal_nothing_is_written(site: Site) -> None:
    name = await site.add(1)
    before = site.cluster.videojobs[name]

    await site.run(300)

    assert site.cluster.videojobs[name] is before
    assert "data" not in site.cluster.configmaps[KEPT]
    assert site.loop.room(0) is None


async def test_a_refusal_has_every_worker_wait_and_paused_videos_and_those_without_a_pod_hear_nothing(
    site: Site,
) -> None:
    refused, other = await site.add(1), await site.add(2)
    quiet = [await site.add(3, pod=False), await site.add(4, suspend=True)]
    site.refuse(refused)

    await site.look()

    assert [site.granted(name) for name in (refused, other, *quiet)] == [0, 0, None, None]


async def test_grants_begin_after_the_wait_and_follow_the_rate(site: Site) -> None:
    names = [await site.add(number) for number in range(10)]
    site.refuse(names[0])
    for name in names:
        site.want(name, 3, 1000, 1000, 1000)

    await site.run(52)
    assert sum(site.granted(name) or 0 for name in names) == 0
    await site.run(2)
    assert sum(site.granted(name) or 0 for name in names) == 1
    await site.run(59)

    assert sum(site.granted(name) or 0 for name in names) in {19, 20}


async def test_users_take_turns(site: Site) -> None:
    many = [await site.add(number, user=1) for number in range(8)]
    few = await site.add(20, user=2)
    site.refuse(many[0], wait=1.0)
    for name in many:
        site.want(name, 3, 1000, 1000, 1000)
    await site.run(0.5)
    site.want(few, 3, 1000, 1000, 1000)

    await site.run(21)

    assert site.granted(few) == 3
    assert sum(site.granted(name) or 0 for name in many) in {3, 4}


async def test_calls_about_backfills_let_others_go_first_for_five_minutes(site: Site) -> None:
    fresh = [await site.add(number) for number in range(60)]
    backfill = await site.add(60, labels={"runops.dev/lane": "backfill"})
    site.refuse(fresh[0], wait=1.0)
    site.want(backfill, 1)
    for name in fresh:
        site.want(name, 3, 1000, 1000, 1000)

    await site.run(290)
    assert site.granted(backfill) == 0
    assert sum(site.granted(name) or 0 for name in fresh) > 50
    await site.run(20)

    assert site.granted(backfill) == 1


async def test_a_grant_survives_a_conflict_with_the_workers_own_report(site: Site) -> None:
    name = await site.add(1)
    site.refuse(name, wait=0.0)
    site.want(name, 1)
    site.deliver()
    site.report(name, {"progress": "50%"})

    await site.loop.once()

    assert site.granted(name) == 1
    assert site.cluster.videojobs[name]["status"]["progress"] == "50%"


async def test_a_grant_that_could_not_be_written_is_written_later_and_counts_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await site.add(1)
    site.refuse(name, wait=0.0)
    site.want(name, 2, 1000, 1000)

    async def away(*_arguments: object, **_named: object) -> None:
        raise ClusterError("away", status=503)

    with monkeypatch.context() as outage:
        outage.setattr(site.cluster, "patch_videojob_status", away)
        assert await site.look() == 1.0
        assert site.granted(name) is None
    await site.run(4)
    assert site.granted(name) == 2

    await site.run(60)
    assert site.granted(name) == 2


async def test_a_new_leader_goes_on_with_the_hold_and_the_rate(site: Site) -> None:
    names = [await site.add(number) for number in range(5)]
    site.refuse(names[0])
    for name in names:
        site.want(name, 3, 1000, 1000, 1000)
    await site.run(20)

    site.start_operator()
    await site.run(32)
    assert sum(site.granted(name) or 0 for name in names) == 0, "the hold counts on"
    await site.run(5)
    assert sum(site.granted(name) or 0 for name in names) >= 1


async def test_leaders_that_follow_each_other_grant_no_more_than_the_limit_and_a_burst(site: Site) -> None:
    names = [await site.add(number) for number in range(20)]
    site.refuse(names[0], wait=1.0)
    for name in names:
        site.want(name, 3, 1000, 1000, 1000)
    await site.run(30)
    for _ in range(3):
        site.start_operator()
        await site.run(10)

    # 60 s at 20 calls a minute, and at most two calls ahead of them.
    assert sum(site.granted(name) or 0 for name in names) <= 22


async def test_an_old_refusal_is_no_news_to_a_new_leader(site: Site) -> None:
    name = await site.add(1)
    site.refuse(name)
    await site.look()
    site.now += timedelta(hours=2)
    await site.look()
    assert site.granted(name) is None

    site.start_operator()
    await site.look()

    assert site.granted(name) is None


async def test_what_is_kept_and_cannot_be_read_is_ignored(site: Site) -> None:
    name = await site.add(1)
    site.cluster.configmaps[KEPT] = {"metadata": {"name": KEPT}, "data": {"pace.json": '{"models": {"m": 7}}'}}
    site.refuse(name)

    await site.look()

    assert site.granted(name) == 0


async def test_without_the_configmap_the_pace_goes_on(site: Site) -> None:
    del site.cluster.configmaps[KEPT]
    name = await site.add(1)
    site.refuse(name, wait=0.0)
    site.want(name, 1)

    await site.look()

    assert site.granted(name) == 1


async def test_the_configmap_is_written_at_most_every_five_seconds_while_calls_go(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 0
    patch = site.cluster.patch_configmap

    async def counted(name: str, data: dict[str, str]) -> object:
        nonlocal writes
        writes += 1
        return await patch(name, data)

    monkeypatch.setattr(site.cluster, "patch_configmap", counted)
    names = [await site.add(number) for number in range(20)]
    site.refuse(names[0], wait=1.0, limit=600)
    for name in names:
        site.want(name, 60, *[1000] * 16)

    await site.run(60)

    assert 2 <= writes <= 13


async def test_when_the_pace_ends_workers_are_told_so(site: Site) -> None:
    name = await site.add(1)
    site.refuse(name)
    await site.look()
    assert site.granted(name) == 0

    await site.run(800)

    assert site.granted(name) is None
    assert site.cluster.videojobs[name]["status"]["pace"]["granted"] == [{"model": MODEL, "paced": False, "calls": 0}]


async def test_only_so_many_videos_begin_as_the_quota_feeds(site: Site) -> None:
    names = [await site.add(number, pod=number < 3) for number in range(6)]
    site.refuse(names[0])
    site.want(names[0], 3, 1000, 1000, 1000)
    await site.look()

    # 40 calls fill two minutes; three wait, five videos have not asked yet, and two rows are claimed.
    assert site.loop.room(2) == 40 - 3 - 5 - 2
    await site.add(7, pod=False)
    site.deliver()
    assert site.loop.room(2) == 40 - 3 - 6 - 2, "counted again although the loop did not run again"


async def test_while_no_call_waits_one_more_video_begins_now_and_then(site: Site) -> None:
    names = [await site.add(number) for number in range(60)]
    site.refuse(names[0])
    await site.look()

    assert site.loop.room(0) == 1
    assert site.loop.room(0) == 0
    site.now += timedelta(seconds=3.1)
    assert site.loop.room(0) == 1


async def test_calls_and_rate_are_measured(site: Site) -> None:
    name = await site.add(1)
    site.refuse(name, wait=10.0)
    site.want(name, 2, 1000, 1000)

    await site.run(8)

    text = site.metrics.text().decode()
    assert f'runops_model_rate_per_minute{{model="{MODEL}",unit="requests"}} 20.0' in text
    assert f'runops_model_calls_waiting{{model="{MODEL}"}} 2.0' in text
    assert f'runops_model_call_wait_seconds{{model="{MODEL}"}} 8.0' in text
    assert f'runops_model_calls_refused_total{{model="{MODEL}"}} 1.0' in text
    await site.run(10)
    assert f'runops_model_calls_granted_total{{model="{MODEL}"}} 2.0' in site.metrics.text().decode()
