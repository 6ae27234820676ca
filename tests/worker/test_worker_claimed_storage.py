"""Objects are written under the claim and within a deadline."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops.supabase.errors import ErrorKind, SupabaseError
from tests.worker.fakes import TASK, FakeSupabase, a_context


@dataclass
class Away(FakeSupabase):
    """A Supabase whose tables do not answer."""

    async def held(self, *_: Any) -> bool:
        raise SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")


async def test_an_object_is_not_written_where_the_claim_is_lost() -> None:
    fake = FakeSupabase(is_held=False)
    with pytest.raises(Failed) as failed:
        await a_context(fake).storage.put_json("key", 1)
    assert (failed.value.reason, fake.objects) == (Reason.CLAIM_LOST, {})


async def test_a_claim_that_cannot_be_checked_is_a_failure_that_no_retry_of_the_upload_repeats() -> None:
    fake = Away()
    with pytest.raises(Failed) as failed:
        await a_context(fake).storage.put_json("key", 1)
    assert failed.value.reason is SupabaseError(ErrorKind.UNAVAILABLE, "").reason
    assert (failed.value.detail, fake.objects) == ("The database is away.", {})


async def test_an_upload_that_misses_its_deadline_names_object_and_seconds() -> None:
    storage = replace(a_context(FakeSupabase(upload_seconds=[60])).storage, upload_seconds=0.01)
    with pytest.raises(Failed, match=r"videos/key was not in storage after 0 s\.") as failed:
        await storage.put_json("key", 1)
    assert failed.value.reason is Reason.UPLOAD_TIMEOUT


async def test_a_file_is_uploaded_with_the_check_of_the_claim_and_the_note_of_its_id(tmp_path: Path) -> None:
    calls: list[Any] = []

    @dataclass
    class Uploads(FakeSupabase):
        async def upload(
            self, bucket: str, key: str, path: Path, *, content_type: str, before_write: Any, on_upload_id: Any
        ) -> None:
            await on_upload_id("id")
            await before_write()
            calls.append((bucket, key, path.name, content_type))

    async def note(upload: str) -> None:
        calls.append(upload)

    storage = a_context(Uploads()).storage
    await storage.put_file("key", tmp_path / "slim.mp4", content_type="video/mp4", on_upload_id=note)
    assert calls == ["id", (TASK.source_bucket, "key", "slim.mp4", "video/mp4")]
