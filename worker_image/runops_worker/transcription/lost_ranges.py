"""When so much of a recording is lost that the video fails, and with which reason. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from runops.failures import TABLE, Failed, Reason
from runops.transcript import timestamp
from runops_worker.checkpoint.format import LostRange

__all__ = ["lost_failure", "lost_seconds", "nothing_found"]

_MOST_LOST: Final = 0.5
"""A SOP of less than half of a recording is worse than an error: its reader does not expect that most is missing."""


def lost_seconds(lost: Iterable[LostRange]) -> float:
    """Return how many seconds are lost. Ranges may overlap; a second counts once."""
    total, reached = 0.0, 0.0
    for part in sorted(lost, key=lambda part: (part.start, part.end)):
        total += max(part.end - max(part.start, reached), 0.0)
        reached = max(reached, part.end)
    return total


def lost_failure(lost: Sequence[LostRange], *, video_seconds: float, model: str) -> Failed | None:
    """Return the failure of a video of which too much is lost; None where it goes on.

    Parameters
    ----------
    lost
        All that is lost so far.
    video_seconds
        Length of the recording.
    model
        Named in the sentence.
    """
    gone = lost_seconds(lost)
    if gone <= _MOST_LOST * video_seconds:
        return None
    seconds: Counter[Reason] = Counter()
    for part in lost:
        seconds[part.trouble.failure] += round(1000 * (part.end - part.start))
    ((reason, _),) = seconds.most_common(1)
    detail = next((part.trouble.detail for part in lost if part.trouble.failure is reason and part.trouble.detail), "")
    what = (
        "the recording" if gone >= video_seconds - 1 else f"{_length(gone)} of the recording ({_length(video_seconds)})"
    )
    return Failed(reason, f"{_sentence(reason, what, detail, model=model)} {TABLE[reason].remedy}")


def nothing_found(*, model: str) -> Failed:
    """Return the failure of a video in which the model saw and heard nothing at all."""
    remedy = TABLE[Reason.MODEL_EMPTY_ANSWER].remedy
    return Failed(Reason.MODEL_EMPTY_ANSWER, f"{model} saw and heard nothing in the recording. {remedy}")


def _sentence(reason: Reason, what: str, detail: str, *, model: str) -> str:
    word = f" ({detail})" if detail else ""
    if reason is Reason.BLOCKED:
        return f"{model} refused {what} for its content{word}."
    if reason is Reason.MODEL_EMPTY_ANSWER:
        return f"{model} gave an empty answer about {what}{word}."
    if reason is Reason.OUTPUT_CUT_OFF:
        return f"The transcript that {model} gave of {what} was cut off, however short the part asked for was."
    return f"The transcript that {model} gave of {what} could not be used: {detail.rstrip('.')}."


def _length(seconds: float) -> str:
    return timestamp(round(seconds))
