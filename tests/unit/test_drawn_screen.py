"""The screens that recordings for benchmarks are drawn from."""

import random
import re
from itertools import pairwise

import pytest

from benchmarks.drawn_screen import DrawnScreen
from benchmarks.screen_contents import CONTENTS

EVENT = re.compile(r"Dialogue: \d+,(\d):(\d\d):(\d\d\.\d\d),(\d):(\d\d):(\d\d\.\d\d),word,(.*)")


def events(screen: DrawnScreen) -> list[tuple[float, float, str]]:
    found = []
    for line in screen.script().splitlines():
        if match := EVENT.match(line):
            numbers = [float(text) for text in match.groups()[:6]]
            since, until = (hour * 3600 + minute * 60 + second for hour, minute, second in (numbers[:3], numbers[3:]))
            found.append((since, until, match[7]))
    return found


def shown(screen: DrawnScreen, second: float) -> list[str]:
    """Words on the screen at a moment."""
    words = [text.split("}", 1)[1] for since, until, text in events(screen) if since <= second < until]
    return [word for word in words if not word.startswith("m ")]


def test_a_line_is_typed_letter_by_letter_and_stays() -> None:
    screen = DrawnScreen(10)
    done = screen.typed("abcd", (0, 0), since=1, rate=2, caret_until=5)
    assert done == 3
    assert [shown(screen, at) for at in (0.9, 1.2, 1.7, 2.9)] == [[], ["a|"], ["ab|"], ["abcd|"]]
    assert [shown(screen, at) for at in (3.2, 3.7, 6, 10.5)] == [["abcd"], ["abcd|"], ["abcd"], ["abcd"]]


def test_the_pointer_is_always_in_one_place() -> None:
    screen = DrawnScreen(10)
    screen.point((100, 200), at=2, takes=1)
    screen.point((300, 400), at=5, takes=1)
    for second in range(10):
        moved = [text for since, until, text in events(screen) if since <= second + 0.5 < until]
        assert len(moved) == 1
        assert (r"\move" in moved[0]) == (second in {2, 5})


def test_braces_of_a_text_are_no_orders() -> None:
    screen = DrawnScreen(10)
    screen.words(r"{\pos(1,1)} C:\N", (5, 5))
    assert shown(screen, 1) == ["(/pos(1,1)) C:/N"]


@pytest.mark.parametrize("name", CONTENTS)
def test_each_content_moves_all_the_time_and_is_the_same_each_time(name: str) -> None:
    scripts = set()
    for _ in range(2):
        screen = DrawnScreen(120)
        CONTENTS[name].draw(screen, random.Random(name))  # noqa: S311 - the same each time
        scripts.add(screen.script())
    assert len(scripts) == 1
    changes = sorted({0.0, 120.0} | {since for since, _, _ in events(screen)})
    longest = max(after - before for before, after in pairwise(changes))
    moves_by_itself = CONTENTS[name].scroll or CONTENTS[name].film
    assert moves_by_itself or longest < 20
