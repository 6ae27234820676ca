"""Words of a recording as a document may hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.procedure.readable import readable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Open the list", "Open the list"),
        ("  one\t two  ", "one two"),
        ("one\ntwo", "one\ntwo"),
        ("one\r\ntwo", "one\ntwo"),
        ("one \n\n two", "one\n\ntwo"),
        ("\none\n", "one"),
        # Controls, an escape for a terminal, half of a pair, a private letter.
        ("a\x00b", "a b"),
        ("a\x1b[31mb", "a [31mb"),
        ("a\ud800b", "a b"),
        ("a\ue000b", "a b"),
        # A mark that some programs begin a file with.
        ("\ufeffabc", "abc"),
        ("ab\ufeffcd", "abcd"),
        # What would turn round the words behind it.
        ("pay \u202e001", "pay 001"),
        ("\u2066abc\u2069", "abc"),
        # Joiners hold letters and emoji together.
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
    ],
)
def test_what_no_document_may_hold_is_a_space(text: str, shown: str) -> None:
    assert readable(text) == shown


@given(st.text())
def test_what_is_readable_stays_as_it_is(text: str) -> None:
    assert readable(readable(text)) == readable(text)
