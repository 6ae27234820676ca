"""The different screens of a clip, to find the one that a page looks most like when it comes back."""

from collections import deque
from typing import Any, Final

import cv2

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.reader.changed_areas import changed_areas
from devstack.gemini_reading.recording import Screen

__all__ = ["SeenScreens"]

_MOST: Final = 60
"""Up to 370 MB."""
_SMALL: Final = (160, 90)


class SeenScreens:
    """The last screens, each with its picture."""

    def __init__(self) -> None:
        self._seen: deque[tuple[Any, Any, Screen]] = deque(maxlen=_MOST)

    def keep(self, picture: Any, screen: Screen) -> None:
        """Keep a screen; the oldest one gives way."""
        self._seen.append((_small(picture), picture, screen))

    def most_like(self, picture: Any) -> tuple[Screen, list[Box]]:
        """Return the screen that a picture looks most like, and where the picture differs from it."""
        small = _small(picture)
        _, earlier, screen = min(self._seen, key=lambda one: float(cv2.norm(one[0], small, cv2.NORM_L1)))
        return screen, changed_areas(earlier, picture)


def _small(picture: Any) -> Any:
    return cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA)
