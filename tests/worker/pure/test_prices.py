"""What a call costs."""

from datetime import date
from decimal import Decimal

import pytest

from runops.progress import Stage
from runops_worker.model.ledger import Ledger, StageTotal
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage

NOW = date(2026, 11, 29)
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("usage", "on", "dollars"),
    [
        (CallUsage("gemini-3.8-flash", MILLION, 100_000), NOW, "1.125"),
        (CallUsage("gemini-3.8-flash", MILLION, 100_000, cached_tokens=500_000), NOW, "0.7875"),
        (CallUsage("gemini-3.8-flash", MILLION, 0), date(2026, 12, 31), "0.75"),
        (CallUsage("gemini-3.8-flash", MILLION, 0), date(2027, 1, 1), "1.5"),
        # By its own name, which has a number, and by the name of its resource.
        (CallUsage("gemini-3.8-flash-001", MILLION, 0), NOW, "0.75"),
        (CallUsage("models/gemini-3.8-flash", MILLION, 0), NOW, "0.75"),
        (CallUsage("gemini-2.5-flash-001", MILLION, 0), NOW, "0.3"),
        # Above 200,000 tokens of context the whole call costs more.
        (CallUsage("gemini-3.1-pro-preview", 200_000, 0), NOW, "0.4"),
        (CallUsage("gemini-3.1-pro-preview", 300_000, 0), NOW, "1.2"),
        # Sound has its own price at some models.
        (CallUsage("gemini-2.5-flash", MILLION, 0, audio_tokens=MILLION), NOW, "1"),
        (CallUsage("gemini-3.5-flash-lite", MILLION, MILLION), NOW, "2.8"),
        # Sound counts as fresh, as far as there are fresh tokens: no bill says how much of it was cached.
        (CallUsage("gemini-2.5-flash", MILLION, 0, cached_tokens=500_000, audio_tokens=300_000), NOW, "0.375"),
        (CallUsage("gemini-2.5-flash", MILLION, 0, cached_tokens=500_000, audio_tokens=900_000), NOW, "0.515"),
        (CallUsage("gemini-2.5-flash", MILLION, 0, cached_tokens=MILLION, audio_tokens=900_000), NOW, "0.03"),
        # Newer than the package.
        (CallUsage("gemini-4-hydrogen", MILLION, MILLION), NOW, "9"),
        (CallUsage("gemini-4-hydrogen-002", MILLION, MILLION), NOW, "9"),
        (CallUsage("gemini-4-carbon", MILLION, 0), NOW, "2"),
        (CallUsage("gemini-4-carbon", MILLION, 0, cached_tokens=MILLION), date(2026, 12, 1), "4"),
        (CallUsage("gemini-4-argon", MILLION, MILLION), NOW, "12"),
        (CallUsage("gemini-4-argon", MILLION, MILLION), date(2026, 12, 1), "24"),
        # More cached tokens than tokens: an answer that nobody promised is wrong by little, and raises nothing.
        (CallUsage("gemini-3.8-flash", 0, MILLION, cached_tokens=5, audio_tokens=7), NOW, "3.75"),
    ],
)
def test_a_call_costs_what_the_price_list_says_for_its_day_length_and_kind(
    usage: CallUsage, on: date, dollars: str
) -> None:
    assert cost(usage, on) == Decimal(dollars)


@pytest.mark.parametrize("model", ["someone-else", "gemini-9-neon", "gpt-4o", "", "models/"])
def test_a_model_without_a_price_has_no_cost_rather_than_none_at_all(model: str) -> None:
    assert cost(CallUsage(model, 1, 1), NOW) is None


def test_a_call_of_unknown_price_leaves_the_known_costs_and_is_counted() -> None:
    ledger = Ledger()
    for model in ("gemini-3.8-flash", "gemini-9-neon", "gemini-3.8-flash"):
        ledger = ledger.with_call(Stage.TRANSCRIBING, CallUsage(model, MILLION, 0), on=NOW)
    usage = ledger.usage(media_seconds=1)
    assert (usage.cost_usd, usage.unpriced_calls) == ("1.500000", 1)
    assert usage.bill == ("3000000 tokens, about 1.500000 USD; 1 of the calls went to a model whose price is not known")


def test_where_no_price_is_known_no_cost_is_shown() -> None:
    usage = Ledger().with_call(Stage.PARSING_SOP, CallUsage("gemini-9-neon", 5, 1), on=NOW).usage(media_seconds=1)
    assert usage.parsing_sop is not None
    assert (usage.cost_usd, usage.parsing_sop.cost_usd, usage.parsing_sop.unpriced_calls) == (None, None, 1)
    assert usage.bill == "6 tokens; 1 of the calls went to a model whose price is not known"


def test_tokens_are_counted_by_kind() -> None:
    call = CallUsage("gemini-3.8-flash", 100, 20, cached_tokens=5, video_tokens=70, audio_tokens=20, thinking_tokens=8)
    ledger = Ledger().with_call(Stage.TRANSCRIBING, call, on=NOW).with_call(Stage.TRANSCRIBING, call, on=NOW)
    stage = ledger.usage(media_seconds=1).transcribing
    assert stage is not None
    kinds = (stage.cached_tokens, stage.video_tokens, stage.audio_tokens, stage.thinking_tokens)
    assert kinds == (10, 140, 40, 16)


def test_a_checkpoint_in_which_one_call_made_the_cost_unknown_is_read() -> None:
    total = StageTotal.model_validate({"model": "m", "calls": 2, "input_tokens": 9, "cost_usd": None})
    assert total.with_call(CallUsage("gemini-3.8-flash", MILLION, 0), on=NOW, is_estimated=False).cost_usd == Decimal(
        "0.75"
    )
