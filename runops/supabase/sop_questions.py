"""Open questions of a job's SOP, and the answers that people give to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from runops.object_names import answers_folder
from runops.sop_answers import (
    LONGEST_ANSWER,
    LONGEST_QUESTION,
    MOST_ANSWERS,
    Answer,
    Answers,
    AnswersFull,
    without_secret,
)
from runops.sop_as_stored import sop_as_stored
from runops.supabase.connection import Supabase
from runops.supabase.stored_answers import MOST_OBJECTS, StoredAnswers, read_stored_answers, store_answers
from runops.videojob import Source

__all__ = ["AnswerRefused", "OpenQuestion", "OtherAnswer", "Questions", "Saved", "read_questions", "save_answers"]

_BUCKET = Source().bucket


class AnswerRefused(Exception):  # noqa: N818 - says what is the case
    """An answer is not one that can be kept; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A clarification request of the SOP in the table.

    Attributes
    ----------
    id, question, importance
        As in the SOP.
    answer
        What was answered since the SOP was made; None where it is open.
    """

    id: str
    question: str
    importance: Literal["high", "medium", "low"]
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of a SOP, the most important ones first."""

    listed: tuple[OpenQuestion, ...]

    @property
    def left(self) -> tuple[OpenQuestion, ...]:
        """Those without an answer."""
        return tuple(one for one in self.listed if one.answer is None)


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """What was answered to a question besides the answer that was saved now.

    Attributes
    ----------
    id
        Of the question.
    answer
        The other answer; the last one, where there are more.
    counts
        Whether it came later, so that it counts.
    """

    id: str
    answer: str
    counts: bool

    def __str__(self) -> str:
        which = "that one came later and counts; answer again to replace it" if self.counts else "yours counts"
        return f'{self.id} has another answer too, and {which}: "{self.answer}"'


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved.

    Attributes
    ----------
    ids
        The questions that were answered now.
    hidden
        Those of them whose answers had a secret, which was hidden.
    questions
        All questions, as they are now.
    others
        Other answers to the questions that were answered now, given before or at the same time.
    """

    ids: tuple[str, ...]
    hidden: tuple[str, ...]
    questions: Questions
    others: tuple[OtherAnswer, ...] = ()


async def read_questions(supabase: Supabase, job_id: UUID, *, bucket: str = _BUCKET) -> Questions | None:
    """Return the questions of a job's SOP; None where the job has no SOP of ours.

    Raises
    ------
    SupabaseError
        Table or storage did not answer.
    """
    asked = await _asked(supabase, job_id)
    return (
        None
        if asked is None
        else _with_answers(asked, (await read_stored_answers(supabase.storage, bucket, job_id)).answers)
    )


async def save_answers(
    supabase: Supabase, job_id: UUID, given: Mapping[str, str], *, bucket: str = _BUCKET
) -> Saved | None:
    """Keep answers to questions of a job's SOP for its next run; None where the job has no SOP of ours.

    Nothing is queued: `runops.supabase.row_commands.run_again` does that, with `only_sop`. Secrets are hidden before
    anything is kept. To repeat it is safe. A later answer to a question counts in place of an earlier one.

    Parameters
    ----------
    supabase, job_id, bucket
        The job, and where its objects are.
    given
        Answers by the ids of their questions.

    Raises
    ------
    AnswerRefused
        One of them is empty, too long, or answers no question of the SOP, or there are too many; nothing is kept then.
    SupabaseError
        Table or storage did not answer.
    """
    asked = await _asked(supabase, job_id)
    if asked is None:
        return None
    texts = {name: text.strip() for name, text in given.items()}
    if unknown := [name for name in texts if name not in asked]:
        answers = (await read_stored_answers(supabase.storage, bucket, job_id)).answers
        raise AnswerRefused(_not_asked(unknown[0], _with_answers(asked, answers)))
    _check(texts)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = [
        Answer(question=asked[name].question, answer=without_secret(asked[name].question, text), at=now)
        for name, text in texts.items()
    ]
    stored = await _stored(supabase, job_id, bucket, kept)
    by_id = dict(zip(texts, kept, strict=True))
    hidden = tuple(name for name, one in by_id.items() if one.answer != texts[name])
    questions = _with_answers(asked, stored.answers)
    return Saved(tuple(texts), hidden, questions, _others(by_id, stored))


def _not_asked(name: str, questions: Questions) -> str:
    """Return the sentence for an answer to a question that the SOP does not have. Pure."""
    open_ids = [one.id for one in questions.left]
    answered = [one.id for one in questions.listed if one.answer is not None]
    said = [f"{word}: {', '.join(ids)[:500]}." for word, ids in (("Open", open_ids), ("Answered", answered)) if ids]
    return " ".join([f"The SOP has no question {name[:80]!r}.", *(said or ["It asks none."])])


def _check(given: Mapping[str, str]) -> None:
    for name, text in given.items():
        if not text:
            raise AnswerRefused(f"The answer to {name} is empty. Leave it out to keep the question open.")
        if len(text) > LONGEST_ANSWER:
            raise AnswerRefused(
                f"The answer to {name} has {len(text)} characters; the most is {LONGEST_ANSWER}. Shorten it."
            )


async def _asked(supabase: Supabase, job_id: UUID) -> dict[str, OpenQuestion] | None:
    there = await supabase.results.sop_in_table(job_id)
    if there is None:
        return None
    stored = sop_as_stored(there.data) if isinstance(there.data, dict) else None
    requests = [] if stored is None else stored.public.clarification_requests or []
    rank = ("high", "medium", "low")
    asked = [OpenQuestion(one.id, one.question[:LONGEST_QUESTION], one.importance) for one in requests]
    found: dict[str, OpenQuestion] = {}
    for one in sorted(asked, key=lambda one: rank.index(one.importance)):
        found.setdefault(one.id, one)
    return found


def _with_answers(asked: Mapping[str, OpenQuestion], answers: Answers) -> Questions:
    found = []
    for one in asked.values():
        answer = answers.to(one.question)
        found.append(OpenQuestion(one.id, one.question, one.importance, None if answer is None else answer.answer))
    return Questions(tuple(found))


async def _stored(supabase: Supabase, job_id: UUID, bucket: str, kept: list[Answer]) -> StoredAnswers:
    """Store those answers that do not count already, and return all, also what others stored meanwhile."""
    stored = await read_stored_answers(supabase.storage, bucket, job_id)
    answers, new = stored.answers, []
    for one in kept:
        there = answers.to(one.question)
        if there is not None and there.answer == one.answer:
            continue
        try:
            answers = answers.with_answer(one)
        except AnswersFull:
            raise AnswerRefused(f"The job has {MOST_ANSWERS} answers already, which is the most.") from None
        new.append(one)
    if not new:
        return stored
    if stored.objects >= MOST_OBJECTS:
        raise AnswerRefused(
            f"The job was answered {MOST_OBJECTS} times already, which is the most. Delete objects with answers that "
            f"are no longer wanted from {bucket}/{answers_folder(job_id)}."
        )
    await store_answers(supabase.storage, bucket, job_id, new)
    return await read_stored_answers(supabase.storage, bucket, job_id)


def _others(given: Mapping[str, Answer], stored: StoredAnswers) -> tuple[OtherAnswer, ...]:
    found, answers = [], stored.answers
    for name, mine in given.items():
        other, counting = stored.other_than(mine), answers.to(mine.question)
        if other is not None:
            found.append(OtherAnswer(name, other.answer, counting is not None and counting.answer == other.answer))
    return tuple(found)
