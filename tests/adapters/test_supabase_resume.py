"""A download that breaks off while its object is replaced is of one object, whatever storage tells of versions.

Storage does not look at `If-Range`: a part is always one of the object that is there at that moment.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.retrying import RetryPolicy
from runops.supabase import download
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError

KEY = "sb_secret_thisisthekeythatmustneverbeshown"


@dataclass(frozen=True)
class Step:
    """One connection: after how many bytes it breaks, and whether the object is replaced then."""

    bytes: int
    replaced: bool


@dataclass
class Storage:
    """Objects that follow one another under one name, all of the same size."""

    objects: list[bytes]
    steps: list[Step]
    tags: str
    asked: list[str | None] = field(default_factory=list)
    now: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        content = self.objects[min(self.now, len(self.objects) - 1)]
        headers = {
            "none": {},
            "empty": {"etag": ""},
            "own": {"etag": f'"{self.now}"'},
            "weak": {"etag": f'W/"{self.now}"'},
        }[self.tags]
        if "/object/info/" in request.url.path:
            return httpx.Response(200, json={"size": len(content)})
        wanted = request.headers.get("range")
        self.asked.append(wanted)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted:
            headers["content-range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        headers["content-length"] = str(len(content) - first)
        return httpx.Response(206 if wanted else 200, content=self._body(content[first:]), headers=headers)

    async def _body(self, content: bytes) -> AsyncIterator[bytes]:
        if not self.steps:
            yield content
            return
        step = self.steps.pop(0)
        yield content[: step.bytes]
        if step.replaced:
            self.now += 1
        if step.bytes < len(content):
            raise httpx.ReadError("broken off")


async def downloaded(storage: Storage, folder: Path) -> bytes | None:
    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    transport = httpx.MockTransport(storage)
    # Every byte counts as soon as it has come.
    with patch.object(download, "_PIECE", 1):
        supabase = Supabase("https://p.test", KEY, retries=RetryPolicy(sleep=at_once), transport=transport)
        try:
            await supabase.storage.download("videos", "raw/a.mp4", folder / "a", max_bytes=100)
        except SupabaseError:
            return None
        finally:
            await supabase.aclose()
    return (folder / "a").read_bytes()


STEPS = st.lists(st.builds(Step, st.integers(0, 9), st.booleans()), max_size=6)


@given(steps=STEPS, tags=st.sampled_from(["none", "empty", "own", "weak"]))
def test_what_arrives_is_one_object(steps: list[Step], tags: str) -> None:
    objects = [bytes([number]) * 8 for number in range(8)]
    with tempfile.TemporaryDirectory() as folder:
        came = asyncio.run(downloaded(Storage(objects, list(steps), tags), Path(folder)))
        left = [path.read_bytes() for path in Path(folder).iterdir()]
    assert came is None or came in objects
    assert left == ([] if came is None else [came])


@pytest.mark.parametrize("tags", ["none", "empty", "own"])
async def test_only_what_has_an_entity_tag_is_resumed(tags: str, tmp_path: Path) -> None:
    storage = Storage([b"abcdefgh"], [Step(5, replaced=False)], tags)
    assert await downloaded(storage, tmp_path) == b"abcdefgh"
    assert storage.asked == [None, "bytes=5-" if tags == "own" else None]
