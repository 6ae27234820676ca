"""What a cap per video does: before the first call, and before each further one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops_worker.cost.cap import NO_CAP, Cap, Verdict, reached, refused_video, verdict, without_price
from runops_worker.cost.video_estimate import priced, sop_calls, video_calls
from runops_worker.model.estimate import text_estimate
from runops_worker.model.ledger import Ledger
from runops_worker.model.protocol import CallUsage
from runops_worker.sop.long.sections import section_question
from tests.worker.fakes import TASK

DAY = date(2026, 11, 30)
FLASH = replace(TASK, transcribe_model="gemini-3.8-flash", sop_model="gemini-3.8-flash")
CAP = Cap(most_usd=Decimal("0.50"))


def cents(*amounts: int) -> list[Decimal]:
    return [Decimal(amount) / 100 for amount in amounts]


def test_twenty_minutes_cost_about_what_the_documentation_says() -> None:
    dollars, unknown = priced(video_calls(FLASH, seconds=1200, has_audio=True), on=DAY)
    assert unknown == ()
    assert dollars is not None
    assert Decimal("0.45") < dollars < Decimal("0.60")
    later, _ = priced(video_calls(FLASH, seconds=1200, has_audio=True), on=date(2027, 1, 2))
    assert later is not None
    assert later > dollars


def sop_tokens(seconds: float) -> list[int]:
    """Return the tokens of the transcript, or of its sections and notes, in the calls that make the SOP."""
    calls = sop_calls(FLASH, seconds=seconds)
    without = sop_calls(FLASH, seconds=0)[0].text_tokens
    section = text_estimate(section_question((), model="m", number=1, count=4)).text_tokens
    return [call.text_tokens - (without if call is calls[-1] else section) for call in calls]


@pytest.mark.parametrize(
    ("seconds", "tokens"),
    [
        # Twenty tokens a second; beyond 60,000 half of them, beyond 120,000 of those in sections, and notes about them.
        (1, [20]),
        (3_000, [60_000]),
        (3_000.05, [30_001]),
        (12_000, [120_000]),
        (12_000.1, [30_001] * 4 + [18_001]),
    ],
)
def test_what_the_sop_is_made_of_depends_on_the_length(seconds: float, tokens: list[int]) -> None:
    assert sop_tokens(seconds) == tokens


def test_the_shortest_video_is_one_of_a_second() -> None:
    assert video_calls(FLASH, seconds=0.2, has_audio=True)[0].video_tokens == 280


def test_a_video_takes_one_call_for_each_chunk_and_one_for_the_sop() -> None:
    calls = video_calls(FLASH, seconds=1480, has_audio=True)
    assert [bool(call.video_tokens) for call in calls] == [True] * 5 + [False]
    assert video_calls(FLASH, seconds=1480, has_audio=False)[0].audio_tokens == 0
    assert calls[-1:] == sop_calls(FLASH, seconds=1480)


def test_a_long_recording_is_read_in_sections() -> None:
    short, hours, day = (sop_calls(FLASH, seconds=seconds) for seconds in (3_000, 7_200, 86_400))
    assert (len(short), len(hours), len(day)) == (1, 1, 23)
    assert hours[0].text_tokens < 80_000


def test_a_model_without_a_price_is_named_and_the_others_are_priced() -> None:
    mixed = replace(FLASH, sop_model="gemini-9-neon")
    dollars, unknown = priced(video_calls(mixed, seconds=60, has_audio=True), on=DAY)
    assert unknown == ("gemini-9-neon",)
    assert dollars is not None
    assert dollars > 0
    assert priced(sop_calls(mixed, seconds=60), on=DAY) == (None, ("gemini-9-neon",))


def test_a_video_is_refused_before_its_first_call_with_estimate_cap_and_setting() -> None:
    failed = refused_video(CAP, ledger=Ledger(), estimate=Decimal("0.514"))
    assert isinstance(failed, Failed)
    assert failed.reason is Reason.COST_CAP_REACHED
    for word in ("0.51 USD", "0.50 USD", "cost.maxPerVideoUsd", "Nothing was spent"):
        assert word in failed.detail


@pytest.mark.parametrize(
    ("cap", "estimate"),
    [(CAP, Decimal("0.50")), (CAP, None), (NO_CAP, Decimal(99))],
    ids=["as much", "unknown", "no cap"],
)
def test_a_video_within_its_cap_begins(cap: Cap, estimate: Decimal | None) -> None:
    assert refused_video(cap, ledger=Ledger(), estimate=estimate) is None


def test_a_video_that_has_begun_is_not_refused_by_its_estimate() -> None:
    begun = Ledger().with_call(Stage.TRANSCRIBING, CallUsage("gemini-3.8-flash", 10, 1), on=DAY)
    assert refused_video(CAP, ledger=begun, estimate=Decimal(9)) is None


def test_an_unknown_price_is_refused_only_where_prices_are_required_and_there_is_a_cap() -> None:
    strict = replace(CAP, require_prices=True)
    refused = without_price(strict, ["m"])
    assert refused is not None
    assert "price of m is not known" in refused.detail
    for cap, models in ((CAP, ["m"]), (strict, []), (Cap(require_prices=True), ["m"])):
        assert without_price(cap, models) is None


@pytest.mark.parametrize(
    ("spent", "under_way", "following", "answer"),
    [
        (40, [], 10, Verdict.GO),
        (41, [], 10, Verdict.STOP),
        (10, [15, 15], 10, Verdict.GO),
        (10, [15, 16], 10, Verdict.WAIT),
        (60, [1], 0, Verdict.WAIT),
    ],
)
def test_calls_under_way_count_with_the_most_they_may_cost(
    spent: int, under_way: list[int], following: int, answer: Verdict
) -> None:
    (before, usual) = cents(spent, following)
    assert verdict(CAP, spent=before, under_way=cents(*under_way), next_usual=usual) is answer
    assert verdict(NO_CAP, spent=before, under_way=cents(*under_way), next_usual=usual) is Verdict.GO


def test_a_reached_cap_is_said_with_its_figures() -> None:
    failed = reached(replace(CAP, setting="--max-cost-usd"), spent=Decimal("0.4321"), next_usual=Decimal("0.1"))
    for word in ("0.4321 USD", "0.1000 USD", "0.50 USD", "--max-cost-usd", "runops retry"):
        assert word in failed.detail
