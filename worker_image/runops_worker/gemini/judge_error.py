"""Decides what an error of the API means. Pure.

The rules follow Google's error reference for the Gemini API and the typed details of google.rpc.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runops.failures import TABLE, Reason
from runops.pacing.refusal import Refusal, minute_quotas
from runops_worker.model.protocol import Answer

__all__ = ["LONGEST_WAIT_SECONDS", "Action", "ApiError", "CallFailed", "Verdict", "judge", "retry_delay"]

LONGEST_WAIT_SECONDS = 120.0
"""A longer wait is left to the queue: the run ends, and the pod does not wait. A quota per minute asks for 60 s or
less."""

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_RETRY_IN = re.compile(r"retry in (\d{1,9}(?:\.\d{1,9})?)s", re.IGNORECASE)
_TOKENS = re.compile(r"token count|number of tokens|too many tokens|payload size", re.IGNORECASE)
_SCHEMA = re.compile(r"schema|too many states", re.IGNORECASE)
_FILE = re.compile(r"\bfiles?\b", re.IGNORECASE)
_TIMEOUTS = frozenset({408, 504})
_TRANSIENT = frozenset({408, 499, 500, 502, 503, 504})
_NOTHING_ALLOWED = re.compile(r"limit: 0\b|free quota tier|credits are depleted|spending cap", re.IGNORECASE)
"""Words of a 429 that no waiting cures: the plan has no quota for the model, or nothing is left to pay with."""
_BILLING = re.compile(r"enable billing", re.IGNORECASE)
_NO_CAPACITY = re.compile(r"no capacity available", re.IGNORECASE)
_REGION = re.compile(r"location is not supported", re.IGNORECASE)
_KEY_IN_WORDS = re.compile(r"api_key:[^\s'\"]+")
"""The message about a suspended key contains the key."""
_OF_MODEL = frozenset({500, 503, 504})
"""What an overloaded model answers. Others come from something between here and Gemini."""


class Action(StrEnum):
    """What to do next."""

    RETRY = "retry"
    UPLOAD_AGAIN = "upload_again"
    TOO_LARGE = "too_large"
    DROP_SCHEMA = "drop_schema"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error as the API reported it.

    Attributes
    ----------
    code
        HTTP status.
    status
        Canonical name, such as RESOURCE_EXHAUSTED.
    message
        The API's sentence.
    details
        Typed details, each an object with `@type`.
    """

    code: int
    status: str = ""
    message: str = ""
    details: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of an error.

    Attributes
    ----------
    action
        What to do.
    reason
        Why the job fails if the action does not help.
    sentence
        For a person; that of the reason where it is empty. Contains nothing of the request.
    wait
        Seconds that the API asks to wait; None where it says nothing.
    attempts
        After how many attempts with this verdict it is final; None where only the schedule bounds them.
    refusal
        What is said about a quota per minute that is used up; None for any other error.
    of_model
        Whether the model itself is the trouble, so that another model may answer.
    """

    action: Action
    reason: Reason
    sentence: str = ""
    wait: float | None = None
    attempts: int | None = field(default=None, kw_only=True)
    refusal: Refusal | None = field(default=None, kw_only=True)
    of_model: bool = field(default=False, kw_only=True)

    @property
    def text(self) -> str:
        """The sentence for a person."""
        return self.sentence or TABLE[self.reason].sentence


class CallFailed(Exception):  # noqa: N818 - a retry may follow
    """A call did not give a usable answer.

    Parameters
    ----------
    verdict
        What it means.
    answer
        What the model gave; it is the result where no further attempt helps. None where the call itself failed.
    """

    def __init__(self, verdict: Verdict, *, answer: Answer | None = None) -> None:
        self.verdict = verdict
        self.answer = answer
        super().__init__(f"{verdict.reason}: {verdict.text}")


def judge(error: ApiError, *, model: str) -> Verdict:
    """Return the verdict on an error of the API.

    Parameters
    ----------
    error
        The error.
    model
        The model that was asked, for the sentence.
    """
    code = error.code
    if code == 429:
        return _too_many(error, model=model)
    if code == 400:
        return _bad_request(error, model=model)
    if code == 403 and _FILE.search(error.message):
        return Verdict(Action.UPLOAD_AGAIN, Reason.MODEL_FILE_REJECTED, "Gemini no longer has the uploaded video.")
    if code in {401, 403}:
        return _key_rejected(error)
    if code == 404:
        return Verdict(
            Action.FAIL,
            Reason.MODEL_NOT_FOUND,
            f"Gemini has no model {model[:80]!r}. {TABLE[Reason.MODEL_NOT_FOUND].remedy}",
            of_model=True,
        )
    if code == 413:
        return Verdict(Action.TOO_LARGE, Reason.MODEL_REFUSED_REQUEST, "The request is too large for the model's API.")
    if code in _TRANSIENT or code >= 500:
        reason = Reason.MODEL_TIMEOUT if code in _TIMEOUTS else Reason.MODEL_UNAVAILABLE
        wait = retry_delay(error)
        action = Action.FAIL if wait is not None and wait > LONGEST_WAIT_SECONDS else Action.RETRY
        return Verdict(action, reason, _away(error, reason, model=model), wait, of_model=code in _OF_MODEL)
    return Verdict(Action.FAIL, Reason.MODEL_REFUSED_REQUEST, _refused(error))


def _bad_request(error: ApiError, *, model: str) -> Verdict:
    if "API_KEY_INVALID" in _reasons(error):
        return _key_rejected(error)
    if _BILLING.search(error.message):
        return _not_in_plan(error, model=model)
    if _REGION.search(error.message):
        return Verdict(
            Action.FAIL,
            Reason.MODEL_REGION_REFUSED,
            f"{TABLE[Reason.MODEL_REGION_REFUSED].sentence} Gemini says: {_words(error)}",
        )
    if "ACTIVE" in error.message:
        return Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, "Gemini was still processing the uploaded video.")
    if _TOKENS.search(error.message):
        return Verdict(
            Action.TOO_LARGE, Reason.MODEL_REFUSED_REQUEST, f"The input has more tokens than {model[:80]} takes."
        )
    action = Action.DROP_SCHEMA if _SCHEMA.search(error.message) else Action.FAIL
    return Verdict(action, Reason.MODEL_REFUSED_REQUEST, _refused(error))


def _key_rejected(error: ApiError) -> Verdict:
    # The reason of the details tells a wrong key from an API that is not enabled, or a key with restrictions.
    why = ", ".join([f"HTTP {error.code}", *_reasons(error)])
    said = f" Gemini says: {_words(error)}" if error.message else ""
    return Verdict(
        Action.FAIL,
        Reason.MODEL_KEY_REJECTED,
        f"Gemini rejected the key ({why}).{said} {TABLE[Reason.MODEL_KEY_REJECTED].remedy}",
    )


def _refused(error: ApiError) -> str:
    # The API's own sentence is the only clue for a person. It names fields and limits, never content.
    return f"The model's API refused the request (HTTP {error.code} {error.status}): {_words(error)}"


def _away(error: ApiError, reason: Reason, *, model: str) -> str:
    # What answers with a page is not Gemini but something on the way there.
    said = _words(error)
    return f"{TABLE[reason].sentence} (HTTP {error.code}, {model}{f': {said}' if said and '<' not in said else ''})"


def _words(error: ApiError) -> str:
    """Return the API's own sentence on one line, without a key that it repeats."""
    return _KEY_IN_WORDS.sub("api_key:[redacted]", " ".join(error.message.split()))[:400]


def _reasons(error: ApiError) -> list[str]:
    """Return the reasons in the error's details, such as SERVICE_DISABLED."""
    given = (str(detail.get("reason", "")) for detail in error.details)
    return [reason[:80] for reason in given if re.fullmatch(r"[A-Z_]{3,80}", reason)]


def _not_in_plan(error: ApiError, *, model: str) -> Verdict:
    sentence = f"The plan of the Gemini project allows no calls to {model[:80]}. Gemini says: {_words(error)}"
    return Verdict(Action.FAIL, Reason.MODEL_NOT_IN_PLAN, sentence)


def _violations(error: ApiError) -> list[dict[str, Any]]:
    """Return what a quota error says of each quota that is exceeded."""
    return [
        violation
        for detail in error.details
        for violation in detail.get("violations") or ()
        if isinstance(violation, dict)
    ]


def _too_many(error: ApiError, *, model: str) -> Verdict:
    """Return the verdict on a 429: a plan that allows nothing, servers without room, or a quota that is used up."""
    if _NO_CAPACITY.search(error.message) or "MODEL_CAPACITY_EXHAUSTED" in _reasons(error):
        wait = retry_delay(error)
        sentence = _away(error, Reason.MODEL_UNAVAILABLE, model=model)
        return Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence, wait, of_model=True)
    values = {str(violation.get("quotaValue")) for violation in _violations(error)}
    if _NOTHING_ALLOWED.search(error.message) or "0" in values:
        return _not_in_plan(error, model=model)
    return _quota(error, model=model)


def _quota(error: ApiError, *, model: str) -> Verdict:
    wait = retry_delay(error)
    violations = _violations(error)
    quotas = [str(violation.get("quotaId", "")) for violation in violations]
    daily = any("PerDay" in quota for quota in quotas)
    named = f" ({quotas[0][:80]})" if quotas and quotas[0] else ""
    sentence = f"The quota of {model[:80]} is used up{named}."
    if wait is not None:
        sentence += f" Gemini asks to wait {wait:.0f} s."
    if daily or (wait is not None and wait > LONGEST_WAIT_SECONDS):
        return Verdict(Action.FAIL, Reason.QUOTA_EXCEEDED, sentence, wait)
    refusal = Refusal(model, wait, minute_quotas(violations))
    return Verdict(Action.RETRY, Reason.QUOTA_EXCEEDED, sentence, wait, attempts=3, refusal=refusal)


def retry_delay(error: ApiError) -> float | None:
    """Return the seconds that the API asks to wait, from `RetryInfo` or its sentence; None where it names no wait."""
    for detail in error.details:
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            match = _SECONDS.fullmatch(str(detail.get("retryDelay", "")))
            if match is not None:
                return float(match.group(1))
    match = _RETRY_IN.search(error.message)
    return float(match.group(1)) if match is not None else None
