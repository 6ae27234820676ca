"""What the pacer keeps, whatever calls come, whatever is refused, and whenever its process is replaced."""

import math

from hypothesis import given
from hypothesis import strategies as st

from runops.pacing.pacer import Pacer
from runops.pacing.refusal import Counted, MinuteQuota, Refusal
from runops.pacing.turns import Waiting
from tests.unit.pacing.paced_run import MODEL, PacedRun

_USERS = st.sampled_from(["ada", "bob", "cyd", "dan", ""])
_LIMITS = st.integers(1, 60)
_CALL = st.tuples(_USERS, st.floats(0, 400), st.integers(1, 120_000))
_CALLS = st.lists(_CALL, max_size=120)
_RESTARTS = st.lists(st.floats(1, 900), max_size=4)
_BURST_SHARE = 0.1 / 1.05
"""What may go ahead of the even spacing: six seconds' worth."""


def _waiting(calls: list[tuple[str, float, int]]) -> list[Waiting]:
    return [Waiting(f"vj-{number}", user, since, tokens, number) for number, (user, since, tokens) in enumerate(calls)]


def _refused(limit: int | None, *, tokens: int | None = None, wait: float | None = 53.0) -> Refusal:
    quotas = [MinuteQuota(Counted.REQUESTS, limit)] if limit is not None else []
    quotas += [MinuteQuota(Counted.TOKENS, tokens)] if tokens is not None else []
    return Refusal(MODEL, wait, tuple(quotas))


@given(_CALLS, _LIMITS)
def test_no_minute_has_more_calls_than_the_limit(calls: list[tuple[str, float, int]], limit: int) -> None:
    run = PacedRun([(0.0, _refused(limit))]).run(_waiting(calls), until=1e5)

    assert not run.left
    # 3 s more than a minute: a call may take so long to reach the API.
    assert run.most_within(62.9) <= limit


@given(_CALLS, st.integers(20_000, 400_000))
def test_no_minute_has_more_tokens_than_the_limit(calls: list[tuple[str, float, int]], limit: int) -> None:
    run = PacedRun([(0.0, _refused(None, tokens=limit))]).run(_waiting(calls), until=1e6)

    assert not run.left
    largest = max((tokens for _, _, tokens in calls), default=0)
    # A call that is larger than the limit goes alone: whether it is too large, the API decides.
    assert run.most_within(62.9, tokens=True) <= max(limit, largest)


@given(_CALLS, _LIMITS, _RESTARTS)
def test_a_new_leader_allows_no_more_than_a_burst_again(
    calls: list[tuple[str, float, int]], limit: int, restarts: list[float]
) -> None:
    run = PacedRun([(0.0, _refused(limit))], restarts).run(_waiting(calls), until=1e5)

    assert not run.left
    assert run.most_within(60.0) <= limit + math.ceil(limit * _BURST_SHARE) + 1


@given(_CALLS, st.integers(40_000, 400_000), _RESTARTS)
def test_a_new_leader_allows_no_more_tokens_than_a_burst_again(
    calls: list[tuple[str, float, int]], limit: int, restarts: list[float]
) -> None:
    run = PacedRun([(0.0, _refused(None, tokens=limit))], restarts).run(_waiting(calls), until=1e6)

    assert not run.left
    largest = max((tokens for _, _, tokens in calls), default=0)
    assert run.most_within(60.0, tokens=True) <= max(limit, largest) * (1 + _BURST_SHARE) + 2 * largest


@given(_CALLS, _LIMITS, _RESTARTS)
def test_every_call_goes_within_the_time_that_the_calls_before_it_need(
    calls: list[tuple[str, float, int]], limit: int, restarts: list[float]
) -> None:
    run = PacedRun([(0.0, _refused(limit))], restarts).run(_waiting(calls), until=1e5)

    for one in run.allowed:
        before = sum(
            1 for other in run.allowed if one.call.since <= other.at <= one.at and (other.call is not one.call)
        )
        # The hold, an interval for each call that went first, a whole minute where one was full, and each new leader.
        assert one.at - one.call.since <= 53.0 + 63.0 * ((before + 1 + len(restarts)) / limit + 1)


@given(_CALLS, _LIMITS)
def test_a_user_who_waits_is_served_before_another_one_is_served_twice(
    calls: list[tuple[str, float, int]], limit: int
) -> None:
    run = PacedRun([(0.0, _refused(limit))]).run(_waiting(calls), until=1e5)

    order = [one.call for one in run.allowed]
    when = {one.call: one.at for one in run.allowed}
    for first, call in enumerate(order):
        again = next((later for later in order[first + 1 :] if later.user == call.user), None)
        if again is None:
            continue
        between = {one.user for one in order[first + 1 : order.index(again)]}
        kept_waiting = {
            other.user
            for other in order
            if other.user != call.user and other.since < when[call] and when[other] > when[again]
        }
        assert kept_waiting <= between


@given(_CALLS, st.integers(10, 60), st.lists(st.floats(60, 900), max_size=6))
def test_refusals_lower_the_rate_and_it_comes_back(
    calls: list[tuple[str, float, int]], limit: int, refusals: list[float]
) -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_refused(limit), now=0.0)
    rates = []
    for at in sorted(refusals):
        pacer.refuse(_refused(limit, wait=1.0), now=at)
        pacer.turn(MODEL, _waiting(calls), now=at)
        rates.append(pacer.paces()[MODEL].request_rate)

    assert all(1 <= rate <= limit for rate in rates)
    end = max(refusals, default=0.0) + 3600.0
    pacer.turn(MODEL, (), now=end)
    assert pacer.paces()[MODEL].request_rate == limit
