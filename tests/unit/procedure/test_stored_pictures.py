"""Pictures are found again in a stored page for exactly their moments, and nothing else is taken from one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.procedure.html_page import html_page
from runops.procedure.model import Moment, Procedure, ShownStep
from runops.procedure.picture import Area, Picture
from runops.procedure.picture_svg import picture_svg, sentence_svg
from runops.procedure.stored_pictures import moment_name, pictures_in, pictures_version

FIRST = Moment(key="t0001", at=3.0, until=4.0, action="CLICK")
SECOND = Moment(key="t0002", at=3.4, until=3.4, action=None)
THIRD = Moment(key="t0003", at=9.0, until=9.5, action="TYPE")
MOMENTS = (FIRST, SECOND, THIRD)
PICTURE = Picture(data=b"one", media_type="image/webp", width=1280, height=720, at=3.0)
PICTURES = {
    "t0001": replace(PICTURE, mark=Area(1, 2, 30, 40)),
    "t0002": PICTURE,
    "t0003": replace(PICTURE, data=b"another", media_type="image/jpeg", at=9.0),
}


def page(pictures: dict[str, Picture] = PICTURES, label: str = "Step") -> list[str]:
    steps = tuple(
        ShownStep(number=number, node_id=str(number), kind="task", label=label, moment=one)
        for number, one in enumerate(MOMENTS, start=1)
    )
    return html_page(Procedure(title=label, goal=label, steps=steps), pictures).splitlines(keepends=True)


def test_each_moment_finds_its_picture_and_mark() -> None:
    assert pictures_in(page(), MOMENTS) == PICTURES
    assert pictures_in(page(), [THIRD]) == {"t0003": PICTURES["t0003"]}
    assert pictures_in(page({"t0002": PICTURE}), MOMENTS) == {"t0002": PICTURE}
    assert pictures_in(page({}), MOMENTS) == {}


@pytest.mark.parametrize(
    "other",
    [
        replace(THIRD, at=9.1),
        replace(THIRD, until=9.6),
        replace(THIRD, action="PASTE"),
        replace(THIRD, key="t0004"),
    ],
)
def test_another_moment_does_not_find_it(other: Moment) -> None:
    assert moment_name(other) != moment_name(THIRD)
    assert pictures_version([FIRST, other]) != pictures_version([FIRST, THIRD])
    assert pictures_in(page(), [other]) == {}


@given(st.text(max_size=60))
def test_texts_of_a_recording_are_no_pictures(label: str) -> None:
    line = "".join(page({"t0001": PICTURE})).splitlines(keepends=True)
    copied = next(one for one in line if one.startswith('<svg class="store"'))
    assert pictures_in(page({}, label=f"{label}\n{copied}"), MOMENTS) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image/webp", "image/svg+xml"),
        ("image/webp", "text/html"),
        ("base64,b25l", "base64,b25"),
        ("base64,b25l", 'base64,"><script>'),
        ('width="1280"', 'width="0"'),
        ('height="720"', 'height="999999"'),
        ("picture-3", "picture-nan"),
        ('<svg class="store"', ' <svg class="store"'),
    ],
)
def test_a_page_that_somebody_else_wrote_gives_no_other_files(old: str, new: str) -> None:
    lines = [line.replace(old, new) for line in page({"t0001": PICTURE})]
    assert pictures_in(lines, MOMENTS) == {}


def test_one_bad_name_does_not_hide_the_others() -> None:
    lines = [line.replace(f"{moment_name(FIRST)}:1,2,30,40", "abc:1") for line in page()]
    assert pictures_in(lines, MOMENTS) == {key: PICTURES[key] for key in ("t0002", "t0003")}


def test_a_file_shows_the_part_around_the_mark_or_the_whole_screen() -> None:
    marked = replace(PICTURE, mark=Area(100, 100, 200, 40))
    part, whole = picture_svg(marked, whole=False), picture_svg(marked, whole=True)
    assert 'viewBox="0 0 768 432"' in part
    assert 'viewBox="0 0 1280 720"' in whole
    assert 'viewBox="0 0 1280 720"' in picture_svg(PICTURE, whole=False)
    assert part.count("<rect") == whole.count("<rect") == 2
    assert "<rect" not in picture_svg(PICTURE, whole=True)
    assert "data:image/webp;base64,b25l" in part


def test_a_sentence_is_escaped_and_broken_into_lines() -> None:
    drawn = sentence_svg("<script>alert(1)</script> " + "word " * 30 + "w" * 90)
    assert "<script" not in drawn
    assert drawn.count("<text") >= 4
