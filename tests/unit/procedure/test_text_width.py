"""Labels in boxes, broken where no program measures letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.procedure.text_width import estimated_width, wrapped


def lines(text: str, *, most: int = 4, width: float = 100) -> tuple[str, ...]:
    return wrapped(text, width=width, size=13, most=most)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("Open the list", ("Open the list",)),
        ("Open the list of invoices", ("Open the list of", "invoices")),
        ("  spaces\tand\nlines  ", ("spaces and", "lines")),
        ("w" * 20, ("w" * 8, "w" * 8, "wwww")),
        (
            "\u8acb\u6c42\u66f8\u306e\u4e00\u89a7\u3092\u958b\u304f",
            ("\u8acb\u6c42\u66f8\u306e\u4e00\u89a7\u3092", "\u958b\u304f"),
        ),
        ("", ()),
    ],
)
def test_lines_break_between_words_and_ideographs(text: str, broken: tuple[str, ...]) -> None:
    assert lines(text) == broken


def test_what_does_not_fit_is_an_ellipsis() -> None:
    assert lines("one two three four five six seven eight nine ten", most=2) == ("one two three", "four five six\u2026")
    assert lines("wwwwwwww wwwwwwww wwwwwwww", most=2) == ("wwwwwwww", "wwwwwww\u2026")


@given(st.text(max_size=200), st.integers(1, 5))
def test_no_line_is_wider_than_its_box(text: str, most: int) -> None:
    found = lines(text, most=most)
    assert len(found) <= most
    assert all(estimated_width(line, size=13) <= 100 for line in found)
