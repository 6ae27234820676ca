"""Which size of pictures the slim video follows, by what ffmpeg prints of them."""

from fractions import Fraction

import pytest

from runops_worker.media.recording.shown_size import shown_size
from runops_worker.media.transcode.picture_size import PictureSizes, fits, size_to_follow

SMALL, LARGE = (320, 180), (1920, 1080)


@pytest.mark.parametrize(
    ("planned", "seconds", "length", "followed"),
    [
        (SMALL, {}, 60, SMALL),
        (SMALL, {SMALL: 60}, 60, SMALL),
        # A call that begins small.
        (SMALL, {SMALL: 3, LARGE: 30}, 33, LARGE),
        # Ten seconds count in a long recording, a tenth in a short one.
        (SMALL, {SMALL: 300, LARGE: 9}, 3009, SMALL),
        (SMALL, {SMALL: 300, LARGE: 10}, 3010, LARGE),
        # Late, it must be worth the chunks that are thrown away: a fiftieth.
        (SMALL, {SMALL: 2940, LARGE: 59}, 3600, SMALL),
        (SMALL, {SMALL: 2940, LARGE: 60}, 3600, LARGE),
        (SMALL, {SMALL: 3, LARGE: 1}, 20, SMALL),
        (SMALL, {SMALL: 3, LARGE: 2}, 20, LARGE),
        # What is smaller gets bars.
        (LARGE, {LARGE: 2, SMALL: 3000}, 3002, LARGE),
        # The largest of several, not the latest.
        (SMALL, {SMALL: 20, LARGE: 20, (640, 360): 20}, 60, LARGE),
        # The header names a size that no picture has.
        (LARGE, {(1080, 1920): 10}, 60, (1080, 1920)),
        (LARGE, {LARGE: 1, (1080, 1920): 10}, 60, LARGE),
    ],
)
def test_the_largest_picture_that_lasts_is_followed(
    planned: tuple[int, int],
    seconds: dict[tuple[int, int], float],
    length: float,
    followed: tuple[int, int],
) -> None:
    assert size_to_follow(planned, seconds, recording_seconds=length) == followed


@pytest.mark.parametrize(
    ("frame", "picture", "goes_in"),
    [
        ((1280, 720), (1280, 720), True),
        ((1280, 720), (320, 180), True),
        ((1280, 720), (1340, 720), True),
        ((1280, 720), (1360, 720), False),
        ((1280, 720), (720, 1280), False),
        ((320, 180), (1280, 720), False),
    ],
)
def test_a_picture_goes_into_a_frame_if_it_hardly_gets_smaller(
    frame: tuple[int, int], picture: tuple[int, int], goes_in: bool
) -> None:
    assert fits(frame, picture) == goes_in


def shown(size: str, *, sar: str = "1/1") -> str:
    return (
        "[Parsed_showinfo_2 @ 0x7f4] [info] n:   0 pts:      0 pts_time:0       duration:      1 duration_time:1       "
        f"fmt:yuv420p cl:left sar:{sar} s:{size} i:P iskey:1 type:I "
    )


def changed(before: str, after: str) -> str:
    return (
        f"[graph -1 input from stream 0:0 @ 0x7f0] [warning] filter context - {before} fmt: 0 csp: unknown range: "
        f"unknown alpha: unspecified, incoming frame - {after} fmt: 0 csp: unknown range: unknown alpha: unspecified "
        "pts_time: 3.98"
    )


def test_the_sizes_are_read_from_the_log() -> None:
    sizes = PictureSizes(SMALL, fps=2, recording_seconds=60.0)
    assert not sizes.take("[Parsed_showinfo_2 @ 0x7f4] [info] color_range:tv color_space:bt709")
    assert not sizes.take("    title           : [Parsed_showinfo_2 @ 0x7f4] [info] n: 0 sar:1/1 s:1920x1080 ")
    for _ in range(11):
        assert sizes.take(shown("1920x1080"))
    assert sizes.to_follow == SMALL, "5.5 s are less than a tenth"
    assert sizes.take(shown("1920x1080"))
    assert sizes.to_follow == LARGE


@pytest.mark.parametrize(
    ("sar", "size"), [("0/1", (640, 360)), ("1/0", (640, 360)), ("2/1", (1280, 360)), ("1/2", (640, 720))]
)
def test_pixels_that_are_not_square_are_stretched_and_never_shrunk(sar: str, size: tuple[int, int]) -> None:
    sizes = PictureSizes(SMALL, fps=1, recording_seconds=1.0)
    sizes.take(shown("640x360", sar=sar))
    assert sizes.to_follow == size


def test_a_size_is_at_least_one_pixel() -> None:
    assert shown_size(0, 0, Fraction(1, 3)) == (1, 1)
    assert shown_size(1, 7, Fraction(1, 100)) == (1, 700)


def test_a_change_of_the_size_at_the_decoder_is_noted_and_a_change_of_the_format_is_not() -> None:
    sizes = PictureSizes(SMALL, fps=1, recording_seconds=60.0)
    assert not sizes.take(changed("w: 320 h: 180", "w: 320 h: 180"))
    assert not sizes.changes
    assert sizes.take(changed("w: 320 h: 180", "w: 320 h: 182"))
    assert sizes.changes
