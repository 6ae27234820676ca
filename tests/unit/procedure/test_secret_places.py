"""What is covered of a picture on which a typed secret may be: all that was not there before, or the whole picture."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops.procedure.changed_squares import Box, Grid
from runops.procedure.model import TypedSecret
from runops.procedure.picture import Area
from runops.procedure.secret_places import covered_areas, seconds_needed

GRID = Grid(160, 90)
SIZE = (1280, 720)
SECRET = TypedSecret("password", 20.0, 22.0)
FIELD = (20, 30, 40, 33)
FIELD_COVER = Area(144, 224, 192, 56)
PAGE = (0, 0, 160, 60)
"""More than a quarter of the screen."""
DIALOG = (40, 20, 100, 40)
"""More than a page may change and still be the same, less than a quarter."""


def screen(*boxes: Box, grey: int = 90) -> bytes:
    squares = bytearray(160 * 90)
    for left, top, right, bottom in boxes:
        for row in range(top, bottom):
            squares[row * 160 + left : row * 160 + right] = bytes([grey]) * (right - left)
    return bytes(squares)


def film(changes: Mapping[int, bytes], *, last: int = 40) -> dict[int, bytes]:
    """Frames from second 0 on; each stays until another one is given."""
    frames: dict[int, bytes] = {}
    shown = screen()
    for second in range(last + 1):
        shown = changes.get(second, shown)
        frames[second] = shown
    return frames


def covered(changes: Mapping[int, bytes], second: int, *secrets: TypedSecret) -> tuple[Area, ...] | None:
    return covered_areas(secrets or (SECRET,), film(changes), GRID, second, size=SIZE)


def holds(areas: tuple[Area, ...] | None, box: Box) -> bool:
    assert areas is not None
    left, top, right, bottom = (8 * value for value in box)
    return any(
        one.x <= left and one.y <= top and right <= one.x + one.width and bottom <= one.y + one.height for one in areas
    )


@pytest.mark.parametrize("second", [10, 19, 20, 22, 30, 40])
def test_the_field_is_covered_before_and_as_long_as_it_stands(second: int) -> None:
    assert covered({20: screen(FIELD)}, second) == (FIELD_COVER,)


def test_a_place_that_mirrors_it_is_covered_too() -> None:
    mirror = (100, 70, 120, 73)
    areas = covered({21: screen(FIELD, mirror)}, 30)
    assert holds(areas, FIELD)
    assert holds(areas, mirror)


def test_a_digit_in_a_box_of_its_own_is_covered() -> None:
    digits = [(20 + 12 * number, 30, 22 + 12 * number, 33) for number in range(4)]
    word = (20, 50, 30, 53)
    areas = covered({21: screen(*digits, word)}, 30)
    assert all(holds(areas, digit) for digit in digits)


def test_what_scrolls_is_covered_where_it_is_now() -> None:
    scrolled = (20, 10, 40, 13)
    areas = covered({21: screen(FIELD), 25: screen(scrolled)}, 30)
    assert holds(areas, scrolled)


def test_a_secret_that_is_shown_wider_is_covered_whole() -> None:
    shown = (20, 30, 70, 33)
    assert holds(covered({21: screen(FIELD), 25: screen(shown)}, 30), shown)


def test_what_was_typed_later_is_covered_as_it_may_be_the_secret() -> None:
    later = (20, 60, 40, 63)
    assert holds(covered({21: screen(FIELD), 28: screen(FIELD, later)}, 30), later)


def test_another_page_is_left_out() -> None:
    assert covered({21: screen(FIELD), 25: screen(PAGE)}, 30) is None
    assert covered({21: screen(FIELD), 25: screen(PAGE)}, 24) == (FIELD_COVER,)


def test_where_nothing_was_seen_to_be_typed_the_place_is_not_known() -> None:
    assert covered({}, 30) is None
    pointer = screen((50, 50, 54, 54))
    assert covered({21: pointer}, 30) is None
    assert covered({21: screen(FIELD, grey=5)}, 30) is None
    assert covered({21: screen(FIELD, grey=6)}, 30) == (FIELD_COVER,)


def test_the_last_letter_and_another_page_in_one_second() -> None:
    areas = covered({21: screen(FIELD), 23: screen(PAGE)}, 22)
    assert areas == (FIELD_COVER,)


@pytest.mark.parametrize(("came", "known"), [(17, True), (18, True), (19, False)])
def test_the_page_of_the_field_must_have_been_there_before(came: int, *, known: bool) -> None:
    """A page that came a second before the typing may have come with the secret."""
    areas = covered({came: screen(PAGE), 21: screen(PAGE, (20, 70, 40, 73))}, 22)
    assert areas == ((Area(144, 544, 192, 56),) if known else None)


def test_a_secret_in_the_first_two_seconds_has_no_time_before() -> None:
    early = TypedSecret("PIN", 1.0, 1.0)
    assert covered({1: screen(FIELD)}, 5, early) is None
    assert covered({2: screen(FIELD)}, 5, TypedSecret("PIN", 2.9, 2.9)) == (FIELD_COVER,)


def test_each_of_two_secrets_is_covered_and_one_that_is_not_known_leaves_it_out() -> None:
    other = (20, 60, 40, 63)
    changes = {12: screen(other), 21: screen(other, FIELD)}
    first = TypedSecret("PIN", 12.0, 12.0)
    areas = covered(changes, 30, SECRET, first)
    assert holds(areas, FIELD)
    assert holds(areas, other)
    assert covered(changes, 30, SECRET, TypedSecret("PIN", 33.0, 33.0)) is None
    assert covered({21: screen(FIELD)}, 30, SECRET, TypedSecret("PIN", 3.0, 3.0)) is None


def test_frames_that_are_missing_leave_the_picture_out() -> None:
    frames = film({21: screen(FIELD)})
    assert covered_areas([SECRET], {at: frames[at] for at in (30,)}, GRID, 30, size=SIZE) is None
    needed = {*seconds_needed([SECRET]), 30}
    assert needed == {*range(24), 30}
    assert covered_areas([SECRET], {at: frames[at] for at in needed}, GRID, 30, size=SIZE) == (FIELD_COVER,)
    assert covered_areas([SECRET], {at: frames[at] for at in needed - {30}}, GRID, 30, size=SIZE) is None


def test_a_long_secret_that_was_begun_long_before_its_item_is_covered_whole() -> None:
    begun, half = (20, 30, 24, 33), (20, 30, 30, 33)
    assert covered({9: screen(begun), 13: screen(half), 20: screen(FIELD)}, 30) == (FIELD_COVER,)


def test_what_opens_while_it_is_typed_does_not_hide_that_it_was_begun() -> None:
    half, beside = (20, 44, 30, 47), (20, 44, 40, 47)
    opened = (60, 20, 120, 40)
    assert holds(covered({15: screen(half), 17: screen(half, opened), 20: screen(beside, opened)}, 30), beside)


def test_a_dialog_that_opens_before_typing_is_not_covered() -> None:
    assert covered({17: screen(DIALOG), 20: screen(DIALOG, (20, 60, 40, 63))}, 30) == (Area(144, 464, 192, 56),)


BOXES = st.builds(
    lambda left, top, width, height: (left, top, min(left + width, 160), min(top + height, 90)),
    st.integers(0, 150),
    st.integers(0, 85),
    st.integers(1, 40),
    st.integers(1, 8),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(16, 40), st.lists(BOXES, max_size=4), max_size=5), st.integers(15, 40))
def test_no_square_that_was_not_there_before_is_ever_shown(changes: dict[int, list[Box]], second: int) -> None:
    frames = film({at: screen(*boxes) for at, boxes in changes.items()})
    areas = covered_areas([SECRET], frames, GRID, second, size=SIZE)
    if areas is None:
        return
    # Any of these may be the frame from before.
    befores = [frames[at] for at in range(19)]
    for place, grey in enumerate(frames[second]):
        row, column = divmod(place, 160)
        x, y = column * 8, row * 8
        is_covered = any(a.x <= x < a.x + a.width and a.y <= y < a.y + a.height for a in areas)
        assert is_covered or any(grey == before[place] for before in befores)
