"""What ffmpeg says it shows is compared with what it must show."""

from fractions import Fraction

import pytest

from runops_worker.media.transcode.selection import Selection
from runops_worker.media.transcode.shown_pictures import ShownReport

# Place 0 shows the picture of time 0, places 1 and 2 that of 0.9 s, all others that of 2.5 s.
SELECTION = Selection(keep=b"\1\1\1", pictures=3, places=[0, 1, 3], times=[0, 9, 25], unit=Fraction(1, 10))
RIGHT = ["shown 0 0 1/1000", "shown 1 900 1/1000", "shown 2 900 1/1000", "shown 3 2500 1/1000", "shown 4 2500 1/1000"]


def fits(*lines: str) -> bool:
    report = ShownReport()
    for line in lines:
        report.take(line)
    return report.fits(SELECTION)


def test_the_right_pictures_fit_in_whatever_unit_they_are_counted() -> None:
    assert fits(*RIGHT)
    assert fits("frame=1", "shown 0 0 1/10", "out_time_us=1000000", "shown 1 9 1/10", "progress=end")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing said"),
        pytest.param(["shown 0 0 1/1000", "shown 1 867 1/1000"], id="the picture before"),
        pytest.param([*RIGHT[:2], "shown 2 2500 1/1000"], id="the picture after"),
        pytest.param([RIGHT[0], *RIGHT[2:]], id="a place left out"),
        pytest.param([RIGHT[0], RIGHT[0]], id="a place twice"),
        pytest.param([RIGHT[0], "shown 1 9 1/10"], id="two units"),
        pytest.param(["shown 0 -9223372036854775808 1/1000"], id="no time"),
    ],
)
def test_anything_else_does_not(lines: list[str]) -> None:
    assert not fits(*lines)
