"""Asks Gemini whether a model exists, before anything is paid. It generates nothing and costs nothing.

This is one plain request: the SDK, which takes 50 MB, is not needed for it.
"""

import json
import logging
import os
from urllib.parse import quote

import httpx

from runops.authorities import trusted
from runops.failures import Failed, Reason
from runops.proxies import proxy_for
from runops_worker.gemini.client import API_VERSION, GOOGLE
from runops_worker.gemini.judge_error import judge
from runops_worker.gemini.sdk_errors import api_error
from runops_worker.model.protocol import ModelOut

__all__ = ["check_model"]

_LOG = logging.getLogger(__name__)
_SECONDS = 10.0
_FINAL = frozenset({Reason.MODEL_NOT_FOUND, Reason.MODEL_KEY_REJECTED})
_KNOWN: set[tuple[str, str]] = set()
"""Address and model of those that exist: a process asks once for each."""


async def check_model(name: str, *, key: str, base_url: str | None) -> None:
    """Return if the model exists, or if Gemini does not say: the first call will tell.

    Parameters
    ----------
    name
        Of the model.
    key
        The API key.
    base_url
        Address in place of Google's.

    Raises
    ------
    ModelOut
        `ModelNotFound`.
    Failed
        `ModelKeyRejected`.
    """
    base = (base_url or GOOGLE).rstrip("/")
    model = name.removeprefix("models/")
    if (base, model) in _KNOWN:
        return
    url = f"{base}/{API_VERSION}/models/{quote(model, safe='')}"
    try:
        async with httpx.AsyncClient(
            verify=trusted(),
            proxy=proxy_for(base, os.environ),
            trust_env=False,
            timeout=_SECONDS,
            headers={"x-goog-api-key": key},
        ) as client:
            answer = await client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _LOG.warning("it is not known whether the model exists", extra={"model": name, "why": type(error).__name__})
        return
    if answer.status_code == 200:
        _KNOWN.add((base, model))
        return
    refusal = api_error(answer.status_code, _json(answer))
    verdict = judge(refusal, model=name)
    # Without a canonical status it is the answer of a gateway, which may pass on nothing but calls.
    if refusal.status and verdict.reason in _FINAL:
        kind = ModelOut if verdict.of_model else Failed
        raise kind(verdict.reason, verdict.text)
    _LOG.warning("it is not known whether the model exists", extra={"model": name, "status": answer.status_code})


def _json(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
