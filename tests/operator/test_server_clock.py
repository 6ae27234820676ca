"""The clock of the database server."""

from datetime import timedelta

import pytest

from runops_operator.intake.server_clock import ServerClock
from tests.simulation.cluster import START


@pytest.mark.parametrize(("skew", "seconds"), [(None, 0.0), (0.0, 0.0), (30.0, 30.0), (-5.0, -5.0)])
def test_ages_are_those_of_the_server(skew: float | None, seconds: float) -> None:
    clock = ServerClock(lambda: START, lambda: skew)
    assert clock.now() == START + timedelta(seconds=seconds)
    assert clock.seconds_since((START - timedelta(seconds=60)).isoformat()) == 60 + seconds


@pytest.mark.parametrize("timestamp", [None, "", "yesterday"])
def test_a_time_that_cannot_be_read_has_no_age(timestamp: str | None) -> None:
    assert ServerClock(lambda: START, lambda: 1.0).seconds_since(timestamp) is None
