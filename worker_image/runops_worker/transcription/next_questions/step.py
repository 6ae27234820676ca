"""What follows from one answer. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runops.transcript import TranscriptItem
from runops_worker.checkpoint.format import LostRange, OpenQuestion, Trouble
from runops_worker.transcription.next_questions.ranges import Range

__all__ = ["Step", "asked"]


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from one answer.

    Attributes
    ----------
    items
        Those of the question's range, up to `until`; None where nothing of it is kept.
    until
        In seconds of the recording.
    ask, lost
        Questions that come next, and what is given up.
    dropped, repaired
        Items that are left out, and items that the model corrected.
    """

    items: Sequence[TranscriptItem] | None = None
    until: float = 0.0
    ask: tuple[OpenQuestion, ...] = ()
    lost: tuple[LostRange, ...] = ()
    dropped: int = 0
    repaired: int = 0


def asked(
    question: OpenQuestion,
    part: Range,
    purpose: Literal["again", "half", "rest", "missing", "fallback"],
    trouble: Trouble,
) -> OpenQuestion:
    """Return a question about a part of what was asked, to the same model."""
    return OpenQuestion(start=part[0], end=part[1], purpose=purpose, model=question.model, trouble=trouble)
