"""The ffmpeg command of a slim video."""

from dataclasses import replace
from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.transcode.picture_filters import PicturePlan, picture_filters
from runops_worker.media.transcode.slim_command import slim_command


def info(
    *, seconds: float = 60.0, video_seconds: float = 60.0, codec: str = "h264", size: tuple[int, int] = (1920, 1080)
) -> Recording:
    return Recording(
        duration_seconds=seconds,
        video_seconds=video_seconds,
        screen=0,
        width=size[0],
        height=size[1],
        video_codec=codec,
        sounds=(),
        container="matroska",
    )


def command(
    recording: Recording,
    *,
    fps: int = 1,
    dropping: Path | None = None,
    fragmented: bool = False,
    turns_last: bool = False,
) -> list[str]:
    return slim_command(
        Path("in.mkv"),
        Path("out.mp4"),
        recording=recording,
        fps=fps,
        plan=PicturePlan(frame=(1280, 720), turns_last=turns_last),
        crf=31,
        limits=Limits(max_duration_seconds=900.0, max_pixels=1234),
        dropping=dropping,
        fragmented=fragmented,
    )


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the options before the input and those after it."""
    at = arguments.index("-i")
    return arguments[:at], arguments[at:]


def value(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


@pytest.mark.parametrize(
    ("codec", "size", "threads"),
    [
        ("h264", (1920, 1080), "4"),
        ("h264", (2560, 1440), "4"),
        ("h264", (1440, 2560), "4"),
        ("h264", (2560, 1441), "2"),
        ("h264", (2561, 1440), "2"),
        ("hevc", (1920, 1080), "4"),
        ("hevc", (3840, 2160), "2"),
        ("vp9", (1920, 1080), "2"),
        ("av1", (640, 360), "2"),
    ],
)
def test_more_decoding_threads_are_for_codecs_that_gain_from_them_and_pictures_that_are_not_too_large(
    codec: str, size: tuple[int, int], threads: str
) -> None:
    before, after = split(command(info(codec=codec, size=size)))
    assert value(before, "-threads") == threads
    assert value(after, "-threads") == "1"
    assert value(after, "-filter_threads") == "1"


def test_the_input_is_bounded() -> None:
    before, after = split(command(info()))
    assert value(before, "-f") == "matroska"
    assert value(before, "-t") == "900.0"
    assert value(before, "-max_pixels") == "1234"
    assert value(before, "-protocol_whitelist") == "file,pipe"
    assert value(after, "-i") == f"file:{Path('in.mkv').absolute()}"
    assert after[-3:] == ["-f", "mp4", f"file:{Path('out.mp4').absolute()}"]


def test_nothing_but_pictures_and_sound_comes_out() -> None:
    sounds = (SoundTrack(place=2, codec="aac"),)
    _, after = split(command(replace(info(), screen=1, sounds=sounds)))
    assert after[after.index("-map") :][:3] == ["-map", "0:V:1", "-sn"]
    assert "-map [sound] -c:a aac -aac_coder fast -ac 1 -ar 16000 -b:a 32k" in " ".join(after)
    _, after = split(command(info()))
    assert after[after.index("-map") :][:3] == ["-map", "0:V:0", "-sn"]
    assert "-c:a" not in after
    assert {"-sn", "-dn"} < set(after)
    assert (value(after, "-map_metadata"), value(after, "-map_chapters"), value(after, "-crf")) == ("-1", "-1", "31")
    assert "gte(t,if(n_forced,295*floor((n_forced-1)/6)+270+5*mod(n_forced-1,6),0))" in key_frames_of(info())


def key_frames_of(recording: Recording) -> str:
    return value(split(command(recording))[1], "-force_key_frames")


@pytest.mark.parametrize(
    ("seconds", "has_audio", "set_after_the_first"),
    [
        (90.0, True, 0),
        (357.0, True, 0),
        # The slim video may be 3 s longer, and then has two chunks.
        (357.1, True, 6),
        (357.0, False, 0),
        (358.0, False, 6),
        (621.9, True, 6),
        (622.0, True, 12),
        (7200.0, True, 144),
    ],
)
def test_a_key_frame_is_set_where_a_chunk_may_begin_and_nowhere_else(
    seconds: float, has_audio: bool, set_after_the_first: int
) -> None:
    sounds = (SoundTrack(place=0, codec="aac"),) if has_audio else ()
    recording = replace(info(seconds=seconds, video_seconds=seconds), sounds=sounds)
    assert key_frames_of(recording).startswith(f"expr:lte(n_forced,{set_after_the_first})*")


def test_every_option_that_was_measured_is_there() -> None:
    before, after = split(command(info()))
    assert value(before, "-reinit_filter:v") == "0"
    text = " ".join(after)
    assert " -v level+repeat+verbose -progress pipe:1 " in text
    assert (
        " -c:v libx264 -preset veryfast -x264-params rc-lookahead=4:sync-lookahead=0:bframes=0:"
        "subme=1:weightp=0:8x8dct=0:partitions=i4x4 -threads 1 -filter_threads 1 -crf 31 "
    ) in text


def test_dropped_packets_are_accounted_for() -> None:
    before, after = split(command(info(), dropping=Path("formula")))
    assert value(before, "-/bsf:V:0") == str(Path("formula").absolute())
    assert value(after, "-stats_enc_pre:v:0") == "pipe:1"
    assert value(after, "-stats_enc_pre_fmt:v:0") == "shown {n} {ptsi} {tbi}"
    assert not [option for option in command(info()) if "bsf" in option or "stats_enc" in option]


def test_fragments_can_be_read_while_the_file_is_written() -> None:
    _, after = split(command(info(), fragmented=True))
    assert value(after, "-movflags") == "+delay_moov+default_base_moof"
    assert value(after, "-frag_duration") == "5000000"
    assert value(after, "-flush_packets") == "1"
    _, after = split(command(info()))
    assert value(after, "-movflags") == "+faststart"
    assert "-frag_duration" not in after


def test_the_pictures_go_through_the_filters_of_the_plan() -> None:
    plan = PicturePlan(frame=(1280, 720))
    assert value(split(command(info(), fps=4))[1], "-vf") == picture_filters(info(), plan, fps=4)
    assert "-noautorotate" not in command(info())


def test_ffmpeg_leaves_turning_to_a_plan_that_turns_last() -> None:
    before, _ = split(command(info(), turns_last=True))
    assert "-noautorotate" in before
