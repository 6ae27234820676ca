"""Checks that Gemini is reachable, accepts the key and knows the models. It generates nothing and costs nothing."""

import os
from collections.abc import Iterable
from urllib.parse import quote

import httpx

from runops.authorities import distrust, trusted
from runops.environment import Environment
from runops.proxies import proxy_for
from runops.supabase.probe import Finding
from runops_cli.checks.finding import good, problem

__all__ = ["check_models", "model_finding"]

_GOOGLE = "https://generativelanguage.googleapis.com"
_SECONDS = 10.0
_KEY_REMEDY = "Put a valid key into GOOGLE_GEMINI_API_KEY (aistudio.google.com, Get API key)."


async def check_models(environment: Environment, models: Iterable[str]) -> list[Finding]:
    """Ask Gemini for the description of each model and return one finding per model.

    Parameters
    ----------
    environment
        Key and address.
    models
        Names of the models; a repeated name is checked once.
    """
    if environment.gemini_key is None:
        return [problem("Gemini key", "GOOGLE_GEMINI_API_KEY is not set.", _KEY_REMEDY)]
    base = (environment.gemini_base_url or _GOOGLE).rstrip("/")
    async with httpx.AsyncClient(
        verify=trusted(),
        proxy=proxy_for(base, os.environ),
        trust_env=False,
        headers={"x-goog-api-key": environment.gemini_key},
        timeout=_SECONDS,
    ) as client:
        return [await _check(client, base, name) for name in dict.fromkeys(models)]


async def _check(client: httpx.AsyncClient, base: str, model: str) -> Finding:
    try:
        # https://ai.google.dev/api/models#method:-models.get
        answer = await client.get(f"{base}/v1beta/models/{quote(model.removeprefix('models/'))}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return problem(
            f"model {model}",
            f"Gemini could not be reached at {httpx.URL(base).host or base} ({type(error).__name__}).",
            distrust(error) or "Check the network, the proxy and GOOGLE_GEMINI_BASE_URL.",
        )
    return model_finding(model, answer.status_code)


def model_finding(model: str, status: int) -> Finding:
    """Return the finding for the HTTP status with which Gemini answered."""
    name = f"model {model}"
    match status:
        case 200:
            return good(name, "known and reachable")
        case 404:
            return problem(
                name, "Gemini does not know this model.", "Choose a model that exists with --model or --sop-model."
            )
        case 400 | 401 | 403:
            return problem(name, f"Gemini rejected the key (HTTP {status}).", _KEY_REMEDY)
        case 429:
            return good(name, "reachable; the quota is used up at the moment")
        case _:
            return problem(name, f"Gemini answered with HTTP {status}.", "Try again later.")
