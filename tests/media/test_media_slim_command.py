"""The decoder's threads: each holds pictures, and only some codecs gain from more than two."""

from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.transcode.slim_command import slim_command


@pytest.mark.parametrize(
    ("codec", "size", "threads"),
    [
        ("h264", (1920, 1080), "4"),
        ("h264", (2560, 1440), "4"),
        ("h264", (1440, 2560), "4"),
        ("h264", (3840, 2160), "2"),
        ("hevc", (1920, 1080), "4"),
        ("hevc", (3840, 2160), "2"),
        ("vp9", (1920, 1080), "2"),
        ("av1", (640, 360), "2"),
    ],
)
def test_more_threads_are_for_pictures_that_wait_for_each_other_and_are_not_too_large(
    codec: str, size: tuple[int, int], threads: str
) -> None:
    info = MediaInfo(
        duration_seconds=60.0,
        video_seconds=60.0,
        width=size[0],
        height=size[1],
        video_codec=codec,
        audio_codec=None,
        has_audio=False,
        frames=1800,
        container="mov",
        size_bytes=1,
    )
    command = slim_command(
        Path("in.mp4"),
        Path("out.mp4"),
        info=info,
        fps=1,
        height=720,
        crf=32,
        limits=Limits(),
        dropping=None,
        fragmented=False,
    )
    before_input = command[: command.index("-i")]
    assert before_input[before_input.index("-threads") + 1] == threads
