"""What is different between two screens: lines that stayed, moved, changed, came and went. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Line

__all__ = ["Difference", "difference", "is_same_text", "is_slip", "plain"]

_SAME = 86.0
_STILL = 4
_SHORT = 4


@dataclass(frozen=True)
class Difference:
    """The lines of two screens, compared.

    Attributes
    ----------
    kept, moved, changed
        Pairs of the line before and after: the same, the same elsewhere, another text at the same place.
    added, removed
        Lines without a partner.
    """

    kept: tuple[tuple[Line, Line], ...]
    moved: tuple[tuple[Line, Line], ...]
    changed: tuple[tuple[Line, Line], ...]
    added: tuple[Line, ...]
    removed: tuple[Line, ...]

    @property
    def share_kept(self) -> float:
        """Share of the larger screen's lines that stayed as they are."""
        same = len(self.kept)
        before = same + len(self.moved) + len(self.changed) + len(self.removed)
        after = same + len(self.moved) + len(self.changed) + len(self.added)
        return same / max(before, after, 1)


def plain(text: str) -> str:
    """Return a text as it is compared: without case, and without spaces, which are read now and then."""
    return "".join(text.split()).casefold()


def is_same_text(one: str, other: str) -> bool:
    """Tell whether two readings can be of the same words. Digits and short words have to agree."""
    first, second = plain(one), plain(other)
    if first == second:
        return True
    if min(len(first), len(second)) <= _SHORT or _digits(first) != _digits(second):
        return False
    # Words that one reading has and the other has not are no slip of reading.
    return abs(len(first) - len(second)) <= 1 and fuzz.ratio(first, second) >= _SAME


def is_slip(one: str, other: str) -> bool:
    """Tell whether the last letter is all that is different between two readings, or one letter more at the end."""
    if _digits(one) != _digits(other) or one == other:
        return False
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter[:-1] if len(one) == len(other) else shorter) and len(longer) - len(shorter) <= 1


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def difference(before: Sequence[Line], after: Sequence[Line]) -> Difference:
    """Compare the lines of two screens."""
    left, right = list(before), list(after)
    kept = _paired(left, right, lambda one, other: _is_still(one.box, other.box) and is_same_text(one.text, other.text))
    kept += _joined(left, right)
    moved = _paired(left, right, lambda one, other: len(plain(one.text)) > 1 and plain(one.text) == plain(other.text))
    changed = _paired(left, right, lambda one, other: one.box.is_at(other.box))
    return Difference(tuple(kept), tuple(moved), tuple(changed), tuple(right), tuple(left))


def _is_still(one: Box, other: Box) -> bool:
    return abs(one.centre[1] - other.centre[1]) <= 2 * _STILL and (
        abs(one.left - other.left) <= 2 * _STILL or abs(one.right - other.right) <= 2 * _STILL
    )


def _paired(left: list[Line], right: list[Line], fits: Callable[[Line, Line], bool]) -> list[tuple[Line, Line]]:
    """Take pairs that fit out of both lists; of several, the nearest."""
    pairs = []
    for line in list(left):
        fitting = [other for other in right if fits(line, other)]
        if fitting:
            other = min(fitting, key=lambda one: _distance(one.box, line.box))
            left.remove(line)
            right.remove(other)
            pairs.append((line, other))
    return pairs


def _distance(one: Box, other: Box) -> int:
    return abs(one.left - other.left) + abs(one.top - other.top)


def _joined(left: list[Line], right: list[Line]) -> list[tuple[Line, Line]]:
    """Take out lines that are read as one on one screen and as several on the other."""
    pairs = []
    for whole_side, part_side, is_left in ((left, right, True), (right, left, False)):
        for whole in list(whole_side):
            parts = sorted((line for line in part_side if whole.box.holds(line.box)), key=lambda line: line.box.left)
            if len(parts) > 1 and plain("".join(part.text for part in parts)) == plain(whole.text):
                whole_side.remove(whole)
                for part in parts:
                    part_side.remove(part)
                pairs.append((whole, parts[0]) if is_left else (parts[0], whole))
    return pairs
