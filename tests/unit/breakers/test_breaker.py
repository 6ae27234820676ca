"""One circuit breaker: when it opens, which video tries, and when it closes."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runops.breakers.breaker import LONGEST_PROBE_SECONDS, Breaker
from runops.progress import Stage
from runops.retry_policy import Pace

PACE = Pace(20.0, 300.0)


def failed(breaker: Breaker, video: str, *, now: float = 0.0, most: int = 2, asked: float = 0.0) -> Breaker:
    return breaker.failed(video, now=now, most=most, pace=PACE, asked=asked)


def opened(now: float = 0.0) -> Breaker:
    return failed(failed(Breaker(), "a", now=now), "b", now=now)


def test_one_video_that_fails_again_and_again_opens_nothing() -> None:
    breaker = Breaker()
    for number in range(20):
        breaker = failed(breaker, "a", now=number)
    assert not breaker.is_open
    assert breaker.seconds_left("b", now=30) == 0


def test_it_opens_when_as_many_videos_failed_as_its_rule_says() -> None:
    assert failed(Breaker(), "a", most=1).is_open
    assert opened().is_open
    assert not failed(failed(Breaker(), "a", most=3), "b", most=3).is_open


def test_while_it_is_open_no_video_starts_before_its_time_and_then_one() -> None:
    breaker = opened(now=100)
    assert breaker.seconds_left("c", now=100) == 20
    assert breaker.seconds_left("c", now=119) == 1
    assert breaker.seconds_left("c", now=120) == 0
    trying = breaker.begun("c", now=120)
    assert trying.seconds_left("c", now=121) == 0, "its Job may be created once more"
    assert trying.seconds_left("d", now=121) == LONGEST_PROBE_SECONDS - 1


def test_it_tells_since_when_it_is_open_however_often_it_was_tried_in_vain() -> None:
    breaker = opened(now=100)
    assert breaker.since == 100
    again = failed(breaker.begun("c", now=150), "c", now=160)
    assert (again.opened, again.since) == (2, 100)


def test_the_next_try_is_the_end_of_the_pause_and_none_while_a_video_tries() -> None:
    breaker = opened(now=100)
    assert breaker.next_try(now=100) == 120
    assert breaker.next_try(now=130) == 130
    trying = breaker.begun("c", now=130)
    assert trying.next_try(now=131) is None
    assert trying.next_try(now=130 + LONGEST_PROBE_SECONDS) == 130 + LONGEST_PROBE_SECONDS


@pytest.mark.parametrize(("since", "told"), [(None, 500), (40, 40), (900, 500)])
def test_what_a_start_finds_is_open_since_the_video_is_blocked(since: float | None, told: float) -> None:
    found = Breaker().found("a", now=500, most=1, since=since)
    assert (found.is_open, found.since) == (True, told)
    assert found.found("b", now=510, most=1, since=30).since == min(told, 30)
    assert not Breaker().found("a", now=500, most=2, since=since).is_open


@pytest.mark.parametrize(("times", "seconds"), [(1, 20), (2, 40), (4, 160), (5, 300), (60, 300)])
def test_each_video_that_tries_in_vain_doubles_the_time_to_the_next_one(times: int, seconds: float) -> None:
    breaker, now = opened(), 0.0
    for number in range(times - 1):
        now = breaker.until
        breaker = failed(breaker.begun(str(number), now=now), str(number), now=now)
    assert breaker.until - now == seconds


def test_videos_that_were_at_work_when_it_opened_do_not_make_it_wait_longer() -> None:
    breaker = opened()
    for number in range(10):
        breaker = failed(breaker, f"late-{number}", now=5)
    assert (breaker.opened, breaker.until) == (1, 20)


def test_it_waits_as_long_as_the_service_asks() -> None:
    assert failed(Breaker(), "a", most=1, asked=120).until == 120
    assert failed(Breaker(), "a", most=1, asked=1).until == 20


def test_a_video_that_tries_and_says_nothing_keeps_the_next_one_out_for_five_minutes_only() -> None:
    trying = opened().begun("stuck", now=20)
    assert trying.seconds_left("b", now=20 + LONGEST_PROBE_SECONDS) == 0
    both = trying.begun("b", now=400)
    assert both.seconds_left("c", now=401) == LONGEST_PROBE_SECONDS - 1


def test_a_row_is_claimed_to_try_where_no_video_at_work_does() -> None:
    breaker = opened()
    assert not Breaker().may_claim(now=1e9)
    assert not breaker.may_claim(now=49)
    assert breaker.may_claim(now=50)
    assert not breaker.begun("a", now=21).may_claim(now=60), "a video at work tries"
    assert not breaker.claimed(now=50).may_claim(now=60), "one row at a time"
    assert breaker.claimed(now=50).may_claim(now=50 + LONGEST_PROBE_SECONDS + 30)


def test_rows_are_claimed_to_try_half_a_minute_after_the_longest_try() -> None:
    breaker, wait = opened(), LONGEST_PROBE_SECONDS + 30
    assert not breaker.claimed(now=50).may_claim(now=50 + wait - 1)
    trying = breaker.begun("a", now=21)
    assert not trying.may_claim(now=21 + wait - 1)
    assert trying.may_claim(now=21 + wait)


def test_a_video_that_tries_already_or_starts_while_nothing_stops_it_changes_nothing() -> None:
    assert Breaker().begun("a", now=5) == Breaker()
    trying = opened().begun("a", now=20)
    assert trying.begun("a", now=100) is trying


@pytest.mark.parametrize(("later", "live"), [(-1, {"a", "b"}), (0, {"b"})])
def test_a_try_counts_for_five_minutes_and_is_then_forgotten(later: float, live: set[str]) -> None:
    trying = opened().begun("a", now=20)
    now = 20 + LONGEST_PROBE_SECONDS + later
    assert trying.next_try(now=now) == (None if later < 0 else now)
    assert set(trying.begun("b", now=now).probes) == live


def test_what_nobody_says_or_asks_for_is_nothing() -> None:
    silent = Breaker().failed("a", now=0, most=1, pace=Pace(0.5, 300.0))
    assert (silent.words, silent.until) == ("", 0.5)
    assert Breaker().found("a", now=0, most=1).words == ""


def test_what_a_start_finds_counts_as_opened_once_and_is_open_since_the_first() -> None:
    found = Breaker().found("a", now=500, most=1)
    assert (found.opened, found.until) == (1, 500)
    assert failed(found.begun("a", now=500), "a", now=500).until == 540, "the second pause"
    assert found.found("b", now=600, most=1).since == 500
    again = failed(opened(), "c", now=5).begun("c", now=20)
    again = failed(again, "c", now=20).found("d", now=30, most=2)
    assert (again.opened, again.until) == (2, 60)


def test_it_forgets_videos_that_end_otherwise_and_closes_when_none_is_left() -> None:
    breaker = opened().begun("a", now=20)
    without = breaker.left("a")
    assert without.is_open
    assert without.seconds_left("c", now=21) == 0, "the one that tried says nothing any more"
    assert without.left("b") == Breaker()
    assert breaker.left("unknown") is breaker


def test_what_a_start_finds_blocked_lets_one_video_try_at_once() -> None:
    one = Breaker().found("a", now=100, most=2, words="HTTP 503.")
    assert not one.is_open
    found = one.found("b", now=101, most=2)
    assert (found.is_open, found.words, found.suspects) == (True, "HTTP 503.", frozenset("ab"))
    assert found.seconds_left("b", now=101) == 0
    assert found.begun("b", now=101).seconds_left("a", now=102) > 0


def test_the_latest_stage_and_the_last_words_are_kept() -> None:
    breaker = Breaker()
    for stage, words in ((Stage.PARSING_SOP, "x"), (Stage.TRANSCRIBING, "y"), (None, "")):
        breaker = breaker.failed("a", now=0, most=3, pace=PACE, met_in=stage, words=words)
    assert (breaker.met_in, breaker.words) == (Stage.PARSING_SOP, "y")


def test_it_remembers_a_hundred_videos() -> None:
    breaker = Breaker()
    for number in range(1000):
        breaker = failed(breaker, str(number))
    assert len(breaker.suspects) == 100


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.integers(1, 4))
def test_it_is_open_if_and_only_if_enough_different_videos_failed(videos: list[str], most: int) -> None:
    breaker = Breaker()
    for number, video in enumerate(videos):
        breaker = failed(breaker, video, now=number, most=most)
    assert breaker.is_open is (len(set(videos)) >= most)


@dataclass
class _Model:
    """What must hold, kept beside the breaker in the plainest way."""

    started: dict[str, float] = field(default_factory=dict)


class Operations(RuleBasedStateMachine):
    """Videos fail, ask, start, leave and pass in any order, on a clock that goes forward."""

    videos = st.sampled_from("abcde")

    def __init__(self) -> None:
        super().__init__()
        self.breaker, self.now, self.model = Breaker(), 0.0, _Model()

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(video=videos)
    def fail(self, video: str) -> None:
        self.breaker = failed(self.breaker, video, now=self.now)
        self.model.started.pop(video, None)

    @rule(video=videos)
    def ask(self, video: str) -> None:
        if self.breaker.seconds_left(video, now=self.now) > 0:
            return
        if self.breaker.is_open and video not in self.model.started:
            others = [at for at in self.model.started.values() if self.now - at < LONGEST_PROBE_SECONDS]
            assert others == [], "one video tries at a time"
            assert self.now >= self.breaker.until
            self.model.started[video] = self.now
        self.breaker = self.breaker.begun(video, now=self.now)

    @rule(video=videos)
    def leave(self, video: str) -> None:
        self.breaker = self.breaker.left(video)
        self.model.started.pop(video, None)

    @precondition(lambda self: self.breaker.is_open)
    @rule()
    def get_past(self) -> None:
        self.breaker = Breaker()
        self.model.started.clear()

    @invariant()
    def ends(self) -> None:
        if not self.breaker.is_open:
            self.model.started.clear()
        left = self.breaker.seconds_left("somebody", now=self.now)
        assert 0 <= left <= max(PACE.longest, LONGEST_PROBE_SECONDS) + 1e-6, "somebody may always try soon"


TestOperations = Operations.TestCase
