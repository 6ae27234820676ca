"""The size of the slim video's picture."""

from typing import Final

__all__ = ["slim_size"]

_MAX_WIDTH: Final = 4096  # many H.264 decoders cannot decode wider pictures


def slim_size(width: int, height: int, *, wanted_height: int) -> tuple[int, int]:
    """Scale down to a height and keep the aspect ratio. Both sides are even, as 4:2:0 colour requires.

    Parameters
    ----------
    width, height
        The picture as a player shows it.
    wanted_height
        Largest height in pixels.

    Returns
    -------
    tuple[int, int]
        Width and height.
    """
    factor = min(wanted_height / height, _MAX_WIDTH / width, 1.0)
    return _even(width * factor), _even(height * factor)


def _even(side: float) -> int:
    return max(round(side / 2) * 2, 2)
