"""What VideoJobs and rows say of their ends, compared with when they did end, in virtual time.

More loads: `python -m benchmarks time_left`.
"""

import logging
import random
from collections.abc import Iterator

import pytest

from benchmarks.time_left import KINDS, quality_of
from tests.simulation.timed_videos import Arriving, Load, TimedVideos

pytestmark = pytest.mark.slow("a hundred videos, each through all of the operator's loops")
USER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Each claim is logged, and nobody reads it here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.virtual_time
async def test_under_a_steady_load_most_videos_end_when_they_were_expected_to() -> None:
    chance, at, rows = random.Random(3), 0.0, list[Arriving]()  # noqa: S311 - a repeatable run, no secret
    while len(rows) < 130:
        at += chance.expovariate(0.075)
        rows.append(Arriving(at, chance.choice([None, None, USER]), chance.choice([2.0, 4.0, 8.0])))
    figures = await TimedVideos(Load(rows=rows, noted_from=800)).run()
    for of in KINDS:
        quality = quality_of(figures.expectations, of)
        assert quality is not None
        # Without these nothing was shown.
        assert quality.moments > 15
        assert quality.given > 0.8
        # Few videos, so a little less than what the benchmark promises of many.
        assert quality.within > 0.75
        assert quality.error < 0.35
        # While few rows wait, the mean of what they waited is good as well.
        assert quality.error < quality.error_of_mean or of == "waiting row"
        assert quality.width < 2.0
    assert figures.writes / figures.videos < 6
