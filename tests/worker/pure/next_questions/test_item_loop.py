"""Where the items of an endless answer begin to repeat themselves."""

import pytest

from runops_worker.transcription.next_questions.item_loop import before_loop
from tests.worker.pure.items import clicked


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", ""),
        ("a", "a"),
        ("ab", "ab"),
        # Three times the same, or three cycles, are a loop; two are none. The first one is kept.
        ("aa", "aa"),
        ("aaa", "a"),
        ("xaaaa", "xa"),
        ("abab", "abab"),
        ("xababab", "xab"),
        ("xabcabcab", "xabcabcab"),
        ("xabcabcabc", "xabc"),
        ("abcdefghijkl" * 3, "abcdefghijkl"),
        ("abcdefghijklm" * 3, "abcdefghijklm" * 3),
        # What comes after a loop ends it.
        ("aaab", "aaab"),
    ],
)
def test_items_are_kept_up_to_the_end_of_the_first_cycle(words: str, kept: str) -> None:
    items = [clicked(place, word) for place, word in enumerate(words)]
    assert before_loop(items) == items[: len(kept)]
