"""Checks with small paid calls that the models take what the worker sends. Importing this needs the extra `worker`."""

from collections.abc import Callable
from datetime import UTC, datetime

from runops.environment import Environment
from runops.failures import Failed
from runops.supabase.probe import Finding
from runops.videojob import ModelChoice, PromptChoice
from runops_cli.checks.finding import good, problem
from runops_worker.prompts import load_prompt
from runops_worker.smoke_test.calls import Price, price_of, smoke_calls
from runops_worker.smoke_test.judge import findings
from runops_worker.smoke_test.run import make_calls

__all__ = ["Consent", "check_with_paid_calls", "price_sentence"]

Consent = Callable[[str], bool | None]
"""Is given one sentence about the price. True: make the calls. False: a person said no. None: nobody can be asked."""


def price_sentence(count: int, price: Price) -> str:
    """Return the sentence about what the calls will cost. Pure."""
    calls = "1 paid call" if count == 1 else f"{count} paid calls"
    sentence = f"{calls} to Gemini: about {price.usual:.3f} USD, at most {price.most:.3f} USD."
    if price.unpriced:
        sentence += f" The price of {', '.join(price.unpriced)} is not known and not in it."
    return sentence


async def check_with_paid_calls(environment: Environment, models: ModelChoice, *, consent: Consent) -> list[Finding]:
    """Ask for consent, make one call to each model for each thing that it is asked for, and return the findings.

    Parameters
    ----------
    environment
        Key and address.
    models
        To check, fallback models included.
    consent
        Is asked before anything is sent.
    """
    if environment.gemini_key is None:
        return []
    prompts = PromptChoice()
    try:
        calls = smoke_calls(
            models, transcription_prompt=load_prompt(prompts.transcription), sop_prompt=load_prompt(prompts.sop)
        )
    except Failed as failed:
        return [problem("paid calls", failed.detail, failed.failure.remedy)]
    today = datetime.now(UTC).date()
    sentence = price_sentence(len(calls), price_of(calls, on=today))
    match consent(sentence):
        case None:
            detail = f"Not made, since nobody can be asked here. {sentence}"
            return [problem("paid calls", detail, "Add --yes, or run it in a terminal.")]
        case False:
            return [good("paid calls", "not made: you said no")]
        case True:
            result = await make_calls(calls, key=environment.gemini_key, base_url=environment.gemini_base_url)
            return findings(result, on=today)
