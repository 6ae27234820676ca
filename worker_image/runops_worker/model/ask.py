"""One question, its answer read, and one repair turn where the answer is not right."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from runops.failures import Failed, Reason
from runops_worker.model.answer_json import MOST_FAULTS
from runops_worker.model.protocol import CallUsage, Exchange, Model, Question, Shown

__all__ = ["CutOff", "Reading", "ask_and_repair", "complaint", "invalid_output"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_NAMED_IN_SENTENCE = 3
_REPEATED_CHARACTERS = 200_000


class CutOff(Exception):  # noqa: N818 - a state of an answer, which the caller may mend by asking for less
    """The answer is incomplete."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """An answer as it was understood.

    Attributes
    ----------
    value
        What it says; None where it cannot be used.
    faults
        What is wrong with it, one sentence each; empty for a right answer.
    """

    value: T | None
    faults: tuple[str, ...] = ()


def complaint(faults: Sequence[str]) -> str:
    """Return the words of a repair turn."""
    named = "\n".join(f"- {fault}" for fault in faults[:MOST_FAULTS])
    more = f"\n- and {len(faults) - MOST_FAULTS} more of the like" if len(faults) > MOST_FAULTS else ""
    return (
        "Your answer does not have the agreed form. These are its faults:\n"
        f"{named}{more}\n"
        "Give the whole answer once more as JSON with these faults corrected and everything else as it was."
    )


def invalid_output(faults: Sequence[str], *, model: str, stage: str) -> Failed:
    """Return the failure of an answer that is still wrong after its repair."""
    shown = "; ".join(fault.rstrip(".") for fault in faults[:_NAMED_IN_SENTENCE])
    more = f" (and {len(faults) - _NAMED_IN_SENTENCE} more)" if len(faults) > _NAMED_IN_SENTENCE else ""
    return Failed(
        Reason.INVALID_OUTPUT,
        f"The {stage} of {model} did not have the agreed form, even after one repair: {shown}{more}. "
        "Run it again, or choose another model.",
    )


async def ask_and_repair(
    model: Model,
    question: Question,
    read: Callable[[str], Reading[T]],
    *,
    shown: Shown | None,
    on_usage: Callable[[CallUsage], None],
    stage: str,
) -> T:
    """Ask; where the answer is not right, name its faults once and read the second answer.

    Parameters
    ----------
    model, question, shown, on_usage
        As for `Model.ask`.
    read
        Understands an answer.
    stage
        What is asked for, in a word, for the sentence: transcript or SOP.

    Raises
    ------
    CutOff
        An answer is incomplete.
    Failed
        `InvalidOutput` where the second answer is not right either; or what the model failed with.
    """
    answer = await model.ask(question, shown=shown, on_usage=on_usage)
    if answer.cut_off:
        raise CutOff
    reading = read(answer.text)
    if not reading.faults and reading.value is not None:
        return reading.value
    _LOG.warning("the answer is not right, asking for a repair", extra={"faults": len(reading.faults), "of": stage})
    exchange = Exchange(answer.text[:_REPEATED_CHARACTERS], complaint(reading.faults))
    answer = await model.ask(replace(question, exchanges=(exchange,)), shown=shown, on_usage=on_usage)
    if answer.cut_off:
        raise CutOff
    reading = read(answer.text)
    if reading.faults or reading.value is None:
        raise invalid_output(reading.faults, model=question.model, stage=stage)
    return reading.value
