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

_BEFORE: Final = 5
"""So many seconds before an item says that it was typed, the secret is not there yet."""
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
    typed = set(changed(before, frames[there[0]], least=_LEAST_DIFFERENCE))
    if len(typed) > _share(grid, _ANOTHER_PAGE):
        # Another page came with the last letter, say: what was typed is seen a second earlier, if at all.
        typed = set(changed(before, frames[last], least=_LEAST_DIFFERENCE)) if last in frames else typed
    if len(typed) > _share(grid, _MOST_COVERED) or not any(map(_is_text, clusters(typed, grid))):
        return None
    return typed | set(changed(before, frames[second], least=_LEAST_DIFFERENCE))


def _before(frames: Mapping[int, bytes], grid: Grid, first: int) -> bytes | None:
    """Return a frame from before a secret was typed, of the page on which it was typed if that is known."""
    seconds = [at for at in range(max(first - _BEFORE, 0), first - _AT_LEAST_BEFORE + 1) if at in frames]
    if not seconds:
        return None
    # The screen that came last: with one of before, all of the page would differ.
    came = [
        at
        for at in seconds[1:]
        if at - 1 in frames
        and len(changed(frames[at - 1], frames[at], least=_LEAST_DIFFERENCE)) > _share(grid, _ANOTHER_PAGE)
    ]
    return frames[came[-1] if came else seconds[0]]


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
