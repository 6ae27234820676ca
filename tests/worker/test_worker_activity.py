"""What is measured in a slim video that ffmpeg has really written."""

from pathlib import Path

import pytest

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.condense import condense
from runops_worker.media.transcode.drop_sound import drop_sound
from runops_worker.media.transcode.idle import ClipTimes, busy_ranges
from runops_worker.media.transcode.measure_activity import measure_activity
from runops_worker.media.transcode.slim_video import inspect_slim
from runops_worker.media.transcode.transcode import transcode
from tests.worker.film import film

LIMITS = Limits()


async def slim_of(recording: Path, folder: Path) -> Path:
    target = folder / "slim.mp4"
    examined = await examine(recording, limits=LIMITS, whole=False)
    await transcode(
        recording, target, examined=examined, fps=1, height=360, crf=32, limits=LIMITS, on_progress=lambda _: None
    )
    return target


async def test_the_seconds_are_found_in_which_the_picture_changes_or_there_is_sound(
    screencast: Path, tmp_path: Path
) -> None:
    slim = await slim_of(screencast, tmp_path)
    activity = await measure_activity(slim, Chunk(2, 100.0, 48.0), fps=1, limits=LIMITS)
    assert activity.start == 100
    changed = {second for second, is_changed in enumerate(activity.changed) if is_changed}
    # The encoder may still refine a picture in the second after a change.
    assert {4, 10, 16, 30} <= changed <= {4, 5, 10, 11, 16, 17, 30, 31}
    loud = [second for second, is_loud in enumerate(activity.loud) if is_loud]
    assert set(range(6, 9)) | set(range(20, 24)) <= set(loud) <= set(range(5, 11)) | set(range(19, 26))


async def test_a_clip_without_sound_can_be_measured(tmp_path: Path) -> None:
    picture = "drawbox=color=white:t=fill:enable='gte(t,3)':x=40:y=40:w=200:h=100"
    recording = film(tmp_path / "silent.mp4", seconds=6, picture=picture, sound=None)
    slim = await slim_of(recording, tmp_path)
    activity = await measure_activity(slim, Chunk(0, 0.0, 6.0), fps=1, limits=LIMITS)
    assert activity.changed[:4] == (False, False, False, True)
    assert not activity.changed[5]
    assert activity.loud == (False,) * 6


async def test_a_clip_is_written_again_without_its_sound(screencast: Path, tmp_path: Path) -> None:
    slim = await slim_of(screencast, tmp_path)
    await drop_sound(slim, tmp_path / "pictures.mp4", limits=LIMITS)
    before, after = [await inspect_slim(path, limits=LIMITS) for path in (slim, tmp_path / "pictures.mp4")]
    assert (before.audio.packets > 0, after.audio.packets) == (True, 0)
    assert after.video == before.video
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    with pytest.raises(MediaToolFailed, match="take the sound out"):
        await drop_sound(broken, tmp_path / "none.mp4", limits=LIMITS)


async def test_a_file_that_is_not_a_video_is_a_failure_of_the_tool(tmp_path: Path) -> None:
    broken = tmp_path / "clip.mp4"
    broken.write_bytes(b"not a video")
    with pytest.raises(MediaToolFailed, match="could not read a clip"):
        await measure_activity(broken, Chunk(0, 0.0, 6.0), fps=1, limits=LIMITS)


async def test_the_busy_parts_of_a_clip_are_written_with_the_right_pictures_and_sound(tmp_path: Path) -> None:
    # White from second 3 on, black again from second 25 on; it sounds in seconds 26 and 27.
    picture = "drawbox=color=white:t=fill:enable='between(t,3,24.9)'"
    recording = film(
        tmp_path / "film.mp4", seconds=30, picture=picture, sound="aevalsrc='0.4*sin(2400*t)*between(t,26,28)'"
    )
    slim = await slim_of(recording, tmp_path)
    activity = await measure_activity(slim, Chunk(0, 0.0, 30.0), fps=1, limits=LIMITS)
    times = busy_ranges(activity, start=0.0, end=30.0)
    assert times is not None
    assert times.seconds < 17
    target = tmp_path / "busy.mp4"
    await condense(slim, times, target, fps=1, with_sound=True, limits=LIMITS)
    busy = await measure_activity(target, Chunk(0, 0.0, times.seconds), fps=1, limits=LIMITS)
    # Each change and each second of sound is where the times say that it is.
    for before, after in ((activity.changed, busy.changed), (activity.loud, busy.loud)):
        shown = [before[int(times.start(float(place)))] for place in range(int(times.seconds))]
        assert list(after)[1:] == shown[1:]
    report = await inspect_slim(target, limits=LIMITS)
    assert report.audio.end == pytest.approx(times.seconds, abs=0.2)

    await condense(slim, times, target, fps=1, with_sound=False, limits=LIMITS)
    assert (await inspect_slim(target, limits=LIMITS)).audio.packets == 0
    with pytest.raises(MediaToolFailed, match="pictures instead of"):
        await condense(slim, ClipTimes(((0.0, 4.0), (90.0, 99.0))), target, fps=1, with_sound=False, limits=LIMITS)
