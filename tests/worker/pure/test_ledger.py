"""The count of a video's cost over calls, attempts and days, and what a killed worker leaves in it."""

from datetime import date, timedelta
from decimal import Decimal

from runops.progress import Stage
from runops.report import AttemptUsage, DayUsage
from runops_worker.model.ledger import CallUnderWay, Ledger, StageTotal
from runops_worker.model.protocol import CallUsage

DAY = date(2026, 11, 30)
NEXT = DAY + timedelta(days=1)
CALL = CallUsage("gemini-3.8-flash", 100_000, 10_000, cached_tokens=0, video_tokens=80_000, audio_tokens=9_000)
DOLLARS = Decimal("0.112500")


def called(ledger: Ledger, *, on: date = DAY, stage: Stage = Stage.TRANSCRIBING) -> Ledger:
    return ledger.with_call(stage, CALL, on=on)


def under_way(name: str) -> CallUnderWay:
    return CallUnderWay.of(CALL, name=name, stage=Stage.PARSING_SOP, on=DAY)


def test_cost_is_the_same_by_stage_attempt_and_day() -> None:
    ledger = called(called(Ledger()), stage=Stage.PARSING_SOP).with_attempt()
    ledger = called(ledger, on=NEXT)
    usage = ledger.usage(media_seconds=5)
    assert usage.cost_usd == f"{3 * DOLLARS:.6f}"
    assert usage.attempts == (
        AttemptUsage(calls=2, total_tokens=220_000, cost_usd=f"{2 * DOLLARS:.6f}"),
        AttemptUsage(calls=1, total_tokens=110_000, cost_usd=f"{DOLLARS:.6f}"),
    )
    assert usage.days == (
        DayUsage(day="2026-11-30", cost_usd=f"{2 * DOLLARS:.6f}"),
        DayUsage(day="2026-12-01", cost_usd=f"{DOLLARS:.6f}"),
    )
    assert usage.transcribing is not None
    kinds = usage.transcribing
    assert (kinds.text_tokens, kinds.video_tokens, kinds.audio_tokens) == (2 * 11_000, 2 * 80_000, 2 * 9_000)


def test_an_attempt_without_a_call_is_none() -> None:
    ledger = called(Ledger().with_attempt().with_attempt())
    assert len(ledger.attempts) == 1
    assert [attempt.calls for attempt in ledger.with_attempt().with_attempt().attempts] == [1, 0]


def test_many_attempts_are_summed_in_the_first_and_early_days_are_left_out() -> None:
    ledger = Ledger()
    for number in range(12):
        ledger = called(ledger.with_attempt(), on=DAY + timedelta(days=number))
    assert [attempt.calls for attempt in ledger.attempts] == [5, 1, 1, 1, 1, 1, 1, 1]
    assert [total.day for total in ledger.days] == [DAY + timedelta(days=number) for number in range(5, 12)]
    assert ledger.cost_usd == 12 * DOLLARS
    usage = ledger.usage(media_seconds=1)
    assert (len(usage.attempts), len(usage.days)) == (8, 7)


def test_the_first_call_names_the_ledger_and_a_rerun_has_another_name() -> None:
    ledger = Ledger().begun(under_way("a")).begun(under_way("b"))
    assert ledger.usage(media_seconds=1).ledger == "a"
    assert Ledger().usage(media_seconds=1).ledger is None


def test_a_call_that_ended_leaves_no_trace_and_one_whose_bill_is_unknown_counts_as_estimated() -> None:
    ledger = Ledger().begun(under_way("a")).begun(under_way("b"))
    ended = ledger.ended("a", counts=False)
    assert not ended.cost_usd
    assert [call.id for call in ended.under_way] == ["b"]
    lost = ended.ended("b", counts=True)
    assert (lost.cost_usd, lost.under_way) == (DOLLARS, ())
    assert lost.usage(media_seconds=1).estimated_calls == 1
    assert lost.ended("b", counts=True) == lost


def test_calls_of_a_killed_worker_count_in_its_attempt_and_once() -> None:
    killed = called(Ledger().with_attempt().begun(under_way("a")))
    again = killed.with_attempt()
    assert again.cost_usd == 2 * DOLLARS
    assert [attempt.calls for attempt in again.attempts] == [2, 0]
    assert again.with_attempt().cost_usd == 2 * DOLLARS
    stage = again.usage(media_seconds=1).parsing_sop
    assert stage is not None
    assert (stage.calls, stage.estimated_calls, stage.cost_usd) == (1, 1, f"{DOLLARS:.6f}")


def test_a_ledger_without_calls_has_no_attempts() -> None:
    assert Ledger().with_attempt().attempts == ()


def test_of_many_attempts_the_first_two_are_summed_with_all_their_figures() -> None:
    unknown = CallUsage("gemini-9-neon", 7, 3)
    ledger = Ledger().with_attempt().with_call(Stage.TRANSCRIBING, unknown, on=DAY)
    ledger = ledger.with_attempt().with_call(Stage.TRANSCRIBING, unknown, on=DAY)
    for _ in range(6):
        ledger = called(called(ledger.with_attempt()))
    assert called(ledger.with_attempt()).usage(media_seconds=1).attempts[0] == AttemptUsage(
        calls=2, total_tokens=20, cost_usd=None, unpriced_calls=2
    )
    for _ in range(2):
        ledger = called(ledger.with_attempt())
    first = ledger.usage(media_seconds=1).attempts[0]
    assert first == AttemptUsage(calls=4, total_tokens=220_020, cost_usd=f"{2 * DOLLARS:.6f}", unpriced_calls=2)


def test_a_call_of_unknown_price_counts_in_its_attempt_only() -> None:
    ledger = Ledger().with_attempt().with_call(Stage.TRANSCRIBING, CallUsage("gemini-9-neon", 7, 3), on=DAY)
    ledger = called(called(ledger.with_attempt()))
    assert [attempt.unpriced_calls for attempt in ledger.usage(media_seconds=1).attempts] == [1, 0]
    assert ledger.usage(media_seconds=1).estimated_calls == 0


def test_a_call_under_way_keeps_its_kinds_of_tokens() -> None:
    call = under_way("a")
    assert call.usage == CALL
    stage = Ledger().begun(call).ended("a", counts=True).usage(media_seconds=1).parsing_sop
    assert stage is not None
    assert (stage.text_tokens, stage.video_tokens, stage.audio_tokens) == (11_000, 80_000, 9_000)


def test_a_stage_names_its_models_once_up_to_four() -> None:
    ledger = Ledger()
    for name in ("a", "b", "a", "c", "d", "e"):
        ledger = ledger.with_call(Stage.TRANSCRIBING, CallUsage(name, 1, 1), on=DAY)
    stage = ledger.usage(media_seconds=1).transcribing
    assert stage is not None
    assert stage.model == "a, b, c, d"


def test_names_are_as_long_as_a_report_may_hold() -> None:
    ledger = Ledger().begun(under_way("x" * 50)).with_call(Stage.TRANSCRIBING, CallUsage("m" * 150, 1, 1), on=DAY)
    usage = ledger.usage(media_seconds=1.6)
    assert usage.transcribing is not None
    assert (usage.ledger, usage.transcribing.model, usage.media_seconds) == ("x" * 36, "m" * 128, 2)


def test_a_stage_of_an_old_checkpoint_may_have_no_model() -> None:
    stage = Ledger(transcribing=StageTotal(calls=1, video_tokens=5)).usage(media_seconds=1).transcribing
    assert stage is not None
    assert (stage.model, stage.text_tokens) == (None, 0)


def test_a_ledger_survives_its_checkpoint() -> None:
    ledger = called(Ledger().with_attempt().begun(under_way("a"))).model_copy(update={"estimated_usd": Decimal("0.5")})
    assert Ledger.model_validate(ledger.model_dump(mode="json")) == ledger
    assert ledger.usage(media_seconds=1).estimated_cost_usd == "0.500000"


def test_calls_under_way_are_shown_by_day_as_they_cost_as_a_rule() -> None:
    later = CallUnderWay.of(CALL, name="c", stage=Stage.TRANSCRIBING, on=NEXT)
    ledger = Ledger().begun(under_way("a")).begun(later).begun(under_way("b"))
    usage = ledger.usage(media_seconds=1)
    assert usage.cost_usd is None or not Decimal(usage.cost_usd)
    assert usage.under_way == (
        DayUsage(day="2026-11-30", cost_usd=f"{2 * DOLLARS:.6f}"),
        DayUsage(day="2026-12-01", cost_usd=f"{DOLLARS:.6f}"),
    )
    settled = ledger.with_attempt().usage(media_seconds=1)
    assert (settled.days, settled.under_way) == (usage.under_way, ()), "the next attempt counts the same"


def test_a_call_without_a_known_price_is_under_way_for_nothing() -> None:
    unknown = CallUnderWay.of(CallUsage("another", 1, 1), name="a", stage=Stage.PARSING_SOP, on=DAY)
    assert Ledger().begun(unknown).usage(media_seconds=1).under_way == ()
