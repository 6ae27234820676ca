"""The state of a chunk after each answer, until nothing is left to ask. Pure."""

from typing import Final

from runops.transcript import dump_transcript, parse_item
from runops_worker.checkpoint.format import AnsweredRange, ChunkState
from runops_worker.media.transcode.activity import Activity
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.broken_answer import after_broken_answer, is_broken
from runops_worker.transcription.next_questions.giving_up import given_up, still_lost
from runops_worker.transcription.next_questions.whole_answer import after_repair, after_whole_answer

__all__ = ["MOST_CALLS", "after_answer", "unanswered"]

MOST_CALLS: Final = 12
"""Questions about one chunk. One bad place in 300 s takes 7 (the whole, then two for each of three halvings), two take
11. A fallback model answers sooner: a chunk that the first model refuses everywhere takes 5."""


def after_answer(state: ChunkState, heard: Heard, *, activity: Activity, models: int) -> ChunkState:
    """Return the state of a chunk once its next question has been answered.

    Parameters
    ----------
    state
        Its first open question was asked.
    heard
        The answer.
    activity
        Of the recording during the chunk.
    models
        How many models can be asked: the task's own, and those to fall back on.
    """
    question, others = state.open[0], state.open[1:]
    answered = state.answered
    if question.purpose == "repair":
        # The part that it is about was added by the answer just before.
        before, answered = answered[-1], answered[:-1]
        items = [parse_item(item) for item in before.items]
        step = after_repair(question, heard, before=items, activity=activity, models=models)
    elif is_broken(heard):
        step = after_broken_answer(question, heard, activity=activity, models=models)
    else:
        step = after_whole_answer(question, heard, activity=activity, models=models)
    if step.items is not None:
        part = AnsweredRange(start=question.start, end=step.until, items=dump_transcript(step.items), model=heard.model)
        answered = (*answered, part)
    return _within_budget(
        state.model_copy(
            update={
                "open": (*step.ask, *others),
                "answered": answered,
                "lost": (*state.lost, *still_lost(step.lost, answered)),
                "calls": state.calls + 1,
                "settled": state.settled + sum(heard.settled.values()),
                "dropped": state.dropped + heard.dropped + step.dropped,
                "repaired": state.repaired + step.repaired,
                "asked_again": state.asked_again + (question.purpose not in {"first", "repair"}),
            }
        )
    )


def unanswered(state: ChunkState) -> ChunkState:
    """Return the state of a chunk whose next question no model can answer: a fallback model that is out.

    What the first model refused stays lost, as it would be without a fallback model.
    """
    return given_up(state.model_copy(update={"open": state.open[1:]}), state.open[:1])


def _within_budget(state: ChunkState) -> ChunkState:
    """Give up what is still open after the last call that is allowed."""
    if state.calls < MOST_CALLS or not state.open:
        return state
    return given_up(state.model_copy(update={"open": ()}), state.open)
