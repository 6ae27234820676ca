"""The questions that a fix leaves open, and how important each is. Pure.

The rule is the one that the model's prompt gives: `high` where the procedure cannot be carried out without the answer,
`medium` where results may differ, `low` for everything else. Each text says first what is wrong, so that a question of
high importance is also a sentence for the model's repair turn.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

__all__ = [
    "Question",
    "answer_used_twice",
    "child_of_two_loops",
    "dead_end",
    "endless",
    "leaves_loop_for",
    "loop_without_children",
    "loop_without_exit",
    "missing_answer",
    "more_answers",
    "no_answers",
    "no_skill",
    "no_time",
    "other_start",
    "parallel",
    "unnamed",
    "unplaced",
    "until_when",
    "value_of",
]

_LONGEST_NAME = 80
_LEFT, _RIGHT = "\u2039", "\u203a"


class Question(NamedTuple):
    """What somebody has to answer."""

    text: str
    importance: Literal["high", "medium", "low"]


def _quoted(label: str) -> str:
    # Not in quotation marks: those are for words of the recording, and what they hold is compared with it.
    plain = " ".join(label.split())
    return f"{_LEFT}{plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 3] + '...'}{_RIGHT}"


def _listed(labels: Iterable[str]) -> str:
    return " and ".join(map(_quoted, labels))


def unplaced(label: str) -> Question:
    """Return the question about a step that no edge leads to."""
    return Question(f"No step leads to {_quoted(label)}. When is it done?", "high")


def endless(label: str) -> Question:
    """Return the question about steps that are repeated for ever."""
    return Question(f"The steps from {_quoted(label)} on repeat without an end. When are they over?", "high")


def no_answers(label: str) -> Question:
    """Return the question about a decision without answers."""
    return Question(f"Neither yes nor no leads on from {_quoted(label)}. What does each answer lead to?", "high")


def more_answers(label: str, others: Iterable[str]) -> Question:
    """Return the question about a decision that leads to more than two steps."""
    return Question(
        f"{_quoted(label)} has more than two answers; one leads to {_listed(others)}. Which answer is that?", "high"
    )


def answer_used_twice(label: str, word: str, targets: Iterable[str]) -> Question:
    """Return the question about a decision whose two edges have the same answer."""
    return Question(
        f"{_quoted(label)} has {word} twice: to {_listed(targets)}. Which of them is done when the answer differs?",
        "high",
    )


def loop_without_children(label: str) -> Question:
    """Return the question about a loop in which nothing is done."""
    return Question(f"Nothing is repeated in {_quoted(label)}. Which steps belong to it?", "high")


def unnamed(node_id: str) -> Question:
    """Return the question about a step that says nothing about itself."""
    return Question(f"The step {_quoted(node_id)} has no label. What is done in it?", "high")


def missing_answer(label: str, word: str) -> Question:
    """Return the question about an answer that leads nowhere."""
    return Question(
        f"The recording does not show what happens at {_quoted(label)} when the answer is {word}. What is done then?",
        "medium",
    )


def dead_end(label: str) -> Question:
    """Return the question about a step after which nothing comes."""
    return Question(f"Nothing follows {_quoted(label)}. What is done after it?", "medium")


def parallel(label: str, targets: Iterable[str]) -> Question:
    """Return the question about a step after which two things come."""
    return Question(f"{_listed(targets)} both follow {_quoted(label)}. In which order are they done?", "medium")


def leaves_loop_for(label: str, loop: str, target: str) -> Question:
    """Return the question about a way out of a loop to another step than the one after it."""
    return Question(
        f"{_quoted(label)} leaves {_quoted(loop)} for {_quoted(target)}, which is not what follows it. "
        "Which steps are skipped then?",
        "medium",
    )


def loop_without_exit(label: str) -> Question:
    """Return the question about what comes after a loop."""
    return Question(f"Nothing says what follows {_quoted(label)}. What is done when all are processed?", "medium")


def until_when(label: str) -> Question:
    """Return the question about a loop without exit condition."""
    return Question(f"Nothing says when {_quoted(label)} is over. When is it?", "medium")


def child_of_two_loops(label: str, loops: Iterable[str]) -> Question:
    """Return the question about a step that several loops claim."""
    return Question(f"{_listed(loops)} both repeat {_quoted(label)}. Which of them does?", "medium")


def other_start(label: str, target: str) -> Question:
    """Return the question about a second trigger node."""
    return Question(
        f"The procedure may also begin with {_quoted(label)}, at {_quoted(target)}. Are the steps before it skipped?",
        "medium",
    )


def no_time(description: str, missing: str) -> Question:
    """Return the question about a trigger that lacks what its type needs."""
    return Question(f"The trigger {_quoted(description)} does not name its {missing}. What is it?", "medium")


def value_of(name: str, values: Iterable[str]) -> Question:
    """Return the question about a variable with several values."""
    return Question(f"The variable {_quoted(name)} has the values {_listed(values)}. Which one is right?", "medium")


def no_skill(label: str) -> Question:
    """Return the question about a step whose application is not known."""
    return Question(f"The application in which {_quoted(label)} is done is not known. Which is it?", "low")
