"""The formula that drops packets, computed as ffmpeg does. That ffmpeg agrees is tested beside this folder."""

import math
import re

import pytest

from runops_worker.media.transcode.packet_filter import dropping

PREFIX, SUFFIX = "noise=drop='", "'"


def dropped(keep: list[int], number: int) -> bool:
    formula = dropping(keep)
    assert formula.startswith(PREFIX)
    assert formula.endswith(SUFFIX)
    python = formula[len(PREFIX) : -len(SUFFIX)].replace("if(", "choose(")
    names = {
        "choose": lambda condition, yes, no: yes if condition else no,
        "lt": lambda one, other: one < other,
        "mod": lambda one, other: one - math.floor(one / other) * other,
        "floor": math.floor,
        "pow": math.pow,
        "n": number,
    }
    return bool(eval(python, {"__builtins__": {}}, names))  # noqa: S307 - it computes what this project wrote


@pytest.mark.parametrize(
    "keep",
    [
        [],
        [0],
        [1],
        [0, 1] * 24,
        [0] * 48,
        [1] * 47 + [0],
        [1] * 48 + [0],
        [1] * 48 + [0] * 48 + [1] * 48 + [0, 1, 1],
        [0, 0, 1] * 100,
        [0] * 144,
    ],
)
def test_exactly_the_marked_packets_are_dropped(keep: list[int]) -> None:
    expected = [not kept for kept in keep] + [False] * 100
    assert [dropped(keep, number) for number in range(len(keep) + 100)] == expected


def test_every_number_is_exact_in_a_double() -> None:
    numbers = re.findall(r"\d+", dropping([0] * 48 + [1]))
    assert max(int(number) for number in numbers) == 2**48 - 1


def test_words_that_are_equal_are_written_once() -> None:
    assert dropping([1] * 480) == "noise=drop='mod(floor(0/pow(2,mod(n,48))),2)'"
