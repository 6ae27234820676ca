"""Adds questions to the owner to a SOP. Pure."""

from collections.abc import Sequence

from runops.sop import Clarification, Sop

__all__ = ["add_questions"]


def add_questions(sop: Sop, questions: Sequence[str]) -> Sop:
    """Return the SOP with further clarification requests of high importance, before its own ones.

    Parameters
    ----------
    sop
        Its own requests keep their ids.
    questions
        One sentence each. A question that the SOP asks already is not asked again.
    """
    own = sop.public.clarification_requests or []
    asked = {request.question for request in own}
    fresh = [question for question in dict.fromkeys(questions) if question not in asked]
    if not fresh:
        return sop
    taken = {request.id for request in own}
    ids = (name for number in range(1, len(fresh) + len(taken) + 1) if (name := f"recording-{number}") not in taken)
    added = [
        Clarification(id=name, question=question, importance="high") for name, question in zip(ids, fresh, strict=False)
    ]
    public = sop.public.model_copy(update={"clarification_requests": [*added, *own]})
    return sop.model_copy(update={"public": public})
