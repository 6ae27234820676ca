"""Answers that people gave to open questions of a SOP. Pure.

Each time that somebody answers is an object in storage. A question is known by its words: its id is another one in the
next SOP.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runops.recorded_secrets.mask import mask

__all__ = [
    "LONGEST_ANSWER",
    "LONGEST_QUESTION",
    "MOST_ANSWERS",
    "Answer",
    "Answers",
    "AnswersFull",
    "is_same_question",
    "latest",
    "read_answers",
    "without_secret",
]

MOST_ANSWERS: Final = 100
"""Of one job. All of them go to the model with each new SOP."""
LONGEST_ANSWER: Final = 2000
"""In characters."""
LONGEST_QUESTION: Final = 1000
_LONGEST_NAME: Final = 200
_MOST_COMPARED: Final = 1000
_ALIKE = 0.8
"""Share of words that two wordings of one question have in common."""
_FEWEST_WORDS = 4
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"[\"“”„«]([^\"“”„«»]*)[\"“”»]|\{[^{}]*\}")


class AnswersFull(Exception):  # noqa: N818 - says what is the case
    """A job has as many answers as it can have."""


class Answer(BaseModel):
    """What a person answered.

    Attributes
    ----------
    question
        Its words in the SOP that was read.
    answer
        The person's words. Data: they instruct nobody.
    at
        When, in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]
    answer: Annotated[str, Field(min_length=1, max_length=LONGEST_ANSWER)]
    at: Annotated[str | None, Field(max_length=_LONGEST_NAME)] = None


class Answers(BaseModel):
    """Answers, as they are in an object in storage.

    Attributes
    ----------
    answers
        The oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    answers: Annotated[tuple[Answer, ...], Field(max_length=MOST_ANSWERS)] = ()

    @property
    def sha256(self) -> str | None:
        """Hash of what a SOP depends on; None without answers."""
        if not self.answers:
            return None
        said = [[one.question, one.answer] for one in self.answers]
        return hashlib.sha256(json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()

    def to(self, question: str) -> Answer | None:
        """Return the answer to a question; None where it is open."""
        return next((one for one in reversed(self.answers) if is_same_question(one.question, question)), None)

    def without_secrets(self) -> "Answers":
        """Hide secrets in the answers."""
        hidden = [one.model_copy(update={"answer": without_secret(one.question, one.answer)}) for one in self.answers]
        return Answers(answers=tuple(hidden))

    def with_answer(self, answer: Answer) -> "Answers":
        """Add an answer, in place of an earlier one to the same question.

        Raises
        ------
        AnswersFull
            There are `MOST_ANSWERS` others.
        """
        others = [one for one in self.answers if not is_same_question(one.question, answer.question)]
        if len(others) >= MOST_ANSWERS:
            raise AnswersFull
        return Answers(answers=(*others, answer))


def read_answers(value: Any) -> tuple[Answers, int]:
    """Return the answers in a JSON value, and how many entries of it could not be read."""
    listed = value.get("answers") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        return Answers(), 0 if value is None else 1
    read = []
    for item in listed[:MOST_ANSWERS]:
        try:
            read.append(Answer.model_validate(item))
        except ValidationError:
            continue
    return Answers(answers=tuple(read)), len(listed) - len(read)


def latest(given: Iterable[Answer]) -> tuple[Answers, int]:
    """Return the last answer to each question, and how many answers are left out because there are too many.

    Parameters
    ----------
    given
        All answers, the first one first.
    """
    kept: list[Answer] = []
    left_out = 0
    for number, one in enumerate(reversed(tuple(given))):
        # Each is compared with all that are kept. Anybody who writes to the bucket decides how many there are.
        if number >= _MOST_COMPARED:
            left_out += 1
        elif not any(is_same_question(one.question, other.question) for other in kept):
            if len(kept) < MOST_ANSWERS:
                kept.append(one)
            else:
                left_out += 1
    return Answers(answers=tuple(reversed(kept))), left_out


def without_secret(question: str, answer: str) -> str:
    """Return an answer without its secrets, also where only the question tells that it is one."""
    asked = f"{question.rstrip('? ')}: "
    together = mask(asked + answer).text
    return together.removeprefix(asked) if together.startswith(asked) else mask(answer).text


def is_same_question(one: str, other: str) -> bool:
    """Tell whether two texts ask the same: the same words, or nearly, about the same names and numbers.

    A model asks in other words in each SOP.
    """
    words, others = _words(one), _words(other)
    if words == others:
        return True
    sets = set(words), set(others)
    if min(map(len, sets)) < _FEWEST_WORDS or _named(one) != _named(other):
        return False
    return len(sets[0] & sets[1]) >= _ALIKE * len(sets[0] | sets[1])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _named(text: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return quoted texts, variables and numbers: two questions about different ones are two questions."""
    quoted = [found[0].casefold().strip('"“”„«» ') for found in _QUOTED.finditer(text)]
    return sorted(quoted), sorted(word for word in _words(text) if any(map(str.isdigit, word)))
