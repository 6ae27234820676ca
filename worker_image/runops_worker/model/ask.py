"""Asks one question and reads the answer; an invalid answer gets one repair turn."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from runops.failures import TABLE, Failed, Reason
from runops_worker.model.answer_json import MOST_FAULTS
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, Exchange, Model, Question, UploadedVideo

__all__ = [
    "Asked",
    "IncompleteAnswer",
    "NoUsableAnswer",
    "Reading",
    "ask_and_repair",
    "complaint",
    "failure_of",
    "invalid_output",
]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_NAMED_IN_SENTENCE = 3
_REPEATED_CHARACTERS = 200_000


class IncompleteAnswer(Exception):  # noqa: N818 - a state of an answer; the caller may ask for less
    """The answer did not end as `AnswerEnd.COMPLETE`.

    Parameters
    ----------
    answer
        What arrived, and how it ended.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"the answer is {answer.end} ({answer.detail})")


class NoUsableAnswer(Failed):
    """A model answered, but not so that the answer can be used. Another model may.

    Parameters
    ----------
    reason, detail
        As of `Failed`.
    model
        Which model it was.
    """

    def __init__(self, reason: Reason, detail: str, *, model: str) -> None:
        super().__init__(reason, detail)
        self.model = model


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """An answer as it was read.

    Attributes
    ----------
    value
        What it says; None where it is unusable.
    faults
        What is wrong with it, one sentence each; empty for a valid answer.
    is_usable
        Whether the value may be used in spite of its faults, where a repair brings nothing better.
    """

    value: T | None
    faults: tuple[str, ...] = ()
    is_usable: bool = False


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What an answer says, and the model that gave it."""

    value: T
    model: str


def complaint(faults: Sequence[str]) -> str:
    """Return the text of a repair turn. Pure."""
    named = "\n".join(f"- {fault}" for fault in faults[:MOST_FAULTS])
    more = f"\n- and {len(faults) - MOST_FAULTS} more like these" if len(faults) > MOST_FAULTS else ""
    return (
        "Your answer does not have the agreed form. These are its faults:\n"
        f"{named}{more}\n"
        "Give the whole answer once more as JSON with these faults corrected and everything else as it was."
    )


def invalid_output(faults: Sequence[str], *, model: str, stage: str) -> NoUsableAnswer:
    """Return the failure of an answer that is still invalid after its repair. Pure."""
    named = "; ".join(fault.rstrip(".") for fault in faults[:_NAMED_IN_SENTENCE])
    more = f" (and {len(faults) - _NAMED_IN_SENTENCE} more)" if len(faults) > _NAMED_IN_SENTENCE else ""
    return NoUsableAnswer(
        Reason.INVALID_OUTPUT,
        f"The {stage} of {model} did not have the agreed form, even after one repair: {named}{more}. "
        "Run it again, or choose another model.",
        model=model,
    )


def failure_of(answer: Answer, *, model: str) -> NoUsableAnswer:
    """Return the failure of an answer that is refused or empty. Pure."""
    word = f" ({answer.detail})" if answer.detail else ""
    if answer.end is AnswerEnd.REFUSED:
        sentence = f"{model} refused the recording for its content{word}. {TABLE[Reason.BLOCKED].remedy}"
        return NoUsableAnswer(Reason.BLOCKED, sentence, model=model)
    remedy = TABLE[Reason.MODEL_EMPTY_ANSWER].remedy
    return NoUsableAnswer(Reason.MODEL_EMPTY_ANSWER, f"The answer of {model} was empty{word}. {remedy}", model=model)


async def ask_and_repair(
    model: Model,
    question: Question,
    read: Callable[[str], Reading[T]],
    *,
    video: UploadedVideo | None,
    on_usage: Callable[[CallUsage], None],
    stage: str,
) -> Asked[T]:
    """Ask; where the answer is invalid, send its faults once and read the second answer.

    A first answer that is usable in spite of its faults is returned where the second has no fewer faults or fails.

    Parameters
    ----------
    model, question, video, on_usage
        As for `Model.ask`.
    read
        Reads an answer.
    stage
        What is asked for, as one word for the sentence: transcript or SOP.

    Raises
    ------
    IncompleteAnswer
        An answer was cut off, endless, refused or empty, and no other is usable.
    NoUsableAnswer
        `InvalidOutput`, where the second answer is invalid too and none is usable.
    Failed
        The failure of the model.
    """
    answer = await _complete(model, question, video=video, on_usage=on_usage)
    reading = read(answer.text)
    if not reading.faults and reading.value is not None:
        return Asked(reading.value, answer.model or question.model)
    first = answer
    _LOG.warning("the answer is invalid, asking for a repair", extra={"faults": len(reading.faults), "of": stage})
    exchange = Exchange(answer.text[:_REPEATED_CHARACTERS], complaint(reading.faults))
    try:
        answer = await _complete(model, replace(question, exchanges=(exchange,)), video=video, on_usage=on_usage)
    except (Failed, IncompleteAnswer) as error:
        if reading.value is None or not reading.is_usable:
            raise
        _LOG.warning("the repair failed, using the first answer", extra={"why": _word(error), "of": stage})
        return Asked(reading.value, first.model or question.model)
    repaired = read(answer.text)
    usable = [one for one in (reading, repaired) if one.value is not None and (one.is_usable or not one.faults)]
    best = min(usable, key=lambda one: len(one.faults), default=None)
    if best is None or best.value is None:
        raise invalid_output(repaired.faults, model=answer.model or question.model, stage=stage)
    if best.faults:
        _LOG.warning("using an answer with faults", extra={"faults": len(best.faults), "of": stage})
    return Asked(best.value, (first if best is reading else answer).model or question.model)


def _word(error: Failed | IncompleteAnswer) -> str:
    return str(error.reason if isinstance(error, Failed) else error.answer.end)


async def _complete(
    model: Model, question: Question, *, video: UploadedVideo | None, on_usage: Callable[[CallUsage], None]
) -> Answer:
    answer = await model.ask(question, video=video, on_usage=on_usage)
    if answer.end is not AnswerEnd.COMPLETE:
        raise IncompleteAnswer(answer)
    return answer
