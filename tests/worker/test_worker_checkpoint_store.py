"""When the checkpoint is written, and how an unreadable one is treated: against a Supabase in memory."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops.job_row import JobRow
from runops.progress import Stage
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_worker.checkpoint.format import ChunkState, read_checkpoint
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.model.protocol import CallUsage
from runops_worker.reporting.row_sink import RowSink
from tests.worker.fakes import TASK, FakeSupabase, a_checkpoint, a_context


async def save_chunk(checkpoint: CheckpointStore, key: str) -> None:
    await checkpoint.save(lambda state: state.with_chunk(ChunkState(key=key)))


async def test_a_slow_checkpoint_never_overwrites_a_newer_one() -> None:
    fake = FakeSupabase(upload_seconds=[0.1])
    checkpoint = a_checkpoint(fake)
    first = asyncio.ensure_future(save_chunk(checkpoint, "first"))
    await asyncio.sleep(0.01)
    await asyncio.gather(first, save_chunk(checkpoint, "second"), save_chunk(checkpoint, "third"))
    stored = read_checkpoint(fake.objects[TASK.checkpoint_object])
    assert [chunk.key for chunk in stored.chunks] == ["first", "second", "third"]


async def test_without_the_claim_nothing_is_written() -> None:
    fake = FakeSupabase()
    checkpoint = a_checkpoint(fake)
    await checkpoint.save(lambda state: state)
    fake.is_held = False
    with pytest.raises(Failed) as failed:
        await save_chunk(checkpoint, "late")
    assert failed.value.reason is Reason.CLAIM_LOST
    assert read_checkpoint(fake.objects[TASK.checkpoint_object]).chunks == ()


@pytest.mark.parametrize(
    "error",
    [SupabaseError(ErrorKind.INVALID, "not JSON"), SupabaseError(ErrorKind.TOO_LARGE, "large"), RecursionError()],
)
async def test_an_unreadable_checkpoint_counts_as_empty(error: Exception) -> None:
    fake = FakeSupabase({TASK.checkpoint_object: error})
    checkpoint = a_checkpoint(fake)
    await checkpoint.load()
    assert checkpoint.state.chunks == ()
    assert await a_context(fake).storage.read_json(TASK.checkpoint_object) is None


async def test_an_outage_while_the_checkpoint_is_read_is_an_error() -> None:
    checkpoint = a_checkpoint(FakeSupabase({TASK.checkpoint_object: SupabaseError(ErrorKind.UNAVAILABLE, "away")}))
    with pytest.raises(SupabaseError):
        await checkpoint.load()


async def test_the_cost_of_calls_is_saved_with_the_next_write_and_added_to_that_of_earlier_attempts() -> None:
    fake = FakeSupabase()
    for attempt in (1, 2):
        checkpoint = a_checkpoint(fake)
        await checkpoint.load()
        checkpoint.call_counter(Stage.TRANSCRIBING)(CallUsage("m", 5, 1))
        await checkpoint.save_cost(seconds=5)
        assert read_checkpoint(fake.objects[TASK.checkpoint_object]).ledger.transcribing.calls == attempt


async def test_a_run_without_cost_leaves_the_checkpoint_alone() -> None:
    fake = FakeSupabase()
    await a_checkpoint(fake).save_cost(seconds=5)
    assert fake.objects == {}


@pytest.mark.virtual_time
async def test_a_cost_that_cannot_be_saved_in_time_is_given_up() -> None:
    fake = FakeSupabase(upload_seconds=[60])
    checkpoint = a_checkpoint(fake)
    checkpoint.call_counter(Stage.PARSING_SOP)(CallUsage("m", 5, 1))
    async with asyncio.timeout(5):
        await checkpoint.save_cost(seconds=0.01)
    assert fake.objects == {}


class Hanging:
    """A table that never answers."""

    async def get(self, job_id: UUID) -> JobRow | None:
        raise AssertionError(job_id)

    async def heartbeat(self, *_: Any, **__: Any) -> bool:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_heartbeat_that_hangs_is_left_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runops_worker.reporting.row_sink._WRITE_SECONDS", 0.01)
    async with asyncio.timeout(60):
        await RowSink(Hanging(), UUID(int=1), TASK.claim).report(Stage.TRANSCRIBING, 40)
