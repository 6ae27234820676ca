"""Turns what the SDK and its transport raise into a verdict."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runops.failures import Reason
from runops_worker.gemini.verdict import Action, ModelTrouble, Trouble, Verdict, judge

__all__ = ["verdicts"]


@contextmanager
def verdicts(model: str) -> Iterator[None]:
    """Raise `ModelTrouble` for everything that the SDK raises in the block.

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
        raise ModelTrouble(judge(_trouble(error.code, error.details), model=model)) from None
    except (TimeoutError, httpx2.TimeoutException) as error:
        sentence = f"{model[:80]} did not answer in time ({type(error).__name__})."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_TIMEOUT, sentence)) from error
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        sentence = f"Gemini could not be reached ({type(error).__name__})."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence)) from error
    except (json.JSONDecodeError, KeyError, errors.UnknownApiResponseError) as error:
        # A proxy's page, a body cut short, or an upload that was started without an address.
        sentence = f"Something between here and Gemini answered in its place ({type(error).__name__})."
        raise ModelTrouble(Verdict(Action.RETRY, Reason.MODEL_UNAVAILABLE, sentence)) from error


def _trouble(code: int | None, body: Any) -> Trouble:
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
    return Trouble(number, str(error.get("status") or ""), str(error.get("message") or ""), details)
