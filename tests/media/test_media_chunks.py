"""Chunks of a slim video cover it, overlap as requested, and hold exactly their pictures."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack import media_corpus
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.chunks import SEAM_SECONDS, Chunk, plan_chunks
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim
from tests.media.slimming import slimmed


@given(st.floats(min_value=0.1, max_value=100_000), st.integers(30, 900), st.integers(0, 20), st.integers(0, 60))
def test_chunks_cover_the_video_without_a_hole(duration: float, length: int, overlap: int, tail: int) -> None:
    chunks = plan_chunks(duration, chunk_seconds=length, overlap_seconds=overlap, min_tail_seconds=tail)
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert chunks[0].start == 0
    assert chunks[-1].start + chunks[-1].length == pytest.approx(duration)
    for before, after in pairwise(chunks):
        assert before.start + before.length - after.start == pytest.approx(overlap)
    assert all(0 < chunk.length <= length * 1.2 + tail for chunk in chunks)


@pytest.fixture(scope="module")
def long_slim(tmp_path_factory: pytest.TempPathFactory) -> SlimVideo:
    folder = tmp_path_factory.mktemp("long")
    source = folder / "long.mp4"
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=2", "-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", "400"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "flac", str(source)),
    )
    examined = asyncio.run(examine(source, limits=Limits()))
    return asyncio.run(slimmed(source, examined, folder / "slim.mp4"))


async def test_each_chunk_begins_at_0_and_holds_exactly_its_pictures(long_slim: SlimVideo, tmp_path: Path) -> None:
    elsewhere = Chunk(9, 100.0, 50.0)  # no key frame there
    sizes = {}
    for chunk in (*plan_chunks(long_slim.duration_seconds), elsewhere):
        piece = await cut_chunk(long_slim, chunk, tmp_path / f"{chunk.index}.mp4")
        packets = await inspect_slim(piece, limits=Limits())
        assert packets.video.start == pytest.approx(0.0, abs=0.1)
        assert packets.video.packets == round(chunk.length)
        assert packets.duration == pytest.approx(chunk.length, abs=1.1)
        assert packets.audio.packets > 0
        sizes[chunk.index] = packets.video.total_bytes
    assert sizes.keys() == {0, 1, 9}
    assert SEAM_SECONDS == 295
    assert not list(tmp_path.glob("*.part"))  # noqa: ASYNC240 - one look at a local folder


async def test_chunks_of_the_usual_length_are_copied_without_loss(long_slim: SlimVideo, tmp_path: Path) -> None:
    sizes: list[int] = []
    for chunk in plan_chunks(long_slim.duration_seconds):
        packets = await inspect_slim(
            await cut_chunk(long_slim, chunk, tmp_path / f"{chunk.index}.mp4"), limits=Limits()
        )
        sizes.append(packets.video.total_bytes)
    whole = await inspect_slim(long_slim.path, limits=Limits())
    shared = await inspect_slim(
        await cut_chunk(long_slim, Chunk(7, 295.0, 5.0), tmp_path / "shared.mp4"), limits=Limits()
    )
    # Copied coded pictures add up to the byte; pictures that were coded anew would not.
    assert sum(sizes) == whole.video.total_bytes + shared.video.total_bytes
