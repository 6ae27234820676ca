"""What the operator counts of videos: once each, from what stands in the VideoJob."""

from dataclasses import replace
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from runops.failures import Reason
from runops.job_row import Lane
from runops.progress import Stage
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.manifests.observed import VideoJobView, parse_videojob
from runops_operator.observability.figures import Figures, snapshot
from runops_operator.observability.metrics import Metrics
from runops_operator.observability.snapshot_collector import Snapshot
from tests.operator import journey
from tests.operator.world import CONFIG, World


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    raise AssertionError(f"there is no {name}{labels}")


def _labels(metrics: Metrics, name: str) -> dict[str, float]:
    return {
        next(iter(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == name
    }


async def test_a_video_adds_its_durations_stages_tokens_and_cost(world: World) -> None:
    job_id, name = await journey.claimed(world, waited_seconds=60)
    await journey.started(world, name, after_seconds=10)
    await journey.completed(world, job_id, name, after_seconds=190)

    of = world.metrics
    assert _value(of, "runops_claim_wait_seconds_sum") == 60
    assert _value(of, "runops_run_seconds_sum", outcome="Succeeded") == 190
    assert _value(of, "runops_video_seconds_sum", outcome="Succeeded") == 260
    assert _value(of, "runops_videos_finished_total", outcome="Succeeded") == 1
    assert _labels(of, "runops_stage_seconds_sum") == {
        "preparing_video": 60.0,
        "transcribing": 100.5,
        "parsing_sop": 20.0,
    }
    assert _value(of, "runops_model_tokens_total", model="gemini-3.8-pro", direction="input") == 90_000
    assert _value(of, "runops_model_tokens_total", model="gemini-3.8-flash", direction="output") == 2_500
    assert _labels(of, "runops_model_calls_total") == {"gemini-3.8-pro": 2.0, "gemini-3.8-flash": 1.0}
    assert _labels(of, "runops_model_cost_usd_total") == {"gemini-3.8-pro": 0.25, "gemini-3.8-flash": 0.01}
    assert _value(of, "runops_media_seconds_total") == 1800


async def test_a_row_seen_completed_before_the_workers_last_word_leaves_nothing_uncounted(world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await _completed_and_seen(world, job_id)
    assert world.status(job_id)["phase"] == "Running"
    world.cluster.end_pod(name, 0, Report(stage=Stage.COMPLETED, usage=journey.USAGE))
    await world.settle()
    assert world.status(job_id)["phase"] == "Succeeded"
    assert _value(world.metrics, "runops_media_seconds_total") == 1800


async def test_a_worker_that_hangs_after_completing_its_row_is_not_waited_for_longer_than_half_a_minute(
    world: World,
) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await _completed_and_seen(world, job_id)
    world.wait(20)
    await world.look(name)
    assert world.status(job_id)["phase"] == "Running"
    world.wait(11)
    await world.look(name)
    assert world.status(job_id)["phase"] == "Succeeded"


async def _completed_and_seen(world: World, job_id: UUID) -> None:
    name = videojob_name(job_id)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    (pod,) = (one for one in world.cluster.pods.values() if one["metadata"]["name"].startswith(name))
    bound = await world.jobs.bind_pod(job_id, claim.token, pod["metadata"]["uid"])
    assert bound is not None
    await journey.reached(world, name, Stage.FINALIZING)
    await world.jobs.complete(job_id, bound)
    await world.rows.once()
    await world.settle()


async def test_the_wait_for_a_worker_is_counted_once(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name, after_seconds=10)
    await world.look(name)
    assert _value(world.metrics, "runops_start_wait_seconds_count") == 1
    assert _value(world.metrics, "runops_start_wait_seconds_sum") == 10


async def test_a_failure_is_counted_by_its_reason_and_paid_calls_of_it_too(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    report = Report(reason=Reason.MEDIA_TOO_LONG, message="It is 3 h long.", usage=journey.USAGE)
    await journey.failed(world, name, report, code=70)
    assert _labels(world.metrics, "runops_videos_failed_total") == {"MediaTooLong": 1.0}
    assert _value(world.metrics, "runops_videos_finished_total", outcome="Failed") == 1
    assert _labels(world.metrics, "runops_model_cost_usd_total") == {"gemini-3.8-pro": 0.25, "gemini-3.8-flash": 0.01}


async def test_a_replica_that_takes_over_does_not_count_again_what_has_ended(world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.completed(world, job_id, name)

    world.start_operator()
    await world.compare()
    await world.settle()

    assert _value(world.metrics, "runops_videos_finished_total", outcome="Succeeded") == 0
    assert _labels(world.metrics, "runops_videos") == {"Succeeded": 1.0}


@pytest.mark.parametrize("cost", ["a lot", "-1", "nan", "inf", "1e300"])
async def test_a_cost_that_no_worker_of_ours_wrote_is_not_added(cost: str, world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.completed(world, job_id, name)
    ended = world.store.videojob(name)
    assert ended is not None
    assert ended.status.usage is not None
    usage = ended.status.usage.model_copy(
        update={"transcribing": journey.USAGE.transcribing.model_copy(update={"cost_usd": cost})}  # type: ignore[union-attr]  # set above
    )
    changed = ended.status.model_copy(update={"usage": usage})
    before = next(view for view, _ in world.looks if view is not None)
    metrics = Metrics()

    Figures(metrics).see(before, replace(ended, status=changed))

    assert _labels(metrics, "runops_model_cost_usd_total") == {"gemini-3.8-flash": 0.01}


async def test_videojobs_are_counted_by_phase_user_and_reason_of_stalling(world: World) -> None:
    first, name = await journey.claimed(world)
    await journey.claimed(world, user=None)
    await journey.started(world, name)
    await journey.completed(world, first, name)
    world.wait(100_000)
    await world.compare()
    await world.settle()

    seen = snapshot(world.store.videojobs())

    assert dict(seen.phases) == {"Succeeded": 1, "Pending": 1}
    assert dict(seen.users) == {"": 1}, "one that has ended is nobody's any more"
    assert sum(seen.stalled.values()) == 1


def test_only_the_ten_busiest_users_are_named() -> None:
    metrics = Metrics()
    users = {f"user-{number:02}": number for number in range(1, 31)} | {"": 50}
    metrics.look_at(videojobs=lambda: Snapshot(users=users), depth=lambda: 0)
    shown = _labels(metrics, "runops_user_videos")
    assert len(shown) == 11
    assert shown["nobody"] == 50
    assert shown["other"] == sum(range(1, 22))
    assert _value(metrics, "runops_active_users") == 31


def test_where_users_are_not_to_be_named_they_are_only_counted() -> None:
    metrics = Metrics(by_user=False)
    metrics.look_at(videojobs=lambda: Snapshot(users={"user-1": 3}), depth=lambda: 0)
    assert "user-1" not in metrics.text().decode()
    assert _value(metrics, "runops_active_users") == 1


def test_a_replica_that_does_not_lead_shows_nothing_of_the_queue() -> None:
    metrics = Metrics()
    metrics.leads(lambda: True)
    assert _value(metrics, "runops_leader") == 1
    metrics.look_at(videojobs=lambda: Snapshot(phases={"Running": 3}), depth=lambda: 7)
    metrics.queue(Lane.FRESH, rows=5, oldest_seconds=60)
    metrics.intake_paused("QuotaExceeded")
    metrics.intake_waits_for_quota(True)
    metrics.pace("gemini", requests=5.0, tokens=100.0, waiting=3, oldest_seconds=9.0)
    metrics.stands_by()
    for name in ("runops_leader", "runops_intake_waits_for_quota"):
        assert _value(metrics, name) == 0
    for name in ("intake_paused", "model_rate_per_minute", "model_calls_waiting", "model_call_wait_seconds"):
        assert _labels(metrics, f"runops_{name}") == {}
    # When it leads again it knows of no rates.
    metrics.pace("gemini", requests=None, tokens=None, waiting=0, oldest_seconds=0.0)
    assert _labels(metrics, "runops_model_rate_per_minute") == {}
    assert _value(metrics, "runops_queue_rows") == 0
    assert _value(metrics, "runops_queue_oldest_seconds") == 0
    assert _value(metrics, "runops_workqueue_depth") == 0
    assert _labels(metrics, "runops_videos") == {}


def test_a_leader_whose_loops_do_not_work_does_not_count_as_one() -> None:
    metrics, works = Metrics(), {"rows": True}
    metrics.leads(lambda: all(works.values()))
    metrics.look_at_loops(lambda: works)
    assert _value(metrics, "runops_leader") == 1
    works["rows"] = False
    assert _value(metrics, "runops_leader") == 0
    assert _value(metrics, "runops_loop_working", loop="rows") == 0


def test_a_clock_that_runs_backwards_makes_no_negative_durations() -> None:
    metrics = Metrics()
    metrics.claimed("queued", waited_seconds=-5)
    metrics.started(-5)
    metrics.finished("Succeeded", run_seconds=-5, whole_seconds=-5)
    metrics.queue(Lane.FRESH, rows=1, oldest_seconds=-5)
    for name in ("runops_claim_wait_seconds_sum", "runops_start_wait_seconds_sum", "runops_queue_oldest_seconds"):
        assert _value(metrics, name) == 0


def test_a_status_that_somebody_invented_is_no_label() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.claimed(f"invented-{number}")
    assert _labels(metrics, "runops_claims_total") == {"other": 100.0, "queued": 0.0, "processing": 0.0}


async def test_the_queue_shows_its_length_and_its_oldest_row(world: World) -> None:
    for _ in range(3):
        world.jobs.add()
    world.wait(90)
    world.jobs.add(metadata={"backfill": True})
    await world.backlog.once()
    assert _value(world.metrics, "runops_queue_rows") == 3
    assert _value(world.metrics, "runops_queue_oldest_seconds") == 90
    assert _value(world.metrics, "runops_backfill_rows") == 1
    assert _value(world.metrics, "runops_backfill_oldest_seconds") == 0
    for job_id in list(world.jobs.rows):
        world.jobs.set(job_id, status="completed")
    await world.backlog.once()
    assert _value(world.metrics, "runops_queue_rows") == 0
    assert _value(world.metrics, "runops_queue_oldest_seconds") == 0


async def test_rows_are_counted_by_status_every_five_minutes(world: World) -> None:
    for status in ("queued", "processing", "error", "error", "completed"):
        world.jobs.add(status=status)
    await world.backlog.once()
    counted = {"queued": 1.0, "processing": 1.0, "error": 2.0, "completed": 1.0}
    assert _labels(world.metrics, "runops_rows") == counted
    world.jobs.add(status="error")
    for _ in range(9):
        await world.backlog.once()
    assert _labels(world.metrics, "runops_rows") == counted
    await world.backlog.once()
    assert _labels(world.metrics, "runops_rows") == counted | {"error": 3.0}
    world.metrics.stands_by()
    assert _labels(world.metrics, "runops_rows") == {}


async def test_free_slots_are_shown_and_none_while_nothing_is_claimed(world: World) -> None:
    await world.take_in()
    assert _value(world.metrics, "runops_free_slots") == world.config.max_concurrent
    world.jobs.add()
    await world.take_in()
    await world.take_in()
    assert _value(world.metrics, "runops_free_slots") == world.config.max_concurrent - 1
    for number in range(world.config.max_concurrent):
        world.jobs.add(metadata={"n": number})
    await world.take_in()
    await world.take_in()
    assert _value(world.metrics, "runops_free_slots") == 0
    world.metrics.stands_by()
    assert _value(world.metrics, "runops_free_slots") == 0


async def test_no_slot_counts_as_free_while_only_rows_of_a_user_at_the_limit_wait() -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 4, "max_concurrent_per_user": 1}))
    world.jobs.add()
    world.jobs.add()
    for _ in range(3):
        await world.take_in()
    assert _value(world.metrics, "runops_free_slots") == 0
    world.jobs.add(metadata={"user_id": "another"})
    await world.take_in()
    world.jobs.rows.clear()
    await world.take_in()
    await world.take_in()
    assert _value(world.metrics, "runops_free_slots") > 0


def test_what_unfinished_videos_have_cost_so_far_is_shown() -> None:
    views = [
        _ended("a", 2, "0.20", ended=False),
        _ended("b", 1, "0.10", ended=True),
        _ended("c", 1, "0.05", ended=False),
    ]
    assert snapshot(views).cost_usd == pytest.approx(0.25)


def test_a_video_that_is_run_again_after_a_failure_adds_only_what_it_cost_more() -> None:
    metrics = Metrics()
    figures = Figures(metrics)
    for uid, calls, dollars in (("a", 2, "0.20"), ("b", 3, "0.30")):
        figures.see(_ended(uid, calls, dollars, ended=False), _ended(uid, calls, dollars, ended=True))
    assert _value(metrics, "runops_model_calls_total", model="m") == 3
    assert _value(metrics, "runops_model_cost_usd_total", model="m") == pytest.approx(0.30)
    assert _value(metrics, "runops_model_tokens_total", model="m", direction="input") == 30
    figures.see(_ended("c", 1, "0.10", ended=False, ledger="l2"), _ended("c", 1, "0.10", ended=True, ledger="l2"))
    assert _value(metrics, "runops_model_calls_total", model="m") == 4


def _ended(uid: str, calls: int, dollars: str, *, ended: bool, ledger: str = "l1") -> VideoJobView:
    stage = {"model": "m", "calls": calls, "inputTokens": 10 * calls, "costUsd": dollars}
    done = {"type": "Finished", "status": "True", "reason": "x", "lastTransitionTime": "2026-11-30T00:00:00Z"}
    status = {
        "usage": {"ledger": ledger, "costUsd": dollars, "transcribing": stage},
        "conditions": [done] if ended else [],
    }
    spec = {"jobId": "00000000-0000-4000-8000-000000000001"}
    return parse_videojob({"metadata": {"name": "vj-1", "uid": uid}, "spec": spec, "status": status})
