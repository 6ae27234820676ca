"""Which pictures are decoded beforehand to learn their size, and what follows from it."""

from fractions import Fraction

import pytest

from runops_worker.media.probe.pictures import PictureList, Pictures
from runops_worker.media.transcode.known_sizes import KnownSizes, sampled


def pictures(keys: list[float], *, seconds: float = 60.0) -> Pictures:
    times = range(round(seconds * 10))
    fresh = [int(time / 10 in keys) for time in times]
    return Pictures(
        times=times, unit=Fraction(1, 10), fresh=fresh, references=[1] * len(times), hidden=[0] * len(times)
    )


@pytest.mark.parametrize(
    ("keys", "decoded"),
    [
        ([0.0], [0.0]),
        ([0.0, 8.0, 16.0], [0.0, 8.0, 16.0]),
        ([float(second) for second in range(13)], [0.0, 5.0, 10.0, 12.0]),
        # The last one before a pause holds through it.
        ([0.0, 1.0, 2.0, 30.0, 31.0], [0.0, 2.0, 30.0, 31.0]),
    ],
)
def test_a_key_picture_of_every_five_seconds_is_decoded(keys: list[float], decoded: list[float]) -> None:
    listed = pictures(keys)
    keep = sampled(listed)
    assert [listed.times[place] / 10 for place, kept in enumerate(keep) if kept] == decoded


def known(*shown: tuple[float, str], turned: bool = False) -> KnownSizes:
    sizes = KnownSizes(turned=turned)
    for number, (time, size) in enumerate(shown):
        head = f"[Parsed_showinfo_1 @ 0x1] [info] n:{number:4} pts: {time:.0f} pts_time:{time} duration: 1"
        sizes.take(f"{head} fmt:yuv420p cl:left sar:1/1 s:{size} i:P iskey:1 type:I ")
    sizes.take("[vost#0:0/wrapped_avframe @ 0x1] [info] anything")
    return sizes


@pytest.mark.parametrize(
    ("shown", "followed", "changes"),
    [
        ([], (64, 48), False),
        ([(0.0, "64x48"), (30.0, "64x48")], (64, 48), False),
        ([(0.0, "64x48"), (3000.0, "640x480")], (640, 480), True),
        # Ten seconds are enough at any time; less are not.
        ([(0.0, "64x48"), (3000.0, "640x480"), (3010.0, "64x48")], (640, 480), True),
        ([(0.0, "64x48"), (3000.0, "640x480"), (3009.0, "64x48")], (64, 48), True),
        ([(0.0, "64x48"), (9.0, "640x480"), (20.0, "320x240"), (40.0, "1280x960"), (45.0, "9x9")], (640, 480), True),
        ([(0.0, "640x480"), (9.0, "64x48")], (64, 48), True),
    ],
)
def test_the_largest_size_that_lasts_is_followed(
    shown: list[tuple[float, str]], followed: tuple[int, int], *, changes: bool
) -> None:
    sizes = known(*shown)
    assert sizes.to_follow((64, 48), seconds=3600.0) == followed
    assert sizes.change is changes


def test_a_turned_picture_is_as_high_as_it_was_wide() -> None:
    assert known((0.0, "64x48"), (10.0, "640x480"), turned=True).to_follow((48, 64), seconds=60.0) == (480, 640)


@pytest.mark.parametrize(
    ("lines", "marked", "may_change"),
    [
        ([], False, True),
        ([], True, False),
        (["3, 0, 0, 1, 28, 0x44930462", "3, 5, 5, 1, 28, 0x44930462"], True, False),
        (["3, 0, 0, 1, 28, 0x44930462", "3, 5, 5, 1, 28, 0x4bf605cd"], True, True),
        (["3, 0, 0, 1, 28, 0x44930462", "3, 5, 5, 1, 29, 0x44930462"], True, True),
        (["0, 1, 1, 1, 99, 0x4bf605cd, F=0x0, S=1, New Extradata,       38, 0x7e660846"], True, True),
    ],
)
def test_parameters_that_change_may_change_the_size(lines: list[str], *, marked: bool, may_change: bool) -> None:
    listed = PictureList(most=10)
    # The first packet tells its parameters, too.
    first = "0, 0, 0, 1, 99, 0x44930462, S=1, New Extradata,       38, 0x7e660846"
    for line in ("#tb 0: 1/10", first, "1, 0, 0, 1, 9, 0x1", "2, 0, 0, 1, 9, 0x1", *lines):
        listed.take(line)
    if any(line.startswith("0") for line in lines):
        listed.take("1, 1, 1, 1, 9, 0x1")
    found = listed.pictures(marked=marked)
    assert found is not None
    assert found.may_change_size is may_change
