"""What a listener hears in a recording is in its slim video, at the right time."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.recording.loss import LossKind
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.measure_activity import measure_activity
from tests.media.tones import PICTURE, make, slimmed


def sine(hertz: float, *, seconds: float = 10.0, rate: int = 48_000) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine={hertz}:duration={seconds}:sample_rate={rate}")


def channels(*formulas: str, seconds: float = 10.0, rate: int = 48_000) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"aevalsrc=exprs='{'|'.join(formulas)}':d={seconds}:s={rate}")


def tone(hertz: float, volume: float = 0.3) -> str:
    return f"{volume}*sin(2*PI*{hertz}*t)"


async def test_all_tracks_are_heard_each_from_its_start_to_its_end(tmp_path: Path) -> None:
    source = make(
        tmp_path / "tracks.mkv",
        *(*sine(440, seconds=12), "-itsoffset", "3", *sine(880, seconds=4), "-itsoffset", "0", *sine(1320, seconds=6)),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", *PICTURE, "-c:a", "aac"),
        seconds=12,
    )
    heard = await slimmed(source)
    assert heard.seconds == pytest.approx(heard.recording.duration_seconds, abs=0.05)
    for hertz, start, end in ((440, 0.0, 12.0), (880, 3.0, 7.0), (1320, 0.0, 6.0)):
        for second in (0.3, 2.8, 3.15, 5.8, 6.8, 7.2, 11.8):
            inside = start < second < end
            assert (heard.tone(hertz, second) > -35) == inside, (hertz, second, heard.tone(hertz, second))
    assert heard.slim.losses == ()


async def test_the_microphone_on_the_second_track_may_outlast_picture_and_first_track(tmp_path: Path) -> None:
    source = make(
        tmp_path / "replaykit.mov",
        *(*sine(440, seconds=1), *sine(880, seconds=15), "-map", "0", "-map", "1", "-map", "2"),
        *(*PICTURE, "-c:a", "aac"),
        seconds=5,
    )
    heard = await slimmed(source)
    assert heard.slim.frames == 15
    assert heard.tone(440, 0.5) > -35
    assert heard.tone(880, 14.5) > -35


async def test_a_quiet_microphone_is_heard_beside_loud_sound_of_the_system(tmp_path: Path) -> None:
    source = make(
        tmp_path / "two.mkv",
        *(*channels(tone(440, 0.9)), *channels(tone(880, 0.01)), "-map", "0", "-map", "1", "-map", "2"),
        *(*PICTURE, "-c:a", "aac"),
    )
    heard = await slimmed(source)
    assert heard.tone(880, 5.0) > -30
    assert heard.tone(880, 5.0) > heard.tone(440, 5.0) - 22
    assert max(map(abs, heard.samples)) < 0.95


@pytest.mark.parametrize(
    ("formulas", "heard_tones"),
    [
        pytest.param([tone(440), f"-{tone(440)}"], [440], id="one channel is inverted"),
        pytest.param([tone(440), f"-0.5*{tone(440)}"], [440], id="inverted, and half as loud"),
        pytest.param([f"-0.5*{tone(440)}", tone(440)], [440], id="the other one"),
        pytest.param([tone(440), tone(440)], [440], id="both alike"),
        pytest.param([tone(440), "0"], [440], id="on the left side only"),
        pytest.param(["0", tone(440)], [440], id="on the right side only"),
        pytest.param(["0", "0", tone(440)], [440], id="on the third of three channels"),
        pytest.param(["0", "0", "0", tone(440), tone(880), "0"], [440, 880], id="on the subwoofer of six channels"),
        pytest.param([*["0"] * 8, tone(440)], [440], id="nine channels without names"),
        pytest.param([tone(440), *["0"] * 16, tone(880)], [440, 880], id="eighteen"),
        pytest.param([*["0"] * 31, tone(440)], [440], id="thirty-two"),
    ],
)
async def test_all_channels_are_heard(formulas: Sequence[str], heard_tones: Sequence[float], tmp_path: Path) -> None:
    source = make(
        tmp_path / "channels.mov",
        *(*channels(*formulas, seconds=3), "-map", "0", "-map", "1", *PICTURE, "-c:a", "pcm_s16le"),
        seconds=3,
    )
    heard = await slimmed(source)
    for hertz in heard_tones:
        assert heard.tone(hertz, 1.5) > -20
    assert max(map(abs, heard.samples)) < 0.95


def joined(target: Path, parts: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Path:
    """Write one stream of sound after the other into one file."""
    content = b""
    for number, (source, coding) in enumerate(parts):
        part = make(target.with_name(f"{number}{target.suffix}"), *source, "-map", "1", *coding)
        content += part.read_bytes()
    target.write_bytes(content)
    return target


MP3 = ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0")
CHANGES: dict[str, tuple[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]] = {
    "mono, then stereo": ("aac", [(sine(440, seconds=5), ("-ac", "1")), (sine(880, seconds=5), ("-ac", "2"))]),
    "stereo, then mono": ("aac", [(sine(440, seconds=5), ("-ac", "2")), (sine(880, seconds=5), ("-ac", "1"))]),
    "48 kHz, then 44.1 kHz": (
        "mp3",
        [(sine(440, seconds=5), (*MP3, "-ac", "2")), (sine(880, seconds=5, rate=44_100), (*MP3, "-ac", "1"))],
    ),
    "44.1 kHz, then 48 kHz": (
        "mp3",
        [(sine(440, seconds=5, rate=44_100), (*MP3, "-ac", "1")), (sine(880, seconds=5), (*MP3, "-ac", "2"))],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("other_track", [False, True])
async def test_the_sound_may_change_on_the_way(name: str, other_track: bool, tmp_path: Path) -> None:
    kind, parts = CHANGES[name]
    sound = joined(tmp_path / f"sound.{kind}", parts)
    more = (*sine(1320), "-map", "0", "-map", "1", "-map", "2") if other_track else ("-map", "0", "-map", "1")
    source = make(tmp_path / "changes.mkv", "-f", kind, "-i", str(sound), *more, *PICTURE, "-c:a:0", "copy")
    heard = await slimmed(source)
    assert heard.seconds == pytest.approx(10.0, abs=0.2)
    assert [heard.loudest((440, 880), second) for second in (0.3, 2.5, 4.8, 5.25, 7.5, 9.7)] == [440] * 3 + [880] * 3
    assert min(heard.level(second, 0.2) for second in (0.3, 2.5, 4.6, 5.25, 7.5, 9.6)) > -30
    assert all((heard.tone(1320, second) > -30) == other_track for second in (0.3, 4.8, 5.3, 9.5))
    assert heard.slim.losses == ()


STEPS = [300.0 + 70 * step for step in range(20)]
STEPPED = "0.5*sin(2*PI*(300+70*floor(t))*t)"


async def test_gaps_are_silent_and_what_follows_is_on_time(tmp_path: Path) -> None:
    source = make(
        tmp_path / "gap.webm",
        *(
            *channels(STEPPED, seconds=20),
            "-map",
            "0",
            "-map",
            "1",
            "-af",
            "aselect='not(between(t,4,9)+between(t,13,14))'",
        ),
        *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
        seconds=20,
    )
    heard = await slimmed(source)
    assert heard.seconds == pytest.approx(heard.recording.duration_seconds, abs=0.05)
    for second in range(1, 20):
        if second in {4, 5, 6, 7, 8, 13}:
            assert heard.level(second + 0.1, 0.8) < -90
        elif second not in {9, 14}:
            # 50 ms before the second it is still the earlier tone, 50 ms after it the new one.
            assert heard.loudest(STEPS, second + 0.05, 0.05) == STEPS[second]
            if second not in {10, 15}:
                assert heard.loudest(STEPS, second - 0.1, 0.05) == STEPS[second - 1]


async def test_sound_that_begins_late_or_ends_early_is_silent_there(tmp_path: Path) -> None:
    source = make(
        tmp_path / "late.webm",
        *("-itsoffset", "5", *sine(880, seconds=6), "-map", "0", "-map", "1"),
        *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
        seconds=15,
    )
    heard = await slimmed(source)
    assert heard.seconds == pytest.approx(15.0, abs=0.1)
    assert heard.level(0.0, 4.9) < -90
    assert heard.level(5.05, 0.2) > -20
    assert heard.level(10.7, 0.2) > -20
    assert heard.level(11.1, 3.8) < -80


async def test_a_clock_that_runs_too_fast_is_followed(tmp_path: Path) -> None:
    # The recorder's packets say that a second of sound lasts 1.02 s.
    source = make(
        tmp_path / "drift.mkv",
        *(*channels(STEPPED, seconds=15), "-map", "0", "-map", "1", *PICTURE, "-c:a", "pcm_s16le"),
        *("-bsf:a", "setts=ts=TS*1.02"),
        seconds=15,
    )
    heard = await slimmed(source)
    for second in range(1, 15):
        assert heard.loudest(STEPS, second * 1.02 + 0.05, 0.05) == STEPS[second]


async def test_speech_of_a_quiet_microphone_is_raised_and_a_pause_is_not(tmp_path: Path) -> None:
    voice = "if(lt(mod(t,10),5),0.012*sin(2*PI*440*t)*(0.6+0.4*sin(2*PI*3*t)),0)+0.0008*(random(0)-0.5)"
    source = make(
        tmp_path / "quiet.mkv",
        *(*channels(voice, seconds=20), "-map", "0", "-map", "1", *PICTURE, "-c:a", "pcm_s16le"),
        seconds=20,
    )
    heard = await slimmed(source)
    for second in (0.5, 2.0, 4.5, 10.3, 14.5):
        assert heard.level(second, 0.4) > -32
    for second in (6.5, 8.5, 16.5, 19.0):
        assert heard.level(second, 0.4) < -65


@pytest.mark.parametrize(
    ("formula", "silent"),
    [
        pytest.param("0", True, id="a track with nothing on it"),
        pytest.param("0.0004*(random(0)-0.5)", True, id="a microphone that is muted"),
        pytest.param("0.006*(random(0)-0.5)", False, id="a room in which nobody speaks"),
        pytest.param("if(between(t,4,4.5),0.01*sin(2*PI*440*t),0)", False, id="one quiet word"),
    ],
)
async def test_silence_is_told_from_sound(formula: str, silent: bool, tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *channels(formula), "-map", "0", "-map", "1", *PICTURE, "-c:a", "aac")
    heard = await slimmed(source)
    activity = await measure_activity(heard.slim.path, Chunk(0, 0.0, 10.0), fps=1, limits=Limits())
    assert activity.is_silent(0.0, 10.0) == silent
    assert any(activity.loud) == (formula[:2] == "if")


async def test_loud_sound_is_not_clipped(tmp_path: Path) -> None:
    source = make(
        tmp_path / "loud.mkv",
        *(*channels(tone(440, 0.99), tone(440, 0.99)), "-map", "0", "-map", "1", *PICTURE, "-c:a", "pcm_s16le"),
    )
    heard = await slimmed(source)
    assert max(map(abs, heard.samples)) < 0.95
    assert heard.tone(1320, 5.0) < -60, "a clipped sine has a third overtone"


@pytest.mark.parametrize(("extra", "count"), [((), 1), ((*sine(880), "-map", "2"), 2)])
async def test_sound_that_cannot_be_decoded_costs_that_track_only(
    extra: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    inputs = (*sine(440), *extra[:4], "-map", "0", "-map", "1", *extra[4:])
    source = make(tmp_path / "broken.mp4", *inputs, *PICTURE, "-c:a", "aac", "-bsf:a:0", "noise=amount=3")
    heard = await slimmed(source)
    assert heard.slim.frames == 10
    assert heard.slim.has_audio == (count == 2)
    (loss,) = heard.slim.losses
    if count == 1:
        assert loss.kind is LossKind.SOUND_UNREADABLE
        assert loss.detail == "The recording's sound (aac) is damaged and cannot be decoded."
    else:
        assert loss.kind is LossKind.SOUND_TRACK_LEFT_OUT
        assert loss.detail == (
            "Sound track 1 of the recording is left out: its sound (aac) is damaged and cannot be decoded."
        )
        assert heard.tone(880, 5.0) > -30


async def test_more_channels_than_can_be_added_up_cost_the_sound_only(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(70 * 2 * 4000 * 5))
    source = make(
        tmp_path / "seventy.mov",
        *("-f", "s16le", "-ac", "70", "-ar", "4000", "-i", str(raw), "-map", "0", "-map", "1"),
        *(*PICTURE, "-c:a", "pcm_s16le"),
        seconds=5,
    )
    heard = await slimmed(source)
    assert (heard.slim.frames, heard.slim.has_audio) == (5, False)
    assert [loss.kind for loss in heard.slim.losses] == [LossKind.SOUND_UNREADABLE]


async def test_a_track_in_a_codec_that_is_not_accepted_is_left_out_by_name(tmp_path: Path) -> None:
    source = make(
        tmp_path / "odd.mkv",
        *(*sine(440, rate=44_100), *sine(880), "-map", "0", "-map", "1", "-map", "2", *PICTURE),
        *("-c:a:0", "real_144", "-ar:a:0", "8000", "-ac:a:0", "1", "-c:a:1", "aac"),
    )
    heard = await slimmed(source)
    assert [(loss.kind, loss.detail) for loss in heard.slim.losses] == [
        (
            LossKind.SOUND_TRACK_LEFT_OUT,
            "Sound track 1 of the recording is left out: its sound (ra_144) has a codec that cannot be read.",
        )
    ]
    assert heard.tone(880, 5.0) > -30


async def test_a_bad_stretch_of_the_sound_is_told(tmp_path: Path) -> None:
    source = make(
        tmp_path / "stretch.mkv",
        *(*sine(440, seconds=10), "-map", "0", "-map", "1", *PICTURE, "-c:a", "aac"),
        *("-bsf:a", r"noise=amount=if(between(n\,200\,280)\,2\,0)"),
    )
    heard = await slimmed(source)
    assert heard.tone(440, 2.0) > -30
    assert heard.tone(440, 8.0) > -30
    (loss,) = heard.slim.losses
    assert loss.kind is LossKind.SOUND_UNREADABLE
    assert "of sound track 1 (aac) cannot be decoded: from 4." in loss.detail
    assert loss.start == pytest.approx(200 * 1024 / 48_000, abs=0.3)
    assert loss.end == pytest.approx(280 * 1024 / 48_000, abs=0.4)


async def test_sound_after_a_long_pause_is_heard_at_its_time_with_little_memory(tmp_path: Path) -> None:
    pause = "aselect='lt(t,5)+gt(t,1200)'"
    source = make(
        tmp_path / "pause.mkv",
        *(*sine(440, seconds=1210, rate=16_000), "-map", "0", "-map", "1", "-af", pause, "-r", "0.2", *PICTURE),
        *("-c:a", "aac"),
        seconds=1210,
    )
    # The silence alone would take 300 MB, and that of a pause of two hours more than the usual limit.
    heard = await slimmed(source, limits=Limits(max_memory_bytes=200 * 1024**2))
    assert heard.slim.losses == ()
    assert [heard.tone(440, second) > -35 for second in (4.5, 6.0, 1199.5, 1200.5, 1209.0)] == [
        True,
        False,
        False,
        True,
        True,
    ]
