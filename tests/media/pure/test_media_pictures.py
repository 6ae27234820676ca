"""The list of coded pictures, from three copies of the stream or from one."""

from fractions import Fraction

import pytest

from runops_worker.media.probe.pictures import PictureList, Pictures

HEAD = ["#software: Lavf", "#tb 0: 1/15360", "#tb 1: 1/90", "#media_type 0: video"]


def listed(*lines: str, marked: bool = True, most: int = 100, head: list[str] | None = None) -> Pictures | None:
    found = PictureList(most=most)
    for line in [*(HEAD if head is None else head), *lines]:
        found.take(line)
    return found.pictures(marked=marked)


def line(copy: int, time: int, flags: str = "") -> str:
    return f"{copy},       -512, {time:>10},      512,     4749, 0x7bb042f8{flags}"


KEY, KEY_HIDDEN, NOT_KEY, HIDDEN = "", ", F=0x5, S=1,        8", ", F=0x0", ", F=0x4"


def test_three_copies_say_which_are_references_and_which_are_fresh() -> None:
    pictures = listed(
        *(line(0, -5, KEY_HIDDEN), line(1, -5), line(2, -5)),
        *(line(0, 15, NOT_KEY), line(1, 15, NOT_KEY)),
        *(line(0, 5, NOT_KEY),),
        # A key that is not an IDR picture is not in the third copy.
        *(line(0, 20, KEY), line(1, 20)),
        # A fresh picture that is not a key does not count.
        *(line(0, 25, NOT_KEY), line(1, 25), line(2, 25)),
        *(line(0, 22, HIDDEN),),
    )
    assert pictures is not None
    assert list(pictures.times) == [-5, 15, 5, 20, 25, 22]
    assert pictures.unit == Fraction(1, 15360)
    assert list(pictures.references) == [1, 1, 0, 1, 1, 0]
    assert list(pictures.fresh) == [1, 0, 0, 0, 0, 0]
    assert list(pictures.hidden) == [1, 0, 0, 0, 0, 1]


def test_one_copy_says_that_all_are_references_and_keys_are_fresh() -> None:
    pictures = listed(line(0, 0), line(0, 1, NOT_KEY), line(0, 2), line(1, 9), line(2, 9), marked=False)
    assert pictures is not None
    assert list(pictures.references) == [1, 1, 1]
    assert list(pictures.fresh) == [1, 0, 1]


def test_flags_beyond_a_byte_do_not_matter() -> None:
    pictures = listed(line(0, 0, ", F=0x8001"), line(0, 1, ", F=0x10000"), marked=False)
    assert pictures is not None
    assert list(pictures.fresh) == [1, 0]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="no picture"),
        pytest.param((line(1, 0), line(2, 0)), id="copies only"),
        pytest.param((line(0, -(2**63)),), id="a picture without time"),
        pytest.param((line(0, 0), line(1, 0), line(2, 0), line(0, -(2**63))), id="a later picture without time"),
        pytest.param((line(0, 0), line(1, 1), line(2, 0)), id="a reference that is not there"),
        pytest.param((line(0, 0), line(1, 0), line(2, 1)), id="a fresh picture that is not there"),
        pytest.param((line(0, 0), line(0, 1), line(1, 1), line(1, 0)), id="a copy in another order"),
        pytest.param((line(0, 0), line(1, 0), line(1, 0)), id="a copy twice"),
    ],
)
def test_what_does_not_match_is_not_used(lines: tuple[str, ...]) -> None:
    assert listed(*lines) is None


@pytest.mark.parametrize("head", [[], ["#tb 1: 1/90"], ["#tb 0: 0/90"], ["#tb 0: 1/90 "], ["#tb 0: 1/9999999999"]])
def test_without_a_unit_nothing_is_used(head: list[str]) -> None:
    assert listed(line(0, 0), marked=False, head=head) is None


@pytest.mark.parametrize("copy", [0, 1, 2])
def test_more_pictures_than_the_limit_are_not_used(copy: int) -> None:
    most = [line(copy, time) for time in range(3)]
    other = [line(number, time) for number in range(3) if number != copy for time in range(3)]
    assert listed(*other, *most, most=3) is not None
    assert listed(*other, *most, line(copy, 3), most=3) is None


@pytest.mark.parametrize("text", ["3, 0, 5, 1, 9, 0x1", "0, 0, x, 1, 9, 0x1", "0, 0, 5, 1", "frame=1", ""])
def test_a_line_of_another_format_is_ignored(text: str) -> None:
    pictures = listed(line(0, 0), text, marked=False)
    assert pictures is not None
    assert list(pictures.times) == [0]
