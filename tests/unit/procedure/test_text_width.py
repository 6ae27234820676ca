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


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("n", 5.7),
        ("N", 6.8),
        ("i", 3.6),
        ("W", 9.0),
        # A letter as wide as it is high: Han, and a Latin one in full width.
        ("\u8acb", 10.4),
        ("\uff21", 10.4),
        # An accent, a mark of a script, an enclosing circle, a joiner: they take no room of their own.
        ("n\u0301", 5.7),
        ("n\u0941", 5.7),
        ("n\u20dd", 5.7),
        ("n\u200d", 5.7),
        ("nn", 11.4),
    ],
)
def test_a_letter_is_as_wide_as_its_kind(text: str, width: float) -> None:
    assert estimated_width(text, size=10) == pytest.approx(width)


def test_a_line_may_be_exactly_as_wide_as_its_box() -> None:
    # Letters of 0.57 em, a space of 0.36: 4.92 em for "nnnn nnnn".
    assert wrapped("nnnn nnnn", width=4.93 * 10, size=10, most=2) == ("nnnn nnnn",)
    assert wrapped("nnnn nnnn", width=4.91 * 10, size=10, most=2) == ("nnnn", "nnnn")
    exact = estimated_width("nnnn", size=10)
    assert wrapped("nnnn", width=exact, size=10, most=2) == ("nnnn",)
    assert wrapped("nnnn n", width=estimated_width("nnnn n", size=10), size=10, most=2) == ("nnnn n",)
    # An ellipsis is as wide as a letter.
    assert wrapped("nnnn nnnn", width=estimated_width("nnnnn", size=10), size=10, most=1) == ("nnnn\u2026",)


def test_wide_letters_may_be_parted_and_their_accents_stay() -> None:
    full = "\uff21\uff22\uff23"
    assert wrapped(full, width=21, size=10, most=3) == ("\uff21\uff22", "\uff23")
    assert wrapped("\u8acb\u3099\u6c42\u66f8", width=21, size=10, most=3) == ("\u8acb\u3099\u6c42", "\u66f8")
    assert wrapped("nn\u8acb\u8acb", width=22, size=10, most=3) == ("nn\u8acb", "\u8acb")
