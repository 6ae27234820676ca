"""How bright white is in a recording whose values stand for nits."""

import pytest

from runops_worker.media.transcode.white_level import nits_of, white_of


@pytest.mark.parametrize(
    # By the table of ITU-R BT.2408: 203 nits are 58 % of the range, 1000 nits 75 %.
    ("luma", "full_range", "nits"),
    [(64, False, 0.0), (573, False, 203.0), (723, False, 1000.0), (940, False, 10_000.0), (1023, True, 10_000.0)],
)
def test_a_value_stands_for_nits(luma: int, full_range: bool, nits: float) -> None:
    assert nits_of(luma, full_range=full_range) == pytest.approx(nits, rel=0.02, abs=0.01)
    assert nits_of(0, full_range=False) == 0.0
    assert nits_of(1020, full_range=False) == 10_000.0


@pytest.mark.parametrize(
    ("brightest", "white"),
    [
        ([], 203.0),
        ([300.0] * 5, 300.0),
        # A flash does not count, and a dark beginning does not either.
        ([300.0, 300.0, 300.0, 4000.0, 5.0], 300.0),
        ([20.0, 300.0], 300.0),
        # Neither a dark room nor a bright film is brought to white.
        ([20.0] * 5, 100.0),
        ([4000.0] * 5, 480.0),
    ],
)
def test_white_is_what_half_of_the_pictures_reach(brightest: list[float], white: float) -> None:
    assert white_of(brightest) == white
