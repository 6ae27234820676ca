"""The filters that make the pictures of a slim video."""

from dataclasses import replace

import pytest

from runops_worker.media.recording.edits import Edit
from runops_worker.media.recording.picture_format import HLG, PQ, PictureFormat
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.picture_filters import PicturePlan, picture_filters
from runops_worker.media.transcode.picture_size import PRINT_SIZES
from runops_worker.media.transcode.slim_length import expected_frames

PLAN = PicturePlan(frame=(1280, 720))
FITTED = (
    "scale=1280:720:force_original_aspect_ratio=decrease:force_divisible_by=2:reset_sar=1,"
    "pad=1280:720:(ow-iw)/2:(oh-ih)/2:eval=frame,format=yuv420p"
)


def info(*, seconds: float = 60.0, video_seconds: float = 60.0) -> Recording:
    return Recording(
        duration_seconds=seconds,
        video_seconds=video_seconds,
        screen=0,
        width=1920,
        height=1080,
        video_codec="h264",
        sounds=(),
        container="matroska",
    )


def chain(picture: PictureFormat, plan: PicturePlan = PLAN, *, quarter_turns: int = 0) -> list[str]:
    recording = replace(info(), picture=picture, quarter_turns=quarter_turns)
    return picture_filters(recording, plan, fps=1).split(",")


REPEATED = {
    fps: f"setpts=PTS+ceil(1/(TB*{fps}))-1,fps=fps={fps}:start_time=0:round=down:eof_action=pass" for fps in (1, 2)
}


@pytest.mark.parametrize(
    ("seconds", "video_seconds", "fps", "frames", "filters"),
    [
        (60.0, 60.0, 1, 60, "fps=fps=1:start_time=0:round=up"),
        (60.0, 60.0, 4, 240, "fps=fps=4:start_time=0:round=up"),
        # A picture that begins between two places fills the next one.
        (60.2, 60.2, 1, 61, "fps=fps=1:start_time=0:round=up"),
        (60.2, 60.2, 2, 121, "fps=fps=2:start_time=0:round=up"),
        # Sound that ends less than a place after the last picture adds none.
        (60.9, 60.0, 1, 60, "fps=fps=1:start_time=0:round=up"),
        # The last picture is repeated, whether or not ffmpeg knows how long it is, and no place is added.
        (61.0, 60.0, 1, 61, f"{REPEATED[1]},tpad=stop_mode=clone:stop=1,trim=end_frame=61"),
        (62.0, 60.0, 1, 62, f"{REPEATED[1]},tpad=stop_mode=clone:stop=2,trim=end_frame=62"),
        (90.0, 59.5, 2, 180, f"{REPEATED[2]},tpad=stop_mode=clone:stop=61,trim=end_frame=180"),
        # Times of Matroska are a millisecond or three late: that makes no place more, neither with sound nor without.
        (61.0, 60.003, 1, 61, f"{REPEATED[1]},tpad=stop_mode=clone:stop=1,trim=end_frame=61"),
        (60.003, 60.003, 1, 60, "fps=fps=1:start_time=0:round=up"),
        (60.006, 60.006, 1, 61, "fps=fps=1:start_time=0:round=up"),
        (0.004, 0.004, 1, 1, "fps=fps=1:start_time=0:round=up"),
    ],
)
def test_the_last_picture_stays_until_the_sound_ends(
    seconds: float, video_seconds: float, fps: int, frames: int, filters: str
) -> None:
    recording = info(seconds=seconds, video_seconds=video_seconds)
    assert expected_frames(recording, fps=fps) == frames
    assert picture_filters(recording, PLAN, fps=fps) == f"{filters},{PRINT_SIZES},{FITTED}"


def test_a_last_picture_of_unknown_length_is_not_held_as_long_as_the_one_before() -> None:
    recording = replace(info(), last_picture_has_no_length=True)
    filters = f"fps=fps=1:start_time=0:round=up,trim=end_frame=60,{PRINT_SIZES},{FITTED}"
    assert picture_filters(recording, PLAN, fps=1) == filters


def test_parts_of_the_media_are_shown_one_after_the_other() -> None:
    recording = replace(info(seconds=6.0, video_seconds=4.5), edits=(Edit(2.0, 5.0), Edit(7.25, 8.75)))
    held = "setpts=PTS+ceil(1/(TB*1))-1,fps=fps=1:start_time={}:round=down:eof_action=pass"
    assert picture_filters(recording, PLAN, fps=1) == (
        f"split=2[edit0][edit1];[edit0]{held.format('2.000000')},tpad=stop_mode=clone:stop=3,trim=end_frame=3,"
        f"setpts=N/(1*TB)[part0];[edit1]{held.format('7.250000')},tpad=stop_mode=clone:stop=2,trim=end_frame=2,"
        "setpts=N/(1*TB)[part1];[part0][part1]concat=n=2,tpad=stop_mode=clone:stop=6,trim=end_frame=6,"
        f"{PRINT_SIZES},{FITTED}"
    )


def test_a_usual_recording_needs_nothing_else() -> None:
    usual = PictureFormat(pixels="yuv420p", primaries="bt709", transfer="bt709")
    assert picture_filters(replace(info(), picture=usual), PLAN, fps=1).endswith(f",{PRINT_SIZES},{FITTED}")


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (PictureFormat(pixels="yuvj420p", full_range=True), ["out_range=tv"]),
        (PictureFormat(pixels="gbrp", full_range=True), ["out_range=tv", "out_color_matrix=bt709"]),
        (PictureFormat(pixels="pal8"), ["out_color_matrix=bt709"]),
        (PictureFormat(pixels="yuv444p10le"), []),
    ],
)
def test_full_range_and_rgb_become_what_every_player_expects(picture: PictureFormat, options: list[str]) -> None:
    scale = next(part for part in chain(picture) if part.startswith("scale="))
    assert scale.split(":")[5:] == options


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_tone_mapped_after_it_was_made_small(transfer: str) -> None:
    picture = PictureFormat(pixels="yuv420p10le", primaries="bt2020", transfer=transfer)
    found = chain(picture, replace(PLAN, white_nits=300.0))
    assert found[-8:] == [
        "format=yuv420p10le",
        f"setparams=range=tv:color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc",
        "zscale=t=linear:npl=300",
        "format=gbrpf32le",
        "zscale=p=709",
        "tonemap=clip:desat=0",
        "zscale=p=709:m=709:t=709:r=tv",
        "format=yuv420p",
    ]
    full = chain(replace(picture, full_range=True))
    assert full[-7].startswith("setparams=range=pc:")
    assert "out_range" not in ",".join(full)


def test_the_colours_of_bt2020_without_hdr_are_changed_only() -> None:
    found = chain(PictureFormat(pixels="yuv420p10le", primaries="bt2020", transfer="bt2020-10"))
    assert found[-4:] == [
        "format=yuv420p10le",
        "setparams=range=tv:color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc",
        "zscale=p=709:m=709:t=709:r=tv",
        "format=yuv420p",
    ]


def test_interlaced_pictures_are_parted_before_most_are_left_out() -> None:
    interlaced = PictureFormat(pixels="yuv420p", interlaced=True)
    found = chain(interlaced)
    assert found[:2] == ["scale=1920:1080:interl=-1", "bwdif=mode=send_frame:deint=interlaced"]
    assert found[2].startswith("fps=")
    # In a picture that ffmpeg has turned, the lines of a moment are columns.
    assert chain(interlaced, quarter_turns=1)[0].startswith("fps=")
    assert chain(interlaced, quarter_turns=2)[0].startswith("scale=")


@pytest.mark.parametrize(
    ("quarter_turns", "inner", "turning"),
    [
        (0, "1280:720", []),
        (1, "720:1280", ["transpose=cclock"]),
        (2, "1280:720", ["hflip", "vflip"]),
        (3, "720:1280", ["transpose=clock"]),
    ],
)
def test_a_picture_that_is_turned_last_fits_the_frame_when_it_is_turned(
    quarter_turns: int, inner: str, turning: list[str]
) -> None:
    found = chain(PictureFormat(), replace(PLAN, turns_last=True), quarter_turns=quarter_turns)
    scale = next(place for place, part in enumerate(found) if part.startswith("scale="))
    assert found[scale].startswith(f"scale={inner}:")
    assert found[scale + 1].startswith(f"pad={inner}:")
    assert found[scale + 2 :] == [*turning, "format=yuv420p"]
    assert chain(PictureFormat(), quarter_turns=quarter_turns)[scale].startswith("scale=1280:720:")
