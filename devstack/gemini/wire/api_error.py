"""Refusals in the form of the API: a status, a sentence, typed details."""

from typing import Any

from devstack.gemini.behaviour import Quota
from devstack.gemini.rate import Exceeded

__all__ = [
    "ApiError",
    "bad_field",
    "invalid",
    "key_invalid",
    "key_missing",
    "over_quota",
    "reading_goes_on",
    "unavailable",
]

_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_SENTENCES = {
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}
_TYPE = "type.googleapis.com/google.rpc."
_ABOUT_QUOTAS = {
    "@type": f"{_TYPE}Help",
    "links": [{"description": "About rate limits", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}],
}


class ApiError(Exception):
    """A request is answered with an error.

    Parameters
    ----------
    code : int
        HTTP status.
    message : str
        For the caller.
    status : str or None
        Canonical name; None takes the usual one of the code.
    details : list of dict
        Typed details, each with an ``@type``.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: str | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or _NAMES.get(code, "UNKNOWN")
        self.details = details or []

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid(message: str) -> ApiError:
    """Return a plain 400 INVALID_ARGUMENT."""
    return ApiError(400, message)


def bad_field(*, field: str, message: str) -> ApiError:
    """Return a 400 that names the field at fault."""
    violation = {"field": field, "description": message} if field else {"description": message}
    return ApiError(400, message, details=[{"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}])


def key_invalid() -> ApiError:
    """Return the refusal of a wrong API key."""
    return ApiError(
        400,
        "API key not valid. Please pass a valid API key.",
        details=[
            {
                "@type": f"{_TYPE}ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ],
    )


def key_missing() -> ApiError:
    """Return the refusal of a request that shows no API key."""
    return ApiError(403, "This method cannot be called without an API key or other identity.")


def over_quota(exceeded: Exceeded, *, model: str) -> ApiError:
    """Return the refusal of a call above a quota per minute, with the quotas that are used up."""
    wait = f"{exceeded.wait_seconds:.3f}".rstrip("0").rstrip(".") + "s"
    violations = [
        {
            "quotaMetric": f"generativelanguage.googleapis.com/{metric}",
            "quotaId": quota,
            "quotaDimensions": {"location": "global", "model": model},
            "quotaValue": str(limit),
        }
        for metric, quota, limit in (
            (
                "generate_content_paid_tier_requests",
                "GenerateRequestsPerMinutePerProjectPerModel",
                exceeded.requests,
            ),
            (
                "generate_content_paid_tier_input_token_count",
                "GenerateContentPaidTierInputTokensPerModelPerMinute",
                exceeded.tokens,
            ),
        )
        if limit is not None
    ]
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPE}QuotaFailure", "violations": violations},
        _ABOUT_QUOTAS,
        {"@type": f"{_TYPE}RetryInfo", "retryDelay": wait},
    ]
    return ApiError(429, f"{_SENTENCES[429]} Please retry in {wait}.", details=details)


def reading_goes_on(*, waited: float, again: float) -> ApiError:
    """Return what a call gets whose video is not read in time: this machine is slower than the client is patient."""
    return ApiError(
        503,
        f"The stand-in is still reading this video, after {waited:g} s: this machine is slow, or has other work. "
        f"It reads on. Please retry in {again:g}s.",
        details=[{"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{again:g}s"}],
    )


def unavailable(
    *, code: int, model: str, retry_after_seconds: float | None = None, quota: Quota | None = None
) -> ApiError:
    """Return a scripted error with the details that a quota or an overload carries.

    Parameters
    ----------
    code : int
        HTTP status.
    model : str
        Named in the quota's dimensions.
    retry_after_seconds : float or None
        Shown in `RetryInfo` and in the sentence.
    quota : str or None
        Which quota was used up.
    """
    details: list[dict[str, Any]] = []
    if quota is not None:
        period = "Minute" if quota == "perMinute" else "Day"
        details.append(
            {
                "@type": f"{_TYPE}QuotaFailure",
                "violations": [
                    {
                        "quotaMetric": "generativelanguage.googleapis.com/generate_content_paid_tier_requests",
                        "quotaId": f"GenerateRequestsPer{period}PerProjectPerModel",
                        "quotaDimensions": {"location": "global", "model": model},
                        "quotaValue": "10" if quota == "perMinute" else "250",
                    }
                ],
            }
        )
    if code == 429:
        details.append(_ABOUT_QUOTAS)
    message = _SENTENCES.get(code, f"The request failed with status {code}.")
    if retry_after_seconds is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{retry_after_seconds:g}s"})
        message += f" Please retry in {retry_after_seconds:g}s."
    return ApiError(code, message, details=details)
