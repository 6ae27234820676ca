"""All breakers: what is told when one opens, and what is kept by reason."""

from datetime import UTC, datetime, timedelta

import pytest

from runops.breakers.reason_breakers import ReasonBreakers
from runops.failures import Reason

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Bench:
    """Breakers with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.breakers = ReasonBreakers(lambda: self.now)

    def fail(self, video: str, reason: Reason = Reason.MODEL_UNAVAILABLE) -> bool:
        return self.breakers.failed(video, reason, met_in=None, words="HTTP 503.")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_only_the_failure_that_opens_a_breaker_says_so(bench: Bench) -> None:
    told = [bench.fail(f"video-{number}") for number in range(6)]
    assert told.count(True) == 1
    assert told.index(True) > 0, "one video opens nothing"
    assert bench.breakers.breaker(Reason.MODEL_UNAVAILABLE).is_open


def test_a_failure_of_one_recording_opens_nothing(bench: Bench) -> None:
    assert [bench.fail(f"video-{number}", Reason.NOT_A_VIDEO) for number in range(20)] == [False] * 20
    assert bench.breakers.known == []


def test_a_service_that_asks_for_no_wait_is_tried_after_the_first_pause(bench: Bench) -> None:
    while not bench.fail(f"video-{len(bench.breakers.breaker(Reason.MODEL_UNAVAILABLE).suspects)}"):
        pass
    pause = bench.breakers.pause()
    assert pause is not None
    assert pause.next_try == NOW + timedelta(seconds=20)


def test_a_video_is_held_until_the_last_moment_of_the_pause(bench: Bench) -> None:
    bench.fail("a")
    bench.fail("b")
    bench.now += timedelta(seconds=19.5)
    hold = bench.breakers.hold("c")
    assert hold is not None
    assert hold.seconds == 0.5
    bench.now += timedelta(seconds=0.5)
    assert bench.breakers.hold("c") is None
