"""Which condition a text on an edge means."""

import pytest

from runops_worker.sop.fix.conditions import leans_to, leaves_a_loop, says


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((text, "yes") for text in ("yes", "YES", " Ja ", "sí", "if yes", "If-True", "1")),
        *((text, "no") for text in ("no", "Não", "else", "if_no", "0", "If False")),
        *((text, "all_processed") for text in ("all_processed", "All processed", "all-done", "exit loop", "done")),
        *((text, "next") for text in ("next", "then next", "For each", "", " ", "--", "_")),
        *(
            (text, "yes")
            for text in ("Yes - it exists", "yes, found", "Wenn ja", "answer: yes", "Oui.", "はい", "да", "Vero")
        ),
        *((text, "no") for text in ("No (skip it)", "sonst", "If not", "нет", "いいえ", "否则", "w przeciwnym razie")),
        *((text, "no") for text in ("si no", "falls nein", "no: stop", "when false", "if answer: no")),
        *(
            (text, None)
            for text in ("approved", "yes and no", "yesno", "next step", "no errors", "yes/no", "not found")
        ),
    ],
)
def test_a_text_means_one_of_four_conditions_or_something_else(text: str, word: str | None) -> None:
    assert says(text) == word
    assert leaves_a_loop(text) is (word == "all_processed")


@pytest.mark.parametrize(
    ("text", "question", "others", "answer"),
    [
        ("not found", "Is it there?", ["found"], "no"),
        ("found", "Is it there?", ["not found"], "yes"),
        ("Rejected", "Is the order approved?", ["Approved"], "no"),
        ("Approved", "Is the order approved?", ["Rejected"], "yes"),
        ("nicht vorhanden", "Vorhanden?", [], "no"),
        ("没有找到", "找到?", [], "no"),
        # What the question asks for is its yes.
        ("missing", "Is the number missing?", ["there"], None),
        ("there", "Is the number missing?", ["missing"], None),
        ("red", "Which colour?", ["green"], None),
        ("nothing", "What is left?", ["something"], None),
    ],
)
def test_a_text_leans_to_the_answer_that_it_is(text: str, question: str, others: list[str], answer: str | None) -> None:
    assert leans_to(text, question=question, others=others) == answer
