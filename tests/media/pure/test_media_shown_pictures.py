"""What ffmpeg says it shows is compared with what it must show."""

from fractions import Fraction

import pytest

from runops_worker.media.transcode.selection import Selection
from runops_worker.media.transcode.shown_pictures import SHOWN_FORMAT, ShownReport

# Place 0 shows the picture of time 0, places 1 and 2 that of 0.9 s, all others that of 2.5 s.
SELECTION = Selection(keep=b"\1\1\1", pictures=3, places=[0, 1, 3], times=[0, 9, 25], unit=Fraction(1, 10))
RIGHT = ["shown 0 0 1/1000", "shown 1 900 1/1000", "shown 2 900 1/1000", "shown 3 2500 1/1000", "shown 4 2500 1/1000"]


def fits(*lines: str, selection: Selection = SELECTION) -> bool:
    report = ShownReport()
    for line in lines:
        report.take(line)
    return report.fits(selection)


def test_the_right_pictures_fit_in_any_unit() -> None:
    assert fits(*RIGHT)
    assert fits("frame=1", "shown 0 0 1/10", "out_time_us=1000000", "shown 1 9 1/10", "progress=end")
    # A unit of three tenths of a second.
    assert fits("shown 0 0 3/10", "shown 1 3 3/10")


def test_ffmpeg_is_asked_for_the_lines_that_are_read() -> None:
    line = SHOWN_FORMAT.replace("{n}", "0").replace("{ptsi}", "0").replace("{tbi}", "1/1000")
    assert fits(line)


def test_a_time_before_0_fits() -> None:
    early = Selection(keep=b"\1", pictures=1, places=[0], times=[-25], unit=Fraction(1, 10))
    assert fits("shown 0 -2500 1/1000", selection=early)
    assert not fits("shown 0 2500 1/1000", selection=early)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing said"),
        pytest.param(["frame=1"], id="nothing said of a picture"),
        pytest.param(["shown 0 0 1/1000", "shown 1 867 1/1000"], id="the picture before"),
        pytest.param([*RIGHT[:2], "shown 2 2500 1/1000"], id="the picture after"),
        pytest.param(["shown 0 900 1/1000", *RIGHT[1:]], id="a wrong first picture"),
        pytest.param([*RIGHT, "shown 5 2501 1/1000"], id="a wrong last picture"),
        pytest.param([RIGHT[0], *RIGHT[2:]], id="a place left out"),
        pytest.param([RIGHT[0], RIGHT[0]], id="a place twice"),
        pytest.param(RIGHT[1:3], id="no first place"),
        pytest.param([*RIGHT[:2], "shown 3 900 1/1000", "shown 3 2500 1/1000"], id="a wrong place, then right again"),
        pytest.param([RIGHT[0], "shown 1 9 1/10"], id="two units"),
        pytest.param([RIGHT[0], "shown 1 9 1/10", *RIGHT[2:]], id="two units, then the first again"),
        pytest.param(["shown 0 -9223372036854775808 1/1000"], id="no time"),
    ],
)
def test_anything_else_does_not(lines: list[str]) -> None:
    assert not fits(*lines)


@pytest.mark.parametrize(
    "line",
    ["shown 1 9", "shown 1 9 1/10 x", " shown 1 9 1/10", "shown -1 9 1/10", "shown 1 x 1/10", "shown 1 9 1/-10"],
)
def test_a_line_of_another_format_is_ignored(line: str) -> None:
    assert fits(RIGHT[0], line)


def test_numbers_that_are_too_long_are_ignored() -> None:
    assert fits(RIGHT[0], "shown 1000000000 0 1/1000", "shown 1 12345678901234567890 1/1000")
    assert fits(RIGHT[0], "shown 1 0 1000000000/1000", "shown 1 0 1/1000000000")


def test_a_unit_of_0_raises_nothing() -> None:
    assert not fits("shown 0 5 1/0")
    assert fits("shown 0 0 1/0")
