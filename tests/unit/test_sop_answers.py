"""Answers to open questions: which question they answer, and what of a stored object is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.sop_answers import (
    LONGEST_ANSWER,
    MOST_ANSWERS,
    Answer,
    Answers,
    AnswersFull,
    is_same_question,
    latest,
    read_answers,
    without_secret,
)

WHO = Answer(question="Who approves the order?", answer="The team lead.")

SAME = [
    ("Who approves the order?", "who approves  the order"),
    ("Which format does the export of the weekly report have?", "Which format does the weekly report's export have?"),
]
OTHER = [
    ("Who approves the order?", "Who sends the order?"),
    ('Is the step "Open the list" part of the procedure?', 'Is the step "Send the mail" part of the procedure?'),
    ("What happens in the recording from 00:01:00 to 00:01:30?", "What happens in the recording from 00:02:00?"),
    ("What is an example of {address}?", "What is an example of {amount}?"),
    ("Who?", "When?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_another_wording_is_the_same_question(one: str, other: str) -> None:
    assert is_same_question(one, other)
    assert is_same_question(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_name_or_number_is_another_question(one: str, other: str) -> None:
    assert not is_same_question(one, other)


@given(text=st.text(max_size=200))
def test_a_question_is_the_same_as_itself(text: str) -> None:
    assert is_same_question(text, text)


def test_a_later_answer_replaces_an_earlier_one_and_others_stay() -> None:
    when = Answer(question="When is it done?", answer="Daily.")
    answers = Answers().with_answer(WHO).with_answer(when).with_answer(WHO.model_copy(update={"answer": "Nobody."}))
    assert [one.answer for one in answers.answers] == ["Daily.", "Nobody."]
    found = answers.to("who approves the order")
    assert found is not None
    assert found.answer == "Nobody."
    assert answers.to("Where is it done?") is None


def test_the_hash_is_of_what_a_sop_depends_on() -> None:
    assert Answers().sha256 is None
    one = Answers().with_answer(WHO)
    assert one.sha256 == Answers().with_answer(WHO.model_copy(update={"at": "2026-11-30T12:00:00Z"})).sha256
    assert one.sha256 != Answers().with_answer(WHO.model_copy(update={"answer": "Me."})).sha256


@pytest.mark.parametrize(
    ("question", "answer", "kept"),
    [
        ("What is the admin password?", "hunter2x", "[password hidden]"),
        ("What is the PIN?", "4711", "[PIN hidden]"),
        ("Where is the password kept?", "It is in the vault; ask IT.", "It is in the vault; ask IT."),
        ("Who sets the password?", "The team lead.", "The team lead."),
        ("Who?", "The password is hunter2x.", "The password is [password hidden]."),
    ],
)
def test_a_secret_is_hidden_also_where_only_the_question_names_it(question: str, answer: str, kept: str) -> None:
    assert without_secret(question, answer) == kept


def test_there_is_an_end_to_answers() -> None:
    answers = Answers()
    for number in range(MOST_ANSWERS):
        answers = answers.with_answer(Answer(question=f"What is {number}?", answer="x"))
    assert len(answers.with_answer(Answer(question="What is 7?", answer="y")).answers) == MOST_ANSWERS
    with pytest.raises(AnswersFull):
        answers.with_answer(WHO)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["answers", "question", "answer"]), inner)
    ),
)


@given(value=JSON)
def test_any_object_is_read(value: Any) -> None:
    answers, unread = read_answers(value)
    assert unread >= 0
    assert len(answers.answers) <= MOST_ANSWERS


def test_one_bad_entry_does_not_hide_the_others() -> None:
    good = WHO.model_dump()
    value = {"answers": [good, {"question": "x", "answer": "y" * (LONGEST_ANSWER + 1)}, 3]}
    assert read_answers(value) == (Answers(answers=(WHO,)), 2)
    assert read_answers(None) == (Answers(), 0)
    assert read_answers([]) == (Answers(), 1)


QUESTIONS = st.sampled_from(["When is it done?", "when is it done", "Who pays?", "What is 1?", "What is 2?"])


@given(given=st.lists(st.builds(Answer, question=QUESTIONS, answer=st.text(min_size=1, max_size=3)), max_size=12))
def test_the_latest_answers_are_those_that_one_after_another_replaced(given: list[Answer]) -> None:
    expected = Answers()
    for one in given:
        expected = expected.with_answer(one)
    assert latest(given) == (expected, 0)


def test_of_too_many_answers_the_last_ones_are_kept_and_the_others_counted() -> None:
    given = [Answer(question=f"What is {number}?", answer="x") for number in range(MOST_ANSWERS + 2)]
    assert latest(given) == (Answers(answers=tuple(given[2:])), 2)
    assert latest([WHO] * 1003) == (Answers(answers=(WHO,)), 3)
