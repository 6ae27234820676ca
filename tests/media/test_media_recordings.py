"""Usual recordings: each bad one is refused with its reason, each good one becomes a slim video."""

import asyncio
import math
import re
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pytest

from devstack import media_corpus
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.probe.probe import probe
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.slim_size import slim_size
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.media.transcode.transcode import transcode
from tests.media import slimming

MakeRecording = Callable[[str], Path]
LIMITS = Limits()


async def slimmed(source: Path, target: Path, *, fps: int = 1, height: int = 120) -> tuple[Recording, SlimVideo]:
    examined = await examine(source, limits=LIMITS)
    return examined.recording, await slimming.slimmed(source, examined, target, fps=fps, height=height)


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def looks(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False).stderr


@pytest.mark.parametrize("name", sorted(media_corpus.BAD))
async def test_a_bad_recording_is_refused_with_its_reason_and_a_sentence(
    name: str, recording: MakeRecording, tmp_path: Path
) -> None:
    async with asyncio.timeout(120):
        with pytest.raises(MediaRejected) as refused:
            await slimmed(recording(name), tmp_path / "slim.mp4")
    assert refused.value.reason == media_corpus.BAD[name]
    assert re.fullmatch(r"[A-Z][^\n]{20,200}\.", refused.value.detail)
    assert contents(tmp_path) == [], "a refused recording leaves nothing behind"


@pytest.mark.parametrize("name", media_corpus.GOOD)
async def test_a_good_recording_becomes_a_playable_slim_video(
    name: str, recording: MakeRecording, tmp_path: Path
) -> None:
    info, slim = await slimmed(recording(name), tmp_path / "slim.mp4")
    text = looks(slim.path)
    assert "yuv420p" in text
    wide, high = slim_size(info.width, info.height, shorter_side=120)
    assert f"{wide}x{high} [SAR 1:1" in text
    assert abs(slim.frames - info.duration_seconds) <= 1.0
    assert abs(slim.duration_seconds - info.duration_seconds) <= 1.1
    assert slim.has_audio == info.has_audio
    assert slim.bytes == slim.path.stat().st_size
    assert contents(tmp_path) == ["slim.mp4"]


async def test_a_rotated_recording_comes_out_upright(recording: MakeRecording, tmp_path: Path) -> None:
    info, slim = await slimmed(recording("rotated"), tmp_path / "slim.mp4")
    assert (info.width, info.height) == (240, 320)
    assert "120x160" in looks(slim.path)


async def test_more_pictures_per_second_are_written_on_request(recording: MakeRecording, tmp_path: Path) -> None:
    _, slim = await slimmed(recording("plain"), tmp_path / "slim.mp4", fps=4)
    assert slim.frames == 16


async def test_a_small_recording_is_not_enlarged(recording: MakeRecording, tmp_path: Path) -> None:
    _, slim = await slimmed(recording("plain"), tmp_path / "slim.mp4", height=720)
    assert "320x240" in looks(slim.path)


def brightness(path: Path) -> bytes:
    return subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)),
            *("-pix_fmt", "gray", "-vf", "scale=1:1,scale=out_range=tv", "-f", "rawvideo", "-"),
        ],
        capture_output=True,
        timeout=240,
        check=True,
    ).stdout


async def test_second_k_shows_the_picture_that_began_at_or_before_it(tmp_path: Path) -> None:
    # Brightness rises by 20 every half second, so the picture tells when it was taken.
    source = tmp_path / "steps.mp4"
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=64x64:rate=30", "-t", "4"),
        *("-vf", "geq=lum='40+20*floor(T*2+0.01)':cb=128:cr=128", "-c:v", "libx264", "-qp", "4", "-bf", "0"),
        str(source),
    )
    _, slim = await slimmed(source, tmp_path / "slim.mp4")
    raw = brightness(slim.path)
    assert len(raw) == 4
    steps = [round((after - before) / 40, 1) for before, after in pairwise(raw)]
    assert all(0.8 <= step <= 1.2 for step in steps), list(raw)


async def test_sound_that_goes_on_after_the_last_picture_keeps_that_picture(
    recording: MakeRecording, tmp_path: Path
) -> None:
    info, slim = await slimmed(recording("sparse-vp8"), tmp_path / "slim.mp4")
    assert info.video_seconds < 3
    assert slim.frames == math.floor(info.duration_seconds)


async def test_the_last_picture_stays_to_the_end_of_the_sound(tmp_path: Path) -> None:
    # The last change comes after second 2 and before the picture ends, at 2.5.
    source = tmp_path / "last.mp4"
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=64x64:rate=30:duration=2.5", "-f", "lavfi", "-i", "sine=duration=6"),
        *("-vf", "geq=lum='if(lt(T,2.2),40,200)':cb=128:cr=128", "-c:v", "libx264", "-qp", "4", str(source)),
    )
    _, slim = await slimmed(source, tmp_path / "slim.mp4")
    assert [value > 100 for value in brightness(slim.path)] == [False, False, False, True, True, True]


async def test_progress_never_falls_and_ends_at_one(recording: MakeRecording, tmp_path: Path) -> None:
    source = recording("plain")
    shares: list[float] = []
    examined = await examine(source, limits=LIMITS)
    await transcode(
        source,
        tmp_path / "s.mp4",
        examined=examined,
        fps=1,
        height=120,
        crf=32,
        limits=LIMITS,
        on_progress=shares.append,
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_bytes=1000), "MediaTooLarge"),
        (Limits(max_duration_seconds=3), "MediaTooLong"),
        (Limits(max_pixels=1000), "PictureTooLarge"),
        (Limits(max_streams=1), "UnsupportedMedia"),
    ],
)
async def test_each_limit_is_kept(limits: Limits, reason: str, recording: MakeRecording) -> None:
    with pytest.raises(MediaRejected) as refused:
        await probe(recording("plain"), limits=limits)
    assert refused.value.reason == reason
