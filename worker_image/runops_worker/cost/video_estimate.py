"""Which calls a video takes as a rule, before the first one is made. Pure.

Repairs, questions about what an answer left out, and calls that fail are not part of it.
"""

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from runops_worker.media.transcode.chunks import plan_chunks
from runops_worker.model.estimate import CallEstimate, clip_estimate, text_estimate
from runops_worker.model.prices import cost
from runops_worker.sop.long.long_request import COMPACT_TOKENS, FULL_TOKENS, SECTION_TOKENS
from runops_worker.sop.long.sections import section_question
from runops_worker.sop.sop_request import sop_question
from runops_worker.task import Task
from runops_worker.transcription.chunk_request import clip_question

__all__ = ["priced", "sop_calls", "video_calls"]

_TRANSCRIPT_TOKENS_PER_SECOND: Final = 20
"""Of a recording in which somebody works and talks."""
_COMPACT_SHARE: Final = 0.5
"""Of a transcript's tokens that are left when it is sent with short keys."""
_NOTES_SHARE: Final = 0.15
"""Of a section's tokens that the notes about it take."""


def video_calls(task: Task, *, seconds: float, has_audio: bool) -> list[CallEstimate]:
    """Return the calls about a recording of so many seconds: one about each chunk, and those for the SOP."""
    chunks = [
        clip_estimate(
            clip_question(task, model=task.transcribe_model, seconds=chunk.length, has_audio=has_audio),
            seconds=chunk.length,
            fps=task.fps,
            with_sound=has_audio,
        )
        for chunk in plan_chunks(max(seconds, 1.0))
    ]
    return [*chunks, *sop_calls(task, seconds=seconds)]


def sop_calls(task: Task, *, seconds: float) -> list[CallEstimate]:
    """Return the calls that make a SOP of the transcript of a recording of so many seconds."""
    whole = math.ceil(seconds * _TRANSCRIPT_TOKENS_PER_SECOND)
    question = sop_question(task, ())
    if whole <= FULL_TOKENS:
        return [text_estimate(question, more_tokens=whole)]
    compact = math.ceil(whole * _COMPACT_SHARE)
    if compact <= COMPACT_TOKENS:
        return [text_estimate(question, more_tokens=compact)]
    count = math.ceil(compact / SECTION_TOKENS)
    section = section_question((), model=task.sop_model, number=1, count=count)
    sections = [text_estimate(section, more_tokens=math.ceil(compact / count)) for _ in range(count)]
    return [*sections, text_estimate(question, more_tokens=math.ceil(compact * _NOTES_SHARE))]


def priced(calls: Sequence[CallEstimate], *, on: date) -> tuple[Decimal | None, tuple[str, ...]]:
    """Return what calls cost as a rule at the prices of a day, in US dollars, and the models without a known price.

    The cost is None where no price is known; otherwise it is that of the calls with a known price.
    """
    costs = [(call.model, cost(call.usual(), on)) for call in calls]
    known = [dollars for _, dollars in costs if dollars is not None]
    unknown = dict.fromkeys(model for model, dollars in costs if dollars is None)
    return (sum(known, Decimal(0)) if known else None), tuple(unknown)
