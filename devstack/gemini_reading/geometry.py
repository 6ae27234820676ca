"""Boxes on the screen, in pixels. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Box", "around"]


class Box(NamedTuple):
    """A rectangle; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Pixels in it."""
        return max(self.width, 0) * max(self.height, 0)

    @property
    def centre(self) -> tuple[int, int]:
        """The pixel in the middle."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    def shared(self, other: "Box") -> int:
        """Return how many pixels both have."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0

    def meets(self, other: "Box") -> bool:
        """Tell whether they have a pixel in common."""
        return self.shared(other) > 0

    def holds(self, other: "Box") -> bool:
        """Tell whether most of the other is inside."""
        return 5 * self.shared(other) >= 4 * other.area > 0

    def has(self, point: tuple[int, int], *, slack: int = 0) -> bool:
        """Tell whether a point is inside, or at most `slack` pixels outside."""
        x, y = point
        return self.left - slack <= x < self.right + slack and self.top - slack <= y < self.bottom + slack

    def is_at(self, other: "Box") -> bool:
        """Tell whether both are the same place: each begins where the other does, on the same line."""
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return abs(self.left - other.left) <= 14 and 2 * high >= min(self.height, other.height) > 0

    def grown(self, pixels: int, *, width: int, height: int) -> "Box":
        """Return it with a margin, inside a picture of this size."""
        return Box(
            max(self.left - pixels, 0),
            max(self.top - pixels, 0),
            min(self.right + pixels, width),
            min(self.bottom + pixels, height),
        )


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds all of these."""
    found = list(boxes)
    return Box(
        min(box.left for box in found),
        min(box.top for box in found),
        max(box.right for box in found),
        max(box.bottom for box in found),
    )
