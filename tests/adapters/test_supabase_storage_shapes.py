"""The same work on storage as it is today, without metadata in its index, and as it was before July 2024."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from devstack.supabase import keys
from devstack.supabase.gateway.switches import Switches, set_switches
from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError

MIB = 2**20
LIMIT = 100 * MIB
SHAPES = {
    "today": Switches(),
    "no metadata": Switches(undescribed="raw/"),
    "before July 2024": Switches(old_storage_api=True),
    "any pieces": Switches(tus_chunk_rule=False),
}


@pytest.fixture(params=SHAPES, autouse=True)
def shape(request: pytest.FixtureRequest, stack: StackInfo) -> Iterator[str]:
    """How storage is today, in turn."""
    set_switches(stack.url, SHAPES[request.param])
    yield request.param
    set_switches(stack.url, Switches())


@pytest.fixture
def key() -> str:
    return f"raw/{uuid4()}.mp4"


@pytest.mark.parametrize("size", [MIB, 7 * MIB])
async def test_a_file_goes_up_twice_and_comes_down(size: int, supabase: Supabase, key: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for _ in range(2):
        path.write_bytes(os.urandom(size))
        await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    got = await supabase.storage.download("videos", key, tmp_path / "back", max_bytes=LIMIT)
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
    info = await supabase.storage.stat("videos", key)
    assert info is not None
    assert (info.size, info.etag, info.content_type) == (size, got.etag, "video/mp4")


async def test_a_large_upload_whose_last_answer_was_lost_is_done(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(7 * MIB))
    faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="drop_after"))
    faults.forget()
    await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    assert [one.method for one in faults.requests()].count("PATCH") == 2


async def test_what_is_not_there_is_told_from_what_is_empty(
    shape: str, supabase: Supabase, key: str, tmp_path: Path
) -> None:
    async def reason() -> Reason:
        with pytest.raises(Failed) as caught:
            await supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT)
        return caught.value.reason

    assert await supabase.storage.stat("videos", key) is None
    assert await supabase.storage.read_json("videos", key) is None
    assert await reason() is Reason.SOURCE_MISSING
    (tmp_path / "empty").touch()
    await supabase.storage.upload("videos", key, tmp_path / "empty", content_type="video/mp4")
    assert await reason() is Reason.SOURCE_EMPTY
    if shape == "before July 2024":
        assert await supabase.storage.stat("none", key) is None, "it does not tell the one from the other"
    else:
        with pytest.raises(SupabaseError, match="bucket does not exist"):
            await supabase.storage.stat("none", key)
    assert await supabase.storage.bucket("none") is None


def put(outside: httpx.Client, key: str, content: bytes) -> None:
    outside.post(f"/object/videos/{key}", content=content).raise_for_status()


async def test_a_download_that_breaks_off_is_brought_to_its_end(
    *, shape: str, supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    content = os.urandom(3 * MIB)
    put(outside, key, content)
    # Where the index does not tell the size, the first request asks for it.
    asked = int(shape in {"no metadata", "before July 2024"})
    faults.set(Fault(method="GET", path="/object/authenticated/", kind="truncate", skip=asked, times=2))
    await supabase.storage.download("videos", key, tmp_path / "back", max_bytes=LIMIT)
    assert (tmp_path / "back").read_bytes() == content
    assert faults.pending() == []


async def test_sizes_are_listed_of_those_that_have_one(
    shape: str, supabase: Supabase, stack: StackInfo, outside: httpx.Client
) -> None:
    folder = f"raw/{uuid4()}"
    for name, content in (("a", b"1"), ("b", b"123")):
        put(outside, f"{folder}/{name}", content)
    if shape == "no metadata":
        set_switches(stack.url, Switches(undescribed=f"{folder}/a"))
        assert await supabase.storage.newest_sizes("videos", folder) == {f"{folder}/b": 3}
        info = await supabase.storage.stat("videos", f"{folder}/a")
        assert info is not None
        assert info.size == 1
    else:
        assert await supabase.storage.newest_sizes("videos", folder) == {f"{folder}/a": 1, f"{folder}/b": 3}
    assert await supabase.storage.list_prefix("videos", folder) == [f"{folder}/a", f"{folder}/b"]


@pytest.mark.parametrize("which", ["expired", "forged"])
async def test_a_bad_key_is_not_a_missing_bucket(
    which: str, connect: Callable[..., Supabase], stack: StackInfo, key: str, tmp_path: Path
) -> None:
    bad = (
        mint_jwt(stack, role="service_role", expires_in=-100)
        if which == "expired"
        else keys.role_jwt("another secret", role="service_role")
    )
    supabase = connect(key=bad)
    for call in (
        supabase.storage.stat("videos", key),
        supabase.storage.awaited("videos", key),
        supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT),
    ):
        with pytest.raises(SupabaseError) as caught:
            await call
        assert caught.value.kind is ErrorKind.KEY_REJECTED
        assert caught.value.reason is Reason.KEY_REJECTED
        assert "the key was rejected" in caught.value.message
