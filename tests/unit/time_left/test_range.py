"""The range in which a video is expected to end."""

from datetime import UTC, datetime, timedelta

import pytest

from runops.time_left.range import TimeLeft

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def seconds(left: TimeLeft) -> tuple[float, ...]:
    return tuple((end - NOW).total_seconds() for end in (left.earliest, left.likely, left.latest))


@pytest.mark.parametrize(
    ("effective", "earliest", "latest"),
    [
        # A range of few is wider: by half of it at most, and by half a percent where a hundred are known.
        (0.2, 50, 150),
        (1, 50, 150),
        (2, 75, 125),
        (10, 95, 105),
        (100, 99.5, 100.5),
    ],
)
def test_few_finished_videos_widen_the_range(effective: float, earliest: float, latest: float) -> None:
    left = TimeLeft.of([(100.0, 1.0)], now=NOW, effective=effective)
    assert seconds(left) == pytest.approx((earliest, 100, latest))


def test_no_end_is_past() -> None:
    left = TimeLeft.of([(-30.0, 1.0), (-10.0, 1.0)], now=NOW, effective=100)
    assert left == TimeLeft(NOW, NOW, NOW)
    assert TimeLeft.of([(0.4, 1.0)], now=NOW, effective=1e9).likely - NOW == timedelta(seconds=0.4)
