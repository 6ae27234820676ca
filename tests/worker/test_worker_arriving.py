"""A recording that is refused by its header is not downloaded to its end."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import pytest

from devstack import media_corpus
from runops.failures import Reason
from runops.supabase.download import partial_file
from runops_worker.failure_reason import as_failed
from runops_worker.media.errors import MediaRejected
from tests.worker.overlap import Scene, World, scene

__all__ = ["scene"]


@dataclass
class Slow(World):
    """Its recording's beginning comes at once, and the rest never."""

    async def download(
        self, _bucket: str, _key: str, target: Path, *, max_bytes: int, on_progress: Any = None
    ) -> Never:
        assert max_bytes
        partial_file(target).write_bytes(self.head)
        try:
            while True:
                on_progress(len(self.head), 2**30)
                await asyncio.sleep(0.01)
        finally:
            partial_file(target).unlink()


async def test_a_recording_that_is_too_long_by_its_header_is_rejected_before_its_download_ends(
    scene: Scene, tmp_path: Path
) -> None:
    long, index_first = media_corpus.make("too-long", tmp_path), tmp_path / "index-first.mp4"
    media_corpus.ffmpeg(*("-i", str(long), "-c", "copy", "-movflags", "+faststart"), str(index_first))
    scene.world = Slow(head=index_first.read_bytes() + bytes(2**20))
    with pytest.raises(MediaRejected) as refused:
        await scene.run()
    assert as_failed(refused.value).reason is Reason.MEDIA_TOO_LONG
    assert not list(scene.workdir.iterdir())
