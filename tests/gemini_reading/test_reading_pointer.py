"""The pointer is found: by what it looks like, and never where nothing has changed since it was elsewhere."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.gemini_reading import environment
from devstack.gemini_reading.cause import pointer_at
from devstack.gemini_reading.read_clip import read_clip
from devstack.gemini_reading.recording import Reading
from tests.gemini_reading.drawn import box, draw, pointer, words

pytestmark = pytest.mark.slow("it reads pictures: 5 CPU seconds, the first time")

Read = Callable[[Path], Reading]


@pytest.fixture(scope="module")
def read() -> Read:
    environment.install(print)
    return lambda clip: asyncio.run(read_clip(clip))


def is_near(found: tuple[int, int] | None, place: tuple[int, int]) -> bool:
    return found is not None and max(abs(found[0] - place[0]), abs(found[1] - place[1])) <= 4


def places(reading: Reading, seconds: int) -> list[tuple[int, int] | None]:
    return [pointer_at(reading, second) for second in range(seconds)]


def test_words_that_come_and_go_at_one_place_are_no_pointer(read: Read, tmp_path: Path) -> None:
    parts = [
        words("Orders to check", 40, 30, size=30),
        words("Filter", 1000, 200),
        words("On", 1010, 420, size=18),
        box(380, 420, 90, 28, "0xbbbbbb", edge=2),
        *(words("On", 390, 424, size=18, during=(at, at + 2)) for at in (3, 9)),
        pointer(200, 300, during=(0, 2)),
        pointer(600, 500, during=(2, 6)),
        pointer(300, 620, during=(6, 8)),
        pointer(700, 200, during=(8, 12)),
    ]
    reading = read(draw(tmp_path / "words.mp4", *parts, seconds=12, paper="white"))
    expected = [(200, 300)] * 2 + [(600, 500)] * 4 + [(300, 620)] * 2 + [(700, 200)] * 4
    found = places(reading, 12)
    assert [second for second, place in enumerate(expected) if not is_near(found[second], place)] == []


def test_it_is_where_it_pressed_something_that_opened_another_page(read: Read, tmp_path: Path) -> None:
    first = [
        words("Orders to check", 40, 30, size=30, during=(0, 6)),
        *(words(f"Order {number}", 60, 100 + 50 * number, during=(0, 6)) for number in range(1, 8)),
        box(800, 200, 200, 50, "0x3355cc", during=(0, 6)),
        words("Open", 870, 212, colour="white", during=(0, 6)),
    ]
    second = [
        words("Order 3, in detail", 300, 90, size=40, during=(6, 99)),
        *(words(f"Line {number} of it", 320, 180 + 50 * number, during=(6, 99)) for number in range(1, 8)),
    ]
    moves = [
        pointer(400, 500, during=(0, 2)),
        pointer(640, 420, during=(2, 4)),
        pointer(960, 222, during=(4, 7)),
        pointer(200, 650, during=(7, 10)),
    ]
    reading = read(draw(tmp_path / "opens.mp4", *first, *second, *moves, seconds=10, paper="0xf4f4f4"))
    found = places(reading, 10)
    assert is_near(found[5], (960, 222))
    assert is_near(found[6], (960, 222))
    assert is_near(found[8], (200, 650))


def test_an_arrow_is_known_in_a_recording_in_which_it_never_rests(read: Read, tmp_path: Path) -> None:
    # All words change each second, so nothing small comes and goes.
    pages = [
        words(f"Page {second} {word}", 80 + 7 * second, 60 + 70 * number, size=30, during=(second, second + 1))
        for second in range(5)
        for number, word in enumerate(("of the report", "with its figures", "and a footnote", "for the office"))
    ]
    ways = [pointer(200 + 150 * second, 600 - 40 * second, during=(second, second + 1)) for second in range(5)]
    reading = read(draw(tmp_path / "restless.mp4", *pages, *ways, seconds=5, paper="white"))
    found = places(reading, 5)
    assert [second for second in range(5) if not is_near(found[second], (200 + 150 * second, 600 - 40 * second))] == []
