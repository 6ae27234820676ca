"""Open questions of a job's SOP, and the answers that people give to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from runops.object_names import answers_object
from runops.sop_answers import (
    LONGEST_ANSWER,
    LONGEST_QUESTION,
    MOST_ANSWERS,
    Answer,
    Answers,
    AnswersFull,
    read_answers,
    without_secret,
)
from runops.sop_as_stored import sop_as_stored
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.videojob import Source

__all__ = ["AnswerRefused", "OpenQuestion", "Questions", "Saved", "read_questions", "save_answers"]

_ROUNDS = 4
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
    """

    ids: tuple[str, ...]
    hidden: tuple[str, ...]
    questions: Questions


async def read_questions(supabase: Supabase, job_id: UUID, *, bucket: str = _BUCKET) -> Questions | None:
    """Return the questions of a job's SOP; None where the job has no SOP of ours.

    Raises
    ------
    SupabaseError
        Table or storage did not answer.
    """
    asked = await _asked(supabase, job_id)
    return None if asked is None else _with_answers(asked, await _answers(supabase, job_id, bucket))


async def save_answers(
    supabase: Supabase, job_id: UUID, given: Mapping[str, str], *, bucket: str = _BUCKET
) -> Saved | None:
    """Keep answers to questions of a job's SOP for its next run; None where the job has no SOP of ours.

    Nothing is queued: `runops.supabase.row_commands.run_again` does that, with `only_sop`. Secrets are hidden before
    anything is kept. To repeat it is safe, and a later answer replaces an earlier one.

    Parameters
    ----------
    supabase, job_id, bucket
        The job, and where its objects are.
    given
        Answers by the ids of their questions.

    Raises
    ------
    AnswerRefused
        One of them is empty, too long, or answers no question of the SOP; nothing is kept then.
    SupabaseError
        Table or storage did not answer, or others answered at the same time again and again.
    """
    asked = await _asked(supabase, job_id)
    if asked is None:
        return None
    texts = {name: text.strip() for name, text in given.items()}
    _check(asked, texts)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = [
        Answer(question=asked[name].question, answer=without_secret(asked[name].question, text), at=now)
        for name, text in texts.items()
    ]
    answers = await _write(supabase, job_id, bucket, kept)
    hidden = tuple(name for (name, text), one in zip(texts.items(), kept, strict=True) if one.answer != text)
    return Saved(tuple(texts), hidden, _with_answers(asked, answers))


def _check(asked: Mapping[str, OpenQuestion], given: Mapping[str, str]) -> None:
    for name, text in given.items():
        if name not in asked:
            there = ", ".join(asked) or "none"
            raise AnswerRefused(f"The SOP has no open question {name[:80]!r}. Open questions: {there[:500]}.")
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


async def _answers(supabase: Supabase, job_id: UUID, bucket: str) -> Answers:
    try:
        value = await supabase.storage.read_json(bucket, answers_object(job_id))
    except SupabaseError as error:
        # What is there is no JSON: whoever wrote it, it holds no answer.
        if error.kind is not ErrorKind.INVALID:
            raise
        value = None
    return read_answers(value)[0]


def _with_answers(asked: Mapping[str, OpenQuestion], answers: Answers) -> Questions:
    found = []
    for one in asked.values():
        answer = answers.to(one.question)
        found.append(OpenQuestion(one.id, one.question, one.importance, None if answer is None else answer.answer))
    return Questions(tuple(found))


async def _write(supabase: Supabase, job_id: UUID, bucket: str, kept: list[Answer]) -> Answers:
    """Add answers to those in storage, which knows no condition on a write: what others wrote meanwhile is added to."""
    answers = await _answers(supabase, job_id, bucket)
    for _round in range(_ROUNDS):
        if all(one in answers.answers for one in kept):
            return answers
        for one in kept:
            try:
                answers = answers.with_answer(one)
            except AnswersFull:
                raise AnswerRefused(f"The job has {MOST_ANSWERS} answers already, which is the most.") from None
        await supabase.storage.upload_json(bucket, answers_object(job_id), answers.model_dump(mode="json"))
        answers = await _answers(supabase, job_id, bucket)
    if all(one in answers.answers for one in kept):
        return answers
    raise SupabaseError(
        ErrorKind.CONFLICT, f"Others answered questions of {job_id} at the same time again and again. Try again."
    )
