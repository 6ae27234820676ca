import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from runops.failures import Failed, Reason
from runops.supabase import upload as upload_module
from runops.supabase.connection import Supabase
from runops.supabase.download import partial_file
from runops.supabase.errors import ErrorKind, SupabaseError

MIB = 2**20
LIMIT = 100 * MIB


@pytest.fixture
def key() -> str:
    return f"raw/{uuid4()}.mp4"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.mp4"
    path.write_bytes(os.urandom(3 * MIB))
    return path


def put(outside: httpx.Client, key: str, content: bytes) -> None:
    outside.post(f"/object/videos/{key}", content=content, headers={"Content-Type": "video/mp4"}).raise_for_status()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_hash(path: Path) -> str:
    return sha256(path.read_bytes())


def names_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def test_file_goes_up_and_comes_down_unchanged(
    supabase: Supabase, recording: Path, key: str, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    await supabase.storage.upload("videos", key, recording, content_type="video/mp4")
    target = tmp_path / "back.mp4"
    got = await supabase.storage.download(
        "videos", key, target, max_bytes=LIMIT, on_progress=lambda done, total: seen.append((done, total))
    )
    assert (got.size, got.sha256) == (3 * MIB, content_hash(recording))
    assert content_hash(target) == got.sha256
    assert seen[-1] == (3 * MIB, 3 * MIB)
    info = await supabase.storage.stat("videos", key)
    assert info is not None
    assert (info.size, info.content_type, info.etag) == (3 * MIB, "video/mp4", got.etag)
    assert not target.with_name("back.mp4.part").exists()


async def test_names_are_encoded_and_unfit_ones_refused_by_storage(supabase: Supabase, recording: Path) -> None:
    # In a folder of its own: a listing names the first hundred, and other tests leave recordings in `raw`.
    name = "odd names/with space & (1)+=@$!?.mp4"
    await supabase.storage.upload("videos", name, recording, content_type="video/mp4")
    assert await supabase.storage.stat("videos", name) is not None
    assert await supabase.storage.list_prefix("videos", "odd names") == [name]
    with pytest.raises(SupabaseError) as caught:
        await supabase.storage.upload("videos", "raw/é.mp4", recording, content_type="video/mp4")
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize("name", ["../jobs", "raw/../../bucket", "", "raw//a", "./a"])
async def test_names_that_could_reach_elsewhere_are_refused(name: str, supabase: Supabase) -> None:
    with pytest.raises(SupabaseError) as caught:
        await supabase.storage.stat("videos", name)
    assert caught.value.kind is ErrorKind.INVALID


async def test_download_resumes_where_the_connection_broke(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    content = os.urandom(8 * MIB)
    put(outside, key, content)
    faults.set(Fault(method="GET", path="/object/authenticated/", kind="truncate", times=2))
    faults.forget()
    got = await supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT)
    assert got.sha256 == sha256(content) == sha256((tmp_path / "a").read_bytes())
    sent = [one.bytes for one in faults.requests() if "/authenticated/" in one.path]
    assert len(sent) == 3
    assert sent[0] > sent[1] > sent[2]


async def test_download_starts_over_when_the_object_changed(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    put(outside, key, os.urandom(4 * MIB))
    newer = os.urandom(3 * MIB)
    faults.set(Fault(method="GET", path="/object/authenticated/", kind="truncate"))
    replaced = False

    def replace(done: int, _total: int | None) -> None:
        nonlocal replaced
        if done > MIB and not replaced:
            replaced = True
            put(outside, key, newer)

    got = await supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT, on_progress=replace)
    assert replaced
    assert got.sha256 == sha256(newer) == sha256((tmp_path / "a").read_bytes())


async def test_what_is_told_to_have_come_can_be_read_by_then(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path
) -> None:
    put(outside, key, os.urandom(1000))
    there: list[int] = []

    def look(done: int, _total: int | None) -> None:
        there.append(partial_file(tmp_path / "a").stat().st_size - done)

    await supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT, on_progress=look)
    assert set(there) == {0}


async def test_download_that_brings_nothing_ends(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    put(outside, key, b"x" * 1000)
    faults.set(Fault(method="GET", path="/object/authenticated/", kind="reset", times=None))
    with pytest.raises(SupabaseError) as caught:
        await supabase.storage.download("videos", key, tmp_path / "a", max_bytes=LIMIT)
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE
    assert names_in(tmp_path) == []


async def test_unusable_recordings_are_named(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    async def reason(name: str, limit: int = LIMIT) -> Reason:
        with pytest.raises(Failed) as caught:
            await supabase.storage.download("videos", name, tmp_path / "a", max_bytes=limit)
        assert name in caught.value.detail
        return caught.value.reason

    put(outside, key, b"x" * 1000)
    put(outside, "raw/empty.mp4", b"")
    faults.forget()
    assert await reason("raw/missing.mp4") is Reason.SOURCE_MISSING
    assert await reason("raw/empty.mp4") is Reason.SOURCE_EMPTY
    assert await reason(key, limit=999) is Reason.MEDIA_TOO_LARGE
    assert not any("/authenticated/" in one.path for one in faults.requests())
    with pytest.raises(SupabaseError) as caught:
        await supabase.storage.download("nobucket", key, tmp_path / "a", max_bytes=LIMIT)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert "bucket does not exist" in caught.value.message


async def test_large_upload_goes_on_after_every_kind_of_break(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    content = os.urandom(20 * MIB + 1)
    path = tmp_path / "large.mp4"
    path.write_bytes(content)
    faults.set(
        *(
            Fault(method="PATCH", path="/upload/resumable/", skip=skip, kind=kind)
            for skip, kind in ((0, "drop_after"), (1, "drop_before"), (1, "reset"), (1, "truncate"))
        ),
        Fault(method="HEAD", path="/upload/resumable/", kind="status", status=503),
    )
    await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    got = await supabase.storage.download("videos", key, tmp_path / "back", max_bytes=LIMIT)
    assert got.sha256 == sha256(content)
    assert faults.pending() == []


async def test_large_upload_replaces_what_is_there(supabase: Supabase, key: str, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    for size in (7 * MIB, 8 * MIB):
        path.write_bytes(os.urandom(size))
        await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    info = await supabase.storage.stat("videos", key)
    assert info is not None
    assert info.size == 8 * MIB


async def test_an_upload_whose_last_answer_was_lost_is_recognised_as_done(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    put(outside, key, b"what was there")
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(7 * MIB))
    faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="drop_after"))
    faults.forget()
    await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    methods = [one.method for one in faults.requests() if "/upload/resumable" in one.path]
    assert methods == ["POST", "PATCH", "PATCH", "HEAD"]
    got = await supabase.storage.download("videos", key, tmp_path / "back", max_bytes=LIMIT)
    assert got.sha256 == content_hash(path)


async def test_an_unfinished_upload_over_an_object_that_exists_is_deleted(
    supabase: Supabase, outside: httpx.Client, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    put(outside, key, b"what was there")
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(7 * MIB))
    faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="status", status=413))
    faults.forget()
    with pytest.raises(SupabaseError):
        await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    ended = [one for one in faults.requests() if one.method == "DELETE"]
    assert [one.status for one in ended] == [204]
    info = await supabase.storage.stat("videos", key)
    assert info is not None
    assert info.size == len(b"what was there")


async def test_a_finished_upload_is_not_ended(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(7 * MIB))
    begun: list[str] = []

    async def note(upload: str) -> None:
        begun.append(upload)

    await supabase.storage.upload("videos", key, path, content_type="video/mp4", on_upload_id=note)
    faults.forget()
    await supabase.storage.end_upload(begun[0])
    assert [(one.method, one.status) for one in faults.requests()] == [("DELETE", 400)]
    assert "unfinished" not in caplog.text
    faults.set(Fault(method="DELETE", path="/upload/resumable/", kind="status", status=409, body="locked"))
    await supabase.storage.end_upload(begun[0])
    assert "an unfinished upload stays" in caplog.text


@pytest.mark.parametrize("status", [409, 423, 500, 502])
async def test_refused_piece_is_sent_again_from_the_servers_offset(
    status: int, supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(7 * MIB))
    faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="status", status=status))
    faults.forget()
    await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    methods = [one.method for one in faults.requests() if "/upload/resumable" in one.path]
    assert methods == ["POST", "PATCH", "PATCH", "HEAD", "PATCH"]


async def test_upload_that_storage_forgot_starts_over(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(7 * MIB))
    faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="status", status=410))
    await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    faults.set(Fault(method="PATCH", path="/upload/resumable/", kind="status", status=410, times=None))
    with pytest.raises(Failed) as caught:
        await supabase.storage.upload("videos", key, path, content_type="video/mp4")
    assert caught.value.reason is Reason.UPLOAD_INCOMPLETE


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "reset", "truncate"])
async def test_small_upload_is_sent_again(
    kind: Any, supabase: Supabase, recording: Path, key: str, faults: FaultControl
) -> None:
    faults.set(Fault(method="POST", path="/object/videos/", kind=kind))
    await supabase.storage.upload("videos", key, recording, content_type="video/mp4")
    info = await supabase.storage.stat("videos", key)
    assert info is not None
    assert info.size == 3 * MIB


async def test_upload_that_arrived_short_is_noticed(
    supabase: Supabase, recording: Path, key: str, faults: FaultControl
) -> None:
    faults.set(
        Fault(
            path="/object/info/",
            kind="status",
            status=200,
            headers={"Content-Type": "application/json"},
            body='{"size": 17, "etag": "x", "content_type": "video/mp4"}',
        )
    )
    with pytest.raises(Failed) as caught:
        await supabase.storage.upload("videos", key, recording, content_type="video/mp4")
    assert caught.value.reason is Reason.UPLOAD_INCOMPLETE
    assert "17 bytes" in caught.value.detail


async def test_json_goes_up_and_comes_down(supabase: Supabase, outside: httpx.Client) -> None:
    value = [{"text": "Größe\x00 \ud800", "n": 1.5, "none": None}]
    await supabase.storage.upload_json("videos", "transcripts/a.json", value)
    assert await supabase.storage.read_json("videos", "transcripts/a.json") == [
        {"text": "Größe ?", "n": 1.5, "none": None}
    ]
    assert await supabase.storage.read_json("videos", "transcripts/none.json") is None
    put(outside, "transcripts/broken.json", b'{"a": ')
    with pytest.raises(SupabaseError) as caught:
        await supabase.storage.read_json("videos", "transcripts/broken.json")
    assert caught.value.kind is ErrorKind.INVALID


async def test_listing_shows_objects_and_no_placeholders(supabase: Supabase, outside: httpx.Client) -> None:
    for name in ("b.json", "a.json", "deeper/c.json"):
        put(outside, f"listed/{name}", b"{}")
    for placeholder in (".emptyFolderPlaceholder", ""):
        put(outside, f"listed/{placeholder}", b"")
    assert await supabase.storage.list_prefix("videos", "listed/") == ["listed/a.json", "listed/b.json"]
    assert await supabase.storage.list_prefix("videos", "nothing") == []


async def test_sizes_of_the_newest_objects_are_told_by_one_request(
    supabase: Supabase, outside: httpx.Client, faults: FaultControl
) -> None:
    put(outside, "sized/old.mp4", b"1")
    put(outside, "sized/new.mp4", b"123")
    put(outside, "sized/deeper/other.mp4", b"12")
    faults.set(Fault(path="/object/", kind="status", status=500, skip=1, times=None))
    sizes = await supabase.storage.newest_sizes("videos", "sized")
    assert sizes == {"sized/new.mp4": 3, "sized/old.mp4": 1}
    assert list(sizes) == ["sized/new.mp4", "sized/old.mp4"]


async def test_the_oldest_object_of_a_folder_tells_its_age(supabase: Supabase, outside: httpx.Client) -> None:
    assert await supabase.storage.oldest("videos", "aged") is None
    put(outside, "aged/.emptyFolderPlaceholder", b"")
    put(outside, "aged/deeper/c.mp4", b"1")
    put(outside, "aged/b.mp4", b"1")
    oldest = await supabase.storage.oldest("videos", "aged")
    assert oldest is not None
    put(outside, "aged/a.mp4", b"1")
    assert await supabase.storage.oldest("videos", "aged") == oldest


async def test_bucket_tells_its_limits(supabase: Supabase) -> None:
    info = await supabase.storage.bucket("videos")
    assert info is not None
    assert info.exists
    assert await supabase.storage.bucket("nobucket") is None


class LostError(Exception):
    """What the check before a write raises in these tests."""


@pytest.mark.parametrize("size", [MIB, 13 * MIB])
async def test_a_check_before_the_write_that_fails_keeps_the_object_from_appearing_and_nothing_stays(
    size: int, supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "some.mp4"
    path.write_bytes(bytes(size))
    begun: list[str] = []

    async def look() -> None:
        raise LostError

    async def note(upload: str) -> None:
        begun.append(upload)

    faults.forget()
    with pytest.raises(LostError):
        await supabase.storage.upload(
            "videos", key, path, content_type="video/mp4", before_write=look, on_upload_id=note
        )
    assert await supabase.storage.stat("videos", key) is None
    sent = [one.method for one in faults.requests() if "upload/resumable" in one.path]
    assert sent == (["POST", "PATCH", "PATCH", "DELETE"] if size > 6 * MIB else [])
    assert len(begun) == (size > 6 * MIB)


@pytest.mark.parametrize("size", [MIB, 13 * MIB])
async def test_each_try_of_the_last_request_is_looked_at(
    size: int, supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "some.mp4"
    path.write_bytes(bytes(size))
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)

    if size > 6 * MIB:
        faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=2, kind="reset"))
    else:
        faults.set(Fault(method="POST", path="/object/videos/", kind="reset"))
    await supabase.storage.upload("videos", key, path, content_type="video/mp4", before_write=look)
    assert len(looks) == 2


@pytest.mark.parametrize("give_up", ["cancelled", "refused", "before its first byte"])
async def test_an_upload_that_is_given_up_leaves_nothing_in_storage(
    give_up: str, supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(13 * MIB))
    begun: list[str] = []

    async def note(upload: str) -> None:
        begun.append(upload)
        if give_up == "before its first byte":
            raise LostError

    fault = {"kind": "hang", "seconds": 5} if give_up == "cancelled" else {"kind": "status", "status": 413}
    if give_up != "before its first byte":
        faults.set(Fault(method="PATCH", path="/upload/resumable/", skip=1, **fault))
    upload = asyncio.ensure_future(
        supabase.storage.upload("videos", key, path, content_type="video/mp4", on_upload_id=note)
    )
    async with asyncio.timeout(120):
        while faults.pending() and not upload.done():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)
    if give_up == "cancelled":
        upload.cancel()
    with pytest.raises((asyncio.CancelledError, SupabaseError, LostError)):
        await upload
    faults.clear()
    faults.forget()
    await supabase.storage.end_upload(begun[0])
    (ended,) = faults.requests()
    assert (ended.method, ended.status) == ("DELETE", 404)


async def test_an_upload_that_is_cancelled_before_storage_has_named_it_leaves_nothing(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(13 * MIB))
    is_named, may_be_told = asyncio.Event(), asyncio.Event()
    create = upload_module._Tus._create

    async def told_late(tus: upload_module._Tus, content_type: str) -> str:
        upload = await create(tus, content_type)
        is_named.set()
        await may_be_told.wait()
        return upload

    monkeypatch.setattr(upload_module._Tus, "_create", told_late)
    monkeypatch.setattr(upload_module, "_END_SECONDS", 20.0)
    upload = asyncio.ensure_future(supabase.storage.upload("videos", key, path, content_type="video/mp4"))
    async with asyncio.timeout(120):
        await is_named.wait()
    upload.cancel()
    await asyncio.sleep(0)
    may_be_told.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    ended = [(one.method, one.status) for one in faults.requests() if "/upload/resumable" in one.path]
    assert ended == [("POST", 201), ("DELETE", 204)]


async def test_what_a_killed_process_left_unfinished_can_be_ended(
    supabase: Supabase, key: str, tmp_path: Path, faults: FaultControl
) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(13 * MIB))
    begun: list[str] = []

    async def note(upload: str) -> None:
        begun.append(upload)

    # The end of an upload that is given up is away as well, as it is for a process that is killed.
    faults.set(
        Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="status", status=413),
        Fault(method="DELETE", path="/upload/resumable/", kind="status", status=503, times=None),
    )
    with pytest.raises(SupabaseError):
        await supabase.storage.upload("videos", key, path, content_type="video/mp4", on_upload_id=note)
    faults.clear()
    faults.forget()
    for _ in range(2):
        await supabase.storage.end_upload(begun[0])
    assert [one.status for one in faults.requests()] == [204, 404]


async def test_objects_are_removed_and_what_is_not_there_is_passed_over(
    supabase: Supabase, faults: FaultControl
) -> None:
    job = uuid4()
    await supabase.storage.upload_json("videos", f"sops/{job}.json", {})
    await supabase.storage.upload_json("videos", f"raw/{job}.json", {})
    faults.set(Fault(method="DELETE", path="/storage/v1/object/", kind="drop_after"))
    await supabase.storage.remove("videos", [f"sops/{job}.json", f"slim/{job}.mp4"])
    assert await supabase.storage.stat("videos", f"sops/{job}.json") is None
    assert await supabase.storage.stat("videos", f"raw/{job}.json") is not None
