"""What an error of the API means. Pure: what was said in, what to do out.

The rules follow Google's error reference for the Gemini API and the typed details of google.rpc.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runops.failures import TABLE, Reason

__all__ = ["LONGEST_WAIT_SECONDS", "Action", "ModelTrouble", "Trouble", "Verdict", "judge", "retry_delay"]

LONGEST_WAIT_SECONDS = 20.0
"""A wait that is longer than this is the queue's business, not a pod's."""

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_RETRY_IN = re.compile(r"retry in (\d{1,9}(?:\.\d{1,9})?)s", re.IGNORECASE)
_TOKENS = re.compile(r"token count|number of tokens|too many tokens|payload size", re.IGNORECASE)
_FILE = re.compile(r"\bfiles?\b", re.IGNORECASE)
_TIMEOUTS = frozenset({408, 504})
_PASSING = frozenset({408, 499, 500, 502, 503, 504})


class Action(StrEnum):
    """What to do next."""

    RETRY = "retry"
    UPLOAD_AGAIN = "upload_again"
    SHRINK = "shrink"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as the API told it.

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
    """What an error means.

    Attributes
    ----------
    action
        What to do.
    reason
        Why the job fails where that does not help.
    sentence
        For a person; the reason's own where none is more precise. Holds nothing of the request.
    wait
        Seconds that the API asks to wait; None where it says nothing.
    attempts
        After how many attempts with this verdict it is final; None where only the schedule bounds them.
    """

    action: Action
    reason: Reason
    sentence: str = ""
    wait: float | None = None
    attempts: int | None = field(default=None, kw_only=True)

    @property
    def text(self) -> str:
        """The sentence for a person."""
        return self.sentence or TABLE[self.reason].sentence


class ModelTrouble(Exception):  # noqa: N818 - a verdict on a call, which a retry may overturn
    """A call did not give an answer."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(f"{verdict.reason}: {verdict.text}")


def judge(trouble: Trouble, *, model: str) -> Verdict:
    """Return what an error of the API means.

    Parameters
    ----------
    trouble
        The error.
    model
        The model that was asked, for the sentence.
    """
    code = trouble.code
    if code == 429:
        return _quota(trouble, model=model)
    if code == 400:
        return _bad_request(trouble, model=model)
    if code == 403 and _FILE.search(trouble.message):
        return Verdict(Action.UPLOAD_AGAIN, Reason.MODEL_FILE_REJECTED, "Gemini no longer has the uploaded video.")
    if code in {401, 403}:
        return _key_rejected(f"HTTP {code}")
    if code == 404:
        return Verdict(
            Action.FAIL,
            Reason.MODEL_NOT_FOUND,
            f"Gemini has no model {model[:80]!r}. Choose one that exists (values: models.transcribe, models.sop).",
        )
    if code == 413:
        return Verdict(Action.SHRINK, Reason.MODEL_REFUSED_REQUEST, "The request is too large for the model's API.")
    if code in _PASSING or code >= 500:
        reason = Reason.MODEL_TIMEOUT if code in _TIMEOUTS else Reason.MODEL_UNAVAILABLE
        wait = retry_delay(trouble)
        action = Action.FAIL if wait is not None and wait > LONGEST_WAIT_SECONDS else Action.RETRY
        return Verdict(action, reason, f"{TABLE[reason].sentence} (HTTP {code}, {model})", wait)
    return Verdict(Action.FAIL, Reason.MODEL_REFUSED_REQUEST, _refused(trouble))


def _bad_request(trouble: Trouble, *, model: str) -> Verdict:
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in trouble.details):
        return _key_rejected("API_KEY_INVALID")
    if "ACTIVE" in trouble.message:
        return Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, "Gemini was not done with the uploaded video.")
    if _TOKENS.search(trouble.message):
        return Verdict(
            Action.SHRINK, Reason.MODEL_REFUSED_REQUEST, f"The input has more tokens than {model[:80]} takes."
        )
    return Verdict(Action.FAIL, Reason.MODEL_REFUSED_REQUEST, _refused(trouble))


def _key_rejected(why: str) -> Verdict:
    return Verdict(
        Action.FAIL,
        Reason.MODEL_KEY_REJECTED,
        f"Gemini rejected the key ({why}). Put a valid GOOGLE_GEMINI_API_KEY into the Secret or the environment.",
    )


def _refused(trouble: Trouble) -> str:
    # The API's own sentence is the only clue a person gets; it names fields and limits, never content.
    said = " ".join(trouble.message.split())[:300]
    return f"The model's API refused the request (HTTP {trouble.code} {trouble.status}): {said}"


def _quota(trouble: Trouble, *, model: str) -> Verdict:
    wait = retry_delay(trouble)
    quotas = [
        str(violation.get("quotaId", ""))
        for detail in trouble.details
        for violation in detail.get("violations", ())
        if isinstance(violation, dict)
    ]
    daily = any("PerDay" in quota for quota in quotas)
    named = f" ({quotas[0][:80]})" if quotas and quotas[0] else ""
    sentence = f"The quota of {model[:80]} is used up{named}."
    if wait is not None:
        sentence += f" Gemini asks to wait {wait:.0f} s."
    if daily or wait is None or wait > LONGEST_WAIT_SECONDS:
        return Verdict(Action.FAIL, Reason.QUOTA_EXCEEDED, sentence, wait)
    return Verdict(Action.RETRY, Reason.QUOTA_EXCEEDED, sentence, wait, attempts=2)


def retry_delay(trouble: Trouble) -> float | None:
    """Return the seconds that the API asks to wait, from `RetryInfo` or its sentence; None where it asks nothing."""
    for detail in trouble.details:
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            match = _SECONDS.fullmatch(str(detail.get("retryDelay", "")))
            if match is not None:
                return float(match.group(1))
    match = _RETRY_IN.search(trouble.message)
    return float(match.group(1)) if match is not None else None
