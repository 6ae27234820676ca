"""From the moment the claim is gone nothing changes any more, wherever the worker is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from devstack.gemini.control import GeminiControl
from runops.failures import Reason
from tests.worker.gate import Gate, Seen, Stopped
from tests.worker.job import Job
from tests.worker.pod import SMALL_BYTES, Pod

pytestmark = pytest.mark.slow("whole worker processes, one for each write before which the claim goes", first=True)

NewJob = Callable[..., Awaitable[Job]]

WAYS: Final = {
    "moved away": b"update jobs set status = 'queued' where job_id = %s",
    "claimed by another": b"update jobs set metadata = jsonb_set(metadata, '{runops,claim}',"
    b" to_jsonb(gen_random_uuid()::text)) where job_id = %s",
    "deleted": b"with t as (delete from transcripts where job_id = %(id)s),"
    b" s as (delete from sops where job_id = %(id)s) delete from jobs where job_id = %(id)s",
}
ROWS: Final = {
    "jobs": b"select to_jsonb(jobs) from jobs order by id",
    "transcripts": b"select to_jsonb(transcripts) from transcripts order by id",
    "sops": b"select to_jsonb(sops) from sops order by id",
}
PARTS: Final = len(WAYS)
MOST_MOMENTS: Final = 40
LOOKS_BEFORE_THE_FIRST_OBJECT: Final = 2
"""One to bind the pod, one before any cost."""


@dataclass
class Moments:
    """Counts the moments right before a write, and takes the claim away in one of them.

    An object's write is looked at just before, for storage knows no condition: its moment is the one before that look.
    """

    at: int | None
    take_away: Callable[[], Awaitable[None]]
    looks: int = 0
    passed: list[Seen] = field(default_factory=list)
    was_completed: bool = False

    async def before(self, seen: Seen) -> None:
        """Count a request that is one."""
        self.looks += seen.is_look_at_the_claim
        if seen.is_look_at_the_claim:
            is_one = self.looks > LOOKS_BEFORE_THE_FIRST_OBJECT
        else:
            is_one = seen.is_write and not makes_an_object(seen) and seen.method != "DELETE"
        if not is_one:
            return
        # Counted first: while the claim is taken away another request may come, and it would take it away again.
        self.passed.append(seen)
        if len(self.passed) == self.at:
            self.was_completed = any(b'"status":"completed"' in other.body for other in self.passed[:-1])
            await self.take_away()


def makes_an_object(seen: Seen) -> bool:
    """Tell whether an object appears by this request: a single one, or the last piece of a resumable upload."""
    if "/upload/resumable" in seen.path:
        return seen.method == "PATCH" and len(seen.body) < SMALL_BYTES
    return seen.method == "POST" and "/storage/v1/object/videos/" in seen.path


async def world(job: Job) -> dict[str, Any]:
    """Return everything that a worker could change: rows, and what each object holds."""
    rows = {table: job.database.execute(query).fetchall() for table, query in ROWS.items()}
    task = job.task
    objects: dict[str, Any] = {}
    for key in (task.slim_object, task.transcript_object, task.sop_object, task.checkpoint_object):
        info = await job.supabase.storage.stat("videos", key)
        objects[key] = None if info is None else (info.etag, info.size)
    return rows | objects


def assert_no_upload_is_left_silently(job: Job, pod: Pod, begun: set[str]) -> None:
    """An upload that was begun is deleted; where storage takes longer than a process has to end, the log says so."""
    left = job.unfinished(begun)
    assert left == {} or "an unfinished upload stays until it expires" in pod.log, pod.log


async def a_run(job: Job, gate: Gate, folder: Path, *, way: bytes, at: int | None) -> tuple[int, Pod, Moments, Any]:
    """Run a pod and take the claim away in a moment; give how it ended and the world of that moment."""
    then: list[Any] = []

    async def take_away() -> None:
        job.database.execute(way, {"id": job.task.job_id} if b"%(id)s" in way else [job.task.job_id])
        then.append(await world(job))

    moments = Moments(at, take_away)
    first = len(gate.log)
    gate.before = moments.before
    pod = Pod(job, gate, folder)
    await pod.start()
    code = await pod.ended()
    await gate.quiet()
    begun = {seen.location.rpartition("/")[2] for seen in gate.log[first:] if seen.location}
    assert_no_upload_is_left_silently(job, pod, begun)
    return code, pod, moments, then[0] if then else None


@pytest.mark.parametrize(("part", "way"), list(enumerate(WAYS)))
async def test_a_claim_that_goes_right_before_any_write_stops_all_writes(
    *,
    way: str,
    part: int,
    new_job: NewJob,
    gate: Gate,
    control: GeminiControl,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Each way takes every third moment, until a run ends before its moment comes."""
    stopped = 0
    for at in range(1 + part, MOST_MOMENTS, PARTS):
        job = await new_job()
        code, pod, moments, then = await a_run(job, gate, tmp_path / str(at), way=WAYS[way], at=at)
        assert control.files() == []
        assert pod.report is not None
        if then is None:
            assert code == 0
            break
        assert await world(job) == then, f"after {moments.passed[at - 1]}"
        # The last write renews the checkpoint of a job that is completed already: there it only stays away.
        expected = (0, None) if moments.was_completed else (90, Reason.CLAIM_LOST)
        assert (code, pod.report.reason) == expected, f"after {moments.passed[at - 1]}\n{pod.log}"
        stopped += code == 90
    else:
        raise AssertionError("a run has more moments than that")
    writes = [seen for seen in moments.passed if seen.is_write and "/rest/v1/" in seen.path]
    # A run that takes longer reports its progress more often.
    assert len(writes) >= 8
    assert len(moments.passed) - len(writes) >= 12
    record_property("ended as ClaimLost", stopped)


@pytest.mark.parametrize("way", WAYS)
async def test_a_job_that_is_set_back_right_after_its_completion_keeps_what_the_next_worker_finds(
    *, way: str, new_job: NewJob, gate: Gate, tmp_path: Path
) -> None:
    job = await new_job()
    then: list[Any] = []

    async def after(seen: Seen) -> None:
        if b'"status":"completed"' in seen.body:
            parameters = {"id": job.task.job_id} if b"%(id)s" in WAYS[way] else [job.task.job_id]
            job.database.execute(WAYS[way], parameters)
            then.append(await world(job))

    gate.after = after
    pod = Pod(job, gate, tmp_path / "pod")
    await pod.start()
    assert await pod.ended() == 0
    assert [await world(job)] == then


@pytest.mark.parametrize("at", [1, 6, 12, 18])
async def test_a_claim_that_an_app_writes_over_is_waited_for_and_nothing_is_written_meanwhile(
    *, at: int, new_job: NewJob, gate: Gate, control: GeminiControl, tmp_path: Path
) -> None:
    """The app writes over it right before a write; the operator writes it again after the worker has looked twice."""
    job = await new_job()
    key = {"id": job.task.job_id}
    kept: list[Any] = []
    then: list[dict[str, Any]] = []
    looks = 0

    async def write_over() -> None:
        kept.append(job.database.execute("select metadata::text from jobs where job_id = %(id)s", key).fetchone())
        job.database.execute("update jobs set metadata = metadata - 'runops' where job_id = %(id)s", key)
        then.append(await world(job))

    moments = Moments(at, write_over)

    async def before(seen: Seen) -> None:
        nonlocal looks
        await moments.before(seen)
        if not kept or seen.method != "GET" or "/rest/v1/jobs" not in seen.path:
            return
        looks += 1
        if looks == 3:
            assert await world(job) == then[0], "something was written without the claim"
            job.database.execute(
                "update jobs set metadata = %(kept)s::jsonb where job_id = %(id)s", key | {"kept": kept[0][0]}
            )

    gate.before = before
    pod = Pod(job, gate, tmp_path / "pod")
    await pod.start()
    assert await pod.ended() == 0, pod.log
    assert looks >= 3
    assert job.database.execute("select status from jobs where job_id = %(id)s", key).fetchone() == ("completed",)
    now = await world(job)
    assert [len(now[table]) for table in ("transcripts", "sops")] == [1, 1]
    assert control.files() == []


async def test_between_the_check_and_the_write_one_object_can_slip_in_and_no_second(
    *, new_job: NewJob, gate: Gate, control: GeminiControl, tmp_path: Path
) -> None:
    job = await new_job()
    late: list[Any] = []

    async def before(seen: Seen) -> None:
        if makes_an_object(seen) and seen.path.endswith(job.task.transcript_object):
            job.database.execute(WAYS["claimed by another"], [job.task.job_id])
            late.append(await world(job))

    gate.before = before
    pod = Pod(job, gate, tmp_path / "pod")
    await pod.start()
    assert await pod.ended() == 90
    now = await world(job)
    assert {name for name in now if now[name] != late[0][name]} == {job.task.transcript_object}
    assert control.files() == []


async def test_of_two_pods_of_one_attempt_the_first_ends_as_soon_as_the_second_is_bound(
    *, new_job: NewJob, gate: Gate, control: GeminiControl, tmp_path: Path
) -> None:
    job = await new_job()
    held, release = asyncio.Event(), asyncio.Event()

    async def before(seen: Seen) -> None:
        if "GenerateContent" in seen.path and not held.is_set():
            held.set()
            await release.wait()

    gate.before = before
    first, second = Pod(job, gate, tmp_path / "first"), Pod(job, gate, tmp_path / "second")
    await first.start()
    async with asyncio.timeout(120):
        await held.wait()
    await second.start()
    assert await second.ended() == 0
    release.set()
    assert await first.ended() == 90
    assert job.row()["status"] == "completed"
    assert job.transcript() is not None
    assert job.sop() is not None
    assert control.files() == []


async def test_a_sigterm_in_the_middle_of_an_upload_leaves_nothing_in_storage(
    *, new_job: NewJob, gate: Gate, tmp_path: Path
) -> None:
    job = await new_job()
    pod = Pod(job, gate, tmp_path / "pod")

    async def before(seen: Seen) -> None:
        if "/upload/resumable/" in seen.path and seen.offset:
            gate.before = let_pass
            pod.terminate()
            async with asyncio.timeout(120):
                while "asked to stop" not in pod.log:  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.01)
            raise Stopped

    gate.before = before
    await pod.start()
    assert await pod.ended() == 143
    (begun,) = [seen.location.rpartition("/")[2] for seen in gate.log if seen.location]
    assert_no_upload_is_left_silently(job, pod, {begun})
    assert await job.supabase.storage.stat("videos", job.task.slim_object) is None


async def let_pass(_seen: Seen) -> None:
    pass
