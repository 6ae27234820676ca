"""A loop that fails and a loop that stands still are told apart, and both are told of."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from runops_operator.heartbeats import UNHEARD, Heartbeat, Heartbeats


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loops(clock: Clock) -> Heartbeats:
    return Heartbeats(clock)


def test_a_loop_that_takes_its_turns_works(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("rows")
    for _ in range(100):
        beat.turned(next_within=5)
        clock.now += 49
        assert loops.trouble() is None
    assert loops.working() == {"rows": True}


@pytest.mark.parametrize("pause", [None, 0.0, 7.0])
@pytest.mark.parametrize("works", [True, False])
def test_a_turn_is_due_when_the_last_one_said(
    loops: Heartbeats, clock: Clock, *, pause: float | None, works: bool
) -> None:
    beat = loops.begin("rows")
    given = {} if pause is None else {"next_within": pause}
    if works:
        beat.turned(**given)
    else:
        beat.failed("the statement took too long.", **given)
    clock.now += 1000
    late = beat.stands_still
    if pause is not None:
        beat.ended(None if works else "the statement took too long.", next_within=pause)
        clock.now += 1000
        assert beat.stands_still == late
    beat.moves()
    clock.now += 1000
    assert beat.stands_still - late == (pause or 0.0)


def test_a_loop_whose_turns_fail_is_told_of_after_half_a_minute_with_its_cause(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("rows")
    beat.turned()
    beat.failed("the statement took too long.", next_within=20)
    clock.now += 29
    assert (loops.trouble(), loops.working()) == (None, {"rows": True})
    beat.failed("the statement took too long, again.", next_within=20)
    clock.now += 1
    assert loops.trouble() == "The loop 'rows' fails: the statement took too long, again."
    assert loops.working() == {"rows": False}
    assert loops.needs_a_restart() is None
    beat.turned()
    assert (loops.trouble(), loops.working()) == (None, {"rows": True})


def test_a_loop_that_has_never_worked_is_told_of_at_once(loops: Heartbeats) -> None:
    beat = loops.begin("resync")
    assert loops.trouble() is None
    beat.failed("403 forbidden")
    assert loops.trouble() == "The loop 'resync' fails: 403 forbidden"
    beat.turned()
    beat.failed("403 forbidden")
    assert loops.trouble() is None


def test_no_failure_of_the_outside_needs_a_restart(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("rows")
    for _ in range(10_000):
        beat.failed("away", next_within=60)
        clock.now += 60
    assert loops.trouble() is not None
    assert loops.needs_a_restart() is None


def test_a_loop_that_stands_still_is_told_of_and_needs_a_restart_in_the_end(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("rows", turn_seconds=45)
    beat.turned(next_within=5)
    clock.now += 51
    assert loops.trouble() == "The loop 'rows' stands still: no sign of it for 46 s."
    assert loops.needs_a_restart() is None
    clock.now += 599
    assert loops.needs_a_restart() is None
    clock.now += 2
    assert loops.needs_a_restart() == "The loop 'rows' stands still: no sign of it for 647 s."


def test_a_loop_that_was_never_heard_of_stands_still(loops: Heartbeats, clock: Clock) -> None:
    loops.begin("rows")
    clock.now += 46
    assert loops.trouble() is not None


def test_a_loop_that_waits_for_something_to_do_may_wait_for_ever(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("confirmation")
    beat.failed("away")
    beat.waits()
    clock.now += 1e6
    assert loops.trouble() is None
    beat.moves()
    clock.now += 46
    assert loops.trouble() is not None


def test_a_long_turn_that_gets_on_is_no_trouble(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("resync")
    for _ in range(100):
        clock.now += 40
        beat.moves()
        assert loops.trouble() is None


def test_of_turns_side_by_side_the_oldest_counts(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("reconciler", turn_seconds=300)
    beat.waits()
    with beat.during():
        clock.now += 290
        with beat.during():
            assert loops.trouble() is None
            clock.now += 11
            assert loops.trouble() == "The loop 'reconciler' stands still: no sign of it for 301 s."
        with pytest.raises(ValueError, match="odd"), beat.during():
            raise ValueError("odd")
    assert loops.trouble() is None


def test_what_only_shows_the_work_makes_no_replica_useless(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("traces", essential=False)
    beat.failed("the receiver is away.")
    clock.now += 2000
    assert loops.working() == {"traces": False}
    assert (loops.trouble(), loops.needs_a_restart()) == (None, None)


def test_all_troubles_are_told(loops: Heartbeats, clock: Clock) -> None:
    for name in ("rows", "resync"):
        loops.begin(name).failed("away.", next_within=60)
    clock.now += 30
    assert loops.trouble() == "The loop 'rows' fails: away. The loop 'resync' fails: away."


def test_a_loop_that_ended_is_forgotten_but_not_its_successor(loops: Heartbeats, clock: Clock) -> None:
    former = loops.begin("rows")
    present = loops.begin("rows")
    present.turned()
    loops.end(former)
    assert loops.working() == {"rows": True}
    clock.now += 46
    loops.end(present)
    assert (loops.working(), loops.trouble()) == ({}, None)


def test_loops_that_nobody_listens_to_may_share_a_heartbeat() -> None:
    with UNHEARD.during():
        with UNHEARD.during():
            UNHEARD.failed("away")
        UNHEARD.turned()
    assert UNHEARD.trouble is None


class Signs(RuleBasedStateMachine):
    """Whatever signs come in whatever order, a fresh good sign ends every trouble, and silence is noticed."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.beat = Heartbeat("rows", self.clock)
        self.has_worked = False
        self.failing_since: float | None = None
        self.due = self.clock.now

    @rule(seconds=st.floats(0, 2000))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(pause=st.floats(0, 100))
    def turn_works(self, pause: float) -> None:
        self.beat.turned(next_within=pause)
        self.has_worked, self.failing_since, self.due = True, None, self.clock.now + pause
        assert self.beat.trouble is None

    @rule(pause=st.floats(0, 100))
    def turn_fails(self, pause: float) -> None:
        self.beat.failed("away", next_within=pause)
        if self.failing_since is None:
            self.failing_since = self.clock.now if self.has_worked else -1e9
        self.due = self.clock.now + pause

    @rule()
    def turn_begins(self) -> None:
        self.beat.moves()
        self.due = self.clock.now

    @invariant()
    def trouble_is_what_it_should_be(self) -> None:
        still = self.clock.now > self.due + 45
        failing = self.failing_since is not None and self.clock.now - self.failing_since >= 30
        assert (self.beat.trouble is not None) == (still or failing)


TestSigns = Signs.TestCase


def test_a_turn_that_ended_worked_or_failed_and_says_when_the_next_one_is_due(loops: Heartbeats, clock: Clock) -> None:
    beat = loops.begin("rows")
    beat.ended(None, next_within=5)
    clock.now += 49
    assert loops.trouble() is None
    beat.ended("no answer.", next_within=20)
    clock.now += 30
    beat.ended("no answer, again.", next_within=20)
    assert loops.trouble() == "The loop 'rows' fails: no answer, again."
    beat.ended(None, next_within=5)
    assert loops.trouble() is None
