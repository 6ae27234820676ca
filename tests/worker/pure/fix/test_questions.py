"""What the fixes ask, word for word, and how important each question is."""

from collections.abc import Callable
from functools import partial

import pytest

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.wording.sentences import ENGLISH

A, B = "\u2039A\u203a", "\u2039B\u203a"


@pytest.mark.parametrize(
    ("ask", "text", "importance"),
    [
        (partial(questions.unplaced, "A"), f"No step leads to {A}. When is it done?", "high"),
        (partial(questions.endless, "A"), f"The steps from {A} on repeat without an end. When are they over?", "high"),
        (
            partial(questions.no_answers, "A"),
            f"Neither yes nor no leads on from {A}. What does each answer lead to?",
            "high",
        ),
        (
            partial(questions.more_answers, "A", ["B", "A"]),
            f"{A} has more than two answers; one leads to {B} and {A}. Which answer is that?",
            "high",
        ),
        (
            partial(questions.answer_used_twice, "A", "yes", ["A", "B"]),
            f"{A} has yes twice: to {A} and {B}. Which of them is done when the answer differs?",
            "high",
        ),
        (
            partial(questions.loop_without_children, "A"),
            f"Nothing is repeated in {A}. Which steps belong to it?",
            "high",
        ),
        (partial(questions.unnamed, "A"), f"The step {A} has no label. What is done in it?", "high"),
        (
            partial(questions.missing_answer, "A", "no"),
            f"The recording does not show what happens at {A} when the answer is no. What is done then?",
            "medium",
        ),
        (partial(questions.dead_end, "A"), f"Nothing follows {A}. What is done after it?", "medium"),
        (
            partial(questions.parallel, "A", ["B", "A"]),
            f"{B} and {A} both follow {A}. In which order are they done?",
            "medium",
        ),
        (
            partial(questions.parallel, "A", ["B", "A", "B"]),
            f"{B}, {A} and {B} both follow {A}. In which order are they done?",
            "medium",
        ),
        (
            partial(questions.leaves_loop_for, "A", "B", "A"),
            f"{A} leaves {B} for {A}, which is not what follows it. Which steps are skipped then?",
            "medium",
        ),
        (
            partial(questions.loop_without_exit, "A"),
            f"Nothing says what follows {A}. What is done when all are processed?",
            "medium",
        ),
        (partial(questions.until_when, "A"), f"Nothing says when {A} is over. When is it?", "medium"),
        (
            partial(questions.child_of_two_loops, "A", ["B", "A"]),
            f"{B} and {A} both repeat {A}. Which of them does?",
            "medium",
        ),
        (
            partial(questions.other_start, "A", "B"),
            f"The procedure may also begin with {A}, at {B}. Are the steps before it skipped?",
            "medium",
        ),
        *(
            (
                partial(questions.no_detail, "A", missing),
                f"The trigger {A} does not name its {missing}. What is it?",
                "medium",
            )
            for missing in ("time", "endpoint", "signal")
        ),
        (
            partial(questions.value_of, "A", ["A", "B"]),
            f"The variable {A} has the values {A} and {B}. Which one is right?",
            "medium",
        ),
        (partial(questions.no_skill, "A"), f"The application in which {A} is done is not known. Which is it?", "low"),
    ],
    ids=lambda value: value if value in {"high", "medium", "low"} else None,
)
def test_a_question_and_its_importance(ask: Callable[[], Question], text: str, importance: str) -> None:
    question = ask()
    assert (question.text(ENGLISH), question.importance) == (text, importance)


@pytest.mark.parametrize(
    ("label", "shown"),
    [("a \n b", "a b"), ("x" * 80, "x" * 80), ("x" * 81, "x" * 77 + "..."), ("", "")],
)
def test_a_label_is_quoted_in_one_short_line(label: str, shown: str) -> None:
    assert questions.dead_end(label).text(ENGLISH) == f"Nothing follows \u2039{shown}\u203a. What is done after it?"
