"""Where chunks of a real slim video begin: real synthesized speech, music, silence, a screen that changes."""

import asyncio
from pathlib import Path

import pytest

from devstack import media_corpus
from devstack.sample import RECORDING
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.chunks import Chunk, between_seams, plan_chunks
from runops_worker.media.transcode.clip_signal import read_signal
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.measure_activity import measure_activity, measure_seam
from runops_worker.media.transcode.seams import candidates, chosen_start, seam_clip
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim
from tests.media.slimming import slimmed

pytestmark = pytest.mark.slow("ffmpeg encodes a recording of 26 minutes, as small as can be")

LIMITS = Limits()
SECONDS = 1540
EXPECTED = {
    1: 275.0,  # speech without a pause, but for one second around 275
    2: 590.0,  # speech without a pause
    3: 885.0,  # silence before a screen that stands still
    4: 1180.0,  # music
    5: 1465.0,  # silence before a screen that changes all the time from 1471 on
}
_PAUSES = "between(t,274.5,275.5)+between(t,700,1000)+between(t,1300,1540)"
_MUSIC = "0.1*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))*(1+0.5*sin(2*PI*2*t))"
_CHANGES = "drawbox=x=8:y=20:w=48:h=20:color=white:t=fill:enable='between(t,1471,1520)*mod(floor(t),2)'"


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> SlimVideo:
    folder = tmp_path_factory.mktemp("talk")
    source = folder / "talk.mkv"
    # The narration of the sample without its pauses, again and again.
    talk = (
        "silenceremove=stop_periods=-1:stop_duration=0.05:stop_threshold=-45dB,aresample=16000,"
        f"aloop=loop=-1:size=2000000,atrim=end={SECONDS},volume=0:enable='{_PAUSES}+between(t,1050,1250)'"
    )
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", f"color=c=0x202020:s=96x64:r=2:d={SECONDS},{_CHANGES}", "-i", str(RECORDING)),
        *("-f", "lavfi", "-i", f"aevalsrc='{_MUSIC}':s=16000:d=200,adelay=1050s"),
        *("-filter_complex", f"[1:a]{talk}[talk];[talk][2:a]amix=inputs=2:duration=longest:normalize=0[sound]"),
        *("-map", "0:v", "-map", "[sound]", "-t", str(SECONDS), "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-ac", "1", "-c:a", "flac", str(source)),
    )
    examined = asyncio.run(examine(source, limits=LIMITS))
    return asyncio.run(slimmed(source, examined, folder / "slim.mp4", height=720))


async def started(slim: SlimVideo, index: int, folder: Path) -> float:
    part = seam_clip(index)
    clip = await cut_chunk(slim, part, folder / f"{index}.mp4", limits=LIMITS)
    return chosen_start(index, await measure_seam(clip, part, fps=1, limits=LIMITS))


@pytest.mark.parametrize("index", EXPECTED)
async def test_a_chunk_begins_where_no_sentence_and_no_action_is_cut(
    index: int, slim: SlimVideo, tmp_path: Path
) -> None:
    assert await started(slim, index, tmp_path) == EXPECTED[index]


async def test_there_is_a_key_picture_at_each_candidate_so_that_chunks_are_copied(
    slim: SlimVideo, tmp_path: Path
) -> None:
    signal = await read_signal(slim.path, Chunk(0, 0.0, SECONDS), fps=1, steps_per_second=1, limits=LIMITS)
    keys = {round(picture.at) for picture in signal.pictures if picture.is_key}
    plan = plan_chunks(slim.duration_seconds)
    possible = {second for chunk in plan[1:] for second in candidates(chunk.index)}
    assert {0, *possible} <= keys
    assert keys.isdisjoint(candidates(len(plan))), "no chunk begins there"
    sizes = {round(picture.at): picture.bytes for picture in signal.pictures}
    for planned, start in zip(plan[1:], EXPECTED.values(), strict=True):
        chunk = between_seams(planned, start=start, next_start=EXPECTED.get(planned.index + 1))
        packets = await inspect_slim(await cut_chunk(slim, chunk, tmp_path / "chunk.mp4"), limits=LIMITS)
        seconds = range(int(start), int(start) + packets.video.packets)
        assert packets.video.total_bytes == sum(sizes[second] for second in seconds), "encoded again"


async def test_key_pictures_that_are_set_for_chunks_are_no_change_of_the_screen(
    slim: SlimVideo, tmp_path: Path
) -> None:
    chunk = Chunk(1, 275.0, 320.0)
    clip = await cut_chunk(slim, chunk, tmp_path / "chunk.mp4", limits=LIMITS)
    activity = await measure_activity(clip, chunk, fps=1, limits=LIMITS)
    assert not any(activity.changed)
