"""Which words two neighbouring chunks both report."""

import pytest

from runops_worker.transcription.merge.common_speech import Step, common_speech
from runops_worker.transcription.merge.spoken_words import SpokenWord


def words(text: str, *, at: float = 0.0, every: float = 0.0) -> list[SpokenWord]:
    return [
        SpokenWord(text=word, plain=word, item=0, at=at + every * place, is_spaced=True, is_last=False)
        for place, word in enumerate(text.split())
    ]


def plain(steps: list[Step]) -> list[str]:
    """Return each step as `word` where both have it, `word<` or `>word` where one has it, else as `one|other`."""
    return [_written(one, other) for one, other in steps]


def _written(one: SpokenWord | None, other: SpokenWord | None) -> str:
    if one is None or other is None:
        return f">{other.plain}" if other is not None else f"{one.plain if one is not None else None}<"
    return one.plain if one.plain == other.plain else f"{one.plain}|{other.plain}"


def common(earlier: str, later: str, *, apart: float = 0.0) -> list[str]:
    return plain(common_speech(words(earlier), words(later, at=apart)))


@pytest.mark.parametrize(
    ("earlier", "later", "steps"),
    [
        ("", "", []),
        ("open the door", "", []),
        ("", "open the door", []),
        ("open the door", "close a window", []),
        ("open the door", "open the door", ["open", "the", "door"]),
        # The later chunk starts within what the earlier one has, and goes on.
        ("now you open the door", "the door and leave", ["the", "door"]),
        # Only one of them has a word in between.
        ("open the blue door", "open the door", ["open", "the", "blue<", "door"]),
        ("open the door", "open the blue door", ["open", "the", ">blue", "door"]),
        # The earlier one ends with words that the later one does not have.
        ("open the door yes", "open the door", ["open", "the", "door", "yes<"]),
        # The later one begins with a word that the earlier one does not have.
        ("now open the door", "well open the door", [">well", "open", "the", "door"]),
        # A misheard word between two common ones.
        ("open tree door", "open four door", ["open", "tree|four", "door"]),
        ("open a [x] inaudible door", "open a [x] four door", ["open", "a", "[x]", "inaudible|four", "door"]),
        ("open four door", "open inaudible door", ["open", "four|inaudible", "door"]),
        ("open the door inaudible", "well open the door", [">well", "open", "the", "door", "inaudible<"]),
    ],
)
def test_words_that_both_report(earlier: str, later: str, steps: list[str]) -> None:
    assert common(earlier, later) == steps


def test_words_before_the_first_common_one_belong_to_the_later_chunk_only() -> None:
    earlier = [*words("open the door"), *words("a", at=8)]
    later = [*words("a", at=8), *words("zz open the door")]
    assert plain(common_speech(earlier, later)) == [">a", ">zz", "open", "the", "door", "a<"]
    # Four words more than the later one has weigh as much as one common word.
    assert common("open", "x y z open") == [">x", ">y", ">z", "open"]
    assert common("open", "x y z w open") == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("purch", "purchasing", True),
        ("chasing", "purchasing", True),
        ("supplier", "suplier", True),
        ("delivery", "delivered", True),
        ("open", "opened", True),
        ("open", "opan", True),
        ("sing", "advertising", True),
        ("delivery", "directory", False),
        # Short words and numbers must be equal.
        ("and", "andy", False),
        ("4711", "4712", False),
        ("order4711", "order471", False),
        ("47114711", "4711", False),
        ("is", "is", True),
    ],
)
def test_a_word_may_be_heard_in_part_or_misheard(one: str, other: str, same: bool) -> None:
    steps = [f"{one}|{other}" if one != other else one]
    assert common(one, other) == (steps if same else [])
    assert bool(common(other, one)) is same


@pytest.mark.parametrize(
    ("word", "apart", "found"),
    [
        # A word of one letter scores 0.5 at the same time, and less the farther the two are apart.
        ("a", 0.0, True),
        ("a", 2.3, True),
        ("a", 2.5, False),
        ("ab", 4.1, True),
        ("ab", 4.3, False),
        ("abcd", 5.0, True),
        ("abcd", 5.2, False),
        # More than four letters count as four.
        ("abcdefgh", 5.0, True),
        ("abcdefgh", 5.2, False),
        ("abcdefgh", -5.0, True),
        ("abcdefgh", -5.2, False),
        ("inaudible", 0.0, False),
    ],
)
def test_a_word_counts_by_its_length_and_the_less_the_farther_apart(word: str, apart: float, found: bool) -> None:
    assert bool(common(word, word, apart=apart)) is found


def test_a_word_that_is_said_twice_is_taken_for_the_nearer_one() -> None:
    earlier = [*words("next", at=0.0), *words("next", at=4.0)]
    steps = common_speech(earlier, words("next", at=4.5))
    assert [(one and one.at, other and other.at) for one, other in steps] == [(4.0, 4.5)]
    steps = common_speech(words("next", at=0.5), [*words("next", at=0.0), *words("next", at=4.0)])
    assert [(one and one.at, other and other.at) for one, other in steps] == [(0.5, 0.0)]


def test_six_seconds_apart_are_one_word_beside_another_common_one() -> None:
    earlier, later = words("purchasing team"), [*words("purchasing"), *words("team", at=6.0)]
    assert plain(common_speech(earlier, later)) == ["purchasing", "team"]
    later = [*words("purchasing"), *words("team", at=6.1)]
    assert plain(common_speech(earlier, later)) == ["purchasing", "team<"]


def test_common_words_more_than_six_seconds_apart_are_none() -> None:
    assert common("purchasing team", "purchasing team", apart=6.1) == []
    assert common("inaudible", "inaudible", apart=6.1) == []


def test_only_the_words_near_the_seam_are_compared() -> None:
    other = " ".join("w" + chr(97 + number % 26) * (number // 26 + 1) for number in range(300))
    assert common(f"{other} seam", "seam") == ["seam"]
    assert common(f"seam {other}", "seam") == []
    assert common("seam", f"{other} seam") == []
