"""Turns the exceptions of the SDK and its transport into verdicts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runops.authorities import distrust
from runops.failures import Reason
from runops_worker.gemini.judge_error import Action, ApiError, CallFailed, Verdict, judge

__all__ = ["api_error", "verdicts"]


@contextmanager
def verdicts(model: str) -> Iterator[None]:
    """Raise `CallFailed` for every exception of the SDK in the block.

    Parameters
    ----------
    model
        The model that is asked, for the sentence.
    """
    import httpx2  # noqa: PLC0415 - loaded with the SDK, when the model is opened
    from google.genai import errors  # noqa: PLC0415 - the same

    try:
        yield
    except errors.APIError as error:
        raise CallFailed(judge(api_error(error.code, error.details), model=model)) from None
    except (TimeoutError, httpx2.TimeoutException) as error:
        sentence = f"{model[:80]} did not answer in time ({type(error).__name__})."
        of_model = not isinstance(error, (httpx2.ConnectTimeout, httpx2.PoolTimeout))
        # A call may take nine minutes: a third one that is given up is the last.
        verdict = Verdict(Action.RETRY, Reason.MODEL_TIMEOUT, sentence, attempts=3, of_model=of_model)
        raise CallFailed(verdict) from error
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        why = distrust(error)
        sentence = f"Gemini could not be reached ({type(error).__name__}).{f' {why}' if why else ''}"
        # No certificate is trusted by asking again.
        attempts = None if why is None else 1
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence, attempts=attempts)) from error
    except (json.JSONDecodeError, KeyError, errors.UnknownApiResponseError) as error:
        # The page of a proxy, a body cut short, or an upload that was answered without an address.
        sentence = f"Something between here and Gemini answered in its place ({type(error).__name__})."
        raise CallFailed(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence)) from error


def api_error(code: int | None, body: Any) -> ApiError:
    """Return the error in the JSON body of an answer. Pure.

    Parameters
    ----------
    code
        HTTP status; None where it is not known.
    body
        The parsed body, or anything else.
    """
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        error = {}
    raw = error.get("details")
    details = tuple(detail for detail in raw if isinstance(detail, dict)) if isinstance(raw, list) else ()
    inner_code = error.get("code")
    number = code if isinstance(code, int) else inner_code if isinstance(inner_code, int) else 500
    # An error event inside a stream comes with the stream's own status.
    if 200 <= number < 300:
        number = inner_code if isinstance(inner_code, int) else 500
    return ApiError(number, str(error.get("status") or ""), str(error.get("message") or ""), details)
