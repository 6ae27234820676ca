"""What follows from the items of an answer: what they leave out is asked about once, then lost. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runops.failures import Reason
from runops.transcript import TranscriptItem
from runops_worker.checkpoint.format import LostRange, OpenQuestion, Trouble
from runops_worker.media.transcode.activity import Activity
from runops_worker.transcription.coverage import all_at_one_second, uncovered
from runops_worker.transcription.item_times import shifted
from runops_worker.transcription.next_questions.no_answer import without_answer
from runops_worker.transcription.next_questions.ranges import widened
from runops_worker.transcription.next_questions.step import Step, asked

__all__ = ["LEFT_OUT", "after_items", "with_missing"]

LEFT_OUT: Final = Trouble(reason="not_covered", detail="it leaves out times in which something happens")
_MOST_MISSING: Final = 3
"""Ranges that are asked again after one answer."""
_BUSY_SHARE: Final = 0.03
"""An answer without any item is believed if less than this share of the time is busy: a clock on the screen."""
_LEAST_BUSY_SECONDS: Final = 2


def after_items(question: OpenQuestion, items: Sequence[TranscriptItem], *, activity: Activity, models: int) -> Step:
    """Return what follows from the items of a whole answer; no items are believed where hardly anything happens.

    Parameters
    ----------
    question, items
        What was asked, and the answer. Times of items count from the start of the clip.
    activity
        Of the recording around it.
    models
        How many models can be asked.
    """
    start, end = question.start, question.end
    if not items:
        busy = activity.busy(start, end)
        if busy < max(_LEAST_BUSY_SECONDS, _BUSY_SHARE * (end - start)):
            return Step(items=(), until=end)
        trouble = Trouble(reason="empty", failure=Reason.MODEL_EMPTY_ANSWER)
        may_repeat = question.purpose == "first"
        return without_answer(question, (start, end), trouble, may_repeat=may_repeat, models=models)
    step = with_missing(question, items, until=end, activity=activity)
    if not (step.ask or step.lost) or not all_at_one_second(items):
        return step
    # Their times are wrong, so it is not known what they tell about.
    if question.purpose == "missing":
        again = without_answer(question, (start, end), LEFT_OUT, may_repeat=False, models=models)
    else:
        again = Step(ask=(asked(question, (start, end), "missing", LEFT_OUT),))
    return replace(again, dropped=len(items))


def with_missing(question: OpenQuestion, items: Sequence[TranscriptItem], *, until: float, activity: Activity) -> Step:
    """Keep the items; ask about what they leave out up to `until`, or lose it where it has been asked about before."""
    placed = [shifted(item, question.start) for item in items]
    missing = uncovered(placed, activity, start=question.start, end=until, most=_MOST_MISSING)
    if question.purpose == "missing":
        lost = [LostRange(start=part[0], end=part[1], trouble=LEFT_OUT) for part in missing]
        return Step(items=items, until=until, lost=tuple(lost))
    ask = [asked(question, widened(part, earliest=question.start), "missing", LEFT_OUT) for part in missing]
    return Step(items=items, until=until, ask=tuple(ask))
