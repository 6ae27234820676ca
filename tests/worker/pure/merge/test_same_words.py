"""When two readings of a text on the screen are of one text."""

import pytest

from runops_worker.transcription.merge.same_words import has_digit, is_cut_short, is_same_text, literals, plain_words

_SEVENTEEN = "a b c d e f g h i j k l m n o p q"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" + ", ()),
        ("Create  ORDER…", ("create", "order")),
        ("Straße", ("strasse",)),
        ("\uff26\uff35\uff2c\uff2c", ("full",)),
        ("1,250.00 EUR", ("1,250.00", "eur")),
        ("a.b@c.de", ("a.b@c.de",)),
        ("12:30 1/2 x-y", ("12:30", "1/2", "x-y")),
        ("end. Next", ("end", "next")),
    ],
)
def test_the_words_of_a_text(text: str, words: tuple[str, ...]) -> None:
    assert plain_words(text) == words


def test_what_has_a_digit_is_a_literal() -> None:
    assert (has_digit("A4"), has_digit("order"), has_digit("")) == (True, False, False)
    assert literals("Order 4711 of 2026-01-02, A4") == {"4711", "2026-01-02", "a4"}
    assert literals("Order") == frozenset()


@pytest.mark.parametrize(
    ("short", "long", "cut"),
    [
        ("Create p…", "Create purchase order", True),
        ("Create p...", "create purchase order", True),
        ("Create p… ", "Create purchase order", True),
        # Seven letters and signs are too few.
        ("Create…", "Create order", False),
        ("Create pu", "Create purchase order", False),
        ("Create po…", "Create purchase order", False),
        ("…purchase order", "Create purchase order", False),
        ("Create purchase order", "Create p…", False),
    ],
)
def test_a_text_with_an_ellipsis_is_the_beginning_of_a_longer_one(short: str, long: str, cut: bool) -> None:
    assert is_cut_short(short, long) is cut
    if cut:
        assert is_same_text(short, long)
        assert is_same_text(long, short)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Save", "save!", True),
        # One letter of a word of four letters or more may be misread, added or missing.
        ("Open", "Opem", True),
        ("Orders", "Order", True),
        ("Open", "Opmm", False),
        ("Confirm delivery", "Confirn delivry", True),
        ("Now", "New", False),
        ("Opn", "Open", False),
        ("Open", "Opn", False),
        ("on it", "of it", False),
        # Whatever has a digit must be there in both.
        ("Order 4711", "Order 4711 now", False),
        ("Invoice of order 4711", "Invoice of orders 4711", True),
        ("Order 4711", "Order 4712", False),
        ("4711 of 12", "12 of 4711", False),
        ("Route66", "Route6", False),
        # A word more is allowed in a long text: six of seven words, or enough letters.
        ("a b c d e f", "a b c d e f loooooooooong", True),
        ("a b c", "a b c loooooooooong", True),
        ("a b", "a b loooooooooong", False),
        ("aaaaaaaa bbbbbbbb", "aaaaaaaa bbbbbbbb ccccc", True),
        ("aaaaaaaa bbbbbbbb", "aaaaaaaa bbbbbbbb cccccc", False),
        ("", "Save", False),
        # Seventeen of twenty words on average, whatever the others are.
        (
            f"{_SEVENTEEN} yyyyyyyyyyyyyyy zzzzzzzzzzzzzzz",
            f"{_SEVENTEEN} wwwwwwwwwwwwwww vvvvvvvvvvvvvvv uuuuuuuuuuuuuuu ttttttttttttttt",
            True,
        ),
    ],
)
def test_two_readings_of_one_text(one: str, other: str, same: bool) -> None:
    assert is_same_text(one, other) is same
    assert is_same_text(other, one) is same
