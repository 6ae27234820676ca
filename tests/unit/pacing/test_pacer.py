"""The pace of a model, example by example."""

import pytest

from runops.pacing.pacer import Pacer
from runops.pacing.refusal import Counted, MinuteQuota, Refusal, minute_quotas
from runops.pacing.state import PaceState
from runops.pacing.turns import Waiting
from tests.unit.pacing.paced_run import MODEL, PacedRun

_TWENTY = Refusal(MODEL, 53.0, (MinuteQuota(Counted.REQUESTS, 20),))
_UNNAMED = Refusal(MODEL, 30.0)


def _calls(number: int, *, user: str = "ada", tokens: int = 1000, since: float = 0.0) -> list[Waiting]:
    return [Waiting(f"{user}-{index:03}", user, since, tokens) for index in range(number)]


def test_before_the_first_refusal_every_call_goes_at_once() -> None:
    pacer = Pacer(now=0.0)

    turn = pacer.turn(MODEL, _calls(500), now=1.0)

    assert len(turn.calls) == 500
    assert turn.next_at is None
    assert not pacer.is_paced(MODEL)


def test_after_a_refusal_nothing_goes_before_the_wait_that_was_asked_for() -> None:
    run = PacedRun([(0.0, _TWENTY)]).run(_calls(30), until=500.0)

    assert run.allowed[0].at == 53.0
    # Then one call every 3.15 s: twenty in 63 s, so that twenty arrive in no minute of 60 s too many.
    assert [one.at - run.allowed[0].at for one in run.allowed[:4]] == pytest.approx([0, 3.15, 6.3, 9.45])


def test_nine_tenths_of_the_limit_are_used_while_calls_wait() -> None:
    run = PacedRun([(0.0, _TWENTY)]).run(_calls(400), until=53.0 + 600.0)

    assert len(run.allowed) >= 0.9 * 20 * 10


def test_a_second_refusal_in_one_minute_lowers_the_rate_no_further() -> None:
    pacer = Pacer(now=0.0)
    for at in (0.0, 70.0, 71.0, 90.0):
        pacer.refuse(_TWENTY, now=at)

    assert pacer.paces()[MODEL].request_rate == pytest.approx(18.0)


def test_a_limit_that_was_raised_is_taken_at_once() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_TWENTY, now=0.0)
    pacer.refuse(Refusal(MODEL, 1.0, (MinuteQuota(Counted.REQUESTS, 1000),)), now=100.0)

    assert pacer.paces()[MODEL].request_rate == 1000


def test_a_known_limit_is_reached_again_and_never_passed() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_TWENTY, now=0.0)
    pacer.refuse(_TWENTY, now=70.0)
    pacer.turn(MODEL, (), now=70.0 + 60.0)
    assert pacer.paces()[MODEL].request_rate == pytest.approx(19.0)

    pacer.turn(MODEL, (), now=70.0 + 599.0)
    assert pacer.paces()[MODEL].request_rate == 20.0


def test_without_a_limit_the_rate_rises_while_calls_wait_and_is_cut_by_each_refusal() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_UNNAMED, now=0.0)
    assert pacer.paces()[MODEL].request_rate == 10.0
    waiting = _calls(1000)
    for second in range(30, 331, 3):
        turn = pacer.turn(MODEL, waiting, now=float(second))
        waiting = [call for call in waiting if call not in turn.calls]
    assert pacer.paces()[MODEL].request_rate == pytest.approx(15.0, abs=0.6)

    before = pacer.paces()[MODEL].request_rate
    pacer.refuse(_UNNAMED, now=331.0)
    assert pacer.paces()[MODEL].request_rate == pytest.approx(before * 0.8)


def test_without_a_limit_a_rate_that_nobody_uses_does_not_rise() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_UNNAMED, now=0.0)

    pacer.turn(MODEL, (), now=500.0)

    assert pacer.paces()[MODEL].request_rate == 10.0


def test_three_large_clips_of_one_pod_do_not_go_at_once() -> None:
    refusal = Refusal(MODEL, 10.0, (MinuteQuota(Counted.TOKENS, 250_000),))

    run = PacedRun([(0.0, refusal)]).run(_calls(4, tokens=96_000), until=1000.0)

    # Two fit into a minute, and three do not.
    assert [one.at for one in run.allowed] == pytest.approx([10.0, 34.192, 73.0, 97.192])
    assert run.most_within(62.9, tokens=True) == 192_000


def test_users_take_turns_however_many_calls_each_has() -> None:
    calls = _calls(40, user="ada") + _calls(3, user="bob", since=1.0) + _calls(3, user="cyd", since=2.0)

    run = PacedRun([(0.0, _TWENTY)]).run(calls, until=1000.0)

    users = [one.call.user for one in run.allowed]
    assert sorted(users[:9]) == ["ada"] * 3 + ["bob"] * 3 + ["cyd"] * 3
    assert set(users[9:]) == {"ada"}


def test_only_the_users_who_were_served_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runops.pacing.pacer._MOST_USERS", 2)
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal(MODEL, 0.0, (MinuteQuota(Counted.REQUESTS, 60),)), now=0.0)

    def serve(*users: str, now: float) -> list[str]:
        return [call.user for call in pacer.turn(MODEL, [_calls(1, user=user)[0] for user in users], now=now).calls]

    for number, user in enumerate(("ada", "bob", "cyd"), 1):
        assert serve(user, now=100.0 * number) == [user]
    calls = [Waiting("x", "ada", 450.0, 1000), Waiting("y", "dan", 450.0, 1000)]
    # Nobody remembers that Ada was served, so at one moment the name of the caller decides.
    assert pacer.turn(MODEL, calls, now=500.0).calls[0].user == "ada"


def test_the_pace_ends_after_ten_quiet_minutes_and_knows_the_limit_at_the_next_refusal() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_TWENTY, now=0.0)
    pacer.turn(MODEL, (), now=652.0)
    assert pacer.is_paced(MODEL)

    pacer.turn(MODEL, (), now=654.0)
    assert not pacer.is_paced(MODEL)

    pacer.refuse(_UNNAMED, now=1000.0)
    assert pacer.is_paced(MODEL)
    assert pacer.paces()[MODEL].request_rate == pytest.approx(18.0)


def test_while_calls_wait_the_pace_does_not_end() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal(MODEL, 1.0, (MinuteQuota(Counted.REQUESTS, 1),)), now=0.0)
    waiting = _calls(60)
    for second in range(0, 3000, 30):
        turn = pacer.turn(MODEL, waiting, now=float(second))
        waiting = [call for call in waiting if call not in turn.calls]

    assert pacer.is_paced(MODEL)


def test_another_process_goes_on_with_rate_limit_and_hold() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_TWENTY, now=0.0)
    kept = PaceState.model_validate_json(pacer.state().model_dump_json(by_alias=True))

    other = Pacer(kept, now=20.0)

    assert other.is_paced(MODEL)
    assert other.paces()[MODEL].request_rate == 20.0
    assert other.turn(MODEL, _calls(1), now=20.0).next_at == 53.0


def test_another_process_waits_for_an_interval_since_the_last_grants_may_not_be_kept() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(_TWENTY, now=0.0)
    kept = pacer.state()
    assert len(pacer.turn(MODEL, _calls(1), now=100.0).calls) == 1

    turn = Pacer(kept, now=100.0).turn(MODEL, _calls(1), now=100.0)

    assert turn.calls == ()
    assert turn.next_at == 103.0


def test_no_more_videos_begin_than_two_minutes_of_calls() -> None:
    pacer = Pacer(now=0.0)
    assert pacer.room(MODEL, waiting=0, tokens=0, coming=0) is None
    pacer.refuse(_TWENTY, now=0.0)

    assert pacer.room(MODEL, waiting=0, tokens=0, coming=0) == 40
    assert pacer.room(MODEL, waiting=25, tokens=25_000, coming=10) == 5
    assert pacer.room(MODEL, waiting=50, tokens=50_000, coming=0) == 0


def test_large_clips_leave_room_for_fewer_videos() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal(MODEL, 1.0, (MinuteQuota(Counted.TOKENS, 960_000),)), now=0.0)
    pacer.refuse(Refusal(MODEL, 1.0, (MinuteQuota(Counted.REQUESTS, 1000),)), now=0.0)

    assert pacer.room(MODEL, waiting=12, tokens=12 * 96_000, coming=0) == 8


def test_a_quota_of_less_than_a_call_in_two_minutes_still_lets_one_video_begin() -> None:
    pacer = Pacer(now=0.0)
    pacer.refuse(Refusal(MODEL, 1.0, (MinuteQuota(Counted.TOKENS, 10_000),)), now=0.0)

    assert pacer.room(MODEL, waiting=0, tokens=0, coming=0) == 10 * 2
    assert pacer.room(MODEL, waiting=1, tokens=96_000, coming=0) == 0


_METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_"


@pytest.mark.parametrize(
    ("violation", "quota"),
    [
        (
            {
                "quotaMetric": f"{_METRIC}requests",
                "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                "quotaValue": "10",
            },
            MinuteQuota(Counted.REQUESTS, 10),
        ),
        (
            {
                "quotaMetric": f"{_METRIC}input_token_count",
                "quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier",
                "quotaValue": "250000",
            },
            MinuteQuota(Counted.TOKENS, 250_000),
        ),
        ({"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}, MinuteQuota(Counted.REQUESTS, None)),
        ({"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "0"}, MinuteQuota(Counted.REQUESTS)),
        ({"quotaId": "GenerateRequestsPerMinute", "quotaValue": "9" * 40}, MinuteQuota(Counted.REQUESTS)),
        ({"quotaId": "GenerateRequestsPerMinute", "quotaValue": {"n": 1}}, MinuteQuota(Counted.REQUESTS)),
        ({"quotaId": "GenerateRequestsPerMinute", "quotaValue": "²"}, MinuteQuota(Counted.REQUESTS)),
    ],
)
def test_a_quota_per_minute_is_read(violation: dict[str, object], quota: MinuteQuota) -> None:
    assert minute_quotas([violation]) == (quota,)


def test_other_quotas_and_nonsense_are_no_quota_per_minute() -> None:
    daily: dict[str, object] = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"}
    others: list[dict[str, object]] = [daily, {}, {"quotaId": 7}]

    assert minute_quotas(others) == ()


def test_of_two_limits_on_the_same_the_lower_one_counts() -> None:
    two = [
        {"quotaId": "RequestsPerMinute", "quotaValue": "60"},
        {"quotaId": "RequestsPerMinutePerUser", "quotaValue": "10"},
    ]

    assert minute_quotas(two) == (MinuteQuota(Counted.REQUESTS, 10),)
