"""The parts of a pace one by one: the rate, the meter, whose turn it is, and what is kept."""

import pytest

from runops.pacing.meter import Meter
from runops.pacing.model_pace import ModelPace
from runops.pacing.pacer import Pacer
from runops.pacing.rate import Rate, Steps
from runops.pacing.refusal import Counted, MinuteQuota, Refusal, minute_quotas
from runops.pacing.state import PaceState
from runops.pacing.turns import Waiting, next_call

STEPS = Steps(first=10.0, rise=2.0, least=5.0)
NEVER = float("-inf")


def test_the_first_rate_is_the_limit_or_the_first_step() -> None:
    assert Rate.first(None, STEPS, now=7.0) == Rate(10.0, None, 7.0, 7.0)
    assert Rate.first(30, STEPS, now=7.0) == Rate(30.0, 30, 7.0, 7.0)


@pytest.mark.parametrize(
    ("before", "limit", "now", "after"),
    [
        # Within a minute after a cut a refusal says nothing new.
        (Rate(10.0, None, 0.0, 0.0), None, 59.9, Rate(10.0, None, 0.0, 0.0)),
        (Rate(10.0, None, 0.0, 0.0), None, 60.0, Rate(8.0, None, 60.0, 60.0)),
        (Rate(6.0, None, 0.0, 0.0), None, 60.0, Rate(5.0, None, 60.0, 60.0)),
        (Rate(20.0, 20, 0.0, 0.0), 20, 59.9, Rate(20.0, 20, 0.0, 0.0)),
        (Rate(20.0, 20, 0.0, 0.0), 20, 60.0, Rate(18.0, 20, 60.0, 60.0)),
        (Rate(20.0, 20, 0.0, 0.0), None, 60.0, Rate(18.0, 20, 60.0, 60.0)),
        (Rate(5.2, 20, 0.0, 0.0), None, 60.0, Rate(5.0, 20, 60.0, 60.0)),
        # A limit that was not known, or was changed, is the rate.
        (Rate(10.0, None, 0.0, 0.0), 30, 1.0, Rate(30.0, 30, 1.0, 1.0)),
        (Rate(18.0, 20, 0.0, 0.0), 3, 1.0, Rate(3.0, 3, 1.0, 1.0)),
    ],
)
def test_a_refusal_lowers_the_rate(before: Rate, limit: int | None, now: float, after: Rate) -> None:
    assert before.refused(limit, STEPS, now=now, minute=60.0) == after


@pytest.mark.parametrize(
    ("before", "now", "used", "after"),
    [
        (Rate(10.0, None, 0.0, 0.0), 30.0, True, Rate(11.0, None, 30.0, 0.0)),
        (Rate(10.0, None, 0.0, 0.0), 30.0, False, Rate(10.0, None, 30.0, 0.0)),
        # A known limit is approached by a twentieth of it in each minute, used or not, and not passed.
        (Rate(10.0, 20, 0.0, 0.0), 60.0, False, Rate(11.0, 20, 60.0, 0.0)),
        (Rate(19.5, 20, 0.0, 0.0), 60.0, True, Rate(20.0, 20, 60.0, 0.0)),
        (Rate(25.0, 20, 0.0, 0.0), 60.0, True, Rate(25.0, 20, 60.0, 0.0)),
        # A clock that is behind changes nothing.
        (Rate(10.0, None, 50.0, 40.0), 20.0, True, Rate(10.0, None, 50.0, 40.0)),
    ],
)
def test_a_rate_rises_while_nothing_is_refused(before: Rate, now: float, used: bool, after: Rate) -> None:
    assert before.risen(STEPS, now=now, minute=60.0, used=used) == after


def test_a_meter_spaces_what_is_taken_over_a_minute_and_a_twentieth() -> None:
    meter = Meter(minute=60.0)
    assert meter.free_at(1, per_minute=20, now=5.0) == 5.0
    for number in range(3):
        assert meter.free_at(1, per_minute=20, now=5.0) == pytest.approx(5.0 + max(0.0, 3.15 * number - 6.0))
        meter.take(1, per_minute=20, now=5.0)
    # A tenth of a minute may be taken ahead.
    assert meter.next_at == pytest.approx(5.0 + 9.45)
    assert meter.free_at(1, per_minute=20, now=5.0) == pytest.approx(5.0 + 9.45 - 6.0)
    assert meter.free_at(1, per_minute=20, now=100.0) == 100.0


def test_never_more_than_a_minutes_worth_is_taken_in_one() -> None:
    meter = Meter(minute=60.0)
    meter.take(3, per_minute=10, now=0.0)
    meter.take(7, per_minute=10, now=1.0)
    assert meter.free_at(1, per_minute=100, now=58.0) == 58.0
    # The first three make room for three, all ten for more.
    assert meter.free_at(3, per_minute=10, now=58.0) == 63.0
    assert meter.free_at(4, per_minute=10, now=58.0) == 64.0
    assert meter.free_at(7, per_minute=10, now=63.0) == pytest.approx(64.0)
    # More than the rate fits when it is alone.
    assert meter.free_at(50, per_minute=10, now=58.0) == 64.0
    assert meter.free_at(50, per_minute=10, now=64.0) == 64.0


def test_what_was_taken_counts_for_a_minute_and_a_twentieth_and_not_longer() -> None:
    meter = Meter(minute=60.0)
    meter.take(1, per_minute=1, now=1000.0)
    assert meter.free_at(1, per_minute=1, now=1010.0) == 1063.0
    # Nothing of it is left then: all of the next minute is free.
    assert meter.free_at(1, per_minute=10, now=1063.0) == 1063.0
    meter.take(5, per_minute=10, now=1063.0)
    assert meter.free_at(5, per_minute=10, now=1093.0) == 1093.0


def test_more_than_a_minutes_worth_waits_until_all_that_was_taken_is_past() -> None:
    meter = Meter(minute=60.0)
    meter.take(1, per_minute=10, now=0.0)
    assert meter.free_at(50, per_minute=10, now=10.0) == 63.0


def test_a_meter_that_is_held_gives_nothing_before_and_nothing_ahead_after() -> None:
    meter = Meter(minute=60.0)
    assert meter.next_at == NEVER
    meter.hold(100.0)
    assert meter.free_at(1, per_minute=20, now=0.0) == 100.0
    meter.hold(50.0)
    assert meter.free_at(1, per_minute=20, now=0.0) == 100.0
    meter.take(1, per_minute=20, now=100.0)
    assert meter.free_at(1, per_minute=20, now=100.0) == pytest.approx(103.15)


def call(caller: str, user: str, since: float, number: int = 0, *, backfill: bool = False) -> Waiting:
    return Waiting(caller, user, since, 10, number, backfill=backfill)


@pytest.mark.parametrize(
    ("waiting", "served", "first"),
    [
        ([], {}, None),
        ([call("a", "ann", 1.0)], {"ann": 9.0}, "a0"),
        # Of one user the oldest call; at one moment by the caller, then by its number.
        ([call("b", "ann", 2.0), call("a", "ann", 1.0)], {}, "a0"),
        ([call("a", "ann", 1.0), call("b", "ann", 2.0)], {}, "a0"),
        ([call("b", "ann", 1.0), call("a", "ann", 1.0)], {}, "a0"),
        ([call("a", "ann", 1.0, 2), call("a", "ann", 1.0, 1)], {}, "a1"),
        # The user who has waited longest: since the last call went, or since this one came.
        ([call("a", "ann", 1.0), call("b", "ben", 2.0)], {}, "a0"),
        ([call("a", "ann", 1.0), call("b", "ben", 2.0)], {"ann": 3.0}, "b0"),
        ([call("a", "ann", 1.0), call("b", "ben", 2.0)], {"ann": 3.0, "ben": 4.0}, "a0"),
        # At one moment who was served earlier, or never; then the oldest call.
        ([call("a", "ann", 3.0), call("b", "ben", 3.0)], {"ann": 2.0, "ben": 1.0}, "b0"),
        ([call("a", "ann", 3.0), call("b", "ben", 3.0)], {"ann": 2.0}, "b0"),
        ([call("b", "ann", 3.0), call("a", "ben", 3.0)], {}, "a0"),
    ],
)
def test_whose_call_goes_next(waiting: list[Waiting], served: dict[str, float], first: str | None) -> None:
    found = next_call(waiting, served, now=500.0)
    assert (None if found is None else f"{found.caller}{found.number}") == first


@pytest.mark.parametrize(
    ("waiting", "first"),
    [
        pytest.param([call("b", "ann", 201.0, backfill=True), call("f", "ann", 499.0)], "f0", id="of one user"),
        pytest.param([call("b", "ann", 201.0, backfill=True), call("f", "bob", 499.0)], "f0", id="of another user"),
        pytest.param([call("b", "ann", 200.0, backfill=True), call("f", "bob", 499.0)], "b0", id="after five minutes"),
        pytest.param([call("b", "ann", 499.0, backfill=True)], "b0", id="no other call waits"),
    ],
)
def test_a_call_about_a_backfill_lets_others_go_first(waiting: list[Waiting], first: str) -> None:
    found = next_call(waiting, {"bob": 499.5}, now=500.0)
    assert found is not None
    assert f"{found.caller}{found.number}" == first


def refusal(model: str = "m", *, wait: float | None = 1.0, requests: int | None = 20) -> Refusal:
    return Refusal(model, wait, (MinuteQuota(Counted.REQUESTS, requests),))


def test_a_refusal_holds_for_what_it_asks_for_or_a_tenth_of_a_minute() -> None:
    for wait, until in ((53.0, 63.0), (None, 16.0), (500.0, 130.0)):
        pace = ModelPace(now=0.0)
        pace.refuse(refusal(wait=wait), now=10.0)
        assert (pace.hold_until, pace.on, pace.refused_at) == (until, True, 10.0)
        assert pace.free_at(1, now=10.0) == until
        pace.refuse(refusal(wait=1.0), now=11.0)
        assert pace.hold_until == until, "a shorter wait does not shorten it"


def test_requests_and_tokens_have_rates_of_their_own() -> None:
    pace = ModelPace(now=0.0)
    assert (pace.on, pace.request_rate, pace.token_rate, pace.free_at(10**9, now=5.0)) == (False, 10.0, None, 5.0)
    pace.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.TOKENS, 1000),)), now=0.0)
    assert (pace.request_rate, pace.token_rate) == (10.0, 1000.0)
    pace.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.TOKENS, 1000), MinuteQuota(Counted.REQUESTS, 30))), now=70.0)
    assert (pace.request_rate, pace.token_rate) == (30.0, 20_000.0)
    assert pace.minutes_for(15, 1000) == 0.5
    assert pace.minutes_for(3, 10_000) == 0.5
    # A quota that is not named counts requests.
    pace.refuse(Refusal("m", 1.0), now=140.0)
    assert (pace.request_rate, pace.token_rate) == (27.0, 20_000.0)


def test_a_call_waits_for_requests_and_for_tokens() -> None:
    pace = ModelPace(now=0.0)
    pace.refuse(Refusal("m", 0.0, (MinuteQuota(Counted.TOKENS, 1000), MinuteQuota(Counted.REQUESTS, 60))), now=0.0)
    pace.allow(900, now=0.0)
    assert pace.free_at(50, now=0.0) == pytest.approx(56.7)
    assert pace.free_at(101, now=0.0) == 63.0
    pace.allow(1, now=63.0)
    assert pace.state().requests.next_at == pytest.approx(64.05)


def test_what_is_kept_of_a_pace_is_all_that_another_process_needs() -> None:
    pace = ModelPace(now=0.0)
    pace.refuse(Refusal("m", 0.0, (MinuteQuota(Counted.TOKENS, 1000), MinuteQuota(Counted.REQUESTS, 60))), now=5.0)
    pace.settle(now=8.0, waiting=True)
    pace.allow(500, now=8.0)
    state = pace.state()
    assert (state.on, state.hold_until, state.refused_at, state.busy_at) == (True, 5.0, 5.0, 8.0)
    assert state.tokens is not None
    assert (state.requests.per_minute, state.requests.limit, state.requests.cut_at) == (60.0, 60, 5.0)
    assert (state.tokens.per_minute, state.tokens.limit, state.tokens.changed_at) == (1000.0, 1000, 8.0)
    assert state.tokens.next_at == pytest.approx(11.0 + 31.5)
    again = ModelPace.resumed(state, now=9.0)
    assert again.state().model_copy(update={"requests": state.requests, "tokens": state.tokens}) == state
    assert again.free_at(1, now=9.0) == pytest.approx(42.5 - 6.0)
    assert ModelPace(now=0.0).state().requests.next_at is None
    without_tokens = ModelPace.resumed(state.model_copy(update={"tokens": None}), now=9.0)
    assert without_tokens.token_rate is None
    assert without_tokens.free_at(1, now=9.0) == 10.0


def test_a_pace_ends_ten_minutes_after_it_was_last_needed() -> None:
    pace = ModelPace(now=0.0)
    pace.refuse(refusal(wait=50.0), now=0.0)
    pace.settle(now=100.0, waiting=True)
    pace.settle(now=699.9, waiting=False)
    assert pace.on
    pace.settle(now=700.0, waiting=False)
    assert not pace.on


def test_only_so_many_models_have_a_pace() -> None:
    pacer = Pacer(now=0.0)
    for number in range(17):
        pacer.refuse(refusal(f"m{number}"), now=0.0)
    assert pacer.is_paced("m15")
    assert not pacer.is_paced("m16")
    pacer.refuse(refusal("m15", requests=7), now=0.0)
    assert pacer.paces()["m15"].request_rate == 7.0


def test_calls_for_a_model_without_a_pace_go_in_the_order_in_which_they_came() -> None:
    calls = [call("b", "ann", 2.0), call("a", "ben", 3.0), call("c", "ann", 1.0)]
    assert [one.caller for one in Pacer(now=0.0).turn("m", calls, now=5.0).calls] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("waiting", "tokens", "coming", "room"),
    [(0, 0, 0, 40), (10, 100, 5, 25), (40, 400, 0, 0), (0, 0, 39, 1), (0, 0, 40, 0), (0, 0, 99, 0), (30, 300, 9, 1)],
)
def test_there_is_room_for_two_minutes_of_calls(waiting: int, tokens: int, coming: int, room: int) -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(refusal(), now=0.0)
    assert pacer.room("m", waiting=waiting, tokens=tokens, coming=coming) == room


def test_tokens_of_the_calls_that_wait_tell_how_large_the_next_ones_are() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.TOKENS, 1000), MinuteQuota(Counted.REQUESTS, 100))), now=0.0)
    assert pacer.room("m", waiting=3, tokens=301, coming=1) == 19 - 4
    assert pacer.room("m", waiting=0, tokens=0, coming=0) == 200


def test_a_quota_that_fits_no_call_in_two_minutes_lets_one_begin_if_none_is_there() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.REQUESTS, 20), MinuteQuota(Counted.TOKENS, 10))), now=0.0)
    pacer.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.TOKENS, 10),)), now=0.0)
    assert pacer.room("m", waiting=1, tokens=1000, coming=0) == 0
    assert pacer.room("m", waiting=0, tokens=0, coming=1) == 39


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        (("60", "10"), 10),
        (("10", "60"), 10),
        (("10", None), 10),
        ((None, "10"), 10),
        (("1", "1"), 1),
        (("1000000000000",), 1_000_000_000_000),
        (("1000000000001",), None),
        (("10000000000000",), None),
        (("0",), None),
        (("-1",), None),
        ((5,), 5),
    ],
)
def test_the_lowest_limit_that_is_named_counts(values: tuple[object, ...], limit: int | None) -> None:
    found = minute_quotas([{"quotaId": "RequestsPerMinute", "quotaValue": value} for value in values])
    assert found == (MinuteQuota(Counted.REQUESTS, limit),)


@pytest.mark.parametrize(
    ("violation", "counted"),
    [
        ({"quotaId": "GenerateTokensPerMinute"}, Counted.TOKENS),
        ({"quotaMetric": "x/token_count", "quotaId": "PerMinute"}, Counted.TOKENS),
        ({"quotaMetric": "x/requests_perMinute"}, Counted.REQUESTS),
    ],
)
def test_what_a_quota_counts_is_in_its_name_or_its_metric(violation: dict[str, str], counted: Counted) -> None:
    assert minute_quotas([violation]) == (MinuteQuota(counted),)


def test_what_is_over_makes_room_and_what_was_just_taken_does_not() -> None:
    meter = Meter(minute=60.0)
    meter.take(1, per_minute=2, now=0.0)
    assert meter.free_at(2, per_minute=2, now=63.0) == 63.0
    meter.take(1, per_minute=2, now=63.0)
    assert meter.free_at(1, per_minute=2, now=63.0) == pytest.approx(88.5)
    late = Meter(minute=60.0)
    late.take(5, per_minute=5, now=1000.0)
    assert late.free_at(1, per_minute=5, now=1001.0) == 1063.0
    one = Meter(minute=60.0)
    one.take(1, per_minute=1, now=0.0)
    assert one.free_at(1, per_minute=1, now=0.0) == 63.0


def test_a_call_counts_as_one_request() -> None:
    pace = ModelPace(now=0.0)
    pace.refuse(refusal(wait=0.0, requests=2), now=0.0)
    pace.allow(1, now=0.0)
    assert pace.free_at(1, now=0.0) == pytest.approx(31.5)


def test_after_a_pace_has_ended_the_first_refusal_without_a_limit_begins_anew() -> None:
    pace = ModelPace(now=0.0)
    pace.refuse(Refusal("m", 30.0), now=0.0)
    pace.settle(now=30.0, waiting=True)
    assert pace.request_rate == 10.5, "calls wait from the end of the hold on"
    pace.settle(now=2000.0, waiting=False)
    assert not pace.on
    pace.refuse(Refusal("m", 1.0), now=2000.0)
    assert pace.request_rate == 10.0


def test_a_limit_of_tokens_that_was_changed_is_taken_at_once() -> None:
    pace = ModelPace(now=0.0)
    for limit in (30_000, 50_000):
        pace.refuse(Refusal("m", 1.0, (MinuteQuota(Counted.TOKENS, limit),)), now=0.0)
        assert pace.token_rate == limit


def test_a_shorter_minute_is_used_throughout() -> None:
    pacer = Pacer(now=0.0, minute=6.0)
    pacer.refuse(Refusal("m"), now=0.0)
    assert pacer.turn("m", [call("a", "ann", 0.0)], now=0.0).next_at == pytest.approx(0.6)
    again = Pacer(pacer.state(), now=100.0, minute=6.0)
    again.refuse(Refusal("m"), now=100.0)
    assert again.paces()["m"].hold_until == pytest.approx(100.6)


def test_a_pace_of_which_nothing_was_taken_is_resumed() -> None:
    state = ModelPace(now=0.0).state()
    assert ModelPace.resumed(state, now=5.0).free_at(1, now=5.0) == 5.0
    slow = state.model_copy(update={"on": True, "requests": state.requests.model_copy(update={"per_minute": 0.1})})
    pacer = Pacer(PaceState(models={"m": slow}), now=5.0)
    assert [pacer.room("m", waiting=0, tokens=0, coming=coming) for coming in (0, 1)] == [1, 0]


def test_quotas_of_another_time_are_passed_over() -> None:
    violations = [{"quotaId": "RequestsPerDay", "quotaValue": "9"}, {"quotaId": "RequestsPerMinute", "quotaValue": "5"}]
    assert minute_quotas(violations) == (MinuteQuota(Counted.REQUESTS, 5),)
