"""Speech divided into words: what belongs to a word, and when it was said."""

import pytest

from runops_worker.transcription.merge.spoken_words import SpokenWord, spoken_words, text_of
from tests.worker.pure.items import said


def test_words_are_said_as_if_all_letters_took_the_same_time() -> None:
    words = spoken_words([said(10, "Aa bb,", end=16), said(20, "Cc", end=22)])
    assert words == [
        SpokenWord(text="Aa", plain="aa", item=0, at=11.0, is_spaced=True, is_last=False),
        SpokenWord(text="bb,", plain="bb", item=0, at=14.5, is_spaced=True, is_last=True),
        SpokenWord(text="Cc", plain="cc", item=1, at=21.0, is_spaced=True, is_last=True),
    ]


def test_a_text_of_one_letter_is_said_in_the_middle_of_its_item() -> None:
    assert [word.at for word in spoken_words([said(10, "A", end=14)])] == [12.0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Save it - and go", [("Save", "save"), ("it -", "it"), ("and", "and"), ("go", "go")]),
        ("(Hello) «world»!", [("(Hello)", "hello"), ("«world»!", "world")]),
        ("don't e-mail", [("don't", "don't"), ("e-mail", "e-mail")]),
        ("Then ... ?", [("Then ... ?", "then")]),
        ("[inaudible] 4711", [("[inaudible]", "inaudible"), ("4711", "4711")]),
        ("Straße", [("Straße", "strasse")]),
        ("一覧を", [("一", "一"), ("覧", "覧"), ("を", "を")]),
        ("開く。Save", [("開", "開"), ("く。", "く"), ("Save", "save")]),
        ("♪", [("♪", "")]),
        ("♪\n♫", [("♪\n♫", "")]),
        ("", []),
        (" ", []),
    ],
)
def test_signs_belong_to_the_word_before_or_behind_them(text: str, found: list[tuple[str, str]]) -> None:
    assert [(word.text, word.plain) for word in spoken_words([said(0, text)])] == found


def test_only_words_that_a_space_divides_are_divided_by_one_again() -> None:
    for text in ("Save it - and go", "次に一覧を開く。", "開く Save 開く", "Save開く"):
        assert text_of(spoken_words([said(0, text)])) == text
    words = spoken_words([said(0, "開く Save"), said(2, "「開」"), said(3, "x")])
    assert [word.is_spaced for word in words] == [False, False, True, False, True]
    assert [word.is_last for word in words] == [False, False, True, True, True]
    assert text_of(words) == "開く Save「開」 x"
