"""Which condition a text on an edge means."""

import pytest

from runops_worker.sop.fix.conditions import leaves_a_loop, says


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((text, "yes") for text in ("yes", "YES", " Ja ", "sí", "if yes", "If-True", "1")),
        *((text, "no") for text in ("no", "Não", "else", "if_no", "0", "If False")),
        *((text, "all_processed") for text in ("all_processed", "All processed", "all-done", "exit loop", "done")),
        *((text, "next") for text in ("next", "then next", "For each", "", " ", "--", "_")),
        *((text, None) for text in ("approved", "yes and no", "yesno", "next step")),
    ],
)
def test_a_text_means_one_of_four_conditions_or_something_else(text: str, word: str | None) -> None:
    assert says(text) == word
    assert leaves_a_loop(text) is (word == "all_processed")
