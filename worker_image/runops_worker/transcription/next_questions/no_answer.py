"""What follows where there is no answer about a range: again, in halves, by the next model, or not at all. Pure."""

from runops_worker.checkpoint.format import LostRange, OpenQuestion, Trouble
from runops_worker.transcription.next_questions.ranges import Range, halves, may_be_halved
from runops_worker.transcription.next_questions.step import Step, asked

__all__ = ["without_answer"]


def without_answer(question: OpenQuestion, part: Range, trouble: Trouble, *, may_repeat: bool, models: int) -> Step:
    """Return what follows where there is no answer about a range.

    Parameters
    ----------
    question, part
        What was asked, and the range of it without an answer.
    trouble
        Why there is none.
    may_repeat
        Whether the same is asked once more.
    models
        How many models can be asked.
    """
    if may_repeat:
        return Step(ask=(asked(question, part, "again", trouble),))
    has_next = question.model + 1 < models
    # Shorter ranges help against an answer that breaks off. What a model refuses twice, it mostly refuses again.
    is_refused_again = question.purpose in {"half", "fallback"} and trouble.reason != "cut_off"
    if may_be_halved(*part) and not (has_next and is_refused_again):
        return Step(ask=tuple(asked(question, half, "half", trouble) for half in halves(*part)))
    if has_next:
        fallback = asked(question, part, "fallback", trouble)
        return Step(ask=(fallback.model_copy(update={"model": question.model + 1}),))
    return Step(lost=(LostRange(start=part[0], end=part[1], trouble=trouble),))
