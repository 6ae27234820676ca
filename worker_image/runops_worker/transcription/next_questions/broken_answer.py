"""What follows from an answer that is not whole: its items are kept, and the rest is asked about. Pure."""

from dataclasses import replace
from typing import Final

from runops.failures import Reason
from runops_worker.checkpoint.format import OpenQuestion, Trouble
from runops_worker.media.transcode.activity import Activity
from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.item_loop import before_loop
from runops_worker.transcription.next_questions.left_out import with_missing
from runops_worker.transcription.next_questions.no_answer import without_answer
from runops_worker.transcription.next_questions.ranges import Range, may_be_halved, widened
from runops_worker.transcription.next_questions.step import Step, asked

__all__ = ["after_broken_answer", "is_broken"]

_LEAST_PROGRESS_SECONDS: Final = 5.0


def is_broken(heard: Heard) -> bool:
    """Return whether an answer is not whole: it was refused, cut off, endless or empty, or could not be read."""
    return heard.end is not AnswerEnd.COMPLETE or heard.unusable is not None or not heard.is_whole


def after_broken_answer(question: OpenQuestion, heard: Heard, *, activity: Activity, models: int) -> Step:
    """Return what follows from an answer that is not whole; the parameters are those of `after_answer`."""
    items = before_loop(heard.items) if heard.end is AnswerEnd.LOOPED else heard.items
    trouble, dropped = _trouble(heard), len(heard.unsettled)
    if not items:
        may_repeat = heard.end is AnswerEnd.COMPLETE and heard.unusable is not None and question.purpose == "first"
        whole = (question.start, question.end)
        step = without_answer(question, whole, trouble, may_repeat=may_repeat, models=models)
        return replace(step, dropped=dropped)
    reached = question.start + float(int(items[-1].start))
    if question.end - reached <= 1.0:
        return replace(with_missing(question, items, until=question.end, activity=activity), dropped=dropped)
    step = with_missing(question, items, until=reached, activity=activity)
    rest = _rest(question, (reached, question.end), trouble, models=models)
    return replace(step, ask=(*step.ask, *rest.ask), lost=(*step.lost, *rest.lost), dropped=dropped)


def _rest(question: OpenQuestion, rest: Range, trouble: Trouble, *, models: int) -> Step:
    """Return what is asked about the rest of a range after an answer that broke off."""
    length, rest_length = question.end - question.start, rest[1] - rest[0]
    fits = trouble.reason == "cut_off" and rest_length <= length / 2
    # A rest that is longer than what was answered would break off again. What is refused is found by halving.
    if fits or not may_be_halved(*rest):
        clip = widened(rest, earliest=question.start)
        if clip[0] - question.start >= _LEAST_PROGRESS_SECONDS:
            return Step(ask=(asked(question, clip, "rest", trouble),))
    return without_answer(question, rest, trouble, may_repeat=False, models=models)


def _trouble(heard: Heard) -> Trouble:
    if heard.end is AnswerEnd.REFUSED:
        return Trouble(reason="refused", failure=Reason.BLOCKED, detail=heard.detail)
    if heard.end is AnswerEnd.EMPTY:
        return Trouble(reason="empty", failure=Reason.MODEL_EMPTY_ANSWER, detail=heard.detail)
    if heard.end is AnswerEnd.COMPLETE and heard.unusable is not None:
        return Trouble(reason="empty", failure=Reason.INVALID_OUTPUT, detail=heard.unusable)
    return Trouble(reason="cut_off", failure=Reason.OUTPUT_CUT_OFF, detail=heard.detail)
