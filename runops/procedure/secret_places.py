"""Where on a picture a typed secret may be, so that it is covered. Pure.

A secret that was typed is not on the screen before it is typed. So it can only be where a picture differs from one of
that time, and all of that is covered: the field, and any other place that showed the same. No field is looked for, and
nothing is followed: what moved, by scrolling for example, differs as well. If too much differs, that is another screen,
and the picture is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from runops.procedure.changed_squares import Box, Grid, changed, clusters, in_pixels
from runops.procedure.model import TypedSecret
from runops.procedure.picture import Area

__all__ = ["covered_areas", "seconds_needed"]

_BEFORE: Final = 20
"""So many seconds before an item says that it was typed, nothing of it is there yet: a long one takes some to type."""
_JUST_BEFORE: Final = 5
"""What was typed must be seen to appear after that: else something else was, earlier."""
_QUIET: Final = 3
"""So many seconds before a window opened nothing was typed; else it opened while the secret was typed."""
_AT_LEAST_BEFORE: Final = 2
"""The model dates by whole seconds and is off by one: a page that came later may have come with the secret."""
_AFTER: Final = 1
_LEAST_DIFFERENCE: Final = 5
"""Of 255. What a lossy codec makes of a still screen stays below 4."""
_ANOTHER_PAGE: Final = 0.06
_MOST_COVERED: Final = 0.25
"""Of the screen. With more the screen is another one, and what is left of the picture shows nothing."""
_MARGIN: Final = 2
"""Squares around: a thin stroke at the edge of a letter changes its square too little."""
_POINTER: Final = 4


def seconds_needed(secrets: Iterable[TypedSecret]) -> Iterator[int]:
    """Give the seconds whose frames tell where these secrets are, beside those of the pictures."""
    for secret in secrets:
        yield from range(max(int(secret.at) - _BEFORE, 0), max(int(secret.until), int(secret.at)) + _AFTER + 1)


def covered_areas(
    secrets: Iterable[TypedSecret], frames: Mapping[int, bytes], grid: Grid, second: int, *, size: tuple[int, int]
) -> tuple[Area, ...] | None:
    """Return what is covered of the picture of a second, in pixels; None where the picture must be left out.

    Parameters
    ----------
    secrets
        Those that the screen may show at that second.
    frames
        By second: grey pictures, one byte for each square.
    grid
        The squares.
    second
        Whose picture is shown.
    size
        Width and height of the picture.
    """
    squares: set[int] = set()
    for secret in secrets:
        found = _squares(secret, frames, grid, second)
        if found is None:
            return None
        squares |= found
    boxes = _apart([_larger(box, grid) for box in clusters(squares, grid)])
    if sum((right - left) * (bottom - top) for left, top, right, bottom in boxes) > _share(grid, _MOST_COVERED):
        return None
    return tuple(in_pixels(box, grid, size) for box in boxes)


def _squares(secret: TypedSecret, frames: Mapping[int, bytes], grid: Grid, second: int) -> set[int] | None:
    """Return the squares that may show a secret; None where nothing was seen to be typed, or it is not known when."""
    first, last = int(secret.at), max(int(secret.until), int(secret.at))
    before = _before(frames, grid, first)
    there = [at for at in (last + _AFTER, last) if at in frames]
    if before is None or not there or second not in frames:
        return None
    earliest, after = frames[before], frames[there[0]]
    typed = set(changed(earliest, after, least=_LEAST_DIFFERENCE))
    if len(typed) > _share(grid, _ANOTHER_PAGE) and last in frames:
        # Another page came with the last letter, say: what was typed is seen a second earlier, if at all.
        after = frames[last]
        typed = set(changed(earliest, after, least=_LEAST_DIFFERENCE))
    just_typed = changed(frames[max(before, first - _JUST_BEFORE)], after, least=_LEAST_DIFFERENCE)
    if len(typed) > _share(grid, _MOST_COVERED) or not any(map(_is_text, clusters(just_typed, grid))):
        return None
    return typed | set(changed(earliest, frames[second], least=_LEAST_DIFFERENCE))


def _before(frames: Mapping[int, bytes], grid: Grid, first: int) -> int | None:
    """Return the second from which on differences are covered; None where there is no frame.

    That is when the page came on which a secret was typed, or some seconds before it: of an earlier page all differs.
    """
    at = first - _AT_LEAST_BEFORE
    if at not in frames:
        return None
    while at - 1 in frames and at > max(first - _BEFORE, 0):
        share = len(changed(frames[at - 1], frames[at], least=_LEAST_DIFFERENCE))
        if share > _share(grid, _MOST_COVERED):
            break
        if share > _share(grid, _ANOTHER_PAGE) and _is_quiet(frames, grid, at - 1):
            break
        at -= 1
    return at


def _is_quiet(frames: Mapping[int, bytes], grid: Grid, until: int) -> bool:
    """Return whether no text appeared in the seconds before."""
    return not any(
        _is_text(box)
        for at in range(until - _QUIET + 1, until + 1)
        if at - 1 in frames and at in frames
        for box in clusters(changed(frames[at - 1], frames[at], least=_LEAST_DIFFERENCE), grid)
    )


def _is_text(box: Box) -> bool:
    left, top, right, bottom = box
    return right - left > _POINTER or bottom - top > _POINTER


def _larger(box: Box, grid: Grid) -> Box:
    left, top, right, bottom = box
    return (
        max(left - _MARGIN, 0),
        max(top - _MARGIN, 0),
        min(right + _MARGIN, grid.width),
        min(bottom + _MARGIN, grid.height),
    )


def _apart(boxes: list[Box]) -> list[Box]:
    """Return boxes of which none overlaps another: those that do become one."""
    apart: list[Box] = []
    for box in boxes:
        one = box
        while touching := [other for other in apart if _overlap(one, other)]:
            apart = [other for other in apart if other not in touching]
            lefts, tops, rights, bottoms = zip(one, *touching, strict=True)
            one = (min(lefts), min(tops), max(rights), max(bottoms))
        apart.append(one)
    return sorted(apart)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _share(grid: Grid, share: float) -> float:
    return share * grid.width * grid.height
