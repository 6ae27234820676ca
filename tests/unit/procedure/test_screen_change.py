"""Which second shows a moment, and what is marked: one small area that changed, or nothing."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.procedure.changed_squares import Grid, grid_for
from runops.procedure.model import Moment
from runops.procedure.picture import Area, Picture, shown_area
from runops.procedure.screen_change import Shown, shown_second

GRID = Grid(160, 90)
SIZE = (1280, 720)
STILL = bytes(160 * 90)
FIELD = (20, 30, 60, 33)
"""Left, top, right and bottom in squares; 8 pixels each."""
FIELD_MARK = Area(152, 232, 336, 40)
PAGE = (0, 0, 160, 60)
POINTER = (100, 70, 102, 73)
ELSEWHERE = (90, 60, 130, 66)


def screen(*areas: tuple[int, int, int, int], grey: int = 90) -> bytes:
    squares = bytearray(STILL)
    for left, top, right, bottom in areas:
        for row in range(top, bottom):
            squares[row * 160 + left : row * 160 + right] = bytes([grey]) * (right - left)
    return bytes(squares)


def shown(action: str | None, frames: Mapping[int, bytes], *, at: float = 10.0, until: float | None = None) -> Shown:
    moment = Moment(key="t0001", at=at, until=at if until is None else until, action=action)
    found = shown_second(moment, frames, GRID, size=SIZE)
    assert found is not None
    return found


def film(*screens: bytes, since: int = 8) -> dict[int, bytes]:
    return dict(enumerate(screens, start=since))


def test_what_a_click_changed_is_marked_as_it_is_then() -> None:
    frames = film(STILL, STILL, screen(FIELD), screen(FIELD), screen(FIELD))
    assert shown("CLICK", frames) == Shown(10, FIELD_MARK)


@pytest.mark.parametrize(("change", "second"), [(9, 9), (10, 10), (11, 11)])
def test_the_transcript_may_be_a_second_off(change: int, second: int) -> None:
    frames = {at: screen(FIELD) if at >= change else STILL for at in range(7, 14)}
    assert shown("CLICK", frames) == Shown(second, FIELD_MARK)


def test_what_changes_two_seconds_later_is_something_else() -> None:
    frames = {at: screen(FIELD) if at >= 12 else STILL for at in range(7, 14)}
    assert shown("CLICK", frames) == Shown(10, None)


def test_a_click_that_opens_another_page_shows_the_one_it_was_on_without_a_mark() -> None:
    frames = film(STILL, STILL, screen(PAGE), screen(PAGE), screen(PAGE))
    assert shown("CLICK", frames) == Shown(9, None)
    assert shown("SCREEN_UPDATE", frames) == Shown(10, None)


def test_of_two_changes_the_larger_one_is_the_action() -> None:
    frames = film(STILL, screen(POINTER), screen(POINTER, FIELD), screen(FIELD), screen(FIELD))
    assert shown("CLICK", frames) == Shown(10, FIELD_MARK)


def test_a_pointer_that_moved_is_no_second_place() -> None:
    frames = film(STILL, STILL, screen(FIELD, POINTER), screen(FIELD, POINTER), screen(FIELD))
    assert shown("CLICK", frames).mark == FIELD_MARK


def test_a_pointer_alone_is_not_marked() -> None:
    frames = film(STILL, STILL, screen(POINTER), screen(POINTER), screen(POINTER))
    assert shown("CLICK", frames).mark is None


@pytest.mark.parametrize(
    ("area", "marked"), [((50, 50, 54, 54), False), ((50, 50, 55, 54), True), ((50, 50, 54, 55), True)]
)
def test_what_is_larger_than_a_pointer_is_none(area: tuple[int, int, int, int], *, marked: bool) -> None:
    changed = screen(area)
    assert (shown("CLICK", film(STILL, STILL, changed, changed, changed)).mark is not None) is marked


@pytest.mark.parametrize(
    "area", [(120, 30, 155, 33), (0, 0, 40, 3), (120, 87, 160, 90), (10, 30, 106, 33), (20, 10, 58, 32)]
)
def test_an_area_anywhere_is_marked_whole(area: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = area
    mark = shown("CLICK", film(STILL, STILL, screen(area), screen(area), screen(area))).mark
    assert mark is not None
    assert (mark.x, mark.y) == (max(left - 1, 0) * 8, max(top - 1, 0) * 8)
    assert (mark.x + mark.width, mark.y + mark.height) == (min(right + 1, 160) * 8, min(bottom + 1, 90) * 8)


@pytest.mark.parametrize(("apart", "places"), [(2, 1), (3, 2)])
def test_words_of_one_field_are_near_each_other(apart: int, places: int) -> None:
    across = screen((20, 30, 30, 33), (30 + apart, 30, 50, 33))
    down = screen((20, 30, 30, 36), (20, 36 + apart, 30, 44))
    for words in (across, down):
        assert (shown("CLICK", film(STILL, STILL, words, words, words)).mark is not None) is (places == 1)


def test_of_equal_changes_the_nearest_is_the_action() -> None:
    frames = film(STILL, screen(FIELD), STILL, STILL, STILL)
    assert shown("CLICK", frames, at=9.0) == Shown(9, FIELD_MARK)


def test_typing_in_the_second_in_which_its_page_comes() -> None:
    page = screen((0, 60, 160, 90))
    frames = film(STILL, STILL, page, screen((0, 60, 160, 90), FIELD), screen((0, 60, 160, 90), FIELD))
    assert shown("TYPE", frames) == Shown(11, FIELD_MARK)


def test_what_changes_two_seconds_after_typing_is_something_else() -> None:
    frames = film(STILL, STILL, STILL, STILL, screen(FIELD), screen(FIELD))
    assert shown("TYPE", frames) == Shown(10, None)


def test_two_places_are_not_marked() -> None:
    frames = film(STILL, STILL, screen(FIELD, ELSEWHERE), STILL, STILL)
    assert shown("CLICK", frames).mark is None


@pytest.mark.parametrize("area", [(10, 30, 120, 33), (20, 10, 40, 40), (20, 30, 90, 48)])
def test_an_area_that_is_wide_or_high_or_large_is_not_marked(area: tuple[int, int, int, int]) -> None:
    frames = film(STILL, STILL, screen(area), screen(area), screen(area))
    assert shown("CLICK", frames).mark is None


def test_what_a_lossy_codec_changes_is_no_change() -> None:
    frames = film(STILL, STILL, screen(FIELD, grey=10), STILL, STILL)
    assert shown("CLICK", frames) == Shown(10, None)
    assert shown("CLICK", film(STILL, STILL, screen(FIELD, grey=11), STILL, STILL)).mark == FIELD_MARK


def test_typing_shows_the_field_when_it_is_full() -> None:
    begun, half = screen((20, 30, 24, 33)), screen((20, 30, 40, 33))
    frames = film(STILL, STILL, begun, half, screen(FIELD), screen(FIELD), screen(FIELD))
    assert shown("TYPE", frames, until=12.0) == Shown(12, FIELD_MARK)


def test_typing_stops_being_shown_where_another_page_comes() -> None:
    frames = film(STILL, STILL, screen(FIELD), screen(PAGE), screen(PAGE))
    assert shown("TYPE", frames) == Shown(10, FIELD_MARK)


def test_typing_begins_where_its_page_has_come() -> None:
    page = screen((0, 60, 160, 90))
    typed = screen((0, 60, 160, 90), FIELD)
    frames = film(STILL, page, page, typed, typed)
    assert shown("TYPE", frames) == Shown(11, FIELD_MARK)


def test_typing_that_changes_much_else_is_not_marked() -> None:
    both = screen(FIELD, ELSEWHERE)
    assert shown("PASTE", film(STILL, STILL, both, both, both)).mark is None


def test_a_sentence_shows_the_screen_in_the_middle_of_it() -> None:
    frames = dict.fromkeys(range(8, 20), STILL)
    assert shown(None, frames, until=16.0) == Shown(13, None)


@pytest.mark.parametrize("action", [None, "CLICK", "TYPE", "SCROLL_DOWN"])
def test_at_the_ends_of_a_recording_the_nearest_second_is_shown(action: str | None) -> None:
    assert shown(action, {0: STILL, 1: STILL}, at=0.4).second in {0, 1}
    assert shown(action, {8: STILL}).second == 8


def test_after_the_end_of_a_recording_nothing_is_shown() -> None:
    moment = Moment(key="t0001", at=99.0, until=99.0, action="CLICK")
    assert shown_second(moment, film(STILL, STILL), GRID, size=SIZE) is None


@given(st.data())
def test_a_mark_lies_within_the_picture(data: st.DataObject) -> None:
    grid = grid_for(*SIZE)
    left, top = data.draw(st.integers(0, 159)), data.draw(st.integers(0, 89))
    right, bottom = data.draw(st.integers(left + 1, 160)), data.draw(st.integers(top + 1, 90))
    area = screen((left, top, right, bottom))
    found = shown("CLICK", film(STILL, STILL, area, area))
    assert grid == GRID
    if found.mark is not None:
        assert found.mark.x >= 0
        assert found.mark.y >= 0
        assert found.mark.x + found.mark.width <= SIZE[0]
        assert found.mark.y + found.mark.height <= SIZE[1]
        assert found.mark.x <= left * 8
        assert found.mark.x + found.mark.width >= right * 8


@pytest.mark.parametrize(
    ("size", "grid"), [((1920, 1080), Grid(160, 90)), ((720, 1280), Grid(160, 284)), ((4000, 10), Grid(160, 1))]
)
def test_squares_are_square(size: tuple[int, int], grid: Grid) -> None:
    assert grid_for(*size) == grid


def picture(mark: Area | None, **size: Any) -> Picture:
    return Picture(
        **{"data": b"", "media_type": "image/webp", "width": 1280, "height": 720, "at": 1.0, **size}, mark=mark
    )


@pytest.mark.parametrize(
    ("mark", "area"),
    [
        (None, Area(0, 0, 1280, 720)),
        (Area(600, 340, 80, 40), Area(195, 144, 768, 432)),
        (Area(0, 0, 80, 40), Area(0, 0, 768, 432)),
        (Area(1200, 700, 80, 20), Area(512, 288, 768, 432)),
        (Area(100, 300, 640, 40), Area(0, 54, 947, 533)),
        (Area(100, 0, 1000, 700), Area(0, 0, 1280, 720)),
    ],
)
def test_what_is_shown_first_has_the_mark_in_it(mark: Area | None, area: Area) -> None:
    assert shown_area(picture(mark)) == area
