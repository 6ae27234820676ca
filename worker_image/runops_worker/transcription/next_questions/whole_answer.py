"""What follows from a whole answer: its unreadable items are dropped if they are few, else repaired once. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runops.transcript import TranscriptItem, ordered
from runops_worker.checkpoint.format import OpenQuestion, Trouble
from runops_worker.media.transcode.activity import Activity
from runops_worker.transcription.chunk_request import MOST_REPAIRED
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.left_out import after_items
from runops_worker.transcription.next_questions.no_answer import without_answer
from runops_worker.transcription.next_questions.step import Step

__all__ = ["after_repair", "after_whole_answer"]

_FEW: Final = 0.1
"""One unreadable item in ten is dropped: its neighbours tell about the same seconds, and a repair shows the model the
whole clip again."""
_FAIR: Final = 0.5
"""If fewer items than this share can be read even after a repair, the answer counts as none."""


def after_whole_answer(question: OpenQuestion, heard: Heard, *, activity: Activity, models: int) -> Step:
    """Return what follows from a whole answer; the parameters are those of `after_answer`."""
    if len(heard.unsettled) <= _FEW * (len(heard.items) + len(heard.unsettled)):
        step = after_items(question, heard.items, activity=activity, models=models)
        return replace(step, dropped=step.dropped + len(heard.unsettled))
    unsettled, too_many = heard.unsettled[:MOST_REPAIRED], heard.unsettled[MOST_REPAIRED:]
    repair = question.model_copy(update={"purpose": "repair", "unsettled": unsettled})
    return Step(items=heard.items, until=question.end, ask=(repair,), dropped=len(too_many))


def after_repair(
    question: OpenQuestion, heard: Heard, *, before: Sequence[TranscriptItem], activity: Activity, models: int
) -> Step:
    """Return what follows from a repair; `before` are the items that could be read without it."""
    repaired = heard.items[: len(question.unsettled)]
    dropped = len(question.unsettled) - len(repaired)
    items = ordered([*before, *repaired])
    if len(items) < _FAIR * (len(before) + len(question.unsettled)):
        faults = [fault for item in question.unsettled for fault in item.faults]
        trouble = Trouble(reason="empty", detail=(faults or [""])[0])
        step = without_answer(question, (question.start, question.end), trouble, may_repeat=False, models=models)
        return replace(step, dropped=len(question.unsettled) + len(before))
    step = after_items(question, items, activity=activity, models=models)
    return replace(step, dropped=step.dropped + dropped, repaired=len(repaired))
